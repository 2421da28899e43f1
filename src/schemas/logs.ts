// The query of `GET /containers/{id}/logs`, and the lines of its NDJSON answer.
import { type Static, Type } from 'typebox';
import { EngineName } from './create.ts';

export const defaultTail = 1_000;

export const LogsQuery = Type.Object({
  engine: Type.Optional(EngineName),
  tail: Type.Optional(
    Type.Union([Type.Integer({ minimum: 0, maximum: 1_000_000 }), Type.Literal('all')], {
      default: defaultTail,
      description: `How many lines of the past: a number, or all. Default ${defaultTail}`,
    }),
  ),
  follow: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'Go on with what is to come, over restarts, until the container is removed',
    }),
  ),
});
export type LogsQuery = Static<typeof LogsQuery>;

export const LogLine = Type.Object(
  {
    stream: Type.Unsafe<'stdout' | 'stderr'>({ type: 'string', enum: ['stdout', 'stderr'] }),
    at: Type.Optional(Type.String({ format: 'date-time', description: "By the engine's clock, in nanoseconds" })),
    line: Type.String({ description: 'Without its end; as UTF-8, a byte that is none becomes U+FFFD' }),
    partial: Type.Optional(
      Type.Literal(true, {
        description:
          'The line does not end here: the engine keeps long ones in pieces of 16 KiB, and the next of this stream goes on with it',
      }),
    ),
  },
  { $id: 'LogLine' },
);
export type LogLine = Static<typeof LogLine>;
