// What a client says on `/stream`, and what only that URL answers.
import { type Static, Type } from 'typebox';
import { EngineName } from './create.ts';
import { eventFilters, resumePoint } from './events.ts';
import { LogLine } from './logs.ts';
import { allTopics, intervalLimits, StreamFormat, StreamKey } from './stream-key.ts';

const Id = Type.String({ minLength: 1, maxLength: 64, description: "The client's own word for a subscription" });

/** Lines of the past that a log begins with when nothing is said, and at most. */
export const tailLimits = { default: 100, max: 10_000 } as const;

export const SubscribeFrame = Type.Object(
  {
    type: Type.Literal('subscribe'),
    id: Id,
    topic: Type.Unsafe<(typeof allTopics)[number]>({ type: 'string', enum: [...allTopics] }),
    container: Type.Optional(
      Type.String({ minLength: 1, maxLength: 128, description: 'Full id, exact name, or unique prefix of the id' }),
    ),
    lab: Type.Optional(
      Type.String({ minLength: 1, maxLength: 128, description: 'Every container of the lab, as they come and go' }),
    ),
    engine: Type.Optional(EngineName),
    options: Type.Optional(
      Type.String({ maxLength: 32, description: "netstat: letters of t u w l a; ifconfig: `a`, as the program's" }),
    ),
    intervalMs: Type.Optional(
      Type.Integer({
        minimum: intervalLimits.min,
        maximum: intervalLimits.max,
        description: `netstat and ifconfig: at most one sample in this time (default ${intervalLimits.default})`,
      }),
    ),
    format: Type.Optional(StreamFormat),
    tail: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: tailLimits.max,
        description: `logs: how many lines of the past (default ${tailLimits.default})`,
      }),
    ),
    scope: eventFilters.scope,
    ...resumePoint,
  },
  { $id: 'SubscribeFrame', additionalProperties: false },
);
export type SubscribeFrame = Static<typeof SubscribeFrame>;

export const UnsubscribeFrame = Type.Object(
  { type: Type.Literal('unsubscribe'), id: Id },
  { $id: 'UnsubscribeFrame', additionalProperties: false },
);
export type UnsubscribeFrame = Static<typeof UnsubscribeFrame>;

export const SubscribedFrame = Type.Object({
  type: Type.Literal('subscribed'),
  id: Id,
  key: StreamKey,
});

export const LogFrame = Type.Object({
  type: Type.Literal('log'),
  key: StreamKey,
  lines: Type.Array(LogLine, {
    description: 'In the order of the log; a reader that is slow gets them later, and all',
  }),
});
