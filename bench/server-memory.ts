// The memory of a server under load, always after a full collection: what is left then is held by somebody.
import { setTimeout as sleep } from 'node:timers/promises';
import { connectInspector } from './inspector.ts';
import type { Row } from './report.ts';
import { type MeasuredServer, readRss } from './server.ts';
import type { Stage } from './stage.ts';
import { slopeOf } from './statistics.ts';

/** kB a minute that the heap may grow by and still count as flat. */
const flatKb = 200;

/** For the environment of a server whose memory is measured. */
export const inspectable = { NODE_OPTIONS: '--inspect=127.0.0.1:0' } as const;

/** Bytes after a full collection. */
export interface Memory {
  readonly rss: number;
  readonly heap: number;
}

/** Measures a server that was started {@link inspectable}. */
export async function watchMemory(stage: Stage, server: MeasuredServer): Promise<() => Promise<Memory>> {
  const inspector = await connectInspector(server.printed);
  stage.later(() => inspector.close());
  return async () => {
    for (let i = 0; i < 2; i++) await inspector.collectGarbage();
    await sleep(100);
    return { rss: await readRss(server.pid), heap: await inspector.usedHeap() };
  };
}

/** Measures again and again until it is told to stop, and answers all of it. */
export function sampleMemory(measure: () => Promise<Memory>, everyMs: number): { stop(): Promise<readonly Memory[]> } {
  let isOver = false;
  const samples: Memory[] = [];
  const running = (async () => {
    while (!isOver) {
      samples.push(await measure());
      for (let waited = 0; waited < everyMs && !isOver; waited += 100) await sleep(100);
    }
  })();
  return {
    async stop() {
      isOver = true;
      await running;
      samples.push(await measure());
      return samples;
    },
  };
}

/** A row about memory that has to stay as it is. */
export function describeMemory(what: string, samples: readonly Memory[], everyMs: number, more = ''): Row {
  // The first third fills what the start left free.
  const late = samples.slice(Math.floor(samples.length / 3));
  const perMinute = (values: readonly number[]) => (slopeOf(values) * 60_000) / everyMs / 1_000;
  const heap = perMinute(late.map((one) => one.heap));
  const rss = perMinute(late.map((one) => one.rss));
  const last = samples.at(-1);
  const first = samples[0];
  return {
    what: `${what}: growth of the server's heap after a collection`,
    value: `${heap.toFixed(0)} kB/min`,
    goal: `≤ ${flatKb} kB/min`,
    holds: heap <= flatKb,
    detail: `${samples.length} samples; heap ${toMb(first?.heap)} → ${toMb(last?.heap)} MB, RSS ${toMb(first?.rss)} → ${toMb(last?.rss)} MB (${rss.toFixed(0)} kB/min)${more === '' ? '' : `; ${more}`}`,
  };
}

function toMb(bytes = Number.NaN): string {
  return (bytes / 1e6).toFixed(1);
}
