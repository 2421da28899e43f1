// Holds an outage against the promise: who watches is told of it within two seconds, and that the engine is back within five, counted from when the engine
// was really gone and really back, as a ping in this process saw it. Beside other test files the times are told and not judged: a sweep judges them.
import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { EngineTruth, Pinger } from './engine-truth.ts';
import { letTimePass, waitFor } from './wait-for.ts';
import type { Workload } from './workload.ts';

/** Milliseconds. What a busy machine adds is measured, and added. */
const promise = { stale: 2_000, live: 5_000, noise: 500 } as const;

const isSweep = process.env.TERRARIUM_SWEEP === '1';

/** Milliseconds from the engine's end to `stale` and from its return to `live`, of the client that was told last. */
export interface OutageTimes {
  readonly staleMs: number;
  readonly liveMs: number;
  /** Of the outage. */
  readonly awayMs: number;
}

export interface OutageOptions {
  readonly workload: Workload;
  readonly truth: EngineTruth;
  readonly pinger: Pinger;
  /** Takes the engine away; what was there before it is taken away when it resolves at the latest. */
  readonly begin: () => unknown;
  /** Brings it back. */
  readonly end: () => unknown;
  /** How long it stays away at least, in milliseconds. */
  readonly lastsMs?: number;
}

/** Plays one and judges it. */
export async function playOutage(options: OutageOptions): Promise<OutageTimes> {
  const { workload, truth, pinger, begin, end, lastsMs = 0 } = options;
  const told = new Map<string, { state: string; at: number }[]>();
  workload.onStates((client, state) =>
    told.set(client, [...(told.get(client) ?? []), { state, at: performance.now() }]),
  );
  const lag = monitorEventLoopDelay({ resolution: 10 });
  lag.enable();
  const began = performance.now();
  await begin();
  const goneBy = performance.now();
  const clients = () => [
    ...[...told].map(([client, states]) => [client, states] as const),
    ...workload.followers.map(({ carrier, told: states }) => [`the events by ${carrier}`, states] as const),
  ];
  const everyone = [
    ...workload.watchers.keys(),
    'the engine',
    ...workload.followers.map(({ carrier }) => `the events by ${carrier}`),
  ];
  const whenTold = (client: string, state: string, since: number) =>
    clients()
      .find(([one]) => one === client)?.[1]
      .find((one) => one.state === state && one.at >= since)?.at;
  const awaitAll = (state: string, since: number, timeoutMs: number) =>
    waitFor((see) => see(everyone).every((client) => whenTold(client, state, since) !== undefined), {
      what: `everyone to be told ${state}`,
      timeoutMs,
      intervalMs: 20,
    }).catch((cause) => {
      const silent = everyone.filter((client) => whenTold(client, state, since) === undefined);
      throw new Error(`not told ${state} within ${timeoutMs} ms: ${silent.join(', ')}`, { cause });
    });

  await awaitAll('stale', began, 30_000);
  const lastThere = pinger.lastBefore(goneBy);
  const staleAt = Math.max(...everyone.map((client) => whenTold(client, 'stale', began) ?? 0));
  const staleMs = Math.max(0, staleAt - lastThere);
  const lagMs = lag.max / 1e6;
  assert.ok(
    !isSweep || staleMs <= promise.stale + promise.noise + lagMs,
    `${staleMs.toFixed(0)} ms until everyone was told that the engine is away, with a lag of ${lagMs.toFixed(0)} ms here`,
  );
  await letTimePass(Math.max(0, lastsMs - (performance.now() - began)), 'the outage lasts at least so long');

  const staleSince = performance.now();
  await end();
  const backAt = await waitFor(() => pinger.firstAfter(Math.max(goneBy, staleSince - 1_000)), {
    what: 'the engine to answer',
    timeoutMs: 120_000,
    intervalMs: 10,
  });
  const paced = truth.pace();
  await awaitAll('live', goneBy, 60_000);
  const waits = everyone.map(
    (client) => [client, Math.max(0, (whenTold(client, 'live', goneBy) ?? 0) - backAt)] as const,
  );
  const [last, liveMs] = waits.reduce((latest, one) => (one[1] > latest[1] ? one : latest));
  const paceMs = await paced;
  const bound = promise.live + promise.noise + lag.max / 1e6 + 2 * paceMs;
  lag.disable();
  assert.ok(
    !isSweep || liveMs <= bound,
    `${liveMs.toFixed(0)} ms until everyone (${last} as the last) was told that the engine is back; a container takes it ${paceMs.toFixed(0)} ms just then`,
  );
  return { staleMs: Math.round(staleMs), liveMs: Math.round(liveMs), awayMs: Math.round(backAt - lastThere) };
}
