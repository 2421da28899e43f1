// What dockerd would do with a daemon.json: would it start, which docker0 results, and everything that is wrong with the file or dangerous in it.
import { type Static, Type } from 'typebox';

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** The closed list of what can be said about a file. */
export const problemCodes = [
  // The file itself.
  'not_utf8',
  'malformed_json',
  'not_an_object',
  'unknown_key',
  'wrong_type',
  'number_too_large',
  // One value.
  'invalid_value',
  'invalid_address',
  'invalid_subnet',
  'invalid_host',
  'out_of_range',
  'file_missing',
  'name_not_found',
  'address_not_here',
  'not_supported',
  // The default bridge.
  'bridge_missing',
  'not_a_bridge',
  'address_reserved',
  'gateway_outside_subnet',
  'wrong_family',
  'subnet_missing',
  'no_free_pool',
  'pool_invalid',
  // Several values together.
  'conflicting_keys',
  'needs_experimental',
  'already_bound',
  // It starts, but.
  'stops_at_once',
  'no_effect',
  'duplicate_key',
  'misplaced_key',
  'byte_order_mark',
  'unauthenticated_tcp',
  'open_to_the_network',
  'open_to_containers',
  'flag_conflict',
  'slow_start',
  'file_overwritten',
  'range_outside_subnet',
  'existing_bridge_kept',
  'bridge_readdressed',
  'bridge_removed',
  'depends_on_host',
  'deprecated',
  'other_engine_version',
  'more_problems',
] as const;
export type ProblemCode = (typeof problemCodes)[number];

const textRange = {
  line: Type.Integer({ minimum: 1, description: 'From 1' }),
  column: Type.Integer({ minimum: 1, description: 'From 1, in UTF-16 code units, as editors of text count' }),
  endLine: Type.Integer({ minimum: 1 }),
  endColumn: Type.Integer({ minimum: 1, description: 'The column after the last character' }),
};

export const TextRange = Type.Object(textRange, { $id: 'TextRange', description: 'A part of the file, as text' });
export type TextRange = Static<typeof TextRange>;

export const TextEdit = Type.Object(
  { ...textRange, text: Type.String({ description: 'What is to stand there instead' }) },
  { $id: 'TextEdit' },
);
export type TextEdit = Static<typeof TextEdit>;

export const mendActions = ['replace', 'remove', 'rename', 'add', 'correct'] as const;
export const DaemonConfigMend = Type.Object(
  {
    action: Type.Unsafe<(typeof mendActions)[number]>({
      type: 'string',
      enum: [...mendActions],
      description:
        'replace: the value of `key` by `value`; remove: the key; rename: the key to `value`; add: the key with `value`; correct: what makes it no JSON',
    }),
    key: Nullable(Type.String()),
    value: Nullable(Type.String({ description: 'As it is written into the file', examples: ['"192.168.1.1"'] })),
    edits: Type.Array(TextEdit, { description: 'All of them make the change; none touches another' }),
  },
  { $id: 'DaemonConfigMend', description: 'A change of the file that does what `fix` says' },
);
export type DaemonConfigMend = Static<typeof DaemonConfigMend>;

export const DaemonConfigProblem = Type.Object(
  {
    severity: Type.Unsafe<'error' | 'warning' | 'info'>({
      type: 'string',
      enum: ['error', 'warning', 'info'],
      description:
        'error: dockerd does not start. warning: it starts, and does not do what was meant, or something dangerous',
    }),
    key: Nullable(
      Type.String({
        description: 'The key at fault, as it is written in the file; null: the file itself',
        examples: ['default-gateway'],
      }),
    ),
    code: Type.Unsafe<ProblemCode>({ type: 'string', enum: [...problemCodes], description: 'One of a closed list' }),
    message: Type.String({ description: 'What is wrong, and why' }),
    fix: Type.String({ description: 'What to write instead' }),
    place: Nullable(TextRange),
    mends: Type.Array(DaemonConfigMend, {
      description: 'Changes that can be made without a person who knows what to write; any one of them does',
    }),
    says: Nullable(Type.String({ description: 'What dockerd itself says of it; null where it says nothing' })),
  },
  { $id: 'DaemonConfigProblem' },
);
export type DaemonConfigProblem = Static<typeof DaemonConfigProblem>;

export const BridgeSettings = Type.Object(
  {
    address: Nullable(
      Type.String({ description: 'Of the bridge itself, as `ip address` shows it', examples: ['192.168.1.5/24'] }),
    ),
    subnet: Nullable(
      Type.String({ description: 'In which containers get their addresses', examples: ['192.168.1.0/24'] }),
    ),
    ipRange: Nullable(
      Type.String({
        description: 'The part of the subnet they are taken from; null: all of it',
        examples: ['192.168.1.128/25'],
      }),
    ),
    gateway: Nullable(
      Type.String({
        description:
          'As `docker network inspect bridge` shows it: the address of the bridge. `default-gateway` leaves it; see defaultRoute',
        examples: ['192.168.1.5'],
      }),
    ),
    mtu: Nullable(Type.Integer({ examples: [1500] })),
    ipv6: Type.Boolean({ description: 'Is IPv6 enabled on it' }),
  },
  { $id: 'BridgeSettings' },
);
export type BridgeSettings = Static<typeof BridgeSettings>;

export const DaemonConfigVerdict = Type.Object(
  {
    verdict: Type.Unsafe<'boots' | 'fails'>({
      type: 'string',
      enum: ['boots', 'fails'],
      description: 'Would dockerd, started with this file and without flags, come up',
    }),
    problems: Type.Array(DaemonConfigProblem, {
      description: 'Errors first, in the order in which dockerd would meet them',
    }),
    bridge: Nullable(BridgeSettings),
    bridgeV6: Nullable(
      Type.Object({
        address: Type.String({ examples: ['2001:db8::1/64'] }),
        subnet: Type.String({ examples: ['2001:db8::/64'] }),
      }),
    ),
    defaultRoute: Nullable(
      Type.Object(
        { ipv4: Nullable(Type.String()), ipv6: Nullable(Type.String()) },
        { description: 'Where containers on the default bridge send what leaves it' },
      ),
    ),
    validateSays: Type.String({
      description: 'What `dockerd --validate` prints. It passes many a file that does not start',
      examples: ['configuration OK'],
    }),
  },
  { $id: 'DaemonConfigVerdict' },
);
export type DaemonConfigVerdict = Static<typeof DaemonConfigVerdict>;

/** The file as it is, whatever is in it: what is wrong with it is the answer, not a refusal. */
export const DaemonConfigFile = Type.Unsafe<unknown>({
  $id: 'DaemonConfigFile',
  description: 'The text of daemon.json. It may be any bytes: what is wrong with them is the answer',
  examples: [{ bip: '192.168.1.5/24', 'default-gateway': '10.20.1.1', mtu: 1500 }],
});

export const DaemonConfigQuery = Type.Object({
  engineVersion: Type.Optional(
    Type.String({
      pattern: '^\\d{1,3}\\.\\d{1,3}(\\.\\d{1,3})?([-+~.][\\w.+~-]{1,40})?$',
      description: 'Of the engine that would read the file; the check knows 26.1, and says so of another',
      examples: ['26.1.5'],
    }),
  ),
  docker0: Type.Optional(
    Type.String({
      maxLength: 1_000,
      description:
        'Addresses of a docker0 that is there already, as `ip address` shows them, with commas between; empty: it has none. Without this the host is fresh',
      examples: ['172.17.0.1/16'],
    }),
  ),
  dataRoot: Type.Optional(
    Type.Unsafe<'fresh' | 'kept'>({
      type: 'string',
      enum: ['fresh', 'kept'],
      default: 'fresh',
      description:
        'kept: the engine made that docker0 itself, and still has its data; with `default-address-pools` it then makes docker0 anew',
    }),
  ),
});
export type DaemonConfigQuery = Static<typeof DaemonConfigQuery>;

export const EngineEndpoint = Type.Object(
  {
    address: Type.String({ examples: ['unix:///var/run/docker.sock', 'tcp://0.0.0.0:2375'] }),
    foundBy: Type.Unsafe<'configured' | 'listening'>({
      type: 'string',
      enum: ['configured', 'listening'],
      description: 'configured: this server uses it. listening: the host has a socket on a port where engines listen',
    }),
    answers: Nullable(
      Type.Unsafe<'everybody' | 'with_tls' | 'nobody'>({
        type: 'string',
        enum: ['everybody', 'with_tls', 'nobody'],
        description: 'everybody: an engine answers there without asking who it is. Null: nobody could ask',
      }),
    ),
    answersContainers: Nullable(
      Type.Boolean({
        description: 'Does it answer a container on the default bridge, asked from inside one. Null: nobody could ask',
      }),
    ),
  },
  { $id: 'EngineEndpoint' },
);
export type EngineEndpoint = Static<typeof EngineEndpoint>;

export const EngineDaemonConfig = Type.Object(
  {
    engine: Type.String(),
    version: Nullable(Type.String()),
    bridge: Nullable(BridgeSettings),
    bridgeV6: DaemonConfigVerdict.properties.bridgeV6,
    defaultRoute: DaemonConfigVerdict.properties.defaultRoute,
    effective: Type.Record(Type.String(), Type.Union([Type.String(), Type.Integer(), Type.Boolean()]), {
      description:
        'The settings in effect, under the names of daemon.json: written into one, they make the same docker0',
      examples: [{ bip: '172.17.0.1/16', mtu: 1500, icc: true, 'ip-masq': true, ip: '0.0.0.0' }],
    }),
    endpoints: Type.Array(EngineEndpoint),
    problems: Type.Array(DaemonConfigProblem, { description: 'The dangers, worst first' }),
    unknown: Type.Array(Type.String(), { description: 'What could not be looked at, and why' }),
  },
  { $id: 'EngineDaemonConfig' },
);
export type EngineDaemonConfig = Static<typeof EngineDaemonConfig>;
