// How `npm test` counts: a run that cannot fail would be worthless, so each way to fail is shown here.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { describe } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { loadScript } from '../support/script.ts';

const { addUp, formatTotal, isRed, tallyFile } = await loadScript('testing/tally.mjs');
const { runFile } = await loadScript('testing/run-file.mjs');
const { judgeRun } = await loadScript('testing/judge.mjs');
const { runFailedAgain } = await loadScript('testing/second-run.mjs');
const { countFlaky, describeRun, formatSummary } = await loadScript('testing/report.mjs');
const { readPatience } = await loadScript('testing/patience.mjs');
const { chooseSeed } = await loadScript('testing/seed.mjs');
const { longestFirst, runAll, runLanes } = await loadScript('testing/schedule.mjs');
const { placeModule } = await loadScript('testing/compile.mjs');
const { readLane, readLanes, selectFiles, selectPure, selectSweeps } = await loadScript('testing/test-files.mjs');
const { nameSources } = await loadScript('testing/source-lines.mjs');
const { selectLeftovers } = await loadScript('testing/leftovers.mjs');

/** A function that runs a test file of this text in a process of its own, and judges the run. */
async function prepareFile(t: { after(fn: () => unknown): void }, text: string) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'terrarium-testing-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'case.test.ts');
  await writeFile(file, text);
  const run = async (number = 1, env: Record<string, string> = {}) =>
    judgeRun(await runFile(file, { env, testDeadlineMs: 60_000, outputFile: `${file}.run-${number}.txt` }));
  return { file, folder, run };
}

describe('a test file', () => {
  async function judge(t: { after(fn: () => unknown): void }, text: string) {
    const { run } = await prepareFile(t, text);
    return (await run()).tally;
  }
  const header = "import test, { describe } from 'node:test';\n";

  test('passes, fails and skips by test; a suite is none, and a parent does not fail twice', async (t) => {
    const tally = await judge(
      t,
      `${header}
      test('good', () => {});
      test('later', { skip: 'needs a moon' }, () => {});
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

  test('a test that is skipped without a reason fails', async (t) => {
    const tally = await judge(
      t,
      `${header}test('good', () => {});\ntest('later', { skip: true }, () => {});\ntest('ends', (t) => t.skip());`,
    );
    assert.deepEqual(tally, {
      passed: 1,
      failed: 2,
      skipped: 0,
      failures: ['later', 'ends'].map((name) => ({ name, error: 'it is skipped without a reason' })),
    });
  });

  test('the summary and the report tell the reason of each skipped test', async (t) => {
    const { file, run } = await prepareFile(
      t,
      `${header}test('good', () => {});
      test('later', { skip: 'needs a moon' }, () => {});
      test('now', (t) => t.skip('needs a sun'));`,
    );
    const results = [{ file, runs: [await run()] }];
    const conditions = { startedAt: new Date(), durationMs: 1, cores: 2, busyShare: 0.5, seed: 7 };
    const summary = formatSummary(results, conditions);
    assert.ok(summary.endsWith(`\n\nSkipped:\n  ${file}: later: needs a moon\n  ${file}: now: needs a sun`), summary);
    const [told] = describeRun(results, { conditions, checks: [], total: {} }).files;
    assert.deepEqual(told.skipped, [
      { name: 'later', reason: 'needs a moon' },
      { name: 'now', reason: 'needs a sun' },
    ]);
  });

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
  await runFile(file, { env: {}, testDeadlineMs: 1_500, outputFile: path.join(folder, 'output.txt') });
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

describe('a second run', () => {
  const result = (file: string, failed: number) => ({ file, tally: { passed: 1, failed, skipped: 0, failures: [] } });

  test('a file that fails runs once more, alone, and the second run decides', async () => {
    const first = [result('good', 0), result('flaky', 1), result('wrong', 1)];
    const alone: string[] = [];
    const results = await runFailedAgain(first, async (file: string) => {
      alone.push(file);
      return result(file, file === 'wrong' ? 2 : 0);
    });
    assert.deepEqual(alone, ['flaky', 'wrong']);
    assert.deepEqual(results, [
      { file: 'good', runs: [result('good', 0)] },
      { file: 'flaky', runs: [result('flaky', 1), result('flaky', 0)] },
      { file: 'wrong', runs: [result('wrong', 1), result('wrong', 2)] },
    ]);
  });

  test('three files that fail run again, four do not', async () => {
    const failing = (count: number) => Array.from({ length: count }, (_, index) => result(`file ${index}`, 1));
    const again: string[] = [];
    await runFailedAgain(failing(3), async (file: string) => {
      again.push(file);
      return result(file, 0);
    });
    assert.equal(again.length, 3);
    const many = [...failing(4), ...Array.from({ length: 300 }, (_, index) => result(`good ${index}`, 0))];
    const results = await runFailedAgain(many, () => assert.fail('a file runs again'));
    assert.deepEqual(
      results,
      many.map((run) => ({ file: run.file, runs: [run] })),
    );
  });

  test('the summary and the report name a flaky test, its first error and the output of its first run', async (t) => {
    const { file, folder, run } = await prepareFile(
      t,
      `import test from 'node:test';
      import { existsSync, writeFileSync } from 'node:fs';
      console.log('x'.repeat(300_000) + ' is printed');
      test('passes', () => {});
      test('passes alone', () => {
        const mark = process.argv[1] + '.mark';
        if (existsSync(mark)) return;
        writeFileSync(mark, '');
        throw new Error('something ran beside it');
      });`,
    );
    const results = await runFailedAgain([await run()], () => run(2));
    assert.equal(countFlaky(results), 1);
    const conditions = { startedAt: new Date(0), durationMs: 90_000, cores: 2, busyShare: 0.5, seed: 7 };
    const outputFile = `${file}.run-1.txt`;
    const lines: string[] = formatSummary(results, conditions).split('\n');
    const section = lines.slice(lines.indexOf('Flaky:'));
    assert.equal(section[1], `  ${file}: passes alone`);
    assert.match(section[2] ?? '', /^ +Error: something ran beside it$/);
    assert.equal(section.at(-1), `    The output of the first run: ${outputFile}`);
    assert.ok(!section.includes('') && !lines.includes('Failed:'), lines.join('\n'));
    assert.match(lines.join('\n'), /50 % of the time. Seed: 7; TERRARIUM_TEST_SEED=7 repeats it/);

    const output = await readFile(outputFile, 'utf8');
    assert.ok(output.startsWith('xxx') && output.includes(' is printed'), 'all output of the first run is kept');
    assert.match(output, /✖ passes alone\nError: something ran beside it\n/);
    assert.ok(
      !(await readdir(folder)).includes('case.test.ts.run-2.txt'),
      'the output of a run that passed is removed',
    );

    const total = { passed: 2, failed: 0, skipped: 0 };
    const checks = [{ name: 'types', tally: total }];
    const report = JSON.parse(JSON.stringify(describeRun(results, { conditions, checks, total })));
    const [told] = report.files;
    assert.deepEqual(
      { ...report, files: [] },
      {
        ...conditions,
        startedAt: '1970-01-01T00:00:00.000Z',
        ...total,
        flaky: 1,
        checks: [{ name: 'types', result: 'passed' }],
        files: [],
      },
    );
    assert.deepEqual([told.file, told.result], [file, 'flaky']);
    assert.deepEqual(
      told.runs.map(({ result, passed, failed }: Record<string, unknown>) => ({ result, passed, failed })),
      [
        { result: 'failed', passed: 1, failed: 1 },
        { result: 'passed', passed: 2, failed: 0 },
      ],
    );
    for (const { durationMs } of told.runs) assert.ok(durationMs > 0);
    assert.equal(told.runs[0].outputFile, outputFile);
    assert.equal(told.runs[0].failures[0].name, 'passes alone');
  });

  test('a test that fails in both runs has failed and is not flaky', async (t) => {
    const { file, run } = await prepareFile(
      t,
      `import test from 'node:test';\ntest('is wrong', () => { throw new Error('wrong'); });`,
    );
    const results = await runFailedAgain([await run()], () => run(2));
    const conditions = { startedAt: new Date(), durationMs: 1, cores: 2, busyShare: 0.5, seed: 7 };
    const summary = formatSummary(results, conditions);
    assert.ok(summary.endsWith(`\nFailed:\n  ${file}: is wrong`), summary);
    assert.doesNotMatch(summary, /Flaky/);
    const total = { passed: 0, failed: 1, skipped: 0 };
    const report = describeRun(results, { conditions, checks: [], total });
    assert.deepEqual([report.flaky, report.files[0].result, report.files[0].runs.length], [0, 'failed', 2]);
  });
});

test('a run is red if a test failed or none passed, and for flaky tests only with --fail-on-flaky-tests', () => {
  const judge = (passed: number, failed: number, flaky = 0, failOnFlaky = false) =>
    isRed({ passed, failed }, { flaky, failOnFlaky });
  assert.equal(judge(5, 0), false);
  assert.equal(judge(5, 1), true);
  assert.equal(judge(0, 0), true);
  assert.equal(judge(5, 0, 1), false);
  assert.equal(judge(5, 0, 1, true), true);
  assert.equal(judge(5, 0, 0, true), false);
});

describe('the seed', () => {
  test('npm test has a fixed seed, a sweep draws one, and one setting gives both', () => {
    const seeds = (isSweep: boolean, env = {}) => Array.from({ length: 8 }, () => chooseSeed(env, { isSweep }));
    assert.equal(new Set(seeds(false)).size, 1);
    assert.ok(new Set(seeds(true)).size > 1);
    for (const isSweep of [true, false]) {
      assert.deepEqual([...new Set(seeds(isSweep, { TERRARIUM_TEST_SEED: '42' }))], [42]);
      for (const wrong of ['x', '-1', '1.5', '0x10', '1073741824', ' 1'])
        assert.throws(
          () => seeds(isSweep, { TERRARIUM_TEST_SEED: wrong }),
          /TERRARIUM_TEST_SEED is ".*", and has to be/,
        );
    }
  });

  test('fast-check generates the same values for one seed', async (t) => {
    const support = new URL('../support/', import.meta.url).href;
    const { run } = await prepareFile(
      t,
      `import test from 'node:test';
      import fc from ${JSON.stringify(`${support}fast-check.ts`)};
      import { seededRandom, seed } from ${JSON.stringify(`${support}seeded.ts`)};
      test('prints', () => {
        fc.assert(fc.property(fc.nat(), (value) => { console.log(value); }), { numRuns: 5 });
        console.log(fc.sample(fc.string(), 3), seededRandom(seed)());
        throw new Error('so that the output is kept');
      });`,
    );
    const output = async (value: string) => (await run(1, { TERRARIUM_TEST_SEED: value })).output;
    const [once, again, other] = [await output('5'), await output('5'), await output('6')];
    assert.ok(once.split('\n').length > 6, once);
    assert.equal(again, once);
    assert.notEqual(other, once);
  });
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

test('a sweep runs the files of its lane, and those that read TERRARIUM_SWEEP themselves or by an import', async () => {
  const files = [
    'test/http/fuzz.test.ts',
    'test/http/failure-engine-killed.test.ts',
    'test/http/health.test.ts',
    'test/e2e/newcomer.test.ts',
  ];
  const laneOf = await readLanes(files);
  assert.deepEqual([...laneOf.values()], ['parallel', 'parallel', 'parallel', 'sweep']);
  assert.deepEqual(await selectSweeps(files, laneOf), [files[0], files[1], files[3]]);
  assert.deepEqual(await selectSweeps(['test/http/health.test.ts'], new Map([['test/http/health.test.ts', 'sweep']])), [
    'test/http/health.test.ts',
  ]);
});

describe('lanes', () => {
  test('the first line names the lane, and only a lane that exists', () => {
    assert.equal(readLane('// @lane quiet\n// How fast it is.\n'), 'quiet');
    assert.equal(readLane('// How fast it is.\n// @lane quiet\n'), 'parallel');
    assert.equal(readLane(''), 'parallel');
    assert.throws(() => readLane('// @lane slow\n'), /no lane "slow": use one of parallel, quiet, sweep/);
  });

  test('files of the quiet lane run after all others, one at a time', async () => {
    const laneOf = new Map(['a', 'b', 'c', 'd', 'e'].map((file) => [file, 'bd'.includes(file) ? 'quiet' : 'parallel']));
    const running = new Set<string>();
    const beside = new Map<string, string[]>();
    const run = async (file: string) => {
      running.add(file);
      beside.set(file, [...running]);
      for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
      running.delete(file);
      return file;
    };
    const limits = { least: 3, most: 3, measureIdle: async () => 0 };
    const done = await runLanes([...laneOf.keys()], run, { laneOf, limits });
    assert.deepEqual(
      [...beside],
      [
        ['a', ['a']],
        ['c', ['a', 'c']],
        ['e', ['a', 'c', 'e']],
        ['b', ['b']],
        ['d', ['d']],
      ],
    );
    assert.deepEqual([...done].sort(), ['a', 'b', 'c', 'd', 'e']);
  });

  test('the summary tells how long the quiet lane took', () => {
    const run = (file: string, lane: string, durationMs: number) => ({
      file,
      runs: [{ file, lane, durationMs, events: [], tally: { passed: 1, failed: 0, skipped: 0, failures: [] } }],
    });
    const results = [run('a', 'quiet', 2_000), run('b', 'parallel', 9_000), run('c', 'quiet', 1_500)];
    const conditions = { startedAt: new Date(), durationMs: 1, cores: 2, busyShare: 0.5, seed: 7 };
    assert.match(formatSummary(results, conditions), /\nThe quiet lane took 3\.5 s for 2 files\.\n/);
    assert.deepEqual(
      describeRun(results, { conditions, checks: [], total: {} }).files.map(({ lane }: { lane: string }) => lane),
      ['quiet', 'parallel', 'quiet'],
    );
  });
});

test('patience is 1 unless the environment says another number', () => {
  const read = (value?: string) => readPatience({ TERRARIUM_TEST_PATIENCE: value });
  assert.deepEqual([read(), read(''), read('3'), read('0.5')], [1, 1, 3, 0.5]);
  for (const wrong of ['x', '0', '-1', '1e3', ' 1', 'Infinity'])
    assert.throws(() => read(wrong), /TERRARIUM_TEST_PATIENCE is ".*", and has to be a number above 0/);
});

test('what is pure needs no engine: only tests of functions, that import nothing which asks one', async () => {
  const [pure, engine, asksOne] = ['test/unit/subnet.test.ts', 'test/http/health.test.ts', 'test/unit/defer.test.ts'];
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
  /** Turns of the event loop: a file takes more of them than a measurement, however slow the machine is. */
  const turns = async (count: number) => {
    for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
  };

  /** The most that ran at once, with processors that are idle to this share. */
  async function watch(idle: number, count = 20) {
    const files = Array.from({ length: count }, (_, index) => `file ${index}`);
    let [running, most] = [0, 0];
    const run = async (file: string) => {
      running += 1;
      most = Math.max(most, running);
      await turns(10);
      running -= 1;
      return file;
    };
    const measureIdle = async () => {
      await turns(1);
      return idle;
    };
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
