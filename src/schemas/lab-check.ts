// The checks of a lab file: assertions about the network that are proved on the live system. Each names exactly one thing that has to be true,
// and the container that it is about; one about the engine itself names none.
import { type Static, Type } from 'typebox';
import { type ProblemCode, problemCodes } from './daemon-config.ts';
import { ItemName, Text } from './lab-words.ts';
import { type NamespaceKind, namespaceKinds } from './namespaces.ts';
import { type PathCarrier, pathCarriers } from './packet-path.ts';

const closedObject = { additionalProperties: false } as const;

const Port = Type.Integer({ minimum: 1, maximum: 65_535 });
const TransportProtocol = Type.Unsafe<'tcp' | 'udp'>({
  type: 'string',
  enum: ['tcp', 'udp'],
  description: 'Default: tcp',
});
const AddressText = (description: string) => Type.String({ minLength: 2, maxLength: 49, description });
const TimeoutMs = Type.Integer({ minimum: 100, maximum: 30_000, description: 'Default: 2000 ms' });

const Listens = Type.Union(
  [
    Port,
    Type.Object(
      {
        port: Port,
        protocol: Type.Optional(TransportProtocol),
        address: Type.Optional(
          AddressText('The address it is bound to, 0.0.0.0 or :: for all. Default: any but loopback'),
        ),
      },
      closedObject,
    ),
  ],
  { description: 'A port on which something in its namespace listens' },
);

const Published = Type.Union(
  [
    Port,
    Type.Object(
      {
        port: Type.Unsafe<number>({ ...Port, description: 'Of the container' }),
        protocol: Type.Optional(TransportProtocol),
        hostPort: Type.Optional(Type.Unsafe<number>({ ...Port, description: 'Of the host. Default: any' })),
        hostIp: Type.Optional(AddressText('Of the host, 0.0.0.0 or :: for all. Default: any')),
        dynamic: Type.Optional(
          Type.Boolean({ description: 'true: the engine chose the port of the host; false: it was asked for' }),
        ),
      },
      closedObject,
    ),
  ],
  { description: 'A container port that is published on the host now' },
);

const Peer = Type.Object(
  {
    container: Type.Optional(ItemName),
    address: Type.Optional(AddressText('Instead of a container: an IP address')),
    port: Port,
  },
  closedObject,
);

const Route = Type.Object(
  {
    to: Type.String({ minLength: 2, maxLength: 49, description: '`default`, or a subnet such as 10.20.0.0/24' }),
    via: Type.Optional(AddressText('The gateway')),
    interface: Type.Optional(Type.String({ minLength: 1, maxLength: 15 })),
  },
  { ...closedObject, description: 'A route that its namespace has' },
);

/** Whose namespaces are compared. As text: the network namespace of a container. */
const Neighbour = (description: string) =>
  Type.Union(
    [
      ItemName,
      Type.Object(
        {
          container: Type.Optional(ItemName),
          host: Type.Optional(Type.Literal(true, { description: "Instead of a container: the engine's own host" })),
          kinds: Type.Optional(
            Type.Array(Type.Unsafe<NamespaceKind>({ type: 'string', enum: [...namespaceKinds] }), {
              minItems: 1,
              maxItems: namespaceKinds.length,
              uniqueItems: true,
              description: 'Which namespaces: of each of these it has to be true. Default: net',
            }),
          ),
        },
        closedObject,
      ),
    ],
    { description },
  );

const PathOfPort = Type.Object(
  {
    port: Type.Unsafe<number>({ ...Port, description: 'Of the container' }),
    protocol: Type.Optional(TransportProtocol),
    from: Type.Optional(
      Type.Union(
        [
          Type.Unsafe<'outside' | 'host'>({ type: 'string', enum: ['outside', 'host'] }),
          Type.Object({ container: ItemName }, closedObject),
        ],
        { description: 'Where the packet comes from: outside (default), host, or { container }' },
      ),
    ),
    reaches: Type.Optional(
      Type.Boolean({ description: 'Does it arrive, by any of the ways to the port. Default: true' }),
    ),
    carriedBy: Type.Optional(
      Type.Unsafe<PathCarrier>({
        type: 'string',
        enum: [...pathCarriers],
        description:
          'What takes it to the container. dnat: a rule of iptables that rewrites its address; docker-proxy: a process that passes it on; direct: it is sent to the container itself',
      }),
    ),
  },
  { ...closedObject, description: 'What becomes of a packet to a port of it, by the real rules of the host' },
);

const DaemonConfigCheck = Type.Object(
  {
    file: Type.Unsafe<Readonly<Record<string, unknown>>>({
      type: 'object',
      additionalProperties: true,
      description: 'The daemon.json',
    }),
    boots: Type.Boolean({ description: 'Would a dockerd of the version of the engine start with it, on a fresh host' }),
    bridge: Type.Optional(
      Type.String({
        minLength: 2,
        maxLength: 64,
        description: 'The address that docker0 then has',
        examples: ['192.168.1.5/24'],
      }),
    ),
    finds: Type.Optional(
      Type.Array(Type.Unsafe<ProblemCode>({ type: 'string', enum: [...problemCodes] }), {
        minItems: 1,
        maxItems: 32,
        uniqueItems: true,
        description: 'What is among the problems of the file, as POST /daemon-config/check names them',
      }),
    ),
  },
  { ...closedObject, description: 'What becomes of an engine with such a daemon.json. It names no container' },
);

const Exec = Type.Object(
  {
    command: Type.Array(Type.String({ maxLength: 65_536, pattern: '^[^\\u0000]*$' }), {
      minItems: 1,
      maxItems: 256,
      description: 'An array of arguments; no shell reads them',
    }),
    exitCode: Type.Optional(Type.Integer({ minimum: 0, maximum: 255, description: 'Default: 0' })),
    stdout: Type.Optional(
      Type.String({ minLength: 1, maxLength: 4_096, description: 'Words that its standard output contains' }),
    ),
    stderr: Type.Optional(
      Type.String({ minLength: 1, maxLength: 4_096, description: 'Words that its standard error contains' }),
    ),
    timeoutMs: Type.Optional(TimeoutMs),
  },
  { ...closedObject, description: 'A command that ends in this way when it is run in the container' },
);

/** What each kind of check asserts. */
const assertions = {
  listens: Listens,
  published: Published,
  interfaces: Type.Array(Type.String({ minLength: 1, maxLength: 15 }), {
    minItems: 1,
    maxItems: 64,
    uniqueItems: true,
    description: 'The interfaces that are up: these and no others',
  }),
  address: AddressText('An address that one of its interfaces has, or a subnet in which one of them lies'),
  sharesNamespaceWith: Neighbour('Who has the same network namespace, or the same of other `kinds`'),
  isolatedFrom: Neighbour('Who has another network namespace, or others of other `kinds`'),
  reaches: Type.Unsafe<Static<typeof Peer>>({ ...Peer, description: 'A TCP connection to it succeeds' }),
  cannotReach: Type.Unsafe<Static<typeof Peer>>({ ...Peer, description: 'A TCP connection to it does not succeed' }),
  route: Route,
  path: PathOfPort,
  exec: Exec,
  daemonConfig: DaemonConfigCheck,
} as const;

export type CheckKind = keyof typeof assertions;
export const checkKinds = Object.keys(assertions) as CheckKind[];

/** The members that every check may have. */
const words = { text: Type.Optional(Text), hint: Type.Optional(Text) };

/** Those of a check of a container. */
const common = {
  container: Type.Unsafe<string>({ ...ItemName, description: 'The container of this lab that it is about' }),
  ...words,
};

const checkOf = <Kind extends CheckKind>(kind: Kind) =>
  Type.Object({ ...common, [kind]: assertions[kind] } as typeof common & Pick<typeof assertions, Kind>, {
    ...closedObject,
    title: kind,
  });

/** The schema of a check of each kind: an error is about the one that the check says it is. */
export const labCheckSchemas = {
  listens: checkOf('listens'),
  published: checkOf('published'),
  interfaces: checkOf('interfaces'),
  address: checkOf('address'),
  sharesNamespaceWith: checkOf('sharesNamespaceWith'),
  isolatedFrom: checkOf('isolatedFrom'),
  reaches: checkOf('reaches'),
  cannotReach: checkOf('cannotReach'),
  route: checkOf('route'),
  path: checkOf('path'),
  exec: checkOf('exec'),
  daemonConfig: Type.Object({ ...words, daemonConfig: DaemonConfigCheck }, { ...closedObject, title: 'daemonConfig' }),
} as const;

export const LabCheck = Type.Union(
  [
    labCheckSchemas.listens,
    labCheckSchemas.published,
    labCheckSchemas.interfaces,
    labCheckSchemas.address,
    labCheckSchemas.sharesNamespaceWith,
    labCheckSchemas.isolatedFrom,
    labCheckSchemas.reaches,
    labCheckSchemas.cannotReach,
    labCheckSchemas.route,
    labCheckSchemas.path,
    labCheckSchemas.exec,
    labCheckSchemas.daemonConfig,
  ],
  { description: 'A container, and one thing that has to be true of it' },
);
export type LabCheck = Static<typeof LabCheck>;
export type Peer = Static<typeof Peer>;
export type DaemonConfigCheck = Static<typeof DaemonConfigCheck>;
export type PathOfPort = Static<typeof PathOfPort>;
export type NeighbourChoice = Static<ReturnType<typeof Neighbour>>;

/** What a check has come to. `error`: it could not be looked at, so it is neither true nor false. */
export const CheckResult = Type.Object(
  {
    name: Type.String({ description: 'In the file' }),
    instance: Type.Union([Type.Integer(), Type.Null()]),
    kind: Type.Unsafe<CheckKind>({ type: 'string', enum: [...checkKinds] }),
    container: Type.Union([Type.String(), Type.Null()], {
      description: 'On the engine; null of a check that is about none',
    }),
    status: Type.Unsafe<'pass' | 'fail' | 'error'>({ type: 'string', enum: ['pass', 'fail', 'error'] }),
    claim: Type.String({ description: 'What was asserted, in a sentence' }),
    evidence: Type.String({ description: 'What was seen' }),
    hint: Type.Union([Type.String(), Type.Null()], { description: 'What to look for, of one that does not hold' }),
    at: Type.String({ format: 'date-time' }),
    durationMs: Type.Integer(),
  },
  { $id: 'CheckResult' },
);
export type CheckResult = Static<typeof CheckResult>;

export const CheckReport = Type.Object(
  {
    lab: Type.String(),
    engine: Type.String(),
    status: Type.Unsafe<'pass' | 'fail' | 'error'>({
      type: 'string',
      enum: ['pass', 'fail', 'error'],
      description: 'error where one could not be looked at, else fail where one does not hold',
    }),
    passed: Type.Integer(),
    failed: Type.Integer(),
    errors: Type.Integer(),
    results: Type.Array(CheckResult),
  },
  { $id: 'CheckReport' },
);
export type CheckReport = Static<typeof CheckReport>;
