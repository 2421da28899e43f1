// One stream key: the newest state of its subject, its sequence, and the two encodings (snapshot, delta) that all its subscribers share.
import type { Failure } from '../schemas/failure.ts';
import { type ComparableState, comparable, diffStates } from './delta.ts';
import { encodeDelta, encodeSnapshot, encodeState } from './frames.ts';
import type { Reading, SeenAgain, Source, SourceState, Subject } from './source.ts';

/** A frame and the sequence number that a client is at when it has it. */
export interface SampleFrame {
  readonly seq: number;
  readonly bytes: Buffer;
}

/** One who is told. */
export interface Subscriber {
  readonly intervalMs: number;
  /** There is a newer state; take it with {@link Channel.frameAfter} when it suits. */
  changed(): void;
  state(frame: Buffer, state: SourceState): void;
  failed(failure: Failure): void;
}

export class Channel {
  readonly #subject: Subject;
  readonly #subscribers = new Set<Subscriber>();
  readonly #source: Source;
  #seq: number;
  #reading: Reading | null = null;
  #comparable: ComparableState | null = null;
  #delta: { base: number; bytes: Buffer } | null = null;
  /** With the time at which what it holds was last seen when it was made. */
  #snapshot: { readonly seenAt: number | null; readonly bytes: Buffer } | null = null;
  #state: { frame: Buffer; state: SourceState } | null = null;

  /** Opens the subject for its first subscriber. `seq` is where the sequence goes on from. */
  constructor(subject: Subject, seq: number, first: Subscriber) {
    this.#subject = subject;
    this.#seq = seq;
    this.#subscribers.add(first);
    this.#source = subject.open(first.intervalMs, {
      reading: (reading) => this.#take(reading),
      state: (state) => this.#takeState(state),
      failure: (failure) => {
        for (const subscriber of this.#subscribers) subscriber.failed(failure);
      },
    });
  }

  get seq(): number {
    return this.#seq;
  }

  get subscribers(): number {
    return this.#subscribers.size;
  }

  /** Adds one who is told the present state at once. */
  add(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
    this.#source.setInterval(this.#shortestInterval());
    if (this.#state !== null) subscriber.state(this.#state.frame, this.#state.state);
    if (this.#reading !== null) subscriber.changed();
  }

  /** Answers whether any is left; the source of a channel without subscribers is closed. */
  remove(subscriber: Subscriber): boolean {
    this.#subscribers.delete(subscriber);
    if (this.#subscribers.size > 0) this.#source.setInterval(this.#shortestInterval());
    else this.#source.close();
    return this.#subscribers.size > 0;
  }

  /**
   * The newest frame for one whose last was `seq` (null: none yet): the delta where it builds on that one, else the whole state; null where
   * there is nothing newer.
   */
  frameAfter(seq: number | null): SampleFrame | null {
    if (this.#reading === null || seq === this.#seq) return null;
    if (this.#delta !== null && seq === this.#delta.base) return { seq: this.#seq, bytes: this.#delta.bytes };
    return { seq: this.#seq, bytes: this.#encode(this.#reading) };
  }

  #take(reading: Reading): void {
    const before = this.#reading;
    const last = this.#comparable;
    const next = reading.data === null ? null : comparable(reading.data, this.#subject.rows);
    const change = last === null || next === null ? 'rest' : diffStates(last, next);
    const isSameText = before !== null && before.text === reading.text;
    this.#reading = reading;
    this.#comparable = next;
    this.#snapshot = null;
    // The same state seen again: a later subscriber gets it with its newer time, the others need nothing.
    if (isSameText && (next === null || change === null)) return;
    const base = this.#seq;
    this.#seq += 1;
    const isDelta = isSameText && change !== null && change !== 'rest';
    this.#delta = isDelta ? { base, bytes: encodeDelta(this.#subject.key, base, this.#seq, reading, change) } : null;
    for (const subscriber of this.#subscribers) subscriber.changed();
  }

  /** The whole state. A later subscriber gets what is known with the newer time at which it was seen again; the others need nothing. */
  #encode(reading: Reading): Buffer {
    const again = this.#source.seenAgain();
    const seenAt = again?.at ?? null;
    if (this.#snapshot?.seenAt === seenAt) return this.#snapshot.bytes;
    const bytes = encodeSnapshot(this.#subject.key, this.#seq, again === null ? reading : withTimes(reading, again));
    this.#snapshot = { seenAt, bytes };
    return bytes;
  }

  #takeState(state: SourceState): void {
    // What was seen of a container that no longer runs is nobody's present state.
    if (state.state === 'stopped' || state.state === 'ended') {
      this.#reading = null;
      this.#comparable = null;
    }
    this.#state = { frame: encodeState(this.#subject.key, state), state };
    for (const subscriber of this.#subscribers) subscriber.state(this.#state.frame, state);
  }

  #shortestInterval(): number {
    return Math.min(...[...this.#subscribers].map(({ intervalMs }) => intervalMs));
  }
}

function withTimes(reading: Reading, again: SeenAgain): Reading {
  const asOf = new Date(again.asOf).toISOString();
  const { data } = reading;
  return {
    ...reading,
    at: new Date(again.at).toISOString(),
    asOf,
    data: data === null ? null : { ...data, asOf },
  };
}
