// A subscription to events, each told once and in order: after a cut it goes on where it was, and says what was missed. A reader that is slow is
// told the rest when it is ready for it.
import type { EventFrame, EventsState, GapFrame } from '../../schemas/events.ts';
import type { SnapshotFrame } from '../../schemas/stream.ts';
import type { SubscriberHost } from './observations.ts';
import { Pull } from './pull.ts';
import { indifferent, type Subscriber, type Wish } from './subscriber.ts';

/** The run of the server whose numbers count: `bootId` and `seq` together say where to go on. */
interface OfRun {
  readonly bootId: string;
}

/** Everything that is true now: it comes first, and after a gap. */
export type EventsSnapshot = Omit<SnapshotFrame, 'data'> & { readonly data: EventsState } & OfRun;
/** What a reader of events gets. */
export type EventNews = EventsSnapshot | (EventFrame & OfRun) | (GapFrame & OfRun);

/** Items that wait for a slow reader; the server keeps 2,048 events for those that come back. */
const capacity = 1_024;

export class Events implements Subscriber {
  readonly begun = indifferent.begun;
  readonly moved = indifferent.moved;
  readonly stood = indifferent.stood;
  readonly lines = indifferent.lines;
  readonly complete = indifferent.complete;
  readonly cut = indifferent.cut;
  readonly topic = 'events';
  readonly reader: Pull<EventNews>;
  readonly #wish: Wish;
  readonly #host: SubscriberHost;
  readonly #waiting: EventNews[] = [];
  #resume: { readonly bootId: string; readonly seq: number } | null = null;
  #isAway = false;
  #isOver = false;

  constructor(wish: Wish, host: SubscriberHost) {
    this.#wish = wish;
    this.#host = host;
    this.reader = new Pull({ take: () => this.#take(), leave: () => this.#leave() }, host.signal);
  }

  get isUnderWay(): boolean {
    return this.#resume !== null;
  }

  wish(): Wish {
    return this.#resume === null ? this.#wish : { ...this.#wish, ...this.#resume };
  }

  news(frame: SnapshotFrame | EventFrame | GapFrame, bootId: string): void {
    if (this.#isAway) return;
    if (frame.type !== 'gap') this.#resume = { bootId, seq: frame.seq };
    this.#waiting.push({ ...frame, bootId } as EventNews);
    this.reader.wake();
    if (this.#waiting.length < capacity) return;
    // The server keeps them better: nothing is lost there without a word.
    this.#isAway = true;
    this.#host.release(this);
  }

  end(error?: unknown): void {
    this.reader.finish(error === undefined ? {} : { error });
  }

  #take(): EventNews | undefined {
    const news = this.#waiting.shift();
    if (this.#isAway && this.#waiting.length === 0 && !this.#isOver) {
      this.#isAway = false;
      this.#host.place(this);
    }
    return news;
  }

  #leave(): void {
    this.#isOver = true;
    this.#host.release(this);
  }
}
