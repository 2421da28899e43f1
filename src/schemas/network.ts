// Networks, in the words of daemon.json: what shapes docker0 there shapes a bridge here. The strings are parsed in the domain, where the error can
// name the culprit.
import { type Static, Type } from 'typebox';
import { ContainerState } from './container.ts';
import { EngineName, LabName, UserLabels } from './create.ts';

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const closedObject = { additionalProperties: false } as const;

/** What is taken for a name: Docker itself takes anything, and then cannot be told from an option or a path. */
export const networkNamePattern = '^[a-zA-Z0-9][a-zA-Z0-9_.-]*$';

const address = (description: string, examples: string[]) =>
  Type.String({ minLength: 2, maxLength: 64, description, examples });

export const CreateNetwork = Type.Object(
  {
    name: Type.String({
      pattern: networkNamePattern,
      maxLength: 128,
      description: 'a-z, A-Z, 0-9, _, . and -, beginning with a letter or digit',
    }),
    driver: Type.Optional(
      Type.Unsafe<'bridge' | 'overlay'>({
        type: 'string',
        enum: ['bridge', 'overlay'],
        description: 'overlay: on an engine that is a swarm manager; always attachable. Default: bridge',
      }),
    ),
    engine: Type.Optional(EngineName),
    lab: Type.Optional(LabName),
    labels: Type.Optional(UserLabels),
    attachable: Type.Optional(
      Type.Boolean({
        description: 'Of an overlay. Default true: one that only services could be on is of no use here',
      }),
    ),
    encrypted: Type.Optional(
      Type.Boolean({ description: 'Of an overlay: what it carries between engines is encrypted. Default false' }),
    ),
    subnet: Type.Optional(
      address('Of an overlay, which has no bridge: its IPv4 subnet. Default: the swarm chooses one', ['10.20.0.0/24']),
    ),
    bip: Type.Optional(
      address('Address of the bridge, with the prefix length of its subnet. Default: the engine chooses both', [
        '10.20.0.1/24',
      ]),
    ),
    'fixed-cidr': Type.Optional(
      address('Containers get their IPv4 addresses from here; a part of the subnet of bip, or without bip the subnet', [
        '10.20.0.128/25',
      ]),
    ),
    'fixed-cidr-v6': Type.Optional(address('The IPv6 subnet', ['fd00:20::/64'])),
    ipv6: Type.Optional(Type.Boolean({ description: 'Default false' })),
    mtu: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 65_535,
        description: 'Of every interface on it: 68 to 65535, with ipv6 at least 1280. 0 and default: 1500',
      }),
    ),
    'default-gateway': Type.Optional(
      address("What containers have for their default route. Default: the bridge's own address", ['10.20.0.254']),
    ),
    'default-gateway-v6': Type.Optional(address('The same for IPv6', ['fd00:20::fe'])),
    dns: Type.Optional(
      Type.Array(Type.String({ minLength: 2, maxLength: 45, description: 'An IP address' }), {
        maxItems: 8,
        description: 'Name servers of the containers that are made here on this network and name none',
      }),
    ),
    icc: Type.Optional(Type.Boolean({ description: 'Containers on it may talk to each other. Default true' })),
    'ip-masq': Type.Optional(
      Type.Boolean({ description: "What leaves the host has the host's address. Default true" }),
    ),
    internal: Type.Optional(Type.Boolean({ description: 'No way in or out of the network. Default false' })),
    force: Type.Optional(
      Type.Boolean({ description: 'Also where the subnet overlaps with a route of the host. Default false' }),
    ),
  },
  {
    $id: 'CreateNetwork',
    ...closedObject,
    examples: [{ name: 'net1', bip: '10.20.0.1/24', 'fixed-cidr': '10.20.0.128/25', mtu: 1400 }],
  },
);
export type CreateNetwork = Static<typeof CreateNetwork>;

/** A container on a network. */
export const NetworkMember = Type.Object({
  id: Type.String(),
  name: Type.String(),
  engine: Type.String({ description: 'The engine that it is on' }),
  state: ContainerState,
  ipv4: Nullable(Type.String({ description: 'null while it does not run' })),
  ipv6: Nullable(Type.String()),
  mac: Nullable(Type.String()),
});
export type NetworkMember = Static<typeof NetworkMember>;

export const NetworkSubnet = Type.Object({
  subnet: Type.String({ examples: ['10.20.0.0/24'] }),
  range: Nullable(Type.String({ description: 'Addresses for containers are taken from here; null: from all of it' })),
  bridge: Nullable(Type.String({ description: "The bridge's own address" })),
  gateway: Nullable(Type.String({ description: 'What containers have for their default route; null: none' })),
});

const networkFields = {
  id: Type.String(),
  name: Type.String(),
  engine: Type.String({
    description: 'Of a network of a swarm: the one that knows most of it, a manager where one is known',
  }),
  engines: Type.Array(Type.String(), {
    description: 'All that show it. An engine of a swarm shows a network of it once a container there is on it',
  }),
  driver: Type.String({ examples: ['bridge'] }),
  scope: Type.String({ description: 'local: of this engine; swarm: of all its nodes' }),
  managed: Type.Boolean({ description: 'Terrarium made it, and may remove it' }),
  lab: Nullable(Type.String()),
  owner: Nullable(Type.String()),
  labels: Type.Unsafe<Record<string, string>>({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'Without those of Terrarium',
  }),
  internal: Type.Boolean(),
  attachable: Type.Boolean({ description: 'Of an overlay: containers can be on it, and not only services' }),
  encrypted: Nullable(
    Type.Boolean({ description: 'Of an overlay: what it carries between engines is; null for others' }),
  ),
  createdAt: Type.String({ format: 'date-time' }),
  bridge: Nullable(
    Type.String({ description: 'Its interface on the host; null where it has none', examples: ['docker0'] }),
  ),
  bip: Nullable(Type.String({ description: 'null where it has no IPv4 subnet' })),
  'fixed-cidr': Nullable(Type.String({ description: 'null: all of the subnet' })),
  ipv6: Type.Boolean(),
  'fixed-cidr-v6': Nullable(Type.String()),
  mtu: Nullable(Type.Integer({ description: 'null where the driver decides' })),
  'default-gateway': Nullable(Type.String({ description: "null: the bridge's own address" })),
  'default-gateway-v6': Nullable(Type.String()),
  dns: Nullable(
    Type.Array(Type.String(), { description: "null for docker0, whose name servers are its daemon's own business" }),
  ),
  icc: Nullable(Type.Boolean({ description: 'null where it is no bridge' })),
  'ip-masq': Nullable(Type.Boolean()),
  subnets: Type.Array(NetworkSubnet),
  containers: Type.Array(NetworkMember, { description: 'Also those that do not run and are set to be on it' }),
  stale: Type.Boolean({ description: 'true while the engine does not answer: this is what was last known' }),
};

export const Network = Type.Object(networkFields, { $id: 'Network' });
export type Network = Static<typeof Network>;

/** The answer to a create: the network, and what of the request has no effect or is not known to fit. */
export const CreatedNetwork = Type.Object(
  { ...networkFields, warnings: Type.Array(Type.String()) },
  { $id: 'CreatedNetwork' },
);
export type CreatedNetwork = Static<typeof CreatedNetwork>;

/** The answer to `?dryRun=true`. `request` is the exact body that would go to the engine's `POST /networks/create`. */
export const NetworkDryRun = Type.Object(
  {
    engine: Type.String(),
    name: Type.String(),
    request: Type.Unsafe<object>({ type: 'object', additionalProperties: true, description: "Docker's create body" }),
    warnings: Type.Array(Type.String()),
  },
  { $id: 'NetworkDryRun' },
);
export type NetworkDryRun = Static<typeof NetworkDryRun>;

const container = Type.String({
  minLength: 1,
  maxLength: 255,
  description: 'Full id, exact name, or unique prefix of an id',
});

export const Connect = Type.Object(
  {
    container,
    ip: Type.Optional(
      Type.String({ format: 'ipv4', description: 'On a network that was made with a subnet of its own choice' }),
    ),
    ip6: Type.Optional(Type.String({ format: 'ipv6' })),
    aliases: Type.Optional(
      Type.Array(Type.String({ pattern: networkNamePattern, maxLength: 128 }), {
        maxItems: 16,
        description: 'Names under which the others on it find the container',
      }),
    ),
  },
  { $id: 'Connect', ...closedObject, examples: [{ container: 'web', aliases: ['www'] }] },
);
export type Connect = Static<typeof Connect>;

export const Disconnect = Type.Object(
  {
    container,
    force: Type.Optional(Type.Boolean({ description: 'Also where the driver does not let it go. Default false' })),
  },
  { $id: 'Disconnect', ...closedObject, examples: [{ container: 'web' }] },
);
export type Disconnect = Static<typeof Disconnect>;
