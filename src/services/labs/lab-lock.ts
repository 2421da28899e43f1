// A lab is changed by one at a time, whichever server does it: the lock is a helper of a fixed name, and the engine's names are atomic. It ends
// with its stdin, so it never outlives its server. Who holds it hears when it is lost, and when somebody asks for an end of the change. What makes
// it a lock is its name: it is held from its creation on, and free as soon as it is called otherwise.

import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { isAlive } from '../../domain/container/join-chain.ts';
import { isHelper } from '../../domain/container/managed.ts';
import { label } from '../../domain/labels.ts';
import { nameLabLock } from '../../domain/lock-names.ts';
import type { Engine } from '../../engine/engine.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import { removeHelper, removeOnReturn } from '../observation/helper.ts';
import { type PinnedImage, pinImage } from '../observation/helper-image.ts';
import { cancelSignal, HeldLock, isNotThere } from './held-lock.ts';
import { buildLockBody, readPatience } from './lock-body.ts';
import { askForHolder } from './lock-question.ts';

export interface LabLock {
  /** Aborted, with a failure as its reason, when the lock is lost or somebody cancels. */
  readonly signal: AbortSignal;
  release(): Promise<void>;
}

export interface LabLocks {
  /** Fails with `lab_busy` where somebody has it; and with the signal's reason where it has to wait for whether somebody has. */
  take(mirror: EngineMirror, lab: string, signal: AbortSignal): Promise<LabLock>;
  /** Asks whoever has it to stop and to undo, on whichever server. False where nobody has it. */
  cancel(mirror: EngineMirror, lab: string): Promise<boolean>;
  /** Resolves when nothing is left of those that were released, unless their engine is away. */
  settled(): Promise<void>;
}

/** Milliseconds. A lock that has ended is gone as soon as the engine has removed it. */
const timing = { removal: 5_000, start: 10_000, poll: 50 } as const;

export function createLabLocks({ helperImage, serverId }: { helperImage: string; serverId: string }): LabLocks {
  const images = new Map<EngineMirror, PinnedImage>();
  const ending = new Set<Promise<void>>();
  /** Those that this server has, or is about to: whatever else carries its name was made, and never told of, by an engine that went away. */
  const held = new Map<string, HeldLock>();

  async function create(mirror: EngineMirror, name: string): Promise<string> {
    const pinned = images.get(mirror) ?? pinImage(mirror.engine, helperImage);
    images.set(mirror, pinned);
    const body = async () => buildLockBody(await pinned.id(), serverId);
    try {
      return (await mirror.engine.createContainer(name, await body())).id;
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'image_not_found') throw error;
      pinned.forget();
      return (await mirror.engine.createContainer(name, await body())).id;
    }
  }

  const isOurs = (facts: ContainerFacts) => facts.labels[label.server] === serverId;

  /**
   * The name is taken: by one that has ended and is being removed, by one of ours that an engine made and did not tell of, by one whose server was
   * killed before it had started it, or by somebody who works.
   */
  async function awaitRemoval(mirror: EngineMirror, name: string, signal: AbortSignal): Promise<boolean> {
    let deadline = performance.now() + timing.removal;
    let asked: string | undefined;
    while (performance.now() < deadline) {
      const facts = await find(mirror.engine, name);
      if (facts === null) return true;
      if (!isHelper(facts)) throw occupied(name);
      if (isOurs(facts)) await removeHelper(mirror.engine, facts.id);
      else if (isAlive(facts)) return false;
      else if (facts.state === 'created' && facts.id !== asked) {
        const patienceMs = readPatience(facts);
        // Where another one was asked, somebody was faster.
        if (asked !== undefined || patienceMs === null) return false;
        asked = facts.id;
        if (await askForHolder({ mirror, id: asked, patienceMs, signal })) return false;
        deadline = performance.now() + timing.removal;
        continue;
      }
      await sleep(timing.poll);
    }
    return false;
  }

  async function createOnce(mirror: EngineMirror, lab: string, signal: AbortSignal): Promise<string> {
    const name = nameLabLock(lab);
    for (let isFirst = true; ; isFirst = false) {
      try {
        return await create(mirror, name);
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== 'name_taken') throw error;
        if (!isFirst || !(await awaitRemoval(mirror, name, signal))) throw busy(lab);
      }
    }
  }

  /** Sees to it that what is not called a lock any more goes. Where the engine is away, it goes on its return; what is left then, the sweep finds. */
  function discard(engine: Engine, id: string): void {
    const removal = removeHelper(engine, id)
      .catch(() => void removeOnReturn(engine, id))
      .finally(() => ending.delete(removal));
    ending.add(removal);
  }

  return {
    async take(mirror, lab, signal) {
      const key = keyOf(mirror, lab);
      if (held.has(key)) throw busy(lab);
      const onFree = (id: string) => {
        held.delete(key);
        discard(mirror.engine, id);
      };
      const lock = new HeldLock({ mirror, lab, name: nameLabLock(lab), onFree });
      held.set(key, lock);
      try {
        lock.hold(await createOnce(mirror, lab, signal));
        return lock;
      } catch (error) {
        lock.leave();
        held.delete(key);
        throw error;
      }
    },

    async cancel(mirror, lab) {
      const { engine } = mirror;
      const name = nameLabLock(lab);
      const deadline = performance.now() + timing.start;
      for (;;) {
        const own = held.get(keyOf(mirror, lab));
        if (own?.cancel() === true) return true;
        const facts = await find(engine, name);
        if (facts === null || !isHelper(facts)) return false;
        if (isOurs(facts)) {
          // About to be told of, or left by an engine that went away.
          if (own === undefined || performance.now() > deadline) return false;
        } else {
          const patienceMs = facts.state === 'created' ? readPatience(facts) : null;
          if (patienceMs !== null && !(await askForHolder({ mirror, id: facts.id, patienceMs }))) return false;
          if (await sendSignal(engine, facts.id)) return true;
          // Held, and about to be started: it hears as soon as it runs.
          const isComing = facts.state === 'created' || isAlive(facts);
          if (!isComing || performance.now() > deadline) return false;
        }
        await sleep(timing.poll);
      }
    },

    async settled() {
      await Promise.all(ending);
    },
  };
}

function keyOf({ engine }: EngineMirror, lab: string): string {
  return `${engine.name} ${lab}`;
}

async function find(engine: Engine, name: string): Promise<ContainerFacts | null> {
  try {
    return await engine.inspectContainer(name);
  } catch (error) {
    if (error instanceof Failure && error.code === 'container_not_found') return null;
    throw error;
  }
}

/** Speaks to whoever holds it. False where it is gone, or does not run. */
async function sendSignal(engine: Engine, id: string): Promise<boolean> {
  try {
    await engine.killContainer(id, cancelSignal.name);
    return true;
  } catch (error) {
    if (error instanceof Failure && isNotThere.has(error.code)) return false;
    throw error;
  }
}

/** By what somebody made without us. */
function occupied(name: string): Failure {
  return new Failure(
    'name_taken',
    `A container "${name}" is in the way, which is none of Terrarium's: the lock of the lab is called so`,
    {
      hint: `Remove it, or rename it: docker rename ${name} NAME`,
    },
  );
}

function busy(lab: string): Failure {
  return new Failure('lab_busy', `The lab "${lab}" is being changed by another request`, {
    hint: `Wait for it, or end it: POST /api/v1/labs/${lab}/cancel`,
    retryAfter: 2,
  });
}
