// In which order test files run, and how many at a time: the longest first, so that none is left running alone at the end, and more of them as long as
// they leave processors idle, because much of what they do is to wait.
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** A file that just began has not shown yet what it takes, in milliseconds. */
const settleMs = 2_000;
/** Share of the processors that has to be idle for one more. */
const spareShare = 0.25;

/** @param {string[]} files @param {Readonly<Record<string, number>>} seconds what each took once; of one that is new nothing is known */
export function longestFirst(files, seconds) {
  const of = (file) => seconds[file] ?? Number.POSITIVE_INFINITY;
  return [...files].sort((a, b) => (of(a) === of(b) ? a.localeCompare(b) : of(b) - of(a)));
}

/**
 * Runs every file, `least` at a time and up to `most` while processors are idle.
 * @template Result
 * @param {readonly string[]} files
 * @param {(file: string) => Promise<Result>} run
 * @param {{ least: number, most: number, measureIdle?: (ms: number) => Promise<number> }} limits
 * @returns {Promise<Result[]>}
 */
export async function runAll(files, run, { least, most, measureIdle = measureIdleShare }) {
  const waiting = [...files];
  const results = [];
  let running = 0;
  const work = async (isExtra) => {
    running += 1;
    do {
      const file = waiting.shift();
      if (file !== undefined) results.push(await run(file));
      // One more is for one file: whether there is room for the next is to be seen.
    } while (waiting.length > 0 && !isExtra);
    running -= 1;
  };
  const extras = [];
  const addMore = async () => {
    while (waiting.length > 0) {
      const idle = await measureIdle(settleMs);
      if (waiting.length > 0 && running < most && idle > spareShare) extras.push(work(true));
    }
  };
  await Promise.all([...Array.from({ length: Math.min(least, waiting.length) }, () => work(false)), addMore()]);
  await Promise.all(extras);
  return results;
}

/**
 * Runs the files of the lane `quiet` after all others, one at a time.
 * @template Result
 * @param {readonly string[]} files
 * @param {(file: string) => Promise<Result>} run
 * @param {{ laneOf: ReadonlyMap<string, string>, limits: Parameters<typeof runAll>[2] }} options
 * @returns {Promise<Result[]>}
 */
export async function runLanes(files, run, { laneOf, limits }) {
  const isQuiet = (file) => laneOf.get(file) === 'quiet';
  const results = await runAll(
    files.filter((file) => !isQuiet(file)),
    run,
    limits,
  );
  for (const file of files.filter(isQuiet)) results.push(await run(file));
  return results;
}

/** Which share of all processors was idle in this time. */
async function measureIdleShare(ms) {
  const before = readTimes();
  await sleep(ms);
  const after = readTimes();
  return (after.idle - before.idle) / Math.max(1, after.all - before.all);
}

/** What all processors did since the machine started, in milliseconds. */
export function readTimes() {
  const times = os.cpus().map(({ times }) => times);
  const sum = (pick) => times.reduce((total, one) => total + pick(one), 0);
  return { idle: sum(({ idle }) => idle), all: sum((one) => Object.values(one).reduce((a, b) => a + b, 0)) };
}
