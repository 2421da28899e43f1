// What a test defers is done whatever became of it: judged by a test file that fails on purpose, run by the real runner.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../support/engine.ts';

const defer = fileURLToPath(new URL('../support/defer.ts', import.meta.url));

test('a step that fails keeps no later one from running, in the test and in the file, and fails both', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'terrarium-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const [file, told] = [join(folder, 'failing.test.ts'), join(folder, 'told')];
  await writeFile(
    file,
    `import { appendFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { defer } from ${JSON.stringify(defer)};
const tell = (text: string) => () => appendFileSync(${JSON.stringify(told)}, text + '\\n');
const fail = (text: string) => () => { tell(text)(); throw new Error('broken: ' + text); };
defer({ after }, fail('file 1'));
defer({ after }, tell('file 2'));
test('one', (t) => {
  defer(t, fail('test 1'));
  defer(t, fail('test 2'));
  defer(t, tell('test 3'));
});
test('two', (t) => {
  defer(t, tell('other test'));
  defer({ after }, tell('by the hook of the file, in the first turn of a test'));
});
test('three', async () => {
  await 0;
  defer({ after }, tell('by the hook of the file, later in a test'));
  tell('three')();
});
`,
  );
  const { code, stdout, stderr } = await runCommand(
    process.execPath,
    ['--import', 'tsx', '--test', '--test-reporter=tap', file],
    {
      env: { NODE_TEST_CONTEXT: undefined },
      timeoutMs: 60_000,
    },
  );
  assert.equal(code, 1, stdout + stderr);
  assert.deepEqual((await readFile(told, 'utf8')).trim().split('\n'), [
    'test 1',
    'test 2',
    'test 3',
    'other test',
    'by the hook of the file, in the first turn of a test',
    'three',
    'file 1',
    'file 2',
    'by the hook of the file, later in a test',
  ]);
  assert.match(stdout, /broken: test 1/);
  assert.match(stdout, /broken: test 2/);
  assert.match(stdout, /broken: file 1/);
});
