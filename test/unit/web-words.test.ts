// One Chinese word for one thing: whoever goes from view to view, and on to a lesson, reads the same.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

const sources = path.resolve(import.meta.dirname, '..', '..', 'web', 'src');

/** What is not said, and what is said instead. */
const words: readonly [not: RegExp, instead: string][] = [
  [/(?:封闭|桥接|联盟|开放)容器|加入的容器/, '封闭式容器, 桥接式容器, 联盟式容器, 开放式容器'],
  [/'(?:封闭|桥接|联盟|开放)'/, 'the words of i18n/container-words.ts'],
  [/(?<!宿)主机(?!名)/, '宿主机'],
];

test('the views have one Chinese word for one thing', async () => {
  const files = (await readdir(sources, { recursive: true })).filter((name) => /\.tsx?$/.test(name));
  assert.ok(files.some((name) => name.endsWith('messages.ts')));
  const found: string[] = [];
  for (const name of files) {
    const lines = (await readFile(path.join(sources, name), 'utf8')).split('\n');
    for (const [index, line] of lines.entries())
      for (const [not, instead] of words)
        if (not.test(line)) found.push(`${name}:${index + 1} ${line.trim()} (${instead})`);
  }
  assert.deepEqual(found, []);
});
