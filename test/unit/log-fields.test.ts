// Every field that a line of the log can have is in the documentation, and none that is there is made up.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { readLogFields } from '../support/log-fields.ts';

const root = path.resolve(import.meta.dirname, '..', '..');

/** Those of pino itself. */
const own = ['level', 'time', 'pid', 'hostname', 'msg', 'requestId'];

/** The keys of the object at the beginning of `text`, which begins with its brace: no more than one level, which is all that the log is given. */
function readKeys(text: string): string[] {
  let depth = 0;
  let end = 0;
  for (; end < text.length; end += 1) {
    if ('{[('.includes(text[end] ?? '')) depth += 1;
    if ('}])'.includes(text[end] ?? '')) depth -= 1;
    if (depth === 0) break;
  }
  const parts: string[] = [''];
  for (const letter of text.slice(1, end)) {
    if ('{[('.includes(letter)) depth += 1;
    if ('}])'.includes(letter)) depth -= 1;
    if (letter === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += letter;
  }
  return parts.map((part) => part.trim().split(':')[0]?.trim() ?? '').filter((key) => key !== '');
}

test('the fields of the log', async () => {
  const used = new Set(own);
  let calls = 0;
  for (const folder of ['src', 'routes'])
    for (const name of await readdir(path.join(root, folder), { recursive: true })) {
      if (!name.endsWith('.ts')) continue;
      const source = await readFile(path.join(root, folder, name), 'utf8');
      for (const { index, 0: call } of source.matchAll(
        /\b(?:log|logger|#log)\??(?:\.(?:info|warn|error|debug|fatal)|\[level\])\(\s*(?=\{)/g,
      )) {
        calls += 1;
        for (const key of readKeys(source.slice(index + call.length))) used.add(key);
      }
    }
  assert.ok(calls > 25, `${calls} calls`);
  const documented = new Set(await readLogFields());
  // A key in brackets is chosen among those that are there; dots spread what another line of the source names.
  const named = [...used].filter((key) => !/^[[.]/.test(key));
  assert.deepEqual(
    named.filter((key) => !documented.has(key)),
    [],
    'not documented',
  );
  const spread = ['method', 'path', 'code', 'state'];
  assert.deepEqual(
    [...documented].filter((key) => !used.has(key) && !spread.includes(key)),
    [],
    'never logged',
  );
});
