// Removes helpers that nobody can use any more: made and never started because their server was killed, or ended and not removed because the
// engine was. Those that run need no sweep: they end with their stdin, or after a minute without a tick.
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { isAlive } from '../../domain/container/join-chain.ts';
import { isHelper } from '../../domain/container/managed.ts';
import { label } from '../../domain/labels.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { removeHelper } from './helper.ts';

export interface HelperSweepOptions {
  readonly mirror: EngineMirror;
  /** This server's: its own helpers are given the time that starting one may take. */
  readonly serverId: string;
  now(): number;
}

/**
 * Milliseconds that a helper may lie still. Another server may be about to start it, a lab's lock after four seconds only (labs/held-lock.ts), and a
 * busy engine takes its time; so others' are given theirs from their creation on, by the engine's clock. `seen`: since we first saw it, because the
 * engine may be about to remove it, and the clocks may have been set.
 */
const graceMs = { ours: 120_000, others: 9_000, seen: 2_000 } as const;

/** Sweeps the engine, from its first list on, until the answer is called. */
export function sweepHelpers({ mirror, serverId, now }: HelperSweepOptions): () => void {
  const timers = new Map<string, NodeJS.Timeout>();

  function look(facts: ContainerFacts): void {
    const check = () => void removeIfStill(facts);
    timers.set(facts.id, setTimeout(check, chooseGrace(facts)).unref());
  }

  function chooseGrace({ labels, createdAt }: ContainerFacts): number {
    if (labels[label.server] === serverId) return graceMs.ours;
    const ageMs = now() + mirror.clockOffsetMs - Date.parse(createdAt);
    return Math.min(Math.max(graceMs.others - ageMs, graceMs.seen), graceMs.others);
  }

  function forget(id: string): void {
    clearTimeout(timers.get(id));
    timers.delete(id);
  }

  async function removeIfStill(facts: ContainerFacts): Promise<void> {
    try {
      const now = await mirror.refresh(facts.id);
      if (now !== undefined && liesStill(now)) await removeHelper(mirror.engine, now.id);
      forget(facts.id);
    } catch {
      // The engine is away, or cannot remove it now.
      if (timers.has(facts.id)) look(facts);
    }
  }

  const unlisten = mirror.onContainer(({ id, after }) => {
    if (after === null || !liesStill(after)) forget(id);
    else if (!timers.has(id)) look(after);
  });
  return () => {
    unlisten();
    for (const id of [...timers.keys()]) forget(id);
  };
}

function liesStill(facts: ContainerFacts): boolean {
  return isHelper(facts) && !isAlive(facts);
}
