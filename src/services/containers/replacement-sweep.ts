// Ends what a server that was killed had begun: a container that runs under a temporary name and was to take another's place. Where that one is
// there still, nothing has happened yet, and the new one goes; where it is gone, the new one gets its name.
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { readFinalName, readPredecessor } from './replacements.ts';

export interface ReplacementSweepOptions {
  readonly mirror: EngineMirror;
  readonly discard: (mirror: EngineMirror, id: string) => Promise<void>;
  readonly log: Pick<FastifyBaseLogger, 'info'>;
  /** Milliseconds in which another server may end it. */
  readonly graceMs: number;
}

/** Looks once. Fails where the engine is away. */
export async function sweepReplacements({ mirror, discard, log, graceMs }: ReplacementSweepOptions): Promise<void> {
  const found = [...mirror.containers()].filter(isUnfinished);
  if (found.length === 0) return;
  await sleep(graceMs, undefined, { ref: false });
  for (const { id } of found) {
    const facts = await mirror.refresh(id);
    const name = facts === undefined ? null : readFinalName(facts.name);
    if (facts === undefined || name === null) continue;
    const predecessor = await mirror.refresh(readPredecessor(facts) ?? '');
    log.info({ engine: mirror.engine.name, container: name }, 'ending a rejoin that a server had begun');
    if (predecessor !== undefined) await discard(mirror, id);
    else {
      await mirror.engine.renameContainer(id, name);
      await mirror.refresh(id);
    }
  }
}

function isUnfinished(facts: ContainerFacts): boolean {
  return readPredecessor(facts) !== undefined && readFinalName(facts.name) !== null;
}
