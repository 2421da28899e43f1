// Engines as the API shows them: where they are, how well they are known, and what they can do.
import { type Static, Type } from 'typebox';

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const engineStates = ['connecting', 'syncing', 'live', 'stale'] as const;
export const EngineState = Type.Unsafe<(typeof engineStates)[number]>({
  type: 'string',
  enum: [...engineStates],
  description: 'live: fed by events. stale: the engine is away, and what is shown is what was last known',
});

const standing = {
  name: Type.String(),
  state: EngineState,
  reason: Nullable(Type.String({ description: 'Why it is in this state; null while live' })),
  since: Type.String({ format: 'date-time', description: 'When this state began' }),
  ageMs: Type.Number({
    minimum: 0,
    description: 'Milliseconds since what we know was last known to be right; 0 while live',
  }),
};

export const Readiness = Type.Object(
  {
    ready: Type.Boolean(),
    engines: Type.Array(
      Type.Object({
        ...standing,
        settled: Type.Boolean({ description: 'true once the engine was synced, or is known to be away' }),
      }),
    ),
  },
  { $id: 'Readiness' },
);
export type Readiness = Static<typeof Readiness>;
