// What a server that was killed within the first moment of a command left running: found once at the start of the next server, and killed.
// A command of a server that lives is never touched: after its first moment it has a guard, by which that server is known.
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';
import pLimit from 'p-limit';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { isAlive } from '../../domain/container/join-chain.ts';
import { isHelper, isManaged } from '../../domain/container/managed.ts';
import { label } from '../../domain/labels.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import type { StartGuard } from './server-guards.ts';

export interface ExecSweepParts {
  readonly mirror: EngineMirror;
  readonly serverId: string;
  readonly start: StartGuard;
  readonly log: Pick<FastifyBaseLogger, 'warn'>;
}

/** Milliseconds between two looks. A command that is seen in both, and has no guard, has no server any more. */
const patienceMs = 3_000;
/** Questions at a time to one engine. */
const questionLimit = 4;

/** Sweeps the engine once, as soon as it is known. The answer gives up what is not done yet, and waits for what is. */
export function sweepExecs({ mirror, serverId, start, log }: ExecSweepParts): () => Promise<void> {
  const { engine } = mirror;
  const limit = pLimit(questionLimit);
  const ending = new AbortController();
  let sweeping: Promise<unknown> | undefined;

  const wait = () => sleep(patienceMs, undefined, { signal: ending.signal, ref: false });

  async function outlives(id: string): Promise<boolean> {
    const first = await limit(() => engine.listExecs(id));
    if (first.length === 0) return false;
    await wait();
    const second = await limit(() => engine.listExecs(id));
    return second.some((exec) => first.includes(exec));
  }

  async function sweepContainer({ id, name }: ContainerFacts): Promise<void> {
    try {
      // Most containers run no commands, and a guard is not free.
      if (!(await outlives(id))) return;
      const guard = await start(engine, id);
      try {
        guard.look();
        await wait();
        const living = [...mirror.containers()].filter((facts) => isGuardOf(facts, id)).map(readServer);
        await guard.sweep([serverId, ...living]);
      } finally {
        await guard.dispose();
      }
    } catch (err) {
      const isOver = ending.signal.aborted || mirror.container(id)?.state !== 'running';
      if (!isOver)
        log.warn({ err, engine: engine.name, container: name }, 'cannot look for commands that a killed server left');
    }
  }

  function begin(): void {
    if (sweeping !== undefined || ending.signal.aborted || mirror.status().state !== 'live') return;
    const running = [...mirror.containers()].filter(
      (facts) => isManaged(facts) && !isHelper(facts) && facts.state === 'running',
    );
    sweeping = Promise.all(running.map(sweepContainer));
  }

  const unlisten = mirror.onStatus(begin);
  begin();
  return async () => {
    ending.abort();
    unlisten();
    await sweeping;
  };
}

function isGuardOf(facts: ContainerFacts, container: string): boolean {
  return isHelper(facts) && isAlive(facts) && facts.pidMode === `container:${container}`;
}

function readServer(facts: ContainerFacts): string {
  return facts.labels[label.server] ?? '';
}
