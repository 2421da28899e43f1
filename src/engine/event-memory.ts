// Remembers which events were seen, so that a feed taken up again repeats none. Bounded: the engine itself keeps 256.
import type { EngineEvent } from './engine.ts';

const capacity = 1_024;
/** The engine stamps an event before it queues it, so that two may arrive out of order by this much. */
const disorderNano = 2_000_000_000n;

export class EventMemory {
  readonly #seen = new Set<string>();
  #latest: bigint | undefined;

  /** Notes an event; false when it was noted before. */
  note(event: EngineEvent): boolean {
    const key = `${event.timeNano} ${event.type} ${event.action} ${event.id} ${event.attributes.container ?? ''}`;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    if (this.#seen.size > capacity) for (const oldest of this.#seen) if (this.#seen.delete(oldest)) break;
    if (this.#latest === undefined || event.timeNano > this.#latest) this.#latest = event.timeNano;
    return true;
  }

  /** From when on to ask for events, by the engine's clock: a little before the latest one seen. */
  get since(): bigint | undefined {
    return this.#latest === undefined ? undefined : this.#latest - disorderNano;
  }

  /** Another engine, another clock. */
  clear(): void {
    this.#seen.clear();
    this.#latest = undefined;
  }
}
