// The frames of the subprotocol `terrarium.v1`: JSON text frames on a WebSocket, or one a line as NDJSON.
import { type Static, Type } from 'typebox';
import { errorCodes } from './error-codes.ts';
import { EventFrame, GapFrame } from './events.ts';
import { StreamKey } from './stream-key.ts';
import { LogFrame, SubscribedFrame } from './subscription.ts';

export * from './stream-key.ts';

const oneOf = <const T extends string>(values: readonly T[], options = {}) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...options });
const Time = Type.String({ format: 'date-time' });
const counting = 'Counts per key; never reset while the server lives';
const Seq = Type.Integer({ minimum: 1, description: counting });

/** Offered and echoed as the WebSocket subprotocol; the same without it. */
export const streamProtocol = 'terrarium.v1';

export const streamStates = ['live', 'stale', 'stopped', 'ended'] as const;
export type StreamState = (typeof streamStates)[number];

export const HelloFrame = Type.Object({
  type: Type.Literal('hello'),
  version: Type.Literal(streamProtocol),
  bootId: Type.String({ description: 'Another one after the server was started anew' }),
  heartbeatMs: Type.Integer({ description: 'A heartbeat frame comes this often' }),
});
export const SnapshotFrame = Type.Object({
  type: Type.Literal('snapshot'),
  key: StreamKey,
  seq: Type.Integer({ minimum: 0, description: `${counting}. 0: of events, before there was one` }),
  at: Time,
  data: Type.Unknown({
    description: 'A Netstat, an Ifconfig or an EventsState: the whole state; null where the format is text',
  }),
  text: Type.Optional(Type.String({ description: 'What the program prints' })),
});
export const DeltaFrame = Type.Object({
  type: Type.Literal('delta'),
  key: StreamKey,
  base: Type.Integer({ description: 'The seq of the frame it builds on: always the last one sent for this key' }),
  seq: Seq,
  at: Time,
  asOf: Time,
  added: Type.Array(Type.Unknown(), { description: 'Rows that are new: sockets or interfaces' }),
  removed: Type.Array(Type.String(), { description: 'ids of sockets, names of interfaces' }),
  changed: Type.Array(Type.Unknown(), { description: 'Whole rows that replace those of the same id' }),
});
export const KeyStateFrame = Type.Object({
  type: Type.Literal('state'),
  key: StreamKey,
  state: oneOf(streamStates, {
    description:
      'live: samples come; stale: the engine or the helper is away; stopped: the container does not run; ended: it is gone',
  }),
  reason: Type.Union([Type.String(), Type.Null()]),
  since: Time,
});
export const EngineStateFrame = Type.Object({
  type: Type.Literal('state'),
  engine: Type.String({ description: 'Its name. On /stream, when it goes away and when it is back' }),
  state: oneOf(['live', 'stale'] as const),
  reason: Type.Union([Type.String(), Type.Null()]),
  since: Time,
});
/** Of one stream, or of all that an engine has. */
export const StateFrame = Type.Union([KeyStateFrame, EngineStateFrame]);
export const HeartbeatFrame = Type.Object({ type: Type.Literal('heartbeat'), at: Time });
export const ErrorFrame = Type.Object({
  type: Type.Literal('error'),
  code: oneOf(errorCodes),
  detail: Type.String(),
  hint: Type.Optional(Type.String()),
  id: Type.Optional(Type.String({ description: 'The subscription that was asked for' })),
});

/** Everything that the server sends, by type. */
export const serverFrames = {
  hello: HelloFrame,
  subscribed: SubscribedFrame,
  snapshot: SnapshotFrame,
  delta: DeltaFrame,
  event: EventFrame,
  log: LogFrame,
  state: StateFrame,
  gap: GapFrame,
  heartbeat: HeartbeatFrame,
  error: ErrorFrame,
} as const;
export type ServerFrame = {
  [Type in keyof typeof serverFrames]: Static<(typeof serverFrames)[Type]>;
}[keyof typeof serverFrames];
export type SnapshotFrame = Static<typeof SnapshotFrame>;
export type DeltaFrame = Static<typeof DeltaFrame>;
export type StateFrame = Static<typeof StateFrame>;
export type EngineStateFrame = Static<typeof EngineStateFrame>;
