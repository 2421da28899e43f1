// The way of a packet, hop by hop: what each place does with it, by which rules, and the verdict.
import { type Static, Type } from 'typebox';
import { ContainerRef, Protocol } from './container.ts';
import { ReachabilityCode, SeenAs } from './reachability-codes.ts';

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const oneOf = <const T extends string>(values: readonly T[], options = {}) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...options });
const Count = Type.Integer({ minimum: 0 });

export const hopKinds = [
  'client',
  'host-address',
  'docker-proxy',
  'dnat',
  'docker-user',
  'forward',
  'input',
  'output',
  'prerouting',
  'postrouting',
  'route',
  'bridge',
  'veth',
  'interface',
  'socket',
  'reply',
] as const;
export type HopKind = (typeof hopKinds)[number];

export const hopStatuses = ['pass', 'stop', 'unknown', 'skipped'] as const;
export type HopStatus = (typeof hopStatuses)[number];

/** What takes a packet to the container. */
export const pathCarriers = ['docker-proxy', 'dnat', 'direct'] as const;
export type PathCarrier = (typeof pathCarriers)[number];

export const SeenRule = Type.Object(
  {
    table: Type.String({ examples: ['filter'] }),
    chain: Type.String({ examples: ['DOCKER-USER'] }),
    index: Nullable(
      Type.Integer({
        minimum: 1,
        description: "Place in its chain, as `iptables -L --line-numbers` counts; null for the chain's policy",
      }),
    ),
    text: Type.String({ description: 'As `iptables-save` writes it' }),
    packets: Type.Integer({ minimum: 0, description: 'nat rules count connections, all others packets' }),
    bytes: Count,
    certain: Type.Boolean({
      description: 'false where it hangs on a rule that cannot be decided whether the packet meets it',
    }),
  },
  { $id: 'SeenRule', description: 'A rule that the packet meets, and its counters' },
);
export type SeenRule = Static<typeof SeenRule>;

export const LinkCounters = Type.Object({
  rx: Type.Object({ packets: Count, bytes: Count, dropped: Count }),
  tx: Type.Object({ packets: Count, bytes: Count, dropped: Count }),
});
export type LinkCounters = Static<typeof LinkCounters>;

export const Hop = Type.Object(
  {
    kind: oneOf(hopKinds),
    name: Type.String({ description: 'Which one: docker0, DOCKER-USER, 0.0.0.0:8080' }),
    status: oneOf(hopStatuses, {
      description: 'pass, stop: it goes no further; unknown: it cannot be told; skipped: it does not come here',
    }),
    detail: Type.String({ description: 'What happens here, in a sentence' }),
    rules: Type.Array(SeenRule, { description: 'Those that it meets here, in order' }),
    counters: Nullable(LinkCounters),
  },
  { $id: 'Hop' },
);
export type Hop = Static<typeof Hop>;

export const PathVerdict = Type.Object(
  {
    reaches: Nullable(Type.Boolean({ description: 'null where it cannot be told' })),
    code: ReachabilityCode,
    seenAs: SeenAs,
    sentence: Type.String({ examples: ['nothing listens on tcp 2222 in web'] }),
  },
  { $id: 'PathVerdict' },
);
export type PathVerdict = Static<typeof PathVerdict>;

export const PathClient = Type.Object({
  kind: oneOf(['outside', 'host', 'container'] as const),
  id: Nullable(Type.String({ description: 'Id of the container' })),
  name: Nullable(Type.String()),
  address: Nullable(Type.String({ description: 'From which it comes; null where any would do' })),
});
export type PathClient = Static<typeof PathClient>;

export const Path = Type.Object(
  {
    client: PathClient,
    destination: Type.Object({
      address: Type.String({ description: 'What the client connects to' }),
      port: Type.Integer({ minimum: 1, maximum: 65535 }),
    }),
    carriedBy: Nullable(
      oneOf(pathCarriers, {
        description:
          'How it comes to the container: a process that passes it on, a rewritten address, or as it is; null where it does not get so far',
      }),
    ),
    hops: Type.Array(Hop),
    verdict: PathVerdict,
    notes: Type.Array(Type.String(), { description: 'What was assumed, and what is worth knowing' }),
  },
  { $id: 'Path' },
);
export type Path = Static<typeof Path>;

export const PacketPath = Type.Object(
  {
    container: ContainerRef,
    port: Type.Integer({ minimum: 1, maximum: 65535 }),
    protocol: Protocol,
    asOf: Type.String({ format: 'date-time', description: 'All of it was so at this time' }),
    published: Type.Boolean({ description: 'Docker publishes the port, or the container is in the host itself' }),
    paths: Type.Array(Path, { description: 'One for each address of the host at which the port is published' }),
  },
  { $id: 'PacketPath', description: 'How a connection gets to a port of a container' },
);
export type PacketPath = Static<typeof PacketPath>;
