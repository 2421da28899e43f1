// Every subscription of a client, on as few connections as hold them.

import type { Ifconfig } from '../../schemas/ifconfig.ts';
import type { Netstat } from '../../schemas/netstat.ts';
import type { StreamFormat } from '../../schemas/stream-key.ts';
import type { CallOptions, Http } from '../http.ts';
import { type Pace, pause } from '../pace.ts';
import type { Dial } from '../sockets/socket.ts';
import type { Observation } from './copy.ts';
import { type EventNews, Events } from './events.ts';
import { type Connection, Line } from './line.ts';
import { type LogNews, Logs } from './logs.ts';
import { Observations } from './observations.ts';
import type { Subscriber, Wish } from './subscriber.ts';

/** One container, or every one of a lab as they come and go. */
type Subject =
  | { readonly container: string; readonly lab?: never; readonly engine?: string }
  | { readonly lab: string; readonly container?: never; readonly engine?: string };

interface Pacing {
  /** At most one sample in this time, 100 to 60000. */
  readonly intervalMs?: number;
  readonly format?: StreamFormat;
}

export type NetstatWish = Subject &
  Pacing & { readonly topic: 'netstat' /** Letters of `t u w l a`. */; readonly options?: string };
export type IfconfigWish = Subject &
  Pacing & { readonly topic: 'ifconfig' /** `a`, or nothing. */; readonly options?: string };
export type LogsWish = Subject & {
  readonly topic: 'logs' /** Lines of the past, 0 to 10000. */;
  readonly tail?: number;
};
export interface EventsWish {
  readonly topic: 'events';
  readonly container?: string;
  readonly lab?: string;
  readonly engine?: string;
  readonly scope?: 'managed' | 'all';
  /** Go on after the event `seq` of the run `bootId`. */
  readonly bootId?: string;
  readonly seq?: number;
}
export type TopicWish = NetstatWish | IfconfigWish | LogsWish | EventsWish;

/** What each topic is read as. */
export interface Subscribe {
  (wish: NetstatWish, options?: CallOptions): AsyncIterableIterator<Observation<Netstat>>;
  (wish: IfconfigWish, options?: CallOptions): AsyncIterableIterator<Observation<Ifconfig>>;
  (wish: EventsWish, options?: CallOptions): AsyncIterableIterator<EventNews>;
  (wish: LogsWish, options?: CallOptions): AsyncIterableIterator<LogNews>;
}

export interface StreamsOptions {
  readonly http: Http;
  readonly dial: Dial;
  readonly pace: Pace;
  readonly onConnection?: ((connection: Connection) => void) | undefined;
}

const readinessPollMs = 200;

export class Streams {
  readonly #options: StreamsOptions;
  readonly #lines = new Set<Line>();
  readonly #places = new Map<Subscriber, Line>();
  #isClosed = false;

  constructor(options: StreamsOptions) {
    this.#options = options;
  }

  readonly subscribe: Subscribe = (wish: TopicWish, { signal }: CallOptions = {}): never => {
    if (this.#isClosed) throw new Error('the client is closed');
    const subscriber = this.#make(wish, signal);
    if (!signal?.aborted) this.#place(subscriber);
    return subscriber.reader as never;
  };

  /** Ends every subscription. */
  close(): void {
    this.#isClosed = true;
    for (const line of this.#lines) line.close();
    this.#lines.clear();
    this.#places.clear();
  }

  #make(wish: TopicWish, signal: AbortSignal | undefined) {
    const host = {
      signal,
      release: (subscriber: Subscriber) => this.#release(subscriber),
      place: (subscriber: Subscriber) => this.#place(subscriber),
    };
    if (wish.topic === 'events') return new Events(wish as Wish, host);
    if (wish.topic === 'logs') return new Logs(wish as Wish, host);
    return new Observations(wish.topic, wish as Wish, host);
  }

  #place(subscriber: Subscriber, except?: Line): void {
    if (this.#isClosed) return;
    const line = [...this.#lines].find((one) => one !== except && one.hasRoomFor(subscriber)) ?? this.#open();
    this.#places.set(subscriber, line);
    line.add(subscriber);
  }

  #release(subscriber: Subscriber): void {
    this.#places.get(subscriber)?.remove(subscriber);
    this.#places.delete(subscriber);
    for (const line of this.#lines) if (line.isClosed) this.#lines.delete(line);
  }

  #open(): Line {
    const { http, dial, pace, onConnection = () => {} } = this.#options;
    const line: Line = new Line({
      dial,
      pace,
      onConnection,
      awaitReady: (signal) => awaitReady(http, signal),
      onCollision: (subscriber) => this.#place(subscriber, line),
    });
    this.#lines.add(line);
    return line;
  }
}

/** Resolves when the server knows its engines, and when the signal is aborted. */
async function awaitReady(http: Http, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await http.json({ method: 'GET', path: '/readyz', signal, isRepeatable: false });
      return;
    } catch {
      await pause(readinessPollMs, signal).catch(() => {});
    }
  }
}
