// What a connection needs to know of one subscription, and tells it. Types only.

import type { Static } from 'typebox';
import type { EventFrame, GapFrame } from '../../schemas/events.ts';
import type { SnapshotFrame, StreamKey, StreamTopic } from '../../schemas/stream.ts';
import type { LogFrame, SubscribeFrame } from '../../schemas/subscription.ts';
import type { Copy, StreamStanding } from './copy.ts';

/** What is asked of the server, without the id by which a connection names it. */
export type Wish = Omit<SubscribeFrame, 'type' | 'id'>;
export type LogLines = Static<typeof LogFrame>;

export interface Subscriber {
  readonly topic: StreamTopic | 'events' | 'logs';
  /** What to ask for, at first and after each cut: where it goes on from is its own business. */
  wish(): Wish;
  /** It has had a stream before: it goes on, and does not begin. */
  readonly isUnderWay: boolean;
  /** A stream of it has begun. Of netstat and ifconfig its copy: another subscription may hold it too. */
  begun(key: StreamKey, copy: Copy | null, bootId: string): void;
  /** Something of the copy has changed. */
  moved(copy: Copy): void;
  /** Of a log: it stands so. */
  stood(key: StreamKey, standing: StreamStanding): void;
  /** Of a log: these lines were written. */
  lines(frame: LogLines): void;
  /** Of events: what is true, what happened, or what was missed. */
  news(frame: SnapshotFrame | EventFrame | GapFrame, bootId: string): void;
  /** After a cut, of a lab: every member that it has now has begun. */
  complete(): void;
  /** The connection is gone; it will be told how it goes on. */
  cut(): void;
  /** It is over. Without an error: as somebody wished. */
  end(error?: unknown): void;
}

/** What a subscriber does that does not care. */
export const indifferent = {
  begun() {},
  moved() {},
  stood() {},
  lines() {},
  news() {},
  complete() {},
  cut() {},
} as const;
