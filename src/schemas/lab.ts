// The lab file: networks, containers, checks and steps, in one schema. What Docker itself interprets (ports, image, durations, subnets) and what
// refers from one member to another is judged in src/domain/lab, where the error can name the culprit and its line.
import { type Static, Type } from 'typebox';
import { CreateBridged, CreateClosed, CreateJoined, CreateOpen, EngineName, LabName } from './create.ts';
import { LabCheck } from './lab-check.ts';
import { ItemName, Text } from './lab-words.ts';
import { CreateNetwork } from './network.ts';

const closedObject = { additionalProperties: false } as const;

/** Bounds of a lab file. `text` is in UTF-16 units, which is what is read. */
export const labLimits = { text: 262_144, containers: 1_000, networks: 100, checks: 1_000, steps: 500 } as const;

/** Named members. A plain Record checks only the names that fit its pattern, and lets any other through. */
const named = <Value>(value: Type.TSchema, maxProperties: number, description: string) =>
  Type.Unsafe<Record<string, Value>>({
    type: 'object',
    propertyNames: ItemName,
    additionalProperties: value,
    maxProperties,
    description,
  });

/** What of a network's request a lab decides itself. */
const { name: _name, lab: _lab, labels: _labels, force: _force, ...networkSettings } = CreateNetwork.properties;

/** A network of the lab's own, in the words of daemon.json. */
export const LabNetwork = Type.Object(
  {
    external: Type.Optional(
      Type.Boolean({
        description: 'true: a network of this very name that exists already, and that the lab only uses',
      }),
    ),
    ...networkSettings,
  },
  {
    ...closedObject,
    title: 'network',
    description:
      'A network of the lab, named LAB-NAME on the engine: a bridge of one engine, or an overlay of all that its containers are on. Its settings have the names of daemon.json',
  },
);
export type LabNetwork = Static<typeof LabNetwork>;

const order = {
  after: Type.Optional(
    Type.Array(ItemName, {
      maxItems: 32,
      uniqueItems: true,
      description: 'Containers of this lab that run, and are ready, before this one is made',
    }),
  ),
  ready: Type.Optional(
    Type.Array(ItemName, {
      minItems: 1,
      maxItems: 32,
      uniqueItems: true,
      description: 'Checks of this lab that hold when it is ready',
    }),
  ),
};

/** What of a create request a lab decides itself, or what would make a container come and go by itself. */
const decidedByTheLab = ['name', 'lab', 'ttl', 'placement', 'autoRemove'] as const;
type DecidedByTheLab = (typeof decidedByTheLab)[number];

function own<Fields extends Record<string, Type.TSchema>>(fields: Fields): Omit<Fields, DecidedByTheLab> {
  return Object.fromEntries(
    Object.entries(fields).filter(([name]) => !(decidedByTheLab as readonly string[]).includes(name)),
  ) as Omit<Fields, DecidedByTheLab>;
}

const onLabNetwork = {
  network: Type.Optional(
    Type.String({
      pattern: '^[a-zA-Z0-9][a-zA-Z0-9_.-]*$',
      maxLength: 128,
      description:
        "A network of this lab, or `bridge` for docker0. Default: the lab's network `default`, which need not be listed",
    }),
  ),
};

/** A container of each mode: an error is about the one that the container says it is. */
export const labContainerSchemas = {
  closed: Type.Object(
    { mode: Type.Literal('closed'), ...own(CreateClosed.properties), ...order },
    { ...closedObject, title: 'closed', description: 'lo only (--network none)' },
  ),
  bridged: Type.Object(
    { mode: Type.Literal('bridged'), ...own(CreateBridged.properties), ...onLabNetwork, ...order },
    { ...closedObject, title: 'bridged', description: 'On a bridge of the lab, or on docker0' },
  ),
  joined: Type.Object(
    {
      mode: Type.Literal('joined'),
      ...own(CreateJoined.properties),
      target: Type.Unsafe<string>({
        ...ItemName,
        description: 'The container of this lab whose network namespace it shares',
      }),
      ...order,
    },
    { ...closedObject, title: 'joined', description: "In another container's network namespace" },
  ),
  open: Type.Object(
    {
      mode: Type.Literal('open'),
      ...own(CreateOpen.properties),
      ...onLabNetwork,
      ports: Type.Optional(
        Type.Array(
          Type.Union([
            Type.String({ minLength: 1, maxLength: 256 }),
            Type.Integer({ minimum: 1, maximum: 65_535, description: 'A container port, published dynamically' }),
          ]),
          {
            minItems: 1,
            maxItems: 128,
            description:
              'As `docker run -p`: containerPort, hostPort:containerPort, ip::containerPort, ip:hostPort:containerPort',
            examples: [[2222, '8080:2222', '127.0.0.1::2222', '127.0.0.1:8081:2222']],
          },
        ),
      ),
      ...order,
    },
    { ...closedObject, title: 'open', description: "With published ports, or in the host's own namespace" },
  ),
} as const;

export const LabContainer = Type.Union(
  [labContainerSchemas.closed, labContainerSchemas.bridged, labContainerSchemas.joined, labContainerSchemas.open],
  {
    description: 'A container, named LAB-NAME on the engine; the others find it by NAME',
  },
);
export type LabContainer = Static<typeof LabContainer>;

const CheckNames = Type.Union([ItemName, Type.Array(ItemName, { minItems: 1, maxItems: 32, uniqueItems: true })], {
  description: 'The check, or the checks, that prove it',
});

export const LabStep = Type.Object(
  {
    text: Text,
    command: Type.Optional(
      Type.String({ minLength: 1, maxLength: 4_096, description: 'A command to try; nothing runs it by itself' }),
    ),
    check: Type.Optional(CheckNames),
  },
  { ...closedObject, title: 'step', description: 'One step of a lesson' },
);
export type LabStep = Static<typeof LabStep>;

export const LabPolicies = Type.Object(
  {
    pull: Type.Optional(
      Type.Unsafe<'missing' | 'never' | 'always'>({
        type: 'string',
        enum: ['missing', 'never', 'always'],
        description: 'When to pull images, of every container that does not say it itself. Default: missing',
      }),
    ),
    onFailure: Type.Optional(
      Type.Unsafe<'rollback' | 'keep'>({
        type: 'string',
        enum: ['rollback', 'keep'],
        description: 'What becomes of what an apply has made when it fails. Default: rollback',
      }),
    ),
  },
  { ...closedObject, title: 'policies' },
);

export const LabFile = Type.Object(
  {
    $schema: Type.Optional(Type.String({ maxLength: 2_048, description: 'Where this schema is, for editors' })),
    name: Type.Optional(
      Type.Unsafe<string>({
        ...LabName,
        description: 'Name of the lab: the one that it is applied under, or the part before its last dot',
      }),
    ),
    title: Type.Optional(Text),
    description: Type.Optional(Text),
    engine: Type.Optional(
      Type.Unsafe<string>({
        ...EngineName,
        description:
          "The lab's home: the engine that has its document, and all of its members that name no other. Default: that of the query, else the first",
      }),
    ),
    ttl: Type.Optional(
      Type.String({
        maxLength: 32,
        description: 'How long the lab lives after it was applied, such as 2h, by the clock of the engine',
        examples: ['2h'],
      }),
    ),
    policies: Type.Optional(LabPolicies),
    networks: Type.Optional(
      named<LabNetwork | null>(
        Type.Union([LabNetwork, Type.Null()]),
        labLimits.networks,
        'The networks of the lab, by name; a name with nothing after it is a bridge as Docker makes it',
      ),
    ),
    containers: named<LabContainer>(LabContainer, labLimits.containers, 'The containers of the lab, by name'),
    checks: Type.Optional(
      named<LabCheck>(LabCheck, labLimits.checks, 'What is asserted about the lab, by name: proved on the live system'),
    ),
    steps: Type.Optional(Type.Array(LabStep, { maxItems: labLimits.steps, description: 'A lesson, step by step' })),
  },
  {
    $id: 'LabFile',
    ...closedObject,
    title: 'Terrarium lab',
    description: 'A lab: networks and containers, described by one file, with checks',
    examples: [
      {
        containers: { web: { mode: 'open', command: ['httpd', '-f', '-p', '2222'], ports: [2222] } },
        checks: { listens: { container: 'web', listens: 2222 } },
      },
    ],
  },
);
export type LabFile = Static<typeof LabFile>;
