// The reachability of an engine's containers as it is answered: predicted, and with `verify` proved by real connections.
import { type Static, Type } from 'typebox';
import { ReachabilityEntry, ReachabilityNode, ReachabilityPair } from './reachability.ts';
import { ReachabilityCode, ReachabilityOutcome, SeenAs } from './reachability-codes.ts';

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Count = Type.Integer({ minimum: 0 });

export const connectionResults = ['open', 'closed', 'refused', 'timeout', 'unreachable', 'failed'] as const;
export type ConnectionResult = (typeof connectionResults)[number];
export const ConnectionResult = Type.Unsafe<ConnectionResult>({
  type: 'string',
  enum: [...connectionResults],
  description:
    'What became of a real connection. closed: it was accepted, and closed at once without a byte, which is looked at where a docker-proxy accepts; failed: the kernel of the source refuses to try',
});

const end = {
  from: Type.String({ description: 'Id of a node' }),
  to: Type.String({ description: 'Id of a node' }),
  address: Type.String(),
  port: Type.Integer({ minimum: 1, maximum: 65535 }),
};

export const Disagreement = Type.Object(
  {
    ...end,
    predicted: Type.Object({
      outcome: ReachabilityOutcome,
      code: ReachabilityCode,
      seenAs: SeenAs,
      sentence: Type.String(),
    }),
    observed: ConnectionResult,
    detail: Nullable(Type.String({ description: 'The words of the program that connected, where it failed' })),
  },
  { $id: 'Disagreement', description: 'What was predicted, and what a real connection found' },
);
export type Disagreement = Static<typeof Disagreement>;

export const Verification = Type.Object(
  {
    startedAt: Type.String({ format: 'date-time' }),
    endedAt: Type.String({ format: 'date-time' }),
    connections: Type.Integer({ minimum: 0, description: 'Real connections that were made' }),
    agreed: Type.Integer({ minimum: 0, description: 'Entries whose prediction they prove' }),
    undecided: Type.Integer({ minimum: 0, description: 'Entries whose outcome was unknown, and now has a result' }),
    changed: Type.Integer({
      minimum: 0,
      description:
        'Entries on which the two did not agree at first, and did when all had been read and connected anew: the world moved, or was slow',
    }),
    disagreements: Type.Array(Disagreement),
    unverified: Type.Array(Type.Object({ from: Type.String(), reason: Type.String(), entries: Count }), {
      description: 'Sources from which nobody connected, and why',
    }),
  },
  { $id: 'Verification' },
);
export type Verification = Static<typeof Verification>;

export const VerifiedEntry = Type.Object({
  ...ReachabilityEntry.properties,
  verified: Type.Union([ConnectionResult, Type.Null()], { description: 'null where no connection was made' }),
});
export type VerifiedEntry = Static<typeof VerifiedEntry>;

export const Reachability = Type.Object(
  {
    engine: Type.String({ description: 'The first of the engines' }),
    engines: Type.Array(Type.String(), { description: 'All that were looked at' }),
    asOf: Type.String({ format: 'date-time', description: 'All of it was so at this time' }),
    lab: Nullable(Type.String()),
    nodes: Type.Array(ReachabilityNode),
    pairs: Type.Array(ReachabilityPair),
    entries: Type.Array(VerifiedEntry),
    unknown: Type.Array(Type.String(), { description: 'What could not be read, and why' }),
    verification: Nullable(Verification),
  },
  { $id: 'Reachability', description: 'Who reaches whom, through which port, and if not, why not' },
);
export type Reachability = Static<typeof Reachability>;

/** A line of the progress of a verification. */
export const VerificationProgress = Type.Object({
  progress: Type.Object({ done: Count, total: Count }),
});
export type VerificationProgress = Static<typeof VerificationProgress>;
