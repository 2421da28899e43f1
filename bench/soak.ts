// `npm run soak [-- --write]`: half an hour (`TERRARIUM_BENCH_MINUTES`) of mixed life on an engine of its own: creates and removals, a lab that comes and goes,
// commands, a followed log, watchers and terminals that come and go, events, reads, and the engine killed or stopped under it now and then. Each round ends
// with everybody's account held against the engine's truth; what is measured all the time has to stay. --write keeps the verdict and its graph.
import { randomInt } from 'node:crypto';
import { appendFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Cleanup } from '../test/support/engine.ts';
import { EngineTruth } from '../test/support/engine-truth.ts';
import { type PrivateEngine, startPrivateEngine } from '../test/support/private-engine.ts';
import { seededRandom } from '../test/support/seeded.ts';
import { visit } from '../test/support/visitors.ts';
import { Workload } from '../test/support/workload.ts';
import { drawChart } from './chart.ts';
import { readDurationMs } from './load-settings.ts';
import { describeMachine } from './machine.ts';
import { type Row, toMarkdown } from './report.ts';
import { countDescriptors, type MeasuredServer, startServer } from './server.ts';
import { describeMemory, inspectable, type Memory, watchMemory } from './server-memory.ts';
import { setUp } from './set-up.ts';
import { onStage, type Stage } from './stage.ts';
import { median, slopeOf } from './statistics.ts';
import { credentials } from './watchers.ts';

/** Milliseconds. */
const timing = {
  /** Between two samples of everything. */
  sample: 5_000,
  /** Of one round's life. */
  round: Math.min(60_000, readDurationMs(30) / 3),
  /** How long visitors stay, and between two of them. */
  visit: 4_000,
  /** How long they may have to wait. */
  served: 90_000,
  /** After everybody has left, until nothing of the server's is there: observers and guards are kept for five seconds. */
  rest: 12_000,
  read: 20,
} as const;
const durationMs = readDurationMs(30);
/** A soak draws its seed, as a sweep does; `TERRARIUM_TEST_SEED` repeats one. */
const seed = Number(process.env.TERRARIUM_TEST_SEED ?? randomInt(1_000_000));
/** The engine is ended in each third round, in each one of a short soak: killed and stopped in turn. */
const outageEvery = durationMs < 10 * 60_000 ? 1 : 3;

interface Sample {
  readonly minute: number;
  readonly memory: Memory;
  readonly descriptors: number;
  readonly loopDelayMs: number;
}

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
await setUp();
const rows = await onStage(soak);
const title = `## ${new Date().toISOString().slice(0, 10)}, soak · ${await describeMachine()}`;
const report = `${title}\n\n${toMarkdown(rows)}\n`;
console.log(`\n${report}`);
if (values.write)
  await appendFile('bench/RESULTS.md', `\n${report}\n![memory, descriptors and event loop over time](soak.svg)\n`);
if (rows.some(({ holds }) => !holds)) process.exitCode = 1;

async function soak(stage: Stage): Promise<Row[]> {
  const cleanup: Cleanup = { after: (step) => stage.later(step) };
  const engine = await startPrivateEngine(cleanup, { image: 'busybox:latest' });
  const truth = new EngineTruth(engine);
  const server = await startServer({ DOCKER_HOST: engine.host, TERRARIUM_OBSERVER: 'probe', ...inspectable });
  stage.later(() => server.stop());
  const measure = await watchMemory(stage, server);
  const began = performance.now();
  const minute = () => (performance.now() - began) / 60_000;
  const errors: string[] = [];
  const samples: Sample[] = [];
  const takeSample = async () => {
    const [memory, descriptors, loopDelayMs] = await Promise.all([
      measure(),
      countDescriptors(server.pid),
      readLoopDelay(server),
    ]);
    const sample = { minute: minute(), memory, descriptors, loopDelayMs };
    samples.push(sample);
    return sample;
  };
  let isOver = false;
  const sampling = (async () => {
    for (; !isOver; await sleep(timing.sample))
      await takeSample().catch((error) => errors.push(`a sample could not be taken: ${String(error)}`));
  })();
  const reads = readAll(server, () => isOver);
  const random = seededRandom(seed);
  const atRest: Sample[] = [];
  const outages: number[] = [];
  const done: Record<string, number> = {};
  const left: string[] = [];
  console.log(`seed ${seed}, ${(durationMs / 60_000).toFixed(1)} min`);
  for (let round = 1; performance.now() - began < durationMs; round += 1) {
    const hasOutage = round % outageEvery === 0;
    try {
      const account = await playRound({
        engine,
        truth,
        server,
        round,
        random,
        hasOutage,
        onOutage: () => outages.push(minute()),
      });
      for (const [name, count] of Object.entries(account)) done[name] = (done[name] ?? 0) + count;
    } catch (error) {
      errors.push(`round ${round}: ${error instanceof Error ? error.message : String(error)}`);
    }
    await sleep(timing.rest);
    left.push(...(await truth.left()).map((one) => `round ${round}: ${one}`));
    const sample = await takeSample();
    atRest.push(sample);
    console.log(
      `  ${sample.minute.toFixed(1)} min, round ${round}${hasOutage ? ' with an outage' : ''}: heap ${(sample.memory.heap / 1e6).toFixed(1)} MB, RSS ${(sample.memory.rss / 1e6).toFixed(0)} MB, ${sample.descriptors} descriptors, ${errors.length} errors`,
    );
  }
  isOver = true;
  await sampling;
  const { count, failures } = await reads;
  errors.push(...failures);
  if (values.write) await writeFile('bench/soak.svg', draw(samples, outages));
  for (const words of [...errors, ...left].slice(0, 20)) console.error(`  ${words}`);
  return judge({ samples, atRest, errors, left, outages: outages.length, done: { ...done, reads: count } });
}

interface RoundParts {
  readonly engine: PrivateEngine;
  readonly truth: EngineTruth;
  readonly server: MeasuredServer;
  readonly round: number;
  readonly random: () => number;
  readonly hasOutage: boolean;
  onOutage(): void;
}

/** One round: everybody comes, lives, has a bad moment perhaps, settles accounts and leaves. Answers what was done. */
async function playRound({
  engine,
  truth,
  server,
  round,
  random,
  hasOutage,
  onOutage,
}: RoundParts): Promise<Record<string, number>> {
  const steps: (() => unknown)[] = [];
  const cleanup: Cleanup = { after: (step) => void steps.push(step) };
  const host = { url: server.url, headers: credentials };
  const shell = await truth.run(`soak-${round}-shell`, {
    Cmd: ['sh'],
    Tty: true,
    OpenStdin: true,
    Labels: { 'io.terrarium.managed': 'true' },
    HostConfig: { Init: true, RestartPolicy: { Name: 'always' } },
  });
  try {
    const workload = await Workload.begin(cleanup, { host, truth, name: `soak-${round}`, random });
    const ends = performance.now() + timing.round;
    let visits = 0;
    const receive = async (until: number) => {
      for (; performance.now() < until; visits += 1) {
        const guests = visit(cleanup, host, { plain: workload.standing.talker, shell });
        await within(timing.served, guests.settled(), 'visitors did not get what they came for');
        await sleep(timing.visit * random());
        guests.leave(random() < 0.5 ? 'politely' : 'rudely');
        await sleep(timing.visit * random());
      }
    };
    await receive(hasOutage ? performance.now() + timing.round / 2 : ends);
    if (hasOutage) {
      onOutage();
      await (round % (2 * outageEvery) === 0 ? engine.shutDown() : engine.kill());
      await sleep(2_000 * random());
      await engine.restart();
      await awaitRunning(truth, [shell, workload.standing.web]);
      await sleep(5_000);
      await receive(ends);
    }
    await workload.stop();
    const account = await workload.judge();
    await truth.remove(shell);
    await workload.leave();
    return { ...account, visits };
  } catch (error) {
    // What a round that failed leaves is no news: the next one begins with nothing.
    for (const step of steps.splice(0)) await step();
    await clear(truth);
    throw error;
  } finally {
    for (const step of steps) await step();
  }
}

/** Removes all that there is on the engine. */
async function clear(truth: EngineTruth): Promise<void> {
  for (const { id } of await truth.containers()) await truth.remove(id).catch(() => {});
  await truth.engine.docker('network', 'prune', '--force');
  await truth.engine.docker('volume', 'prune', '--all', '--force');
}

async function within<T>(ms: number, work: Promise<T>, otherwise: string): Promise<T> {
  const late = new AbortController();
  const limit = sleep(ms, undefined, { signal: late.signal }).then(() => {
    throw new Error(`${otherwise} within ${ms / 1_000} s`);
  });
  limit.catch(() => {}); // where the work was done in time
  try {
    return await Promise.race([work, limit]);
  } finally {
    late.abort();
  }
}

async function awaitRunning(truth: EngineTruth, ids: readonly string[]): Promise<void> {
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; await sleep(200))
    if ((await Promise.all(ids.map((id) => truth.isRunning(id)))).every(Boolean)) return;
  throw new Error('What restarts with its engine does not run a minute later');
}

/** Reads what is in the mirror, fifty times a second and through every outage: such a read never fails. */
async function readAll(server: MeasuredServer, isOver: () => boolean): Promise<{ count: number; failures: string[] }> {
  const paths = ['/containers', '/containers?state=running', '/networks', '/engines', '/labs', '/containers?scope=all'];
  const failures: string[] = [];
  let count = 0;
  for (; !isOver(); await sleep(timing.read)) {
    const path = paths[count % paths.length] ?? '/engines';
    count += 1;
    try {
      const answer = await fetch(`${server.url}/api/v1${path}`, {
        headers: credentials,
        signal: AbortSignal.timeout(30_000),
      });
      const text = await answer.text();
      if (answer.status !== 200) failures.push(`GET ${path}: ${answer.status} ${text.slice(0, 200)}`);
    } catch (error) {
      failures.push(`GET ${path}: ${String(error)}`);
    }
  }
  return { count, failures };
}

/** Milliseconds that the server's event loop was late, 99 of 100 times at most, since it was last asked. */
async function readLoopDelay(server: MeasuredServer): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`, { headers: credentials })).text();
  return Number(/^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(text)?.[1]) * 1_000;
}

function judge({
  samples,
  atRest,
  errors,
  left,
  outages,
  done,
}: {
  samples: readonly Sample[];
  atRest: readonly Sample[];
  errors: readonly string[];
  left: readonly string[];
  outages: number;
  done: Readonly<Record<string, number>>;
}): Row[] {
  const minutes = (samples.at(-1)?.minute ?? 0).toFixed(1);
  const counts = Object.entries(done)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
  const descriptors = atRest.map((one) => one.descriptors);
  const slope = descriptors.length < 2 ? 0 : slopeOf(descriptors);
  const delays = samples.map((one) => one.loopDelayMs).filter(Number.isFinite);
  return [
    {
      what: `soak of ${minutes} min: errors`,
      value: String(errors.length),
      goal: '0',
      holds: errors.length === 0,
      detail: `${atRest.length} rounds, the engine ended under ${outages} of them; seed ${seed}; ${counts}${errors.length > 0 ? `; first: ${errors[0]?.split('\n')[0]?.slice(0, 200)}` : ''}`,
    },
    {
      what: 'soak: containers, networks and volumes left after a round',
      value: String(left.length),
      goal: '0',
      holds: left.length === 0,
      detail: `looked for ${timing.rest / 1_000} s after each round, on the engine itself${left.length > 0 ? `: ${left.slice(0, 3).join('; ')}` : ''}`,
    },
    describeMemory(
      'soak, at rest between rounds',
      atRest.map((one) => one.memory),
      ((samples.at(-1)?.minute ?? 0) * 60_000) / Math.max(1, atRest.length),
    ),
    {
      what: 'soak: descriptors of the server at rest',
      value: `${slope.toFixed(2)} more a round`,
      goal: '≤ 0.1',
      holds: slope <= 0.1,
      detail: `${descriptors.join(' ')}; ${Math.max(...samples.map((one) => one.descriptors))} at most under load`,
    },
    {
      what: 'soak: event loop late, p99 in each 5 s, median of all',
      value: `${median(delays).toFixed(0)} ms`,
      goal: '≤ 50 ms',
      holds: median(delays) <= 50,
      detail: `${delays.length} samples, the worst ${Math.max(...delays).toFixed(0)} ms; a full collection for each sample is in it`,
    },
  ];
}

function draw(samples: readonly Sample[], outages: readonly number[]): string {
  return drawChart({
    title: `Soak of ${(samples.at(-1)?.minute ?? 0).toFixed(0)} minutes`,
    minutes: samples.map((one) => one.minute),
    marks: { name: 'the engine is killed or stopped, and started again', at: outages },
    panels: [
      {
        title: 'memory after a collection, MB',
        lines: [
          { name: 'RSS', values: samples.map((one) => one.memory.rss / 1e6) },
          { name: 'heap', values: samples.map((one) => one.memory.heap / 1e6) },
        ],
      },
      {
        title: 'descriptors',
        lines: [{ name: 'files and sockets', values: samples.map((one) => one.descriptors) }],
      },
      {
        title: 'event loop late, ms',
        lines: [{ name: 'p99 in 5 s', values: samples.map((one) => one.loopDelayMs) }],
      },
    ],
  });
}
