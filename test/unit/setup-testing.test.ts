// How `npm test` counts: a run that cannot fail would be worthless, so each way to fail is shown here.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { describe } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { loadScript } from '../support/script.ts';

const { addUp, formatTotal, tallyFile } = await loadScript('testing/tally.mjs');
const { runFile } = await loadScript('testing/run-file.mjs');
const { runFailedAgain } = await loadScript('testing/second-run.mjs');
const { longestFirst, runAll } = await loadScript('testing/schedule.mjs');
const { placeModule } = await loadScript('testing/compile.mjs');
const { selectFiles, selectPure, selectSweeps } = await loadScript('testing/test-files.mjs');
const { nameSources } = await loadScript('testing/source-lines.mjs');
const { selectLeftovers } = await loadScript('testing/leftovers.mjs');

describe('a test file', () => {
  /** What the file's text amounts to when it is really run. */
  async function judge(t: { after(fn: () => unknown): void }, text: string) {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'terrarium-testing-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const file = path.join(folder, 'case.test.ts');
    await writeFile(file, text);
    const result = await runFile(file, { env: {}, testDeadlineMs: 60_000 });
    return tallyFile(result.events, result);
  }
  const header = "import test, { describe } from 'node:test';\n";

  test('passes, fails and skips by test; a suite is none, and a parent does not fail twice', async (t) => {
    const tally = await judge(
      t,
      `${header}
      test('good', () => {});
      test('later', { skip: true }, () => {});
      describe('suite', () => { test('inside', () => {}); });
      test('parent', async (t) => { await t.test('child', () => { throw new Error('broken'); }); });`,
    );
    assert.deepEqual({ ...tally, failures: undefined }, { passed: 2, failed: 1, skipped: 1, failures: undefined });
    assert.equal(tally.failures[0].name, 'child');
    assert.match(tally.failures[0].error, /broken/);
  });

  const broken: [what: string, text: string, reason: RegExp][] = [
    ['without a test', header, /ran no test/],
    ['that does not parse', 'this is no program', /code 1/],
    ['that ends its process', `${header}test('a', () => {});\nprocess.exit(3);`, /code 3/],
    [
      'that throws after its tests',
      `${header}test('a', () => {});\nsetTimeout(() => { throw new Error('late'); }, 30);`,
      // Whether node still tells of the error, or only ends with its code 7, is a race inside node.
      /late|code 7/,
    ],
  ];
  for (const [what, text, reason] of broken) {
    test(`${what} fails`, async (t) => {
      const tally = await judge(t, text);
      assert.equal(tally.failed, 1);
      assert.match(tally.failures[0].error, reason);
    });
  }

  test('whose test never ends fails', async (t) => {
    const tally = await judge(t, `${header}test('never', () => new Promise(() => {}));`);
    assert.equal(tally.failed, 1);
  });
});

test('a file has a session of its own, which ends as a whole when it is killed', async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'terrarium-testing-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'case.test.ts');
  await writeFile(
    file,
    `import test from 'node:test';
    import { spawn } from 'node:child_process';
    import { readFileSync, writeFileSync } from 'node:fs';
    test('never ends', () => {
      const { pid } = spawn('sleep', ['1000']);
      const session = Number(readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ')[3]);
      writeFileSync(${JSON.stringify(path.join(folder, 'told'))}, JSON.stringify({ pid, own: process.pid, session }));
      return new Promise((resolve) => setTimeout(resolve, 100_000));
    });`,
  );
  await runFile(file, { env: {}, testDeadlineMs: 1_500 });
  const { pid, own, session } = JSON.parse(await readFile(path.join(folder, 'told'), 'utf8'));
  assert.equal(session, own);
  assert.doesNotMatch(
    await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
    /\) [^ZX] /,
    'what it started runs on',
  );
});

test('a file that was killed fails, whatever it reported', () => {
  const tally = tallyFile([{ type: 'passed', name: 'a' }], { code: null, problem: 'killed after 300 s' });
  assert.deepEqual(tally, {
    passed: 1,
    failed: 1,
    skipped: 0,
    failures: [{ name: 'the file itself', error: 'killed after 300 s' }],
  });
});

test('what failed is run once more, alone, and what fails twice has failed', async () => {
  const result = (file: string, failed: number) => ({ file, tally: { passed: 1, failed, skipped: 0, failures: [] } });
  const first = [result('good', 0), result('by accident', 1), result('wrong', 1)];
  const runs: string[] = [];
  const again = await runFailedAgain(first, async (file: string) => {
    runs.push(file);
    return result(file, file === 'wrong' ? 2 : 0);
  });
  assert.deepEqual(runs, ['by accident', 'wrong']);
  assert.deepEqual(again, [result('good', 0), result('by accident', 0), result('wrong', 2)]);

  const many = ['a', 'b', 'c', 'd'].map((file) => result(file, 1));
  assert.deepEqual(await runFailedAgain(many, () => assert.fail('four failures are no accident')), many);
});

test('the last line', () => {
  const total = addUp([
    { passed: 3, failed: 0, skipped: 0 },
    { passed: 4, failed: 1, skipped: 2 },
  ]);
  assert.equal(formatTotal(total), '7 passed, 1 failed, 2 skipped');
  assert.equal(formatTotal({ passed: 1, failed: 0, skipped: 0 }), '1 passed, 0 failed');
});

test('files are chosen by file or folder, never by a mere beginning', () => {
  const files = ['test/unit/a.test.ts', 'test/unit/b.test.ts', 'test/http/a.test.ts'];
  assert.deepEqual(selectFiles(files, []), files);
  assert.deepEqual(selectFiles(files, ['./test/unit/']), files.slice(0, 2));
  assert.deepEqual(selectFiles(files, ['test/http/a.test.ts', 'test/unit/b.test.ts']), files.slice(1));
  assert.deepEqual(selectFiles(files, ['test/u', 'a.test.ts']), []);
  assert.deepEqual(selectFiles(files, ['.']), files);
});

test('a sweep is for files that ask for it, by themselves or in what they import', async () => {
  const [itself, byImport, never] = [
    'test/http/fuzz.test.ts',
    'test/http/failure-engine-killed.test.ts',
    'test/http/health.test.ts',
  ];
  assert.deepEqual(await selectSweeps([itself, byImport, never]), [itself, byImport]);
});

test('what is pure needs no engine: only tests of functions, that import nothing which asks one', async () => {
  const [pure, engine, asksOne] = [
    'test/unit/subnet.test.ts',
    'test/http/health.test.ts',
    'test/unit/stream-hub.test.ts',
  ];
  assert.deepEqual(await selectPure([pure, engine, asksOne]), [pure]);
});

test('a place in a compiled test is named by its source', async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'terrarium-testing-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const source = "export const one = 1;\n\nexport function fail() {\n  throw new Error('here');\n}\n";
  await writeFile(path.join(folder, 'thing.ts'), source);
  await build({
    entryPoints: [path.join(folder, 'thing.ts')],
    outdir: path.join(folder, 'built'),
    format: 'esm',
    minify: true,
    sourcemap: true,
    sourcesContent: false,
  });
  const compiled = pathToFileURL(path.join(folder, 'built', 'thing.js')).href;
  const program = `import { fail } from ${JSON.stringify(compiled)}; try { fail(); } catch (error) { console.log(error.stack); }`;
  const { stdout: stack } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  assert.match(await nameSources(stack), new RegExp(`Error: here\\n +at .*${path.join(folder, 'thing.ts')}:4:9`));
  assert.match(await nameSources(stack.replace('file://', '')), /thing\.ts:4:9/);
  for (const nowhere of ['at file:///nowhere/at/all.js:1:2', 'at /nowhere/at/all.js:1:2'])
    assert.equal(await nameSources(nowhere), nowhere);
});

test('leftovers: on a shared engine what names the run, else everything of ours that is new', () => {
  const objects = [
    { kind: 'container', id: '1', name: 'web-r1-1', labels: {} },
    { kind: 'network', id: '2', name: 'x', labels: { 'io.terrarium.test': 'r1-aa' } },
    { kind: 'container', id: '3', name: 'helper', labels: { 'io.terrarium.role': 'helper' } },
    { kind: 'container', id: '4', name: 'foreign', labels: { 'com.example': 'r2' } },
    { kind: 'image', id: '6', name: '<none>', labels: {} },
    { kind: 'image', id: '7', name: 'somebody/else:1', labels: {} },
    { kind: 'volume', id: '5', name: 'old', labels: { 'io.terrarium.test': 'r0-bb' } },
  ];
  const left = (shared: boolean) =>
    selectLeftovers(objects, { before: new Set(['5']), runId: 'r1', shared }).map(({ id }: { id: string }) => id);
  assert.deepEqual(left(true), ['1', '2']);
  assert.deepEqual(left(false), ['1', '2', '3', '6']);
});

test('the longest file first, and one of which nothing is known before it', () => {
  assert.deepEqual(longestFirst(['a', 'b', 'new', 'c'], { a: 1, b: 30, c: 2 }), ['new', 'b', 'c', 'a']);
});

describe('how many files run at a time', () => {
  /** The most that ran at once, with processors that are idle to this share. */
  async function watch(idle: number, count = 20) {
    const files = Array.from({ length: count }, (_, index) => `file ${index}`);
    let [running, most] = [0, 0];
    const run = async (file: string) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      return file;
    };
    const measureIdle = () => new Promise((resolve) => setTimeout(() => resolve(idle), 1));
    const done: string[] = await runAll(files, run, { least: 2, most: 5, measureIdle });
    assert.deepEqual(done.sort(), files.sort(), 'each once');
    return most;
  }

  test('no more than the least while processors are busy, and no more than the most while they are idle', async () => {
    assert.equal(await watch(0.1), 2);
    assert.equal(await watch(0.9), 5);
    assert.equal(await watch(0.9, 1), 1);
    assert.equal(await watch(0.9, 0), 0);
  });
});

test('a compiled test finds its files from where its source is', () => {
  // Put together here, because this file is compiled like that too.
  const meta = ['import', 'meta'].join('.');
  const places = ['dirname', 'filename', 'url', 'dirnames'].map((name) => `${meta}.${name}`).join();
  assert.equal(
    placeModule(places, '/p/test/a.test.ts'),
    `"/p/test","/p/test/a.test.ts","file:///p/test/a.test.ts",${meta}.dirnames`,
  );
});
