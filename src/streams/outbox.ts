// The bounded queue between the streams and one client. Control frames go out in order and are never dropped; of what is marked as
// changed only the newest is sent, so a slow reader costs memory for one frame a stream, not for each sample.
import type { Wire } from './wire.ts';

/** Answers the newest frame when its turn comes, or null where there is nothing new. */
export type Produce = () => Buffer | null;

export interface OutboxLimits {
  /** Milliseconds in which the client must take a frame. */
  readonly stallMs: number;
  /** Frames that may wait. More can only be control frames that nobody reads. */
  readonly maxWaiting: number;
  /** Bytes that may be on their way at once; one frame always may. */
  readonly maxInFlightBytes: number;
}

/** Whose outbox it is. An object, not a callback: there is one for each of thousands of clients. */
export interface OutboxOwner {
  /** Called once when the client does not keep up; the outbox sends nothing more then. */
  stalled(reason: string): void;
}

export const outboxLimits: OutboxLimits = { stallMs: 30_000, maxWaiting: 1_024, maxInFlightBytes: 256 * 1024 };

export class Outbox {
  readonly #wire: Wire;
  readonly #limits: OutboxLimits;
  readonly #owner: OutboxOwner;
  /**
   * In the order of sending. A mark has its name as key, so marking again moves it to the end: behind the states it follows. Made when something
   * has to wait, which for most clients is never.
   */
  #waiting: Map<string | symbol, Produce> | undefined;
  #inFlight = 0;
  #inFlightBytes = 0;
  /** When the oldest frame in flight began to wait, or the last one was taken. */
  #stalledSince = 0;
  #ended = false;
  #isPumping = false;
  #afterDrain: (() => void) | undefined;

  constructor(wire: Wire, owner: OutboxOwner, limits: OutboxLimits = outboxLimits) {
    this.#wire = wire;
    this.#owner = owner;
    this.#limits = limits;
  }

  /** Sends a frame in order. */
  push(frame: Buffer): void {
    this.#enqueue(null, () => frame);
  }

  /**
   * Says that there is something new under `name`; `produce` is asked for it when its turn comes. Answers whether what was said before still
   * waited: then the client gets the newer one only.
   */
  mark(name: string, produce: Produce): boolean {
    const isNewer = this.#waiting?.delete(name) ?? false;
    this.#enqueue(name, produce);
    return isNewer;
  }

  /** Forgets what was marked. */
  unmark(name: string): void {
    this.#waiting?.delete(name);
  }

  /** Calls back once when all that waits now has been handed to the wire; takes nothing more. */
  finish(done: () => void): void {
    this.#afterDrain = done;
    this.#pump();
  }

  /**
   * Gives up a client that has taken nothing for the stall time. To be called now and then: a timer for each frame costs as much as sending one.
   * @param now on the clock of `performance.now`
   */
  checkStall(now: number): void {
    if (!this.#ended && this.#inFlight > 0 && now - this.#stalledSince >= this.#limits.stallMs)
      this.#giveUp(`nothing was read for ${this.#limits.stallMs} ms`);
  }

  /** Drops all and calls nobody back. */
  destroy(): void {
    this.#ended = true;
    this.#waiting = undefined;
  }

  get #waitingCount(): number {
    return this.#waiting?.size ?? 0;
  }

  #enqueue(name: string | null, produce: Produce): void {
    if (this.#ended || this.#afterDrain !== undefined) return;
    if (!this.#isPumping && this.#waitingCount === 0 && this.#mayOneMoreFly()) {
      this.#pump(produce);
      return;
    }
    if (this.#waitingCount >= this.#limits.maxWaiting) {
      this.#giveUp('too many frames wait to be read');
      return;
    }
    this.#waiting ??= new Map();
    this.#waiting.set(name ?? Symbol('frame'), produce);
    this.#pump();
  }

  /** What is made or sent may ask for more at once: that waits for its turn, so that nothing overtakes the frame being sent. */
  #pump(first?: Produce): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      if (first !== undefined) this.#sendWhatIs(first);
      this.#sendWhatMay();
    } finally {
      this.#isPumping = false;
    }
    if (this.#ended || this.#waitingCount > 0 || this.#afterDrain === undefined) return;
    const done = this.#afterDrain;
    this.destroy();
    done();
  }

  #sendWhatMay(): void {
    while (!this.#ended && this.#mayOneMoreFly()) {
      const next = this.#waiting?.entries().next().value;
      if (next === undefined) break;
      const [name, produce] = next;
      this.#waiting?.delete(name);
      this.#sendWhatIs(produce);
    }
  }

  #mayOneMoreFly(): boolean {
    return this.#inFlight === 0 || this.#inFlightBytes < this.#limits.maxInFlightBytes;
  }

  #sendWhatIs(produce: Produce): void {
    const frame = produce();
    if (frame === null) return;
    // The clock runs from the oldest frame that is not taken; each one taken starts it anew.
    if (this.#inFlight === 0) this.#stalledSince = performance.now();
    this.#inFlight += 1;
    this.#inFlightBytes += frame.byteLength;
    this.#wire.send(frame, () => {
      this.#inFlight -= 1;
      this.#inFlightBytes -= frame.byteLength;
      if (this.#ended) return;
      if (this.#inFlight > 0) this.#stalledSince = performance.now();
      this.#pump();
    });
  }

  #giveUp(reason: string): void {
    this.destroy();
    this.#owner.stalled(reason);
  }
}
