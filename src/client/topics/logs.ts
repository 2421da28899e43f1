// A subscription to logs, of one container or of a whole lab. After a cut, and when a slow reader is ready again, it goes on behind the last line
// that it has, and says where lines are missing.
import type { LogLine } from '../../schemas/logs.ts';
import type { StreamKey } from '../../schemas/stream.ts';
import { LogPlace } from '../log-place.ts';
import type { StreamStanding } from './copy.ts';
import type { SubscriberHost } from './observations.ts';
import { Pull } from './pull.ts';
import { indifferent, type LogLines, type Subscriber, type Wish } from './subscriber.ts';

/** What a reader of logs gets; `container` is a full id. */
export type LogNews =
  | { readonly type: 'lines'; readonly container: string; readonly lines: readonly LogLine[] }
  /** Lines between the last one and the next are missing: more was written than can be caught up with. */
  | { readonly type: 'gap'; readonly container: string }
  | ({ readonly type: 'state'; readonly container: string } & StreamStanding);

/** Lines that wait for a slow reader. */
const capacity = 5_000;
/** Lines to look back for the last one: the server's limit. */
const longestTail = 10_000;

interface Member {
  readonly place: LogPlace;
  /** What comes next may begin before the last line. */
  isResuming: boolean;
}

export class Logs implements Subscriber {
  readonly moved = indifferent.moved;
  readonly complete = indifferent.complete;
  readonly news = indifferent.news;
  readonly topic = 'logs';
  readonly reader: Pull<LogNews>;
  readonly #wish: Wish;
  readonly #host: SubscriberHost;
  readonly #members = new Map<string, Member>();
  readonly #waiting: LogNews[] = [];
  #lines = 0;
  #isAway = false;
  #isOver = false;

  constructor(wish: Wish, host: SubscriberHost) {
    this.#wish = wish;
    this.#host = host;
    this.reader = new Pull({ take: () => this.#take(), leave: () => this.#leave() }, host.signal);
  }

  get isUnderWay(): boolean {
    return this.#members.size > 0;
  }

  wish(): Wish {
    const [id] = this.#members.keys();
    const hasLines = [...this.#members.values()].some(({ place }) => place.hasBegun);
    return {
      ...this.#wish,
      ...(hasLines && { tail: longestTail }),
      ...(this.#wish.lab === undefined && id !== undefined && { container: id }),
    };
  }

  begun({ container }: StreamKey): void {
    const member = this.#members.get(container);
    if (member !== undefined) member.isResuming = member.place.hasBegun;
    else {
      if (this.#wish.lab === undefined) this.#members.clear();
      this.#members.set(container, { place: new LogPlace(), isResuming: false });
    }
  }

  lines({ key: { container }, lines }: LogLines): void {
    const member = this.#members.get(container);
    if (member === undefined || this.#isAway) return;
    const fresh = lines.filter((line) => member.place.pass(line));
    // All that was asked for is newer than the last one: there may have been more.
    if (member.isResuming && fresh.length === lines.length) this.#push({ type: 'gap', container });
    member.isResuming = false;
    if (fresh.length > 0) this.#push({ type: 'lines', container, lines: fresh });
    if (this.#lines < capacity) return;
    this.#isAway = true;
    this.#host.release(this);
  }

  stood({ container }: StreamKey, { state, reason, since }: StreamStanding): void {
    if (this.#isAway) return;
    this.#push({ type: 'state', container, state, reason, since });
    if (state !== 'ended') return;
    this.#members.delete(container);
    if (this.#wish.lab === undefined) this.reader.finish();
  }

  cut(): void {
    const since = new Date().toISOString();
    for (const container of this.#members.keys())
      this.#push({ type: 'state', container, state: 'stale', reason: 'disconnected', since });
  }

  end(error?: unknown): void {
    this.reader.finish(error === undefined ? {} : { error });
  }

  #push(news: LogNews): void {
    if (news.type === 'lines') this.#lines += news.lines.length;
    this.#waiting.push(news);
    this.reader.wake();
  }

  #take(): LogNews | undefined {
    const news = this.#waiting.shift();
    if (news?.type === 'lines') this.#lines -= news.lines.length;
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
