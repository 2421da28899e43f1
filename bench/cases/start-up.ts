// From spawn to ready, and the memory of an idle server.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark } from '../report.ts';
import { startServer } from '../server.ts';
import { estimateMedian, quantile } from '../statistics.ts';

const starts = 15;
const idleMs = 10_000;

export const startUp: Benchmark = {
  name: 'start-up',
  describe: 'process start to ready, and resident memory when idle',
  async run(log) {
    const readyMs: number[] = [];
    for (let i = 0; i < starts; i++) {
      const server = await startServer();
      readyMs.push(server.readyMs);
      await server.stop();
    }
    log(`ready after ${readyMs.map(Math.round).join(', ')} ms`);
    const server = await startServer();
    await sleep(idleMs);
    const rss = (await server.rss()) / 1e6;
    await server.stop();
    const ready = estimateMedian(readyMs);
    return [
      {
        what: 'process start to `/readyz` 200',
        value: `${(ready.median / 1000).toFixed(2)} s`,
        goal: '≤ 1.5 s',
        holds: ready.median <= 1_500,
        detail: `median of ${starts} starts, 95 % CI ${ready.low.toFixed(0)}–${ready.high.toFixed(0)} ms, worst ${quantile(readyMs, 1).toFixed(0)} ms`,
      },
      {
        what: 'idle resident memory',
        value: `${rss.toFixed(1)} MB`,
        goal: '≤ 90 MB',
        holds: rss <= 90,
        detail: `VmRSS ${idleMs / 1000} s after ready, MB of 10⁶ bytes`,
      },
    ];
  },
};
