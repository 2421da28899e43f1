// A lab is changed by one at a time, whichever server does it: the lock is a helper of a fixed name, and the engine's names are atomic. It ends
// with its stdin, so it never outlives its server. Who holds it hears when it is lost, and when somebody asks for an end of the change. What makes
// it a lock is its name: it is held from its creation on, and free as soon as it is called otherwise.

import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../../domain/container/join-chain.ts';
import { isHelper } from '../../domain/container/managed.ts';
import { label, roles } from '../../domain/labels.ts';
import { nameLabLock } from '../../domain/lock-names.ts';
import type { AttachedStreams, Engine } from '../../engine/engine.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import { removeHelper } from '../observation/helper.ts';
import { type PinnedImage, pinImage } from '../observation/helper-image.ts';
import { buildServantBody } from '../servant-body.ts';

export interface LabLock {
  /** Aborted, with a failure as its reason, when the lock is lost or somebody cancels. */
  readonly signal: AbortSignal;
  /** Resolves when it runs, or never will, which the signal tells. A busy engine should not have to start it: others sweep what does not start. */
  readonly settled: Promise<unknown>;
  release(): Promise<void>;
}

export interface LabLocks {
  /** Fails with `lab_busy` where somebody has it. */
  take(mirror: EngineMirror, lab: string): Promise<LabLock>;
  /** Asks whoever has it to stop and to undo, on whichever server. False where nobody has it. */
  cancel(mirror: EngineMirror, lab: string): Promise<boolean>;
  /** Resolves when nothing is left of those that were released. */
  settled(): Promise<void>;
}

/** Milliseconds. A lock that has ended is gone as soon as the engine has removed it. */
const timing = { keepAlive: 2_000, removal: 5_000, start: 10_000, poll: 50 } as const;

/** It answers each line, by which others hear that it has a server; the signal is how others speak to the one that holds it. */
const lockScript = `
trap 'echo cancel; heard=1' USR1
echo ready
while :; do
  heard=
  read -r -t 60 line || [ -n "$heard" ] || exit 0
  [ -n "$heard" ] || echo alive
done
`;

export function createLabLocks({ helperImage, serverId }: { helperImage: string; serverId: string }): LabLocks {
  const images = new Map<EngineMirror, PinnedImage>();
  const ending = new Set<Promise<void>>();
  /** Those that this server has, or is about to: whatever else carries its name was made, and never told of, by an engine that went away. */
  const held = new Set<string>();

  async function create(mirror: EngineMirror, name: string): Promise<string> {
    const pinned = images.get(mirror) ?? pinImage(mirror.engine, helperImage);
    images.set(mirror, pinned);
    const body = (image: string) =>
      buildServantBody({ image, serverId, role: roles.helper, script: lockScript, arguments: ['lab-lock'], host: {} });
    try {
      return (await mirror.engine.createContainer(name, body(await pinned.id()))).id;
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'image_not_found') throw error;
      pinned.forget();
      return (await mirror.engine.createContainer(name, body(await pinned.id()))).id;
    }
  }

  /** The name is taken: by one that has ended and is being removed, by one of ours that an engine made and did not tell of, or by somebody who works. */
  async function awaitRemoval(mirror: EngineMirror, name: string): Promise<boolean> {
    const deadline = performance.now() + timing.removal;
    while (performance.now() < deadline) {
      const facts = await mirror.engine.inspectContainer(name).catch((error: unknown) => {
        if (error instanceof Failure && error.code === 'container_not_found') return null;
        throw error;
      });
      if (facts === null) return true;
      if (!isHelper(facts)) throw occupied(name);
      if (facts.labels[label.server] === serverId) await removeHelper(mirror.engine, facts.id);
      else if (isAlive(facts) || facts.state === 'created') return false;
      await sleep(timing.poll);
    }
    return false;
  }

  async function createOnce(mirror: EngineMirror, lab: string): Promise<string> {
    const name = nameLabLock(lab);
    for (let isFirst = true; ; isFirst = false) {
      try {
        return await create(mirror, name);
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== 'name_taken') throw error;
        if (!isFirst || !(await awaitRemoval(mirror, name))) throw busy(lab);
      }
    }
  }

  /** Sees to it that what is not called a lock any more goes. It ends with its stdin, or the sweep finds it. */
  function discard(engine: Engine, id: string): void {
    const removal = removeHelper(engine, id)
      .catch(() => {})
      .finally(() => ending.delete(removal));
    ending.add(removal);
  }

  return {
    async take(mirror, lab) {
      const key = `${mirror.engine.name} ${lab}`;
      if (held.has(key)) throw busy(lab);
      held.add(key);
      try {
        const id = await createOnce(mirror, lab);
        return new HeldLock(mirror, lab, id, () => {
          held.delete(key);
          discard(mirror.engine, id);
        });
      } catch (error) {
        held.delete(key);
        throw error;
      }
    },

    async cancel({ engine }, lab) {
      const name = nameLabLock(lab);
      const deadline = performance.now() + timing.start;
      for (;;) {
        const facts = await engine.inspectContainer(name).catch((error: unknown) => {
          if (error instanceof Failure && error.code === 'container_not_found') return null;
          throw error;
        });
        if (facts === null || !isHelper(facts)) return false;
        try {
          await engine.killContainer(facts.id, cancelSignal.name);
          return true;
        } catch (error) {
          if (!(error instanceof Failure) || !isNotThere.has(error.code)) throw error;
        }
        // Held, and about to be started: it hears as soon as it runs.
        const isComing = facts.state === 'created' || isAlive(facts);
        if (!isComing || performance.now() > deadline) return false;
        await sleep(timing.poll);
      }
    },

    async settled() {
      await Promise.all(ending);
    },
  };
}

/** As it is sent, and as an engine's events tell of it. */
const cancelSignal = { name: 'SIGUSR1', number: '10' } as const;

/** What an engine says of a signal to a container that is gone, or does not run. */
const isNotThere: ReadonlySet<string> = new Set(['container_not_found', 'container_not_running', 'state_conflict']);

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

class HeldLock implements LabLock {
  readonly #engine: Engine;
  readonly #lab: string;
  readonly #id: string;
  readonly #onFree: () => void;
  readonly #controller = new AbortController();
  readonly settled: Promise<AttachedStreams | null>;
  readonly #unlisten: () => void;
  #keepAlive: NodeJS.Timeout | undefined;

  constructor(mirror: EngineMirror, lab: string, id: string, onFree: () => void) {
    this.#engine = mirror.engine;
    this.#lab = lab;
    this.#id = id;
    this.#onFree = onFree;
    // A signal that comes before the script listens is lost on it. The engine tells of it all the same.
    this.#unlisten = mirror.onEvent(({ type, action, id: signalled, attributes }) => {
      if (type === 'container' && action === 'kill' && signalled === id && attributes.signal === cancelSignal.number)
        this.#cancel();
    });
    this.settled = this.#start().catch((error: unknown) => {
      this.#abort(error);
      return null;
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  async release(): Promise<void> {
    clearInterval(this.#keepAlive);
    this.#unlisten();
    // Ours to end: nobody needs to hear of it.
    this.#controller.abort();
    try {
      await this.#engine.renameContainer(this.#id, `${nameLabLock(this.#lab)}-${this.#id.slice(0, 12)}`);
    } catch {
      await removeHelper(this.#engine, this.#id); // it may have ended, and be gone
    } finally {
      this.#onFree();
      void this.settled.then((streams) => {
        clearInterval(this.#keepAlive);
        streams?.endInput();
        streams?.destroy();
      });
    }
  }

  async #start(): Promise<AttachedStreams> {
    const streams = await this.#engine.attach(this.#id, { tty: false });
    streams.stdout.setEncoding('utf8').on('data', (words: string) => {
      if (words.includes('cancel')) this.#cancel();
    });
    streams.stderr.resume();
    streams.stdin.on('error', () => {}); // `closed` tells
    void streams.closed.then(() => {
      const lost = `The lock of the lab "${this.#lab}" was lost: somebody removed ${nameLabLock(this.#lab)}`;
      this.#abort(new Failure('state_conflict', lost, { hint: 'Apply the lab again.' }));
    });
    try {
      await this.#engine.startContainer(this.#id);
    } catch (error) {
      streams.destroy();
      throw error;
    }
    this.#keepAlive = setInterval(() => streams.stdin.write('alive\n'), timing.keepAlive).unref();
    return streams;
  }

  #cancel(): void {
    this.#abort(new Failure('lab_cancelled', `The change of the lab "${this.#lab}" was cancelled`));
  }

  #abort(reason: unknown): void {
    if (!this.#controller.signal.aborted) this.#controller.abort(reason);
  }
}
