// Memory of each further watcher of a container that is watched already, against that of a bare ws connection which is told the same: resident memory after
// a full garbage collection, step by step, both servers in turn, with the same options of Node.
import { setTimeout as sleep } from 'node:timers/promises';
import { startBareServer } from '../bare-server.ts';
import { connectInspector, type Inspector } from '../inspector.ts';
import { makeLab } from '../lab.ts';
import { startObservingServer } from '../observing-server.ts';
import type { ClientOrder } from '../programs/client.ts';
import type { Benchmark, Row } from '../report.ts';
import { readRss, readServeOptions } from '../server.ts';
import { onStage, type Stage } from '../stage.ts';
import { slopeOf } from '../statistics.ts';
import { credentials, startWatchers, type Watchers } from '../watchers.ts';

/** Connections that are there before the first step: they fill what the start left free, and warm what is compiled late. */
const warmUp = 1_000;
const stepSize = 1_000;
const steps = 6;
/** Milliseconds after which nothing is under way any more. */
const quietMs = 1_500;

export const watcherMemory: Benchmark = {
  name: 'watcher-memory',
  describe: 'memory of each further watcher, against a bare ws connection',
  run: (log) => onStage((stage) => run(stage, log)),
};

/** Bytes after a full collection. */
interface Sizes {
  readonly rss: number;
  readonly heap: number;
}

interface Contender {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly watchers: Watchers;
  measure(): Promise<Sizes>;
}

async function run(stage: Stage, log: (line: string) => void): Promise<Row[]> {
  const lab = await makeLab(stage, { count: 1 });
  const ours = await startOurs(stage, lab.ids[0] ?? '');
  // What one of ours is told first, the bare server's clients are told too.
  const greeting: string[] = [];
  ours.watchers.onFrame((frame) => greeting.push(frame));
  ours.watchers.connect({ ...toOrder(ours, 1), forward: 'all' });
  await ours.watchers.served();
  const bare = await startBare(stage, [...greeting]);
  const sizes = { ours: [] as Sizes[], bare: [] as Sizes[] };
  for (let step = 0; step <= steps; step++) {
    for (const [name, contender] of [['ours', ours] as const, ['bare', bare] as const]) {
      contender.watchers.connect(toOrder(contender, step === 0 ? warmUp : stepSize));
      await contender.watchers.served(warmUp + step * stepSize);
      sizes[name].push(await contender.measure());
    }
  }
  const growth = { ours: toGrowth(sizes.ours), bare: toGrowth(sizes.bare) };
  for (const name of ['ours', 'bare'] as const)
    log(
      `${name}: ${growth[name].steps.map(toKb).join(', ')} kB a connection by step, ${toKb(growth[name].heap)} of heap`,
    );
  const ratio = growth.ours.whole / growth.bare.whole;
  return [
    {
      what: 'memory of each further watcher, ours / a bare `ws` connection',
      value: ratio.toFixed(2),
      goal: '≤ 1.5',
      holds: ratio <= 1.5,
      detail: `slope of VmRSS after full collections, from ${warmUp} to ${warmUp + steps * stepSize} connections: ${toKb(growth.ours.whole)} and ${toKb(growth.bare.whole)} kB a connection; by steps of ${stepSize}: ${growth.ours.steps.map(toKb).join(', ')} and ${growth.bare.steps.map(toKb).join(', ')}; of it heap in use ${toKb(growth.ours.heap)} and ${toKb(growth.bare.heap)} kB. The bare server says the same first frames and has the same options: \`${(await readServeOptions()).join(' ')}\``,
    },
  ];
}

/** Bytes a connection: by step, and of all steps together. */
function toGrowth(sizes: readonly Sizes[]): { steps: number[]; whole: number; heap: number } {
  const rss = sizes.map((size) => size.rss / stepSize);
  return {
    steps: rss.slice(1).map((size, i) => size - (rss[i] ?? Number.NaN)),
    whole: slopeOf(rss),
    heap: slopeOf(sizes.map((size) => size.heap / stepSize)),
  };
}

function toKb(bytes: number): string {
  return (bytes / 1000).toFixed(1);
}

function toOrder({ url, headers }: Contender, connections: number): ClientOrder {
  return { url, headers, connections, atOnce: 100, first: '"type":"snapshot"', keep: 'nothing' };
}

async function startOurs(stage: Stage, target: string): Promise<Contender> {
  const server = await startObservingServer(stage, { NODE_OPTIONS: '--inspect=127.0.0.1:0' });
  const inspector = await connectInspector(server.printed);
  stage.later(() => inspector.close());
  return {
    url: `${server.url.replace('http', 'ws')}/api/v1/containers/${target}/netstat`,
    headers: credentials,
    watchers: await startWatchers(stage),
    measure: () => measure(inspector, server.pid),
  };
}

async function startBare(stage: Stage, greeting: readonly string[]): Promise<Contender> {
  const server = await startBareServer(stage, [...(await readServeOptions()), '--inspect=127.0.0.1:0']);
  server.greet(greeting);
  const inspector = await connectInspector(server.printed);
  stage.later(() => inspector.close());
  return {
    url: server.url,
    headers: {},
    watchers: await startWatchers(stage),
    measure: () => measure(inspector, server.pid),
  };
}

async function measure(inspector: Inspector, pid: number): Promise<Sizes> {
  await sleep(quietMs);
  for (let i = 0; i < 2; i++) await inspector.collectGarbage();
  await sleep(200);
  return { rss: await readRss(pid), heap: await inspector.usedHeap() };
}
