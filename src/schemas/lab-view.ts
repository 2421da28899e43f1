// Labs as the API shows them: what there is, what an apply would do and does, what checks say, and what is left over.
import { type Static, Type } from 'typebox';
import { ContainerState, Mode } from './container.ts';
import { LabFile } from './lab.ts';

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const oneOf = <const T extends string>(values: readonly T[], options = {}) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...options });
const Time = Type.String({ format: 'date-time' });

export const LabItem = Type.Object({
  key: Nullable(
    Type.String({
      description:
        'Its name in the file, NUMBER/NAME in one of several instances; null for what the file does not have',
    }),
  ),
  id: Type.String(),
  name: Type.String({ description: 'On the engine' }),
  engine: Type.String({ description: 'That it is on' }),
});

export const LabMember = Type.Object({
  ...LabItem.properties,
  mode: Mode,
  state: ContainerState,
});

export const LabView = Type.Object(
  {
    name: Type.String(),
    engine: Type.String({ description: 'Its home, which has its document. Members may be on others' }),
    document: oneOf(['present', 'lost'], {
      description: 'lost: somebody removed its volume; the lab is known by its members only. Apply it again',
    }),
    state: oneOf(['as_described', 'differs', 'unknown', 'ending'], {
      description:
        'differs: an apply of its own file would change something; unknown: its document is lost; ending: it was removed, and what is left of it on engines that did not answer goes when they do',
    }),
    generation: Nullable(Type.Integer()),
    instances: Nullable(Type.Integer()),
    owner: Nullable(Type.String()),
    createdAt: Nullable(Time),
    appliedAt: Nullable(Time),
    expiresAt: Nullable(Time),
    containers: Type.Array(LabMember),
    networks: Type.Array(LabItem),
  },
  { $id: 'Lab' },
);
export type LabView = Static<typeof LabView>;

/** One lab in full: its file too. */
export const LabInFull = Type.Object(
  { ...LabView.properties, file: Type.Union([LabFile, Type.Null()]) },
  { $id: 'LabInFull' },
);
export type LabInFull = Static<typeof LabInFull>;

export const LabStepView = Type.Object({
  do: oneOf(['create', 'replace', 'remove', 'start', 'rejoin', 'keep']),
  kind: oneOf(['network', 'container']),
  key: Type.String(),
  name: Type.String(),
  engine: Type.String({ description: 'Where it is, or is to be' }),
  from: Nullable(Type.String({ description: 'The engine that it is on now, where it moves; else null' })),
  id: Nullable(Type.String()),
  reasons: Type.Array(
    Type.Object({
      code: oneOf([
        'changed',
        'moved',
        'renamed',
        'target_replaced',
        'network_replaced',
        'disconnected',
        'dead',
        'not_running',
        'orphaned',
        'missing',
        'not_in_file',
        'duplicate',
      ]),
      field: Type.Optional(Type.String({ description: 'Of the file' })),
      text: Type.String(),
    }),
  ),
});

export const LabConflict = Type.Object({
  code: Type.String(),
  detail: Type.String(),
  field: Nullable(Type.String()),
  hint: Nullable(Type.String()),
});

export const LabPlanView = Type.Object(
  {
    lab: Type.String(),
    engine: Type.String({ description: 'Its home' }),
    empty: Type.Boolean({ description: 'Nothing would be changed' }),
    steps: Type.Array(LabStepView),
    conflicts: Type.Array(LabConflict, { description: 'What stands in the way: an apply would be refused' }),
  },
  { $id: 'LabPlan' },
);
export type LabPlanView = Static<typeof LabPlanView>;

/** What an apply or a removal tells while it works; a last line holds the end of it. */
export const LabProgress = Type.Union([
  Type.Object({ event: Type.Literal('plan'), plan: LabPlanView }),
  Type.Object({
    event: Type.Literal('action'),
    state: oneOf(['began', 'done', 'failed', 'undone']),
    do: oneOf(['create', 'remove', 'start', 'rejoin', 'await']),
    kind: oneOf(['network', 'container']),
    key: Type.String(),
    name: Type.String(),
    engine: Type.String({ description: 'That does it' }),
    detail: Type.Optional(Type.String({ description: 'Why it failed' })),
  }),
]);
export type LabProgress = Static<typeof LabProgress>;

/** Nothing has ended for a while, and it goes on: so that nobody on the way takes the answer for dead. */
export const LabHeartbeat = Type.Object({ event: Type.Literal('heartbeat'), at: Time });
export type LabHeartbeat = Static<typeof LabHeartbeat>;

export const LabApplied = Type.Object(
  { done: Type.Literal(true), changed: Type.Boolean({ description: 'false: all was as described' }), lab: LabView },
  { $id: 'LabApplied' },
);
export type LabApplied = Static<typeof LabApplied>;

export const LabRemoved = Type.Object(
  {
    done: Type.Literal(true),
    removed: Type.Object({ containers: Type.Integer(), networks: Type.Integer() }),
  },
  { $id: 'LabRemoved', description: 'Nothing of it is left: that was looked for' },
);
export type LabRemoved = Static<typeof LabRemoved>;

export const LabExtension = Type.Object(
  { ttl: Type.String({ maxLength: 32, description: 'By how much, such as 1h' }) },
  { $id: 'LabExtension', additionalProperties: false, examples: [{ ttl: '1h' }] },
);

export const findingReasons = ['no_lab', 'expired', 'document_lost', 'not_in_file', 'empty', 'superseded'] as const;

export const LabFinding = Type.Object({
  engine: Type.String(),
  kind: oneOf(['container', 'network', 'volume', 'lab']),
  id: Nullable(Type.String()),
  name: Type.String(),
  lab: Nullable(Type.String()),
  reason: oneOf(findingReasons, {
    description:
      "no_lab: ours, of no lab; expired: beyond its time; document_lost: of a lab whose document is gone; not_in_file: its lab's file does not describe it; empty: a lab of which nothing is there; superseded: an old document",
  }),
  detail: Type.String(),
});
export type LabFinding = Static<typeof LabFinding>;

export const LabAudit = Type.Object(
  {
    findings: Type.Array(LabFinding),
    away: Type.Array(Type.String(), {
      description: 'Engines that do not answer: what is said of them is what was last known',
    }),
  },
  { $id: 'LabAudit' },
);
export type LabAudit = Static<typeof LabAudit>;
