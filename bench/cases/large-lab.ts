// A hundred idle containers, sockets and interfaces of each ten times a second: what all of it costs together.
import { setTimeout as sleep } from 'node:timers/promises';
import { watchPayers } from '../cpu-account.ts';
import { docker, makeLab } from '../lab.ts';
import { measureCost, medianByPayer, sumOf } from '../observation-cost.ts';
import { startObservingServer } from '../observing-server.ts';
import type { Benchmark, Row } from '../report.ts';
import { onStage, type Stage } from '../stage.ts';
import { estimateMedian, median } from '../statistics.ts';
import type { Watchers } from '../watchers.ts';

const containers = 100;
const pairs = 3;
const windowMs = 8_000;
const warmUpMs = 5_000;
const intervalMs = 100;
/** Seconds that what is shown may be old, if somebody looks ten times a second: one look late. */
const stalest = 2.5 * (intervalMs / 1000);
/** Milliseconds in which a watcher has to hear of packets: an exec takes its time too. */
const newsMs = 3_000;
/** How often the age is asked for after each window. */
const ageLooks = 9;

export const largeLab: Benchmark = {
  name: 'large-lab',
  describe: `${containers} idle containers, netstat and ifconfig of each at 10 Hz`,
  run: (log) => onStage((stage) => run(stage, log)),
};

async function run(stage: Stage, log: (line: string) => void): Promise<Row[]> {
  const lab = await makeLab(stage, { count: containers });
  const server = await startObservingServer(stage);
  const subscribe = (topic: string) =>
    JSON.stringify({ type: 'subscribe', id: topic, topic, lab: lab.name, intervalMs });
  const ages: number[] = [];
  const costs = await measureCost(
    stage,
    {
      server,
      lab,
      order: { path: '/api/v1/stream', connections: 1, say: [subscribe('netstat'), subscribe('ifconfig')] },
      snapshots: 2 * containers,
      pairs,
      windowMs,
      warmUpMs,
      async whileWatched(watchers) {
        for (let look = 0; look < ageLooks; look++) {
          ages.push(await server.gauge('probe_oldest_seconds'));
          await sleep(130);
        }
        await expectNews(watchers, lab.ids[0] ?? '');
      },
    },
    log,
  );
  const cores = estimateMedian(costs.map((pair) => sumOf(pair) / 1e9));
  const age = median(ages);
  const byPayer = medianByPayer(costs);
  const perTick = watchPayers.map(
    (payer) => `${payer} ${((byPayer[payer] / 1000 / containers) * (intervalMs / 1000)).toFixed(1)}`,
  );
  return [
    {
      what: `${containers} containers × (netstat + ifconfig) at 10 Hz, idle: CPU in all`,
      value: `${(100 * cores.median).toFixed(1)} %`,
      goal: '≤ 30 % of a core',
      // Not if it is cheap because it looks less often.
      holds: cores.median <= 0.3 && age <= stalest,
      detail: `median of ${pairs} pairs of windows of ${windowMs / 1000} s, 95 % CI ${(100 * cores.low).toFixed(1)}–${(100 * cores.high).toFixed(1)} %; the oldest state shown was ${(1000 * age).toFixed(0)} ms old (median, at most ${1000 * stalest}); µs a container and tick: ${perTick.join(', ')}`,
    },
  ];
}

/** Looking that never sees anything would be cheap too: what moves in one of the containers has to arrive. */
async function expectNews(watchers: Watchers, container: string): Promise<void> {
  const { frames } = await watchers.report();
  const exec = await docker.getContainer(container).exec({ Cmd: ['ping', '-c', '1', '127.0.0.1'] });
  await exec.start({ Detach: true });
  const deadline = performance.now() + newsMs;
  while ((await watchers.report()).frames === frames) {
    if (performance.now() > deadline) throw new Error(`Packets moved, and nobody was told within ${newsMs} ms`);
    await sleep(20);
  }
}
