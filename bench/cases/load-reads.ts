// A thousand requests a second on reads for minutes, a mix of what a page and its programs ask for: none fails, and memory stays.
import autocannon from 'autocannon';
import { makeLab } from '../lab.ts';
import { readDurationMs, scale } from '../load-settings.ts';
import { startObservingServer } from '../observing-server.ts';
import type { Benchmark, Row } from '../report.ts';
import { describeMemory, inspectable, sampleMemory, watchMemory } from '../server-memory.ts';
import { onStage, type Stage } from '../stage.ts';
import { credentials } from '../watchers.ts';

const rate = 1_000;
const connections = 40;
const containers = scale(30);
const durationMs = readDurationMs(5);
const sampleMs = 10_000;

export const loadReads: Benchmark = {
  name: 'load-reads',
  describe: `${rate} requests a second on reads`,
  run: (log) => onStage((stage) => run(stage, log)),
};

async function run(stage: Stage, log: (line: string) => void): Promise<Row[]> {
  const lab = await makeLab(stage, { count: containers });
  const server = await startObservingServer(stage, inspectable);
  const measure = await watchMemory(stage, server);
  const of = (path: string) => ({ method: 'GET' as const, path: `/api/v1${path}`, headers: { ...credentials } });
  const one = (index: number) => lab.ids[index % lab.ids.length];
  const requests = [
    ...Array.from({ length: 10 }, (_, index) => of(`/containers/${one(index)}`)),
    ...Array.from({ length: 4 }, (_, index) => of(`/containers/${one(index)}/ports`)),
    ...Array.from({ length: 2 }, (_, index) => of(`/containers/${one(index)}/netstat?options=tl`)),
    of(`/containers/${one(5)}/ifconfig`),
    of(`/containers?lab=${lab.name}`),
    of('/containers?state=running'),
    of('/networks'),
    of('/engines'),
    of('/labs'),
    { method: 'GET' as const, path: '/readyz' },
  ];
  // Once each before it counts: what is wrong with one is said, and the probe is there.
  for (const { path } of requests) {
    const answer = await fetch(`${server.url}${path}`, { headers: credentials });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
  }
  const memory = sampleMemory(measure, sampleMs);
  const result = await autocannon({
    url: server.url,
    connections,
    overallRate: rate,
    duration: Math.max(1, Math.round(durationMs / 1_000)),
    timeout: 30,
    requests,
  });
  const samples = await memory.stop();
  const failed = result.errors + result.timeouts + result.non2xx;
  const total = result.requests.total;
  log(`${total} requests, ${failed} failed; p50 ${result.latency.p50} ms, p99 ${result.latency.p99} ms`);
  return [
    {
      what: `${rate} reads a second for ${(durationMs / 60_000).toFixed(1)} min: error rate`,
      value: `${failed} of ${total}`,
      goal: `0, ≥ ${rate * 0.98} requests/s`,
      holds: failed === 0 && result.requests.average >= rate * 0.98,
      detail: `${result.requests.average.toFixed(0)} requests/s by ${connections} connections on ${containers} containers, one in ${Math.round(requests.length / 3)} a look into a namespace; p50 ${result.latency.p50} ms, p99 ${result.latency.p99} ms, longest ${result.latency.max} ms (the collections for memory each ${sampleMs / 1000} s are in it)`,
    },
    describeMemory('the same', samples, sampleMs),
  ];
}
