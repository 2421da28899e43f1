// Engines as the API shows them: where they are, how well they are known, and what they can do.
import { type Static, Type } from 'typebox';

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** What an engine is in a swarm, as {@link SwarmView} tells. */
export const swarmStates = ['inactive', 'pending', 'locked', 'error', 'worker', 'manager'] as const;
export type SwarmState = (typeof swarmStates)[number];

export const engineStates = ['connecting', 'syncing', 'live', 'stale'] as const;
export const EngineState = Type.Unsafe<(typeof engineStates)[number]>({
  type: 'string',
  enum: [...engineStates],
  description: 'live: fed by events. stale: the engine is away, and what is shown is what was last known',
});

const standing = {
  name: Type.String({ examples: ['local'] }),
  state: EngineState,
  reason: Nullable(Type.String({ description: 'Why it is in this state; null while live' })),
  since: Type.String({ format: 'date-time', description: 'When this state began' }),
  ageMs: Type.Number({
    minimum: 0,
    description: 'Milliseconds since what we know was last known to be right; 0 while live',
  }),
  failures: Type.Integer({ minimum: 0, description: 'Attempts in vain since it was last live; 0 while live' }),
  retryAt: Nullable(
    Type.String({ format: 'date-time', description: 'When it is tried again; null while it is live or being tried' }),
  ),
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

export const Capability = Type.Object(
  {
    available: Type.Boolean(),
    reason: Nullable(Type.String({ description: 'Why not, or why in this way; null where there is nothing to say' })),
  },
  { $id: 'Capability' },
);
export type Capability = Static<typeof Capability>;

export const SwarmView = Type.Object(
  {
    state: Type.Unsafe<SwarmState>({
      type: 'string',
      enum: [...swarmStates],
      description:
        'inactive: in no swarm. worker, manager: what it is in one. pending: it is joining, or looks for its managers. locked: a manager that waits for its unlock key',
    }),
    nodeId: Nullable(Type.String({ description: "The swarm's name for it; host names need not tell nodes apart" })),
    clusterId: Nullable(
      Type.String({
        description: 'The same on all engines of a swarm; a worker knows it where one of its managers is known here',
      }),
    ),
    address: Nullable(Type.String({ description: 'Where the other nodes find it', examples: ['192.0.2.1'] })),
  },
  { $id: 'Swarm', description: 'What an engine is in a Docker Swarm' },
);
export type SwarmView = Static<typeof SwarmView>;

export const EngineView = Type.Object(
  {
    ...standing,
    endpoint: Type.String({ examples: ['unix:///var/run/docker.sock'] }),
    transport: Type.Unsafe<'unix' | 'tcp' | 'tls' | 'ssh'>({
      type: 'string',
      enum: ['unix', 'tcp', 'tls', 'ssh'],
      description:
        'unix: a socket of this machine. tcp: plain, for anyone to listen in. tls: its certificate is verified. ssh: its host key is',
    }),
    labels: Type.Unsafe<Record<string, string>>({
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'By which containers are placed: those of the file of engines',
    }),
    version: Nullable(Type.String({ description: 'Of the engine; null until it answered once', examples: ['26.1.5'] })),
    apiVersion: Nullable(Type.String({ description: 'The highest that both sides speak', examples: ['1.45'] })),
    os: Nullable(Type.String()),
    arch: Nullable(Type.String()),
    kernel: Nullable(Type.String()),
    cpus: Nullable(Type.Integer()),
    memory: Nullable(Type.Integer({ description: 'Bytes' })),
    containers: Type.Integer({ description: 'On the engine, ours and others' }),
    swarm: Nullable(SwarmView),
    capabilities: Type.Object({
      observer: Type.Object({
        available: Type.Boolean(),
        via: Type.Unsafe<'probe' | 'helper'>({
          type: 'string',
          enum: ['probe', 'helper'],
          description: 'probe: one container looks into every namespace. helper: one joins each that is watched',
        }),
        reason: Nullable(Type.String({ description: 'Why not, or why a helper where a probe was wanted' })),
      }),
      hostMode: Capability,
      overlay: Capability,
      rules: Capability,
      writes: Capability,
    }),
  },
  { $id: 'Engine' },
);
export type EngineView = Static<typeof EngineView>;
