// A subscription to sockets or interfaces, of one container or of a whole lab, read as the newest states: who reads slowly skips some, and is
// never wrong.
import type { StreamKey } from '../../schemas/stream.ts';
import type { Copy, Observation, ObservedTopic, TopicData } from './copy.ts';
import { Pull } from './pull.ts';
import { indifferent, type Subscriber, type Wish } from './subscriber.ts';

/** One container of the subscription. */
interface Member<Data> {
  /** null while there is no connection. */
  copy: Copy | null;
  /** The last that was read, or that was known when the connection was cut. */
  last: Observation<Data> | null;
}

/** Where a subscriber lives. */
export interface SubscriberHost {
  /** Ends it. */
  readonly signal: AbortSignal | undefined;
  /** It is not interested any more. */
  release(subscriber: Subscriber): void;
  /** It is interested again. */
  place(subscriber: Subscriber): void;
}

export class Observations<Topic extends ObservedTopic> implements Subscriber {
  readonly stood = indifferent.stood;
  readonly lines = indifferent.lines;
  readonly news = indifferent.news;
  readonly topic: Topic;
  readonly reader: Pull<Observation<TopicData[Topic]>>;
  readonly #wish: Wish;
  readonly #members = new Map<string, Member<TopicData[Topic]>>();
  /** Members with something new to read, the longest waiting first. */
  readonly #fresh = new Set<string>();

  constructor(topic: Topic, wish: Wish, host: SubscriberHost) {
    this.topic = topic;
    this.#wish = wish;
    this.reader = new Pull({ take: () => this.#take(), leave: () => host.release(this) }, host.signal);
  }

  get isUnderWay(): boolean {
    return this.#members.size > 0;
  }

  /** After a cut by its id: another container may have its name by then. */
  wish(): Wish {
    const [id] = this.#members.keys();
    return this.#isLab || id === undefined ? this.#wish : { ...this.#wish, container: id };
  }

  begun({ container }: StreamKey, copy: Copy | null): void {
    // A container that took the place of its own is followed, and the old one is done with.
    if (!this.#isLab && !this.#members.has(container)) this.#members.clear();
    const member = this.#members.get(container);
    if (member === undefined) this.#members.set(container, { copy, last: null });
    else member.copy = copy;
    if (copy !== null) this.moved(copy);
  }

  moved(copy: Copy): void {
    const { container } = copy.key;
    if (!copy.isPresentable || this.#members.get(container)?.copy !== copy) return;
    this.#fresh.add(container);
    this.reader.wake();
  }

  cut(): void {
    const since = new Date().toISOString();
    for (const [id, member] of this.#members) {
      const known = this.#read(member);
      member.copy = null;
      if (known === null || known.state === 'ended') continue;
      member.last = { ...known, state: 'stale', reason: 'disconnected', since };
      this.#fresh.add(id);
    }
    this.reader.wake();
  }

  end(error?: unknown): void {
    // Gone while nobody was connected: who was connected has seen it end.
    if (isNotFound(error) && this.isUnderWay && !this.#isLab) this.complete();
    else this.reader.finish(error === undefined ? {} : { error });
  }

  get #isLab(): boolean {
    return this.#wish.lab !== undefined;
  }

  /** Who has not begun anew is gone. */
  complete(): void {
    for (const [id, member] of this.#members) {
      if (member.copy !== null) continue;
      if (member.last === null) this.#members.delete(id);
      else {
        member.last = { ...member.last, state: 'ended', reason: 'removed', since: new Date().toISOString() };
        this.#fresh.add(id);
      }
    }
    this.reader.wake();
    if (!this.#isLab && this.#fresh.size === 0) this.reader.finish();
  }

  #take(): Observation<TopicData[Topic]> | undefined {
    for (const id of this.#fresh) {
      this.#fresh.delete(id);
      const member = this.#members.get(id);
      const view = member === undefined ? null : this.#read(member);
      if (member === undefined || view === null) continue;
      member.last = view;
      if (view.state === 'ended') this.#bury(id);
      return view;
    }
    return undefined;
  }

  #bury(id: string): void {
    this.#members.delete(id);
    // The reader has the last state first.
    if (!this.#isLab) queueMicrotask(() => this.reader.finish());
  }

  /** The newest; of a connection that has brought no state yet, the data that was there before. */
  #read({ copy, last }: Member<TopicData[Topic]>): Observation<TopicData[Topic]> | null {
    if (copy === null || !copy.isPresentable) return last;
    const view = copy.read() as Observation<TopicData[Topic]>;
    if (copy.isWhole || last === null) return view;
    return { ...view, seq: last.seq, data: last.data, text: last.text };
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'container_not_found';
}
