// A lab's lock in the hands of its holder. It is held from its creation on and started late: most changes are over before that. Until it runs there is
// no stream whose end tells that it is lost, so the engine's events tell; a start that is not ours is somebody who asks whether it has a holder.
import type { AttachedStreams, Engine, EngineEvent } from '../../engine/engine.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import { removeHelper } from '../observation/helper.ts';

export interface HeldLockOptions {
  readonly mirror: EngineMirror;
  readonly lab: string;
  /** Its container's. */
  readonly name: string;
  /** Called with its container's id, once, when others can take it. */
  readonly onFree: (id: string) => void;
}

/**
 * Milliseconds. Older servers sweep what has lain still for five seconds, and an engine needs its time to start it. It is spoken to while it runs, so
 * that it ends in a minute where the end of the connection is not noticed.
 */
const timing = { start: 4_000, keepAlive: 2_000 } as const;

/** As it is sent, and as an engine's events tell of it. */
export const cancelSignal = { name: 'SIGUSR1', number: '10' } as const;

export class HeldLock {
  readonly #engine: Engine;
  readonly #lab: string;
  readonly #name: string;
  readonly #onFree: (id: string) => void;
  readonly #controller = new AbortController();
  readonly #ends: readonly (() => void)[];
  /** What was heard of its name before its id was known. */
  #early: EngineEvent[] = [];
  #id: string | undefined;
  #starts: NodeJS.Timeout | undefined;
  #streams: Promise<AttachedStreams | null> | undefined;
  #keepAlive: NodeJS.Timeout | undefined;
  #isReleased = false;

  /** Listens at once: somebody may ask before the engine's answer to the creation has come. */
  constructor({ mirror, lab, name, onFree }: HeldLockOptions) {
    this.#engine = mirror.engine;
    this.#lab = lab;
    this.#name = name;
    this.#onFree = onFree;
    this.#ends = [
      mirror.onArrival((event) => {
        if (event.type !== 'container') return;
        if (event.id === this.#id) this.#hear(event);
        else if (this.#id === undefined && event.attributes.name === name) this.#early.push(event);
      }),
      mirror.onStatus(({ state }) => {
        // Back: somebody may have asked meanwhile, or removed it, and we have not heard.
        if (state === 'live' && this.#id !== undefined) this.#start();
      }),
    ];
  }

  /** Its container was made: it is held. */
  hold(id: string): void {
    this.#id = id;
    this.#starts = setTimeout(() => this.#start(), timing.start).unref();
    for (const event of this.#early) if (event.id === id) this.#hear(event);
    this.#early = [];
  }

  /** Listens no more: it could not be taken, or is given back. */
  leave(): void {
    for (const end of this.#ends) end();
  }

  /** Aborted, with a failure as its reason, when it is lost or somebody cancels. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** False where it is not held yet. */
  cancel(): boolean {
    if (this.#id === undefined) return false;
    this.#abort(new Failure('lab_cancelled', `The change of the lab "${this.#lab}" was cancelled`));
    return true;
  }

  async release(): Promise<void> {
    const id = this.#id;
    if (id === undefined) return;
    this.#isReleased = true;
    clearTimeout(this.#starts);
    clearInterval(this.#keepAlive);
    this.leave();
    // Ours to end: nobody needs to hear of it.
    this.#controller.abort();
    try {
      await this.#engine.renameContainer(id, `${this.#name}-${id.slice(0, 12)}`);
    } catch {
      await removeHelper(this.#engine, id); // it may have ended, and be gone
    } finally {
      this.#onFree(id);
      void this.#streams?.then((streams) => {
        clearInterval(this.#keepAlive);
        streams?.endInput();
        streams?.destroy();
      });
    }
  }

  #hear({ action, attributes }: EngineEvent): void {
    if (action === 'start') this.#start();
    else if (action === 'destroy' || action === 'rename') this.#lose();
    // A signal that comes before the script listens is lost on it. The engine tells of it all the same.
    else if (action === 'kill' && attributes.signal === cancelSignal.number) this.cancel();
  }

  /** Ours, or somebody's who did it already: then it is spoken to, by which they hear that it is held. */
  #start(): void {
    clearTimeout(this.#starts);
    this.#streams ??= this.#speak().catch((error: unknown) => {
      if (error instanceof Failure && isNotThere.has(error.code)) this.#lose();
      else this.#abort(error);
      return null;
    });
  }

  async #speak(): Promise<AttachedStreams> {
    const id = this.#id ?? '';
    const streams = await this.#engine.attach(id, { tty: false });
    streams.stdout.setEncoding('utf8').on('data', (words: string) => {
      if (words.includes('cancel')) this.cancel();
    });
    streams.stderr.resume();
    streams.stdin.on('error', () => {}); // `closed` tells
    void streams.closed.then(() => this.#lose());
    // What is said before it runs, it hears first.
    const speak = () => streams.stdin.write('alive\n');
    speak();
    try {
      if (!this.#isReleased) await this.#engine.startContainer(id);
    } catch (error) {
      streams.destroy();
      throw error;
    }
    this.#keepAlive = setInterval(speak, timing.keepAlive).unref();
    return streams;
  }

  #lose(): void {
    clearTimeout(this.#starts);
    const lost = `The lock of the lab "${this.#lab}" was lost: somebody removed ${this.#name}`;
    this.#abort(new Failure('state_conflict', lost, { hint: 'Apply the lab again.' }));
  }

  #abort(reason: unknown): void {
    if (!this.#controller.signal.aborted) this.#controller.abort(reason);
  }
}

/** What an engine says of a container that is gone, about to go, or does not run. */
export const isNotThere: ReadonlySet<string> = new Set([
  'container_not_found',
  'container_not_running',
  'state_conflict',
]);
