// Who can reach whom, through which port, and if not, why not.
import { type Static, Type } from 'typebox';
import { ContainerState, EffectiveMode, Protocol } from './container.ts';
import { ReachabilityCode, ReachabilityOutcome, SeenAs } from './reachability-codes.ts';

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const oneOf = <const T extends string>(values: readonly T[], options = {}) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...options });

export const ReachabilityNode = Type.Object(
  {
    id: Type.String({ description: 'Container id, or `host`; where several engines are looked at `ENGINE~host`' }),
    name: Type.String(),
    kind: oneOf(['container', 'host'] as const),
    engine: Type.String({ description: 'The engine that it is on' }),
    stale: Type.Boolean({ description: 'true where its engine does not answer: this is what was last known' }),
    state: Type.Union([ContainerState, Type.String()]),
    effective: Nullable(EffectiveMode),
    namespace: Nullable(Type.String({ description: 'Id of its network namespace; null while it does not run' })),
  },
  { $id: 'ReachabilityNode' },
);
export type ReachabilityNode = Static<typeof ReachabilityNode>;

export const addressKinds = ['loopback', 'own', 'host', 'published'] as const;
export type AddressKind = (typeof addressKinds)[number];

export const ReachabilityEntry = Type.Object(
  {
    from: Type.String({ description: 'Id of a node; `outside` for the network beyond the host' }),
    to: Type.String({ description: 'Id of the node whose listening socket it is' }),
    address: Type.String({ description: 'What the source connects to' }),
    port: Type.Integer({ minimum: 1, maximum: 65535 }),
    protocol: Protocol,
    at: oneOf(addressKinds, {
      description:
        "loopback: within one namespace; own: the target's own address; host: an address of the host, whose program it is; published: an address of the host, on behalf of the target",
    }),
    outcome: ReachabilityOutcome,
    code: ReachabilityCode,
    seenAs: SeenAs,
    carriedBy: Nullable(oneOf(['docker-proxy'] as const)),
    sentence: Type.String(),
    verifiable: Type.Boolean({
      description:
        'false for UDP, from outside, and where the address may be that of another: a connection would prove nothing',
    }),
  },
  { $id: 'ReachabilityEntry' },
);
export type ReachabilityEntry = Static<typeof ReachabilityEntry>;

export const ReachabilityPair = Type.Object(
  {
    from: Type.String(),
    to: Type.String(),
    outcome: Nullable(
      Type.Unsafe<'reaches' | 'fails' | 'unknown'>({
        type: 'string',
        enum: ['reaches', 'fails', 'unknown'],
        description: 'reaches where any address and port does',
      }),
    ),
    reachable: Type.Array(Type.String(), { description: '`tcp/172.17.0.2:80`: what it reaches' }),
    names: Type.Array(Type.String(), { description: 'Names of the target that the source resolves' }),
    namesReason: Type.String({ description: 'Why these, or why none' }),
  },
  {
    $id: 'ReachabilityPair',
    description: 'One source and one target; outcome is null where the target listens on nothing',
  },
);
export type ReachabilityPair = Static<typeof ReachabilityPair>;
