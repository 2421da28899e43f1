// `npm test`: the set-up, the linter, the type check, then every test file on the real engine; `npm test -- PATH …` runs only the test files named.
// The last two lines are always "N flaky" and "N passed, N failed".
import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { capture } from './setup/command.mjs';
import { findEndpoint } from './setup/docker-endpoint.mjs';
import { askVersion, engine } from './setup/engine.mjs';
import { projectPath, projectRoot } from './setup/project.mjs';
import { isCheckOnly, runSetup } from './setup/runner.mjs';
import { testSteps } from './setup/steps.mjs';
import { compileTests } from './testing/compile.mjs';
import { judgeRun } from './testing/judge.mjs';
import { findLeftovers, listObjects } from './testing/leftovers.mjs';
import { readPatience } from './testing/patience.mjs';
import { countFlaky, describeRun, formatSeconds, formatSummary, writeReport } from './testing/report.mjs';
import { runFile } from './testing/run-file.mjs';
import { longestFirst, readTimes, runAll, runLanes } from './testing/schedule.mjs';
import { lastRun, runFailedAgain } from './testing/second-run.mjs';
import { chooseSeed } from './testing/seed.mjs';
import { addUp, formatTotal, isRed } from './testing/tally.mjs';
import { findTestFiles, readLanes, selectFiles, selectPure, selectSweeps } from './testing/test-files.mjs';

const usage = `Usage: npm test [-- [--verbose] [--fail-on-flaky-tests] [--note-durations] PATH …]
       npm run test:sweep [-- [--verbose] [--fail-on-flaky-tests] PATH …]

Runs the set-up, then lint, type check and all tests; with paths (files or folders) only those tests. A sweep runs the tests with
generated inputs, on far more of them: it takes the better part of an hour.

Test files run beside each other. Files that begin with "// @lane quiet" run after them, one at a time; files that begin with
"// @lane sweep" run only in a sweep.

A file that fails runs once more, alone. If it passes then, it is flaky: the summary shows its first error, and the run succeeds.
If more than three files fail, none runs again. reports/tests.json has the result and the duration of each run of each file.

  --verbose               show every test
  --fail-on-flaky-tests   fail if a file is flaky
  --note-durations        note the duration of each file, for the order of later runs

Environment:
  TERRARIUM_TEST_SEED         seed of all generated inputs: repeats a run (default: 1; a sweep draws one)
  TERRARIUM_TEST_CASES        number of cases of each differential test
  TERRARIUM_TEST_PATIENCE     multiplies the deadlines of all waits and the limits of a test and of a silent file (default: 1)
  TERRARIUM_TEST_CONCURRENCY  test files at a time (default: two more than there are cores, at least 4, and one
                              more again while these are idle)
  TERRARIUM_NO_INSTALL=1      install nothing: fail when something is missing`;

const options = /** @type {const} */ ({
  help: { type: 'boolean', default: false },
  verbose: { type: 'boolean', default: false },
  sweep: { type: 'boolean', default: false },
  'fail-on-flaky-tests': { type: 'boolean', default: false },
  'note-durations': { type: 'boolean', default: false },
});

/** Of the engine's and the tests' many short Go programs: they are over before it pays to collect garbage, which is half of what they take. */
process.env.GOGC ??= '400';

/** A file is killed if one of its tests takes longer than `test` (`sweep` in a sweep), or if none of its tests runs for `idle`. Milliseconds. */
const limitsMs = { test: 300_000, sweep: 3_600_000, idle: 60_000 };
/** To compile everything pays from so many files on. */
const manyFiles = 5;
const durationsFile = projectPath('scripts', 'testing', 'durations.json');
/** The output of each file that failed stays here until the next run of this file, or of all. */
const outputFolder = 'reports/output';

/** Checks that are no test files: each counts as one test. */
const linters = [
  {
    name: 'lint (biome check)',
    args: [projectPath('node_modules', '@biomejs', 'biome', 'bin', 'biome'), 'check', '--max-diagnostics=50', '.'],
  },
  { name: 'types (tsc --noEmit)', args: [projectPath('node_modules', 'typescript', 'bin', 'tsc'), '--noEmit'] },
];

/**
 * @param {string[]} filters
 * @param {{ verbose: boolean, sweep: boolean, 'note-durations': boolean, seed: number, patience: number }} options
 * @returns {Promise<{ total: { passed: number, failed: number, skipped: number }, flaky: number }>}
 */
async function main(filters, { verbose, sweep: isSweep, 'note-durations': noteThem, seed, patience }) {
  const startedAt = new Date();
  const timesBefore = readTimes();
  const selected = selectFiles(await findTestFiles(), filters);
  let laneOf;
  try {
    laneOf = await readLanes(selected);
  } catch (error) {
    return refuse(error.message);
  }
  const files = isSweep
    ? await selectSweeps(selected, laneOf)
    : selected.filter((file) => laneOf.get(file) !== 'sweep');
  if (files.length === 0) return refuse(explainNone(filters, { selected, isSweep }));
  console.log(`Seed ${seed}`);

  const shared = await isEngineUp();
  const runId = `r${randomBytes(3).toString('hex')}`;
  // What is missing is told in one line where it is not to be installed.
  const first = isCheckOnly() ? testSteps : testSteps.slice(0, testSteps.indexOf(engine));
  if ((await runSetup(first)) !== 0) return refuse('the set-up failed: see above');

  // A run of single files leaves the output of others alone: they may be running now.
  if (filters.length === 0) await rm(projectPath(outputFolder), { recursive: true, force: true });
  const compiling = files.length < manyFiles ? undefined : compileTests(files);
  const env = {
    TERRARIUM_TEST_RUN: runId,
    TERRARIUM_TEST_SEED: String(seed),
    ...(isSweep && { TERRARIUM_SWEEP: '1' }),
  };
  const run = async (file, number = 1) => {
    const outputFile = `${outputFolder}/${file}.run-${number}.txt`;
    const testDeadlineMs = patience * (isSweep ? limitsMs.sweep : limitsMs.test);
    const idleDeadlineMs = patience * limitsMs.idle;
    const ran = await runFile(file, { env, testDeadlineMs, idleDeadlineMs, outputFile, compiled: await compiling });
    return { ...(await judgeRun(ran)), lane: laneOf.get(file) };
  };
  const ordered = longestFirst(files, await readDurations());
  const early = compiling === undefined ? [] : await selectPure(ordered.filter((file) => laneOf.get(file) !== 'quiet'));
  const limits = chooseLimits();
  const beside = Math.min(2, limits.least);
  // The set-up waits for packages to come, and keeps one core busy: beside it goes what needs no engine.
  const [equipped, linted, pure] = await Promise.all([
    runSetup(testSteps.filter((step) => !first.includes(step))),
    filters.length > 0 || isSweep ? [] : runLinters(),
    runAll(early, (file) => run(file), { least: beside, most: beside }),
    compiling,
  ]);
  for (const { name, tally } of linted) console.log(`${tally.failed === 0 ? '✔' : '✖'} ${name}`);
  for (const result of pure) printFile(result, verbose);
  if (equipped !== 0) return refuse('the set-up failed: see above');

  const before = new Set((await listObjects()).map(({ id }) => id));
  const runAndPrint = async (file, number) => {
    const result = await run(file, number);
    printFile(result, verbose);
    return result;
  };
  const others = ordered.filter((file) => !early.includes(file));
  const firstRuns = [...pure, ...(await runLanes(others, (file) => runAndPrint(file, 1), { laneOf, limits }))];
  const results = await runFailedAgain(firstRuns, (file) => {
    console.log(`↻ ${file}: once more, alone`);
    return runAndPrint(file, 2);
  });
  const checks = [...linted, { name: 'left-overs', tally: await judgeLeftovers({ before, runId, shared }) }];
  const total = addUp([...checks, ...results.map(lastRun)].map(({ tally }) => tally));
  const conditions = {
    startedAt,
    durationMs: Date.now() - startedAt.getTime(),
    cores: os.availableParallelism(),
    busyShare: measureBusyShare(timesBefore),
    seed,
  };
  console.log(formatSummary(results, conditions));
  await writeReport(describeRun(results, { conditions, checks, total }));
  if (noteThem) await noteDurations(results.map(lastRun));
  return { total, flaky: countFlaky(results) };
}

function explainNone(filters, { selected, isSweep }) {
  const named = filters.join(' ') || 'test/**/*.test.ts';
  if (selected.length === 0) return `no test file matches ${named}`;
  return isSweep ? `${named} has nothing to sweep` : `${named} runs only in a sweep: npm run test:sweep -- ${named}`;
}

/** A run that ends before its first test. */
function refuse(reason) {
  return { total: addUp([failOnce(reason)]), flaky: 0 };
}

/** @returns {Promise<boolean>} an engine was there before the set-up */
function isEngineUp() {
  return askVersion(findEndpoint()).then(
    () => true,
    () => false,
  );
}

function runLinters() {
  return Promise.all(
    linters.map(async ({ name, args }) => {
      const { code, stdout, stderr } = await capture(process.execPath, args, { cwd: projectRoot });
      const passed = { passed: 1, failed: 0, skipped: 0, failures: [] };
      return { name, tally: code === 0 ? passed : failOnce(`${stdout}${stderr}`.trim()) };
    }),
  );
}

function measureBusyShare(before) {
  const now = readTimes();
  return 1 - (now.idle - before.idle) / Math.max(1, now.all - before.all);
}

function chooseLimits() {
  const wished = Number(process.env.TERRARIUM_TEST_CONCURRENCY);
  if (wished > 0) return { least: wished, most: wished };
  const cores = os.availableParallelism();
  const least = Math.max(2, cores) + 2;
  return { least, most: least + 1 };
}

/** Seconds by file, as once noted. */
async function readDurations() {
  return JSON.parse(await readFile(durationsFile, 'utf8'));
}

async function noteDurations(results) {
  const noted = { ...(await readDurations()) };
  for (const { file, durationMs } of results) noted[file] = Math.round(durationMs / 1000);
  const there = new Set(await findTestFiles());
  const entries = Object.entries(noted).filter(([file]) => there.has(file));
  await writeFile(durationsFile, `${JSON.stringify(Object.fromEntries(entries.sort()), null, 2)}\n`);
}

function printFile({ file, events, tally, output, durationMs }, verbose) {
  const mark = tally.failed > 0 ? '✖' : '✔';
  console.log(`${mark} ${file}: ${formatTotal(tally)} (${formatSeconds(durationMs)})`);
  if (verbose || tally.failed > 0) {
    const marks = { passed: '✔', failed: '✖', skipped: '﹣' };
    for (const event of events) {
      if (!(event.type in marks)) continue;
      console.log(
        `${'  '.repeat((event.nesting ?? 0) + 1)}${marks[event.type]} ${event.name} (${formatSeconds(event.durationMs ?? 0)})`,
      );
    }
  }
  for (const { name, error } of tally.failures) console.log(indent(`✖ ${name}\n${error}`));
  if ((verbose || tally.failed > 0) && output.trim() !== '') console.log(indent(`what it printed:\n${output.trim()}`));
}

async function judgeLeftovers(run) {
  const left = await findLeftovers(run);
  if (left.length === 0) return { passed: 0, failed: 0, skipped: 0, failures: [] };
  return failOnce(`the tests left on the engine: ${left.join(', ')}`);
}

function failOnce(reason) {
  console.log(`✖ ${reason}`);
  return { passed: 0, failed: 1, skipped: 0, failures: [{ name: reason, error: '' }] };
}

function indent(text) {
  return text.replace(/^/gm, '    ');
}

/** @throws {Error} an option that does not exist, or a setting with a wrong value */
function readArguments() {
  const { values, positionals: filters } = parseArgs({ options, allowPositionals: true });
  return {
    ...values,
    filters,
    seed: chooseSeed(process.env, { isSweep: values.sweep }),
    patience: readPatience(process.env),
  };
}

async function runTests() {
  let args;
  try {
    args = readArguments();
  } catch (error) {
    return { ...refuse(`${error.message}\n\n${usage}`), failOnFlaky: false };
  }
  if (args.help) return console.log(usage);
  return { ...(await main(args.filters, args)), failOnFlaky: args['fail-on-flaky-tests'] };
}

// Children are killed on exit: see run-file.mjs.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
const outcome = await runTests();
if (outcome !== undefined) {
  console.log(`\n${outcome.flaky} flaky\n${formatTotal(outcome.total)}`);
  process.exitCode = isRed(outcome.total, outcome) ? 1 : 0;
}
