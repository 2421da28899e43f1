// What watching costs: pairs of windows, with and without somebody who watches, of one server and one lab. What else runs on the machine is in both.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Accounted, account, type Payer, payers, type Spending, watchPayers } from './cpu-account.ts';
import type { Bench } from './lab.ts';
import type { ObservingServer } from './observing-server.ts';
import type { ClientOrder, ClientReport } from './programs/client.ts';
import type { Stage } from './stage.ts';
import { median } from './statistics.ts';
import { credentials, startWatchers, type Watchers } from './watchers.ts';

export interface CostPlan {
  readonly server: ObservingServer;
  readonly lab: Bench;
  readonly order: Pick<ClientOrder, 'connections' | 'say'> & { readonly path: string };
  /** Snapshots that have to come before it counts as watched. */
  readonly snapshots: number;
  readonly pairs: number;
  readonly windowMs: number;
  /** Milliseconds of watching before the window. */
  readonly warmUpMs?: number;
  /** Called once a pair, when all watchers have seen something. */
  readonly served?: (report: ClientReport) => void;
  /** Called while it is watched, after the window of each pair. */
  readonly whileWatched?: (watchers: Watchers) => Promise<void>;
  /** Called once a pair, when nobody watches any more and the server may still be letting go. */
  readonly meanwhile?: () => Promise<void>;
  /** Called once a pair, after all is over. */
  readonly afterwards?: (off: Spending) => Promise<void>;
}

/** Nanoseconds a second of watching, by payer, and reads of the socket tables a second; one for each pair. */
export type CostPair = Readonly<Record<Payer | 'walks', number>>;

/** Milliseconds more before the first window: until the server's code is compiled. */
const firstWarmUpMs = 7_000;

export async function measureCost(stage: Stage, plan: CostPlan, log: (line: string) => void): Promise<CostPair[]> {
  const { server, lab, order } = plan;
  const whom: Accounted = { serverPid: server.pid, targets: lab.ids, observers: server.observers };
  const pairs: CostPair[] = [];
  for (let pair = 0; pair < plan.pairs; pair++) {
    const watchers = await startWatchers(stage);
    watchers.connect({
      url: server.url.replace('http', 'ws') + order.path,
      headers: credentials,
      connections: order.connections,
      ...(order.say !== undefined && { say: order.say }),
      first: '"type":"snapshot"',
      keep: 'nothing',
    });
    plan.served?.(await watchers.served(plan.snapshots));
    await sleep((plan.warmUpMs ?? 3_000) + (pair === 0 ? firstWarmUpMs : 0));
    const walks = await server.gauge('probe_walks_total');
    const on = await account(whom, () => sleep(plan.windowMs));
    const walked = (await server.gauge('probe_walks_total')) - walks;
    await plan.whileWatched?.(watchers);
    await watchers.stop();
    await plan.meanwhile?.();
    await server.unobserved();
    await sleep(500);
    const off = await account(whom, () => sleep(plan.windowMs));
    await plan.afterwards?.(off);
    pairs.push({ ...subtract(on, off), walks: walked / on.seconds });
    log(`pair ${pair + 1}: on ${describe(on)}, ${walked} walks; off ${describe(off)}`);
  }
  return pairs;
}

/** Medians of the differences by payer: to see where it goes. */
export function medianByPayer(pairs: readonly CostPair[]): CostPair {
  const names = [...payers, 'walks'] as const;
  return Object.fromEntries(names.map((name) => [name, median(pairs.map((pair) => pair[name]))])) as CostPair;
}

/** What watching cost in all. */
export function sumOf(pair: CostPair): number {
  return watchPayers.reduce((sum, payer) => sum + pair[payer], 0);
}

function subtract(on: Spending, off: Spending): Record<Payer, number> {
  return Object.fromEntries(
    payers.map((payer) => [payer, on.ns[payer] / on.seconds - off.ns[payer] / off.seconds]),
  ) as Record<Payer, number>;
}

function describe({ ns, seconds }: Spending): string {
  return `${payers.map((payer) => `${payer} ${(ns[payer] / seconds / 1e6).toFixed(2)}`).join(' ')} ms/s`;
}
