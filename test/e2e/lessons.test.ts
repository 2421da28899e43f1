// Every lesson as a student has it: brought up by the command, proved, each of its commands typed, proved again, and taken down. On an engine of its own,
// so that the names and ports of the lessons are free.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { parseLabFile } from '../../src/domain/lab/lab-file.ts';
import { describePrincipal } from '../../src/services/access.ts';
import { createLessons } from '../../src/services/lessons/lessons.ts';
import { listLabThings, openLessonPlace } from '../support/lesson-places.ts';
import { whyNoPrivateEngine } from '../support/private-engine.ts';
import { loadScript } from '../support/script.ts';

const lessons = createLessons();
const principal = describePrincipal('test', 'admin');
const names = (await lessons.list(principal)).map(({ name }) => name);

test('a lesson comes up, is proved, and is gone', { skip: whyNoPrivateEngine() }, async (t) => {
  const place = await openLessonPlace(t);
  const folder = await mkdtemp(path.join(tmpdir(), 'terrarium-lessons-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const { build } = await loadScript('setup/build.mjs');
  if (!(await build.check()).ok) await build.apply();
  await writeFile(
    path.join(folder, 'terrarium'),
    `#!/bin/sh\nexec ${process.execPath} ${path.resolve(import.meta.dirname, '../../dist/src/cli/main.js')} "$@"\n`,
    { mode: 0o755 },
  );
  const env = {
    PATH: `${folder}:${process.env.PATH}`,
    DOCKER_HOST: place.engine.host,
    TERRARIUM_STATE_DIR: path.join(folder, 'state'),
    TERRARIUM_LOG_LEVEL: 'warn',
    TERRARIUM_PORT: undefined,
    TERRARIUM_TOKEN: undefined,
    TERRARIUM_URL: undefined,
  };
  const server = await place.serve(t, env);
  const type = async (script: string) => {
    const { code, stdout, stderr } = await place.shell(script, env);
    assert.equal(code, 0, `${script}\n${stdout}\n${stderr}\n${server.output()}`);
    return stdout;
  };
  assert.deepEqual(
    JSON.parse(await type('terrarium lessons --json')).map(({ name }: { name: string }) => name),
    names,
  );
  const refused: [words: string, code: number, says: RegExp][] = [
    ['up', 2, /no lab file.*--lesson/s],
    ['up labs/closed.yaml --lesson closed', 2, /not of both/],
    ['up --lesson close', 1, /no lesson "close".*closed, bridged/s],
    ['plan --lesson close', 1, /no lesson "close"/],
    ['lessons close', 1, /no lesson "close"/],
    ['lessons closed --lang de', 2, /en, zh/],
  ];
  for (const [words, expected, says] of refused) {
    const { code, stderr } = await place.shell(`terrarium ${words}`, env);
    assert.deepEqual([code, says.test(stderr)], [expected, true], `${words}: ${stderr}`);
  }
  assert.match(await type('terrarium lessons closed --lang zh'), /^封闭式容器\n.*只有.*lo/);
  assert.match(await type('terrarium lessons closed'), /^The closed container\n/);
  for (const name of names)
    await t.test(name, async (t) => {
      const { file } = await lessons.get(principal, name);
      t.after(() => place.shell(`terrarium down --force ${name}`, env));
      await type(`terrarium up --lesson ${name}`);
      await type(`terrarium check ${name} --wait 20s`);
      for (const { command } of file.steps ?? []) {
        if (command === undefined) continue;
        assert.notEqual((await type(command)).trim(), '', `${command} prints nothing`);
      }
      await type(`terrarium check ${name} --wait 20s`);
      await type(`terrarium down ${name}`);
      assert.deepEqual(await listLabThings(place.engine), []);
    });
});

test('each lesson tells everything in both languages, and proves everything that it tells', async () => {
  for (const name of names) {
    const { file, text } = await lessons.get(principal, name);
    assert.deepEqual(parseLabFile(text), file);
    assert.equal(file.name, name);
    const { steps = [], checks = {} } = file;
    const hints = Object.values(checks).flatMap(({ hint }) => hint ?? []);
    const texts = [
      file.title,
      file.description,
      ...steps.map((one) => one.text),
      ...Object.values(checks).map((one) => one.text),
      ...hints,
    ];
    for (const one of texts) {
      assert.ok(
        typeof one === 'object' && one.en !== undefined && one.zh !== undefined,
        `${name}: ${JSON.stringify(one)}`,
      );
      assert.match(one.zh, /\p{Script=Han}/u, `${name}: ${one.zh}`);
      assert.doesNotMatch(one.en, /\p{Script=Han}/u, `${name}: ${one.en}`);
      for (const [term, instead] of otherWords) assert.doesNotMatch(one.zh, term, `${name}: say ${instead}: ${one.zh}`);
    }
    const proved = new Set(steps.flatMap(({ check = [] }) => check));
    assert.deepEqual(
      Object.keys(checks).filter((check) => !proved.has(check)),
      [],
      `${name}: checks that belong to no step`,
    );
    assert.ok(
      steps.every(({ command }) => command !== undefined),
      `${name}: a step has nothing to try`,
    );
  }
});

/** One word for one thing. */
const otherWords: readonly (readonly [RegExp, string])[] = [
  [/名称空间|名字空间/, '命名空间'],
  [/网桥接口|桥接网桥/, '网桥'],
  [/主机(?!名)(?<!宿主机)/, '宿主机'],
  [/环回|回送/, '回环'],
  [/侦听/, '监听'],
  [/埠|端口发布|发布端口/, '端口映射'],
  [/网卡/, '接口'],
  [/守护程序/, 'dockerd'],
];
