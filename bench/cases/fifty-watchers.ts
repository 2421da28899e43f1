// Fifty watchers of one container: how soon the last of them sees something, what the server holds in memory, and what all of it costs; and the same
// by what others have, which is an exec for each watcher.
import { setTimeout as sleep } from 'node:timers/promises';
import { account, descendants, execPayers, listProcesses, payers, perSecond } from '../cpu-account.ts';
import { type Bench, docker, makeLab } from '../lab.ts';
import { readPss } from '../memory.ts';
import { measureCost, sumOf } from '../observation-cost.ts';
import { startObservingServer } from '../observing-server.ts';
import { execNetstat, type Peer, startExecServer, startWebsocketd } from '../peers.ts';
import type { Benchmark, Row } from '../report.ts';
import { onStage, type Stage } from '../stage.ts';
import { estimateMedian, median, quantile } from '../statistics.ts';
import { credentials, startWatchers } from '../watchers.ts';

const watchers = 50;
const pairs = 3;
const windowMs = 6_000;
/** Milliseconds that a peer's watchers may take until each has seen something. */
const peerPatienceMs = 60_000;

export const fiftyWatchers: Benchmark = {
  name: 'fifty-watchers',
  describe: `${watchers} watchers of one container, ours and the peers`,
  run: (log) => onStage((stage) => run(stage, log)),
};

/** What a peer needed. CPU as a share of one core. */
interface Needs {
  readonly name: string;
  readonly firstMs: readonly number[];
  readonly bytes: number | null;
  readonly cores: number;
  /** What is to be known besides. */
  readonly remark: string;
}

async function run(stage: Stage, log: (line: string) => void): Promise<Row[]> {
  const lab = await makeLab(stage, { count: 4 });
  const [own, forWebsocketd, forExecServer, forPolling] = lab.ids;
  if (own === undefined || forWebsocketd === undefined || forExecServer === undefined || forPolling === undefined)
    throw new Error('The lab is too small');
  const ours = await measureOurs(stage, { ...lab, ids: [own] }, log);
  const peers: (Needs | string)[] = [
    await measurePeer(
      stage,
      forWebsocketd,
      startWebsocketd,
      'websocketd is not installed (apt-get install websocketd)',
    ),
    await measurePeer(stage, forExecServer, startExecServer, 'docker-exec-websocket-server needs a Unix socket'),
    await measurePolling(forPolling),
  ];
  for (const peer of peers) log(typeof peer === 'string' ? peer : describe(peer));
  const beside = peers.map((peer) => (typeof peer === 'string' ? peer : describe(peer))).join('; ');
  const first = quantile(ours.firstMs, 0.95);
  return [
    {
      what: `${watchers} watchers of one container: first data, p95`,
      value: `${first.toFixed(0)} ms`,
      goal: '≤ 250 ms',
      holds: first <= 250,
      detail: `nobody watched before; ${pairs} times ${watchers}, p50 ${median(ours.firstMs).toFixed(0)} ms; ${watchers} who come later p95 ${quantile(ours.laterMs, 0.95).toFixed(0)} ms`,
    },
    {
      what: `${watchers} watchers of one container: the server's memory`,
      value: `${(median(ours.rss) / 1e6).toFixed(1)} MB`,
      goal: '≤ 90 MB',
      holds: median(ours.rss) <= 90e6,
      detail: `VmRSS, median of ${ours.rss.map((bytes) => (bytes / 1e6).toFixed(1)).join(', ')}`,
    },
    {
      what: `${watchers} watchers of one container: CPU in all`,
      value: `${(100 * ours.cores.median).toFixed(2)} %`,
      goal: '≤ 5 % of a core',
      holds: ours.cores.median <= 0.05,
      detail: `server, engine, shims, containers; median of ${pairs} pairs of windows of ${windowMs / 1000} s, 95 % CI ${(100 * ours.cores.low).toFixed(2)}–${(100 * ours.cores.high).toFixed(2)} %. Peers (memory: Pss of all their processes): ${beside}`,
    },
  ];
}

async function measureOurs(stage: Stage, lab: Bench, log: (line: string) => void) {
  const server = await startObservingServer(stage);
  const path = `/api/v1/containers/${lab.ids[0]}/netstat`;
  const [firstMs, laterMs, rss]: [number[], number[], number[]] = [[], [], []];
  const costs = await measureCost(
    stage,
    {
      server,
      lab,
      order: { path, connections: watchers },
      snapshots: watchers,
      pairs,
      windowMs,
      served: (report) => firstMs.push(...report.firstMs.filter((ms) => ms !== null)),
      async whileWatched() {
        rss.push(await server.rss());
        const late = await startWatchers(stage);
        const url = server.url.replace('http', 'ws') + path;
        late.connect({ url, headers: credentials, connections: watchers, first: '"type":"snapshot"', keep: 'nothing' });
        laterMs.push(...(await late.served()).firstMs.filter((ms) => ms !== null));
        await late.stop();
      },
    },
    log,
  );
  return { firstMs, laterMs, rss, cores: estimateMedian(costs.map((pair) => sumOf(pair) / 1e9)) };
}

async function measurePeer(
  stage: Stage,
  container: string,
  start: (stage: Stage, container: string) => Promise<Peer | null>,
  absent: string,
): Promise<Needs | string> {
  const peer = await start(stage, container);
  if (peer === null) return `${absent}: left out`;
  const whom = { serverPid: peer.pid, targets: [container], observers: async () => [] };
  const off = await account(whom, () => sleep(windowMs));
  const clients = await startWatchers(stage);
  clients.connect({ url: peer.url, headers: {}, connections: watchers, first: 'Proto', keep: 'nothing' });
  const { firstMs } = await clients.served(watchers, peerPatienceMs);
  await sleep(3_000);
  const on = await account(whom, () => sleep(windowMs));
  const inContainer = await listProcessesOf(container);
  const bytes = await readPss([...descendants(listProcesses(), peer.pid), ...inContainer]);
  await clients.stop();
  await sleep(3_000);
  const left = (await listProcessesOf(container)).length - 1;
  return {
    name: peer.name,
    firstMs: firstMs.filter((ms) => ms !== null),
    bytes,
    cores: (perSecond(on, payers) - perSecond(off, payers)) / 1e9,
    remark: `${left} processes left in the container`,
  };
}

/** Each watcher asks again a second after it asked last, or as soon as it has the answer. */
async function measurePolling(container: string): Promise<Needs> {
  const whom = { serverPid: process.pid, targets: [container], observers: async () => [] };
  const off = await account(whom, () => sleep(windowMs));
  const began = performance.now();
  const firstMs: number[] = [];
  let polls = 0;
  let isOver = false;
  const poll = async () => {
    for (let isFirst = true; !isOver; isFirst = false) {
      const asked = performance.now();
      await execNetstat(container);
      polls += 1;
      if (isFirst) firstMs.push(performance.now() - began);
      await sleep(Math.max(0, asked + 1_000 - performance.now()));
    }
  };
  const pollers = Array.from({ length: watchers }, poll);
  while (firstMs.length < watchers) await sleep(50);
  polls = 0;
  const on = await account(whom, () => sleep(windowMs));
  const rate = polls / on.seconds;
  isOver = true;
  await Promise.all(pollers);
  return {
    name: 'polling by API exec',
    firstMs,
    bytes: null,
    cores: (perSecond(on, execPayers) - perSecond(off, execPayers)) / 1e9,
    remark: `${rate.toFixed(0)} of ${watchers} polls a second`,
  };
}

/** Pids on this machine of all that runs in the container. */
async function listProcessesOf(container: string): Promise<number[]> {
  const { Processes: rows, Titles: titles } = await docker.getContainer(container).top();
  return rows.map((row: string[]) => Number(row[titles.indexOf('PID')]));
}

function describe({ name, firstMs, bytes, cores, remark }: Needs): string {
  const memory = bytes === null ? '' : `${(bytes / 1e6).toFixed(0)} MB, `;
  return `${name}: first data p95 ${(quantile(firstMs, 0.95) / 1000).toFixed(1)} s, ${memory}${(100 * cores).toFixed(0)} % of a core, ${remark}`;
}
