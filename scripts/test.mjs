// `npm test`: the set-up, the linter, the type check, then every test file on the real engine; `npm test -- PATH …`
// runs only the test files named. The last line is always "N passed, N failed".
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import process from 'node:process';
import { capture } from './setup/command.mjs';
import { findEndpoint } from './setup/docker-endpoint.mjs';
import { askVersion, engine } from './setup/engine.mjs';
import { projectPath, projectRoot } from './setup/project.mjs';
import { isCheckOnly, runSetup } from './setup/runner.mjs';
import { testSteps } from './setup/steps.mjs';
import { compileTests } from './testing/compile.mjs';
import { findLeftovers, listObjects } from './testing/leftovers.mjs';
import { runFile } from './testing/run-file.mjs';
import { longestFirst, readTimes, runAll } from './testing/schedule.mjs';
import { runFailedAgain } from './testing/second-run.mjs';
import { nameSources } from './testing/source-lines.mjs';
import { addUp, formatTotal, tallyFile } from './testing/tally.mjs';
import { findTestFiles, selectFiles, selectPure, selectSweeps } from './testing/test-files.mjs';

const usage = `Usage: npm test [-- [--verbose] [--note-durations] PATH …]
       npm run test:sweep [-- [--verbose] PATH …]

Runs the set-up, then lint, type check and all tests; with paths (files or folders) only those tests. A sweep runs the tests with
generated inputs, on far more of them: it takes the better part of an hour. --note-durations notes how long each file took, for the order of later runs.

Environment:
  TERRARIUM_TEST_CONCURRENCY  test files at a time (default: two more than there are cores, at least 4, and one
                              more again while these are idle)
  TERRARIUM_NO_INSTALL=1      install nothing: fail when something is missing`;

/** Of the engine's and the tests' many short Go programs: they are over before it pays to collect garbage, which is half of what they take. */
process.env.GOGC ??= '400';

/** A single test may take this long, in milliseconds; after it its file is killed. */
const testDeadlineMs = 300_000;
const sweepDeadlineMs = 3_600_000;
/** To compile everything pays from so many files on. */
const manyFiles = 5;
const durationsFile = projectPath('scripts', 'testing', 'durations.json');

/** Checks that are no test files: each counts as one test. */
const linters = [
  {
    name: 'lint (biome check)',
    args: [projectPath('node_modules', '@biomejs', 'biome', 'bin', 'biome'), 'check', '--max-diagnostics=50', '.'],
  },
  { name: 'types (tsc --noEmit)', args: [projectPath('node_modules', 'typescript', 'bin', 'tsc'), '--noEmit'] },
];

/** @param {string[]} args @returns {Promise<import('./testing/tally.mjs').Tally[]>} */
async function main(args) {
  const verbose = args.includes('--verbose');
  const isSweep = args.includes('--sweep');
  const filters = args.filter((arg) => !arg.startsWith('--'));
  const selected = selectFiles(await findTestFiles(), filters);
  const files = isSweep ? await selectSweeps(selected) : selected;
  if (files.length === 0) return [failOnce(`no test file matches ${filters.join(' ') || 'test/**/*.test.ts'}`)];

  const shared = await isEngineUp();
  const runId = `r${randomBytes(3).toString('hex')}`;
  // What is missing is told in one line where it is not to be installed.
  const first = isCheckOnly() ? testSteps : testSteps.slice(0, testSteps.indexOf(engine));
  if ((await runSetup(first)) !== 0) return [failOnce('the set-up failed: see above')];

  const compiling = files.length < manyFiles ? undefined : compileTests(files);
  const run = async (file) => {
    const env = { TERRARIUM_TEST_RUN: runId, ...(isSweep && { TERRARIUM_SWEEP: '1' }) };
    const testDeadline = isSweep ? sweepDeadlineMs : testDeadlineMs;
    return judge(await runFile(file, { env, testDeadlineMs: testDeadline, compiled: await compiling }));
  };
  const ordered = longestFirst(files, await readDurations());
  const early = compiling === undefined ? [] : await selectPure(ordered);
  const limits = chooseLimits();
  const beside = Math.min(2, limits.least);
  // The set-up waits for packages to come, and keeps one core busy: beside it goes what needs no engine.
  const [equipped, linted, pure] = await Promise.all([
    runSetup(testSteps.filter((step) => !first.includes(step))),
    filters.length > 0 || isSweep ? [] : runLinters(),
    runAll(early, run, { least: beside, most: beside }),
    compiling,
  ]);
  for (const { name, tally } of linted) console.log(`${tally.failed === 0 ? '✔' : '✖'} ${name}`);
  for (const result of pure) printFile(result, verbose);
  if (equipped !== 0) return [failOnce('the set-up failed: see above')];

  const before = new Set((await listObjects()).map(({ id }) => id));
  const startedAt = readTimes();
  const runAndPrint = async (file) => {
    const result = await run(file);
    printFile(result, verbose);
    return result;
  };
  const others = ordered.filter((file) => !early.includes(file));
  const results = await runFailedAgain([...pure, ...(await runAll(others, runAndPrint, limits))], (file) => {
    console.log(`↻ ${file}: once more, alone`);
    return runAndPrint(file);
  });
  printSummary(results, startedAt);
  if (args.includes('--note-durations')) await noteDurations(results);
  return [
    ...linted.map(({ tally }) => tally),
    ...results.map(({ tally }) => tally),
    await judgeLeftovers({ before, runId, shared }),
  ];
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

/** What came of a file, in words that name the sources. */
async function judge(result) {
  const tally = tallyFile(result.events, result);
  for (const failure of tally.failures) failure.error = await nameSources(failure.error);
  return { ...result, output: await nameSources(result.output), tally };
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
  console.log(`${mark} ${file}: ${formatTotal(tally)} (${seconds(durationMs)})`);
  if (verbose || tally.failed > 0) {
    const marks = { passed: '✔', failed: '✖', skipped: '﹣' };
    for (const event of events) {
      if (!(event.type in marks)) continue;
      console.log(
        `${'  '.repeat((event.nesting ?? 0) + 1)}${marks[event.type]} ${event.name} (${seconds(event.durationMs ?? 0)})`,
      );
    }
  }
  for (const { name, error } of tally.failures) console.log(indent(`✖ ${name}\n${error}`));
  if ((verbose || tally.failed > 0) && output.trim() !== '') console.log(indent(`what it printed:\n${output.trim()}`));
}

function printSummary(results, startedAt) {
  const now = readTimes();
  const busy = 1 - (now.idle - startedAt.idle) / (now.all - startedAt.all);
  const slowest = [...results].sort((a, b) => b.durationMs - a.durationMs).slice(0, 5);
  console.log(
    `\nSlowest files:\n${slowest.map(({ file, durationMs }) => `  ${seconds(durationMs).padStart(8)}  ${file}`).join('\n')}`,
  );
  console.log(`The processors were busy for ${Math.round(100 * busy)} % of the time.`);
  const failed = results.filter(({ tally }) => tally.failed > 0);
  if (failed.length === 0) return;
  console.log('\nFailed:');
  for (const { file, tally } of failed) for (const { name } of tally.failures) console.log(`  ${file}: ${name}`);
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

function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}

function indent(text) {
  return text.replace(/^/gm, '    ');
}

const args = process.argv.slice(2);
if (args.includes('--help')) {
  console.log(usage);
} else {
  // Children are killed on exit: see run-file.mjs.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
  const total = addUp(await main(args));
  console.log(`\n${formatTotal(total)}`);
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
}
