// The bodies of `POST /containers/{mode}`: one schema a mode, unknown fields refused. Strings that Docker itself interprets (ports, image,
// durations, sizes) are parsed in the domain, where the error can name the culprit; here only their shape and size is bounded.
import { type Static, Type } from 'typebox';
import { Container, Mode } from './container.ts';

const closedObject = { additionalProperties: false } as const;

/** No NUL: the engine hands these strings to execve. */
const argument = (maxLength: number, options = {}) => Type.String({ maxLength, pattern: '^[^\\u0000]*$', ...options });

/** Named strings. (A plain Record checks only the names that fit its pattern, and lets any other through.) */
const dictionary = (
  names: { pattern?: string; minLength?: number; maxLength: number },
  value: Type.TSchema,
  maxProperties: number,
) =>
  Type.Unsafe<Record<string, string>>({
    type: 'object',
    propertyNames: { type: 'string', ...names },
    additionalProperties: value,
    maxProperties,
  });

/** Docker's rule for names: two characters at least. */
export const containerNamePattern = '^[a-zA-Z0-9][a-zA-Z0-9_.-]+$';

export const LabName = Type.String({
  pattern: '^[a-z0-9][a-z0-9_.-]*$',
  maxLength: 63,
  description: 'Name of a lab: a-z, 0-9, _, . and -, beginning with a letter or digit',
});
export const EngineName = Type.String({
  pattern: '^[a-zA-Z0-9][a-zA-Z0-9_.-]*$',
  maxLength: 63,
  description: 'Name of an engine, as GET /api/v1/engines lists them',
});

export const Placement = Type.Union(
  [
    Type.Literal('least-loaded'),
    Type.Object(
      {
        labels: Type.Unsafe<Record<string, string>>({
          ...dictionary({ minLength: 1, maxLength: 63 }, Type.String({ maxLength: 128 }), 32),
          minProperties: 1,
          description: 'All of them, as the file of engines has them',
        }),
      },
      closedObject,
    ),
  ],
  {
    description:
      '"least-loaded": the engine with the fewest running containers for each CPU. { "labels": { … } }: the least loaded of those that have them all. Instead of `engine`',
    examples: ['least-loaded', { labels: { room: 'a' } }],
  },
);
export type Placement = Static<typeof Placement>;

export const UserLabels = Type.Unsafe<Record<string, string>>({
  ...dictionary({ minLength: 1, maxLength: 256 }, Type.String({ maxLength: 4_096 }), 64),
  description: 'None may begin with io.terrarium. or com.docker.',
});

/** What a container gets where the request does not say. Memory in bytes. */
export const defaultLimits = { memory: 512 * 1024 ** 2, cpus: 1, pids: 256 } as const;

export const Limits = Type.Object(
  {
    memory: Type.Optional(
      Type.Union(
        [Type.Integer({ minimum: 6_291_456, maximum: 2 ** 50 }), Type.String({ minLength: 1, maxLength: 32 })],
        {
          description: 'Bytes, or as `docker run -m` takes it: `64m`, `1g`; at least 6m. Default: 512m',
        },
      ),
    ),
    cpus: Type.Optional(
      Type.Number({
        minimum: 0.01,
        maximum: 1024,
        description: 'CPUs, as `docker run --cpus`; no more than the engine has. Default: 1',
      }),
    ),
    pids: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 4_194_304, description: 'Processes and threads. Default: 256' }),
    ),
  },
  {
    ...closedObject,
    description: 'A container is never without limits. Its log keeps two files of 10 MB at most.',
  },
);

const common = {
  name: Type.Optional(
    Type.String({
      pattern: containerNamePattern,
      maxLength: 128,
      description:
        'Two or more of a-z, A-Z, 0-9, _, . and -, beginning with a letter or digit. Default: two words and six digits; with an Idempotency-Key, a name derived from it',
      examples: ['t1'],
    }),
  ),
  image: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 512,
      description: 'Default: busybox:latest, unless the server is configured otherwise',
    }),
  ),
  command: Type.Optional(
    Type.Array(argument(65_536), {
      maxItems: 256,
      description: 'An array of arguments, such as ["sleep", "60"]; no shell reads them',
      examples: [['/bin/httpd', '-f', '-p', '2222']],
    }),
  ),
  entrypoint: Type.Optional(Type.Array(argument(65_536), { maxItems: 64 })),
  env: Type.Optional(
    Type.Union(
      [
        dictionary({ pattern: '^[^=\\u0000]+$', maxLength: 256 }, argument(32_768), 256),
        Type.Array(
          Type.String({
            pattern: '^[^=\\u0000]+=[^\\u0000]*$',
            maxLength: 33_024,
          }),
          { maxItems: 256 },
        ),
      ],
      { description: 'An object, or an array of NAME=value' },
    ),
  ),
  workingDir: Type.Optional(argument(4_096, { minLength: 1, description: 'An absolute path' })),
  user: Type.Optional(argument(256, { minLength: 1 })),
  hostname: Type.Optional(
    Type.String({
      pattern: '^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$',
      maxLength: 63,
      description: 'Letters, digits and dashes, in parts that are separated by dots',
    }),
  ),
  tty: Type.Optional(
    Type.Boolean({
      description: 'Default true without command, so that a shell image stays up',
    }),
  ),
  stdin: Type.Optional(Type.Boolean({ description: 'Default true without command' })),
  autoRemove: Type.Optional(Type.Boolean({ description: 'Remove it when it ends. Default false' })),
  restart: Type.Optional(
    Type.String({
      maxLength: 32,
      description: 'no (default), always, unless-stopped, on-failure[:N]',
    }),
  ),
  labels: Type.Optional(UserLabels),
  lab: Type.Optional(LabName),
  ttl: Type.Optional(
    Type.String({
      maxLength: 32,
      description: 'Life time, such as 30m or 2h, by the clock of the engine',
      examples: ['2h'],
    }),
  ),
  engine: Type.Optional(EngineName),
  placement: Type.Optional(Placement),
  limits: Type.Optional(Limits),
  capabilities: Type.Optional(
    Type.Array(
      Type.Unsafe<'NET_ADMIN' | 'NET_RAW'>({
        type: 'string',
        enum: ['NET_ADMIN', 'NET_RAW'],
      }),
      {
        maxItems: 2,
        uniqueItems: true,
        description: "Beyond Docker's default ones; none in the host's network namespace",
      },
    ),
  ),
  pull: Type.Optional(
    Type.Unsafe<'missing' | 'never' | 'always'>({
      type: 'string',
      enum: ['missing', 'never', 'always'],
      description: 'When to pull the image. Default: missing',
    }),
  ),
};

const onNetwork = {
  network: Type.Optional(
    Type.String({
      pattern: '^[a-zA-Z0-9][a-zA-Z0-9_.-]*$',
      maxLength: 128,
      description: "A bridge or overlay network, by name or id. Default: docker0; with `lab` a bridge of the lab's own",
    }),
  ),
  ip: Type.Optional(Type.String({ format: 'ipv4', description: 'On a network with a subnet of its own choice' })),
  ip6: Type.Optional(Type.String({ format: 'ipv6' })),
  aliases: Type.Optional(
    Type.Array(Type.String({ pattern: '^[a-zA-Z0-9][a-zA-Z0-9_.-]*$', maxLength: 128 }), { maxItems: 16 }),
  ),
  dns: Type.Optional(
    Type.Array(
      Type.String({
        minLength: 2,
        maxLength: 45,
        description: 'An IP address',
      }),
      { maxItems: 8 },
    ),
  ),
};

export const CreateClosed = Type.Object(
  { ...common },
  { $id: 'CreateClosed', ...closedObject, examples: [{ name: 't1' }] },
);
export type CreateClosed = Static<typeof CreateClosed>;

export const CreateBridged = Type.Object(
  { ...common, ...onNetwork },
  { $id: 'CreateBridged', ...closedObject, examples: [{ name: 't2', network: 'bridge' }] },
);
export type CreateBridged = Static<typeof CreateBridged>;

const { hostname: _ofTheTarget, placement: _whereTheTargetIs, ...commonOfJoined } = common;

export const rejoinPolicies = ['manual', 'auto'] as const;
export type RejoinPolicy = (typeof rejoinPolicies)[number];

/** hostname and dns belong to the target's namespace: Docker refuses them here, and so do we, by name. */
export const CreateJoined = Type.Object(
  {
    ...commonOfJoined,
    target: Type.String({
      minLength: 1,
      maxLength: 255,
      description: 'A running container: full id, exact name, or unique prefix of an id',
    }),
    rejoin: Type.Optional(
      Type.Unsafe<RejoinPolicy>({
        type: 'string',
        enum: [...rejoinPolicies],
        description:
          'What happens when it is stranded, because its target was restarted or replaced. manual (default): it waits for POST …/rejoin; auto: the server rejoins it',
      }),
    ),
  },
  { $id: 'CreateJoined', ...closedObject, examples: [{ name: 'joined', target: 'web' }] },
);
export type CreateJoined = Static<typeof CreateJoined>;

export const CreateOpen = Type.Object(
  {
    ...common,
    ...onNetwork,
    ports: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
        minItems: 1,
        maxItems: 128,
        description:
          'As `docker run -p`: containerPort, hostPort:containerPort, ip::containerPort, ip:hostPort:containerPort',
        examples: [['2222', '8080:2222', '127.0.0.1::2222', '127.0.0.1:8081:2222']],
      }),
    ),
    publishAll: Type.Optional(Type.Boolean({ description: 'Publish every port that the image exposes' })),
    host: Type.Optional(Type.Boolean({ description: "Share the host's own network namespace" })),
  },
  {
    $id: 'CreateOpen',
    ...closedObject,
    examples: [{ name: 'web', command: ['/bin/httpd', '-f', '-p', '2222'], ports: ['127.0.0.1:8080:2222'] }],
  },
);
export type CreateOpen = Static<typeof CreateOpen>;

/** Any of the four, with its mode: what the create service takes. */
export type CreateRequest =
  | ({ mode: 'closed' } & CreateClosed)
  | ({ mode: 'bridged' } & CreateBridged)
  | ({ mode: 'joined' } & CreateJoined)
  | ({ mode: 'open' } & CreateOpen);

/** The answer to `?dryRun=true`. `request` is the exact body that would go to the engine's `POST /containers/create?name=NAME`. */
export const DryRun = Type.Object(
  {
    mode: Mode,
    engine: Type.String(),
    engineReason: Type.String({
      description: 'Why this engine',
      examples: [
        'the request names it',
        'it is the least loaded of 2 (containers for each CPU: left 0.50, right 1.25)',
      ],
    }),
    name: Type.String(),
    request: Type.Unsafe<object>({ type: 'object', additionalProperties: true, description: "Docker's create body" }),
    warnings: Type.Array(Type.String()),
  },
  { $id: 'DryRun' },
);
export type DryRun = Static<typeof DryRun>;

export const CreateQuery = Type.Object(
  {
    dryRun: Type.Optional(Type.Boolean({ description: 'Answer what would be sent to the engine, and make nothing' })),
    engine: Type.Optional(EngineName),
  },
  closedObject,
);

/** 201: made; 200: what a dry run would make. */
export const createAnswers = { 201: Container, 200: DryRun } as const;
