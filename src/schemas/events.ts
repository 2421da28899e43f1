// What happens to containers, namespaces, labs and engines, as events: one frame each, and the state that a sequence of them starts from.
import { type Static, Type } from 'typebox';
import { ContainerRef, ContainerState, Mode, orphanReasons } from './container.ts';
import { EngineName } from './create.ts';
import { EngineState } from './engine.ts';

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const oneOf = <const T extends string>(values: readonly T[], options = {}) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...options });
const Time = Type.String({ format: 'date-time' });

export const eventNames = [
  'container.created',
  'container.started',
  'container.paused',
  'container.unpaused',
  'container.stopped',
  'container.removed',
  'container.renamed',
  'container.connected',
  'container.disconnected',
  'container.replaced',
  'container.orphaned',
  'container.healed',
  'container.updated',
  'namespace.appeared',
  'namespace.gone',
  'lab.appeared',
  'lab.gone',
  'lab.expiring',
  'engine.live',
  'engine.stale',
] as const;
export type EventName = (typeof eventNames)[number];

export const EventContainer = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    engine: Type.String(),
    managed: Type.Boolean(),
    lab: Nullable(Type.String()),
    mode: Mode,
    state: ContainerState,
    startedAt: Nullable(Time),
    exitCode: Type.Union([Type.Integer(), Type.Null()]),
    networks: Type.Array(Type.String(), { description: 'Names, sorted' }),
    orphanReason: Nullable(oneOf(orphanReasons)),
  },
  { $id: 'EventContainer', description: 'A container as events know it: each event of a container carries all of it' },
);
export type EventContainer = Static<typeof EventContainer>;

export const EventEngine = Type.Object({
  name: Type.String(),
  state: EngineState,
  reason: Nullable(Type.String()),
  since: Time,
});

export const EventsState = Type.Object(
  { engines: Type.Array(EventEngine), containers: Type.Array(EventContainer) },
  {
    $id: 'EventsState',
    description: 'The data of a snapshot of the topic events: what the events after its seq change',
  },
);
export type EventsState = Static<typeof EventsState>;

export const EventFrame = Type.Object(
  {
    type: Type.Literal('event'),
    seq: Type.Integer({
      minimum: 1,
      description: 'Counts all events of this run of the server; a filter leaves numbers out',
    }),
    at: Time,
    event: oneOf(eventNames),
    engine: Type.String(),
    lab: Nullable(Type.String()),
    container: Type.Union([EventContainer, Type.Null()], {
      description: 'As it is now; as it last was where it was removed; null where the event is not about one',
    }),
    namespace: Type.Union([Type.String(), Type.Null()], { description: 'Its id, where the event is about one' }),
    reason: Type.Optional(Nullable(Type.String())),
    network: Type.Optional(Type.String({ description: 'Of connected and disconnected' })),
    from: Type.Optional(ContainerRef),
    to: Type.Optional(ContainerRef),
  },
  { $id: 'EventFrame' },
);
export type EventFrame = Static<typeof EventFrame>;

export const gapReasons = ['overrun', 'restarted'] as const;
export const GapFrame = Type.Object({
  type: Type.Literal('gap'),
  from: Type.Integer({ minimum: 1, description: 'The first event that is not told any more' }),
  to: Type.Integer({ minimum: 0, description: 'The last one. A snapshot of what is true now follows' }),
  reason: oneOf(gapReasons, {
    description: 'overrun: more happened than is kept; restarted: the numbers are those of another run of the server',
  }),
});
export type GapFrame = Static<typeof GapFrame>;

/** Which events are wanted. All that is named has to fit. */
export const eventFilters = {
  engine: Type.Optional(EngineName),
  lab: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'Of this lab only' })),
  container: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 128,
      description: 'Of this container only: full id, exact name, or prefix of the id',
    }),
  ),
  scope: Type.Optional(
    Type.Unsafe<'managed' | 'all'>({
      type: 'string',
      enum: ['managed', 'all'],
      description:
        'managed (default): what Terrarium made, and whatever `container` names. all: everything on the engine',
    }),
  ),
};

/** Where to go on. */
export const resumePoint = {
  bootId: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 64,
      description: "Go on after `seq` of this run of the server: hello's bootId",
    }),
  ),
  seq: Type.Optional(Type.Integer({ minimum: 0, description: 'The last event you have. Together with bootId' })),
};

export const EventsQuery = Type.Object({ ...eventFilters, ...resumePoint });
export type EventsQuery = Static<typeof EventsQuery>;
