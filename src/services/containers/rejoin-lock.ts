// One server at a time rejoins a container that is rejoined by itself: several may watch the engine, and each sees that it is stranded. The lock is
// a name, which the engine gives once: that of a container which is made for it and never started. A server that is killed leaves it to the sweep
// of helpers (observation/helper-sweep.ts).
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { rejoinsByItself } from '../../domain/container/rejoin-plan.ts';
import { label, roles } from '../../domain/labels.ts';
import { nameRejoinLock } from '../../domain/lock-names.ts';
import type { Engine } from '../../engine/engine.ts';
import { Failure } from '../../schemas/failure.ts';
import { buildServantBody } from '../servant-body.ts';

export interface RejoinLock {
  /**
   * Does the work while no other server, and nobody else in this one, does such for the same container. Whoever has waited has to look anew whether
   * there is anything left to do. Fails with `engine_timeout`, and as making a container does.
   */
  hold<T>(engine: Engine, facts: ContainerFacts, work: () => Promise<T>): Promise<T>;
}

/** Milliseconds: a rejoin takes its container's time to end, and a start; a dead server's lock is swept after nine seconds. */
const patienceMs = 30_000;
const pollMs = 100;

export function createRejoinLock(serverId: string): RejoinLock {
  async function take(engine: Engine, name: string, facts: ContainerFacts): Promise<void> {
    // The image is there, since a container of it is.
    const body = buildServantBody({
      image: facts.imageId,
      serverId,
      role: roles.helper,
      script: 'exit',
      arguments: ['rejoin'],
      host: {},
    });
    const deadline = performance.now() + patienceMs;
    for (;;) {
      try {
        await engine.createContainer(name, body);
        return;
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== 'name_taken') {
          await drop(engine, name);
          throw error;
        }
        if (performance.now() > deadline)
          throw new Failure('engine_timeout', `"${facts.name}" is being rejoined by another server, for too long`, {
            cause: error,
          });
      }
      await sleep(pollMs);
    }
  }

  /** Only where it is ours: the answer to its making may have been lost, or have been a no. */
  async function drop(engine: Engine, name: string): Promise<void> {
    const lock = await engine.inspectContainer(name).catch(() => undefined);
    if (lock?.labels[label.server] === serverId) await engine.removeContainer(lock.id, { force: true }).catch(() => {});
  }

  return {
    async hold(engine, facts, work) {
      // Of what nobody rejoins but who is asked to, there is nobody to lock out.
      if (!rejoinsByItself(facts)) return work();
      const name = nameRejoinLock(facts.id);
      await take(engine, name, facts);
      try {
        return await work();
      } finally {
        await drop(engine, name);
      }
    },
  };
}
