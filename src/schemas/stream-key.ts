// What makes two subscriptions the same stream.
import { type Static, Type } from 'typebox';

const oneOf = <const T extends string>(values: readonly T[], options = {}) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...options });

/** What is observed in a namespace. */
export const streamTopics = ['netstat', 'ifconfig'] as const;
export type StreamTopic = (typeof streamTopics)[number];
/** Everything that a stream can be about. */
export const allTopics = [...streamTopics, 'events', 'logs'] as const;
export const streamFormats = ['json', 'text', 'both'] as const;
export const StreamFormat = oneOf(streamFormats, { description: 'What a snapshot carries; text alone gets no deltas' });
export type StreamFormat = (typeof streamFormats)[number];

/** Shortest and longest time between two samples, and the default, in milliseconds. */
export const intervalLimits = { min: 100, max: 60_000, default: 1_000 } as const;

export const StreamKey = Type.Object(
  {
    topic: oneOf(allTopics),
    container: Type.String({ description: 'Full id; empty where events of all containers are followed' }),
    options: Type.String({
      description:
        "The program's letters in canonical order: `tan` for netstat, `a` or nothing for ifconfig; for events the other filters: `lab=demo`; for logs `tail=100`",
    }),
    format: StreamFormat,
  },
  { $id: 'StreamKey' },
);
export type StreamKey = Static<typeof StreamKey>;
