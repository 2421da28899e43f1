// The counters on a packet's path, by name, so that two looks can be compared. Pure.
import type { Hop, PacketPath, SeenRule } from '../../../../../src/client/index.ts';

export type Counters = ReadonlyMap<string, number>;
type Link = NonNullable<Hop['counters']>;

/** How much a counter grew since the count began, and whether it did since the last look. */
export interface Growth {
  readonly by: number;
  readonly isMoving: boolean;
}

/** Two looks at one question: where the count began, the one before, and the newest. */
export interface Count {
  readonly question: string;
  readonly first: Counters;
  readonly before: Counters;
  readonly newest: Counters;
}

export function nameRule({ table, chain, index, text }: SeenRule): string {
  return `rule ${table} ${chain} ${index ?? 'policy'} ${text}`;
}

export function nameLink(hop: Pick<Hop, 'name'>, side: keyof Link, field: keyof Link['rx']): string {
  return `link ${hop.name} ${side} ${field}`;
}

export function readCounters({ paths }: Pick<PacketPath, 'paths'>): Counters {
  const counters = new Map<string, number>();
  for (const hop of paths.flatMap(({ hops }) => hops)) {
    for (const rule of hop.rules) counters.set(nameRule(rule), rule.packets);
    if (hop.counters === null) continue;
    for (const side of ['rx', 'tx'] as const)
      for (const field of ['packets', 'bytes', 'dropped'] as const)
        counters.set(nameLink(hop, side, field), hop.counters[side][field]);
  }
  return counters;
}

/** A rule that was made anew counts from nothing, and so does its growth. */
export function measureGrowth({ first, before, newest }: Count, name: string): Growth {
  const now = newest.get(name) ?? 0;
  const began = first.get(name) ?? now;
  return { by: Math.max(0, now - began), isMoving: now > (before.get(name) ?? now) };
}
