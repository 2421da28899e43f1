// A thousand watchers of one container whose sockets change all the time: from the making of a frame to the last client that has it, beside a bare
// broadcast of the same bytes to the same client processes half a second later.
import { setTimeout as sleep } from 'node:timers/promises';
import { startBareServer } from '../bare-server.ts';
import { makeLab } from '../lab.ts';
import { startObservingServer } from '../observing-server.ts';
import type { ClientReport } from '../programs/client.ts';
import type { Benchmark, Row } from '../report.ts';
import { onStage, type Stage } from '../stage.ts';
import { estimateMedian, median, quantile } from '../statistics.ts';
import { credentials, startWatchers } from '../watchers.ts';

const watchers = 1_000;
const clientProcesses = 2;
const frames = 100;

/** One more listener each 0.9 s, and of the 20 the oldest no more: no two looks a second apart see the same. */
const restless = `use Socket; my @open; my $port = 10000;
while (1) {
  socket(my $s, PF_INET, SOCK_STREAM, 0) or die; bind($s, pack_sockaddr_in($port++, INADDR_LOOPBACK)) or die; listen($s, 5) or die;
  push @open, $s; shift @open if @open > 20; select(undef, undef, undef, 0.9);
}`;

export const thousandWatchers: Benchmark = {
  name: 'thousand-watchers',
  describe: `${watchers} watchers of one container at 1 Hz, against a bare broadcast`,
  run: (log) => onStage((stage) => run(stage, log)),
};

async function run(stage: Stage, log: (line: string) => void): Promise<Row[]> {
  const lab = await makeLab(stage, {
    count: 1,
    image: 'terrarium-test-base:trixie',
    command: ['perl', '-e', restless],
  });
  const server = await startObservingServer(stage);
  const bare = await startBareServer(stage);
  // The same processes hold the connections to both, so that neither has quicker clients.
  const clients = await Promise.all(Array.from({ length: clientProcesses }, () => startWatchers(stage)));
  let heard = 0;
  // Frames come until the clients end, and the bare server may have ended by then.
  let isOver = false;
  stage.later(() => {
    isOver = true;
  });
  clients[0]?.onFrame((frame) => {
    heard += 1;
    setTimeout(() => isOver || bare.broadcast(frame), 500);
  });
  for (const client of clients)
    client.connect({
      url: bare.url,
      headers: {},
      connections: watchers / clientProcesses,
      atOnce: 100,
      first: '"type":"delta"',
      keep: 'moments',
      name: 'bare',
    });
  for (const client of clients) {
    client.connect({
      url: `${server.url.replace('http', 'ws')}/api/v1/containers/${lab.ids[0]}/netstat?options=tan`,
      headers: credentials,
      connections: watchers / clientProcesses,
      atOnce: 100,
      first: '"type":"snapshot"',
      keep: 'moments',
      name: 'ours',
      ...(client === clients[0] && { forward: 'deltas' }),
    });
  }
  for (const client of clients) await client.served();
  heard = 0;
  const began = Date.now();
  while (heard < frames + 1) {
    if (Date.now() - began > frames * 1_500) throw new Error(`Only ${heard} frames came`);
    await sleep(500);
  }
  await sleep(1_000);
  const reports = await Promise.all(clients.map((client) => client.report()));
  return judge(toLastClient(reports, 'ours', began), toLastClient(reports, 'bare', began), log);
}

/** Milliseconds from each frame's `at` to the last client that had it; a frame that not all had is infinitely late. */
function toLastClient(reports: readonly ClientReport[], name: string, since: number): number[] {
  const byAt = new Map<number, { count: number; lastMs: number }>();
  for (const moment of reports.flatMap(({ moments }) => moments)) {
    const at = Date.parse(moment.at);
    if (moment.name !== name || at < since) continue;
    const known = byAt.get(at) ?? { count: 0, lastMs: 0 };
    byAt.set(at, { count: known.count + moment.count, lastMs: Math.max(known.lastMs, moment.lastMs) });
  }
  const ordered = [...byAt].sort(([a], [b]) => a - b).slice(0, frames);
  return ordered.map(([at, { count, lastMs }]) => (count === watchers ? lastMs - at : Number.POSITIVE_INFINITY));
}

function judge(ours: readonly number[], bare: readonly number[], log: (line: string) => void): Row[] {
  const describe = (values: readonly number[]) =>
    `p50 ${median(values).toFixed(0)}, p99 ${quantile(values, 0.99).toFixed(0)}, worst ${quantile(values, 1).toFixed(0)} ms`;
  log(`ours ${describe(ours)} of ${ours.length} frames; bare ${describe(bare)} of ${bare.length}`);
  const p99 = quantile(ours, 0.99);
  const ratio = estimateMedian(ours.map((value, i) => value / (bare[i] ?? Number.NaN)));
  return [
    {
      what: `${watchers} watchers of one container at 1 Hz: frame to the last client, p99`,
      value: `${p99.toFixed(0)} ms`,
      goal: '≤ 100 ms',
      holds: ours.length >= frames && p99 <= 100,
      detail: `${ours.length} frames, from the frame's \`at\`: ${describe(ours)}; bare broadcast ${describe(bare)}; ${clientProcesses} client processes share the machine`,
    },
    {
      what: 'the same, ours / bare `ws` broadcast of the same bytes',
      value: ratio.median.toFixed(2),
      goal: '≤ 1.3',
      holds: ratio.median <= 1.3,
      detail: `median of the ratios of ${ours.length} pairs half a second apart, 95 % CI ${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}; of the p99 ${(p99 / quantile(bare, 0.99)).toFixed(2)}`,
    },
  ];
}
