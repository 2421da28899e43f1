// The newest events of this run of the server, each encoded once, for all who follow them. It is bounded: who is behind by more than it
// holds has missed something, and is told so.
import type { EventFrame } from '../schemas/events.ts';
import { encodeEvent } from './frames.ts';

/** An event without what the ring adds to it. */
export type RawEvent = Omit<EventFrame, 'type' | 'seq'>;

export interface RingEntry<Subject> {
  readonly event: EventFrame;
  readonly bytes: Buffer;
  /** What the event is about, for whoever decides who may know. */
  readonly subject: Subject;
}

/** How many events are kept. */
const defaultCapacity = 2_048;

export class EventRing<Subject> {
  readonly #capacity: number;
  readonly #entries: RingEntry<Subject>[] = [];
  readonly #followers = new Set<() => void>();
  #first = 1;
  #last = 0;

  constructor(capacity = defaultCapacity) {
    this.#capacity = capacity;
  }

  /** The number of the newest event; 0 before there was one. */
  get last(): number {
    return this.#last;
  }

  append(raw: RawEvent, subject: Subject): void {
    this.#last += 1;
    const event: EventFrame = { type: 'event', seq: this.#last, ...raw };
    this.#entries[this.#last % this.#capacity] = { event, bytes: encodeEvent(event), subject };
    this.#first = Math.max(this.#first, this.#last - this.#capacity + 1);
    this.#tell();
  }

  /** Something has changed that no event can tell: everybody starts from a new snapshot. */
  breakOff(): void {
    this.#last += 1;
    this.#first = this.#last + 1;
    this.#entries.length = 0;
    this.#tell();
  }

  /** Is everything after `seq` still here? */
  holdsAfter(seq: number): boolean {
    return seq >= this.#first - 1 && seq <= this.#last;
  }

  entry(seq: number): RingEntry<Subject> | undefined {
    return this.#entries[seq % this.#capacity];
  }

  /** Calls back whenever there is something new; the answer ends that. */
  follow(listener: () => void): () => void {
    this.#followers.add(listener);
    return () => this.#followers.delete(listener);
  }

  #tell(): void {
    for (const follower of this.#followers) follower();
  }
}
