// A container as the API shows it. Derived from what the engine reports; never the engine's own JSON.
import { type Static, Type } from 'typebox';

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const oneOf = <const T extends string>(values: readonly T[], options = {}) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...options });

export const modes = ['closed', 'bridged', 'joined', 'open'] as const;
export const Mode = oneOf(modes, {
  description: 'How the container is attached, derived from its configuration',
});
export type Mode = (typeof modes)[number];

export const effectiveModes = ['closed', 'bridged', 'open', 'host'] as const;
export const EffectiveMode = oneOf(effectiveModes, {
  description: 'What the container really has now, through its whole join chain',
});
export type EffectiveMode = (typeof effectiveModes)[number];

export const containerStates = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'] as const;
export const ContainerState = oneOf(containerStates);
export type ContainerState = (typeof containerStates)[number];

export const orphanReasons = ['target_restarted', 'target_stopped', 'target_removed'] as const;
export type OrphanReason = (typeof orphanReasons)[number];

export const protocols = ['tcp', 'udp', 'sctp'] as const;
export const Protocol = oneOf(protocols);
export type Protocol = (typeof protocols)[number];

export const PublishedPort = Type.Object({
  containerPort: Type.Integer({ minimum: 1, maximum: 65535 }),
  protocol: Protocol,
  hostIp: Type.String({
    description: 'Address on the host; 0.0.0.0 or :: for all',
  }),
  hostPort: Nullable(
    Type.Integer({
      minimum: 1,
      maximum: 65535,
      description: 'null where the engine chooses it at the next start',
    }),
  ),
});
export type PublishedPort = Static<typeof PublishedPort>;

export const NetworkAttachment = Type.Object({
  name: Type.String(),
  driver: Nullable(Type.String({ description: 'null where the network is not known (yet)' })),
  ipv4: Nullable(Type.String({ description: '172.17.0.2' })),
  prefix: Nullable(Type.Integer({ description: 'Length of the IPv4 prefix' })),
  ipv6: Nullable(Type.String()),
  mac: Nullable(Type.String()),
  gateway: Nullable(Type.String()),
  mtu: Nullable(Type.Integer()),
});
export type NetworkAttachment = Static<typeof NetworkAttachment>;

export const ContainerRef = Type.Object({
  id: Type.String(),
  name: Type.String(),
});
export type ContainerRef = Static<typeof ContainerRef>;

export const NamespaceRef = Type.Object({
  id: Type.String({
    description: 'ENGINE~OWNER_CONTAINER_ID~OWNER_STARTED_AT, or ENGINE~host',
  }),
  inode: Nullable(Type.Integer({ description: 'Reused by the kernel; null until seen' })),
  members: Type.Array(ContainerRef),
});
export type NamespaceRef = Static<typeof NamespaceRef>;

export const Container = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    mode: Mode,
    effective: Type.Union([EffectiveMode, Type.Null()], {
      description:
        'What it really has now, through its whole join chain; null while it does not run, and where it cannot be known',
    }),
    engine: Type.String(),
    image: Type.String({ description: 'As it was asked for' }),
    command: Type.Array(Type.String(), { description: 'Entrypoint and arguments, as they run' }),
    state: ContainerState,
    createdAt: Type.String({ format: 'date-time' }),
    startedAt: Nullable(Type.String({ format: 'date-time' })),
    exitCode: Type.Union([Type.Integer(), Type.Null()], { description: 'null while it runs, and before it ran' }),
    managed: Type.Boolean({ description: 'Terrarium made it, and may change and remove it' }),
    lab: Nullable(Type.String()),
    owner: Nullable(Type.String()),
    expiresAt: Nullable(Type.String({ format: 'date-time' })),
    joinedTo: Nullable(Type.Object({ id: Type.String(), name: Nullable(Type.String()) })),
    orphaned: Type.Boolean({ description: "It no longer shares its target's network namespace; rejoin heals it" }),
    orphanReason: Nullable(oneOf(orphanReasons)),
    rejoin: Nullable(
      oneOf(['manual', 'auto'], {
        description: 'Who heals it when it is orphaned: whoever asks, or the server by itself',
      }),
    ),
    namespace: Nullable(NamespaceRef),
    networks: Type.Array(NetworkAttachment, {
      description: "Those it is on itself; a joined container is on its target's",
    }),
    ports: Type.Array(PublishedPort, {
      description:
        'The live publications; of a stopped container what it asks for, hostPort null where the engine will choose',
    }),
    stale: Type.Boolean({
      description: 'true while the engine does not answer: this is what was last known',
    }),
  },
  { $id: 'Container' },
);
export type Container = Static<typeof Container>;
