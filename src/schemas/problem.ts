// The error document of every HTTP answer (RFC 9457) as a schema.
import { type Static, Type } from 'typebox';
import { errorCodes } from './error-codes.ts';

/** One thing that is wrong with a file. Lines and columns count from 1. */
export const FileProblem = Type.Object({
  line: Type.Integer(),
  column: Type.Integer(),
  path: Type.String({ description: 'Of the member, dotted: `containers.web.ports[1]`; empty for the whole' }),
  message: Type.String(),
  hint: Type.Optional(Type.String()),
});
export type FileProblem = Static<typeof FileProblem>;

export const Problem = Type.Object(
  {
    type: Type.String({
      description: 'A URI reference that identifies the kind of problem',
    }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.Unsafe<(typeof errorCodes)[number]>({
      type: 'string',
      enum: errorCodes,
    }),
    detail: Type.String({ description: 'What is wrong, naming the culprit' }),
    hint: Type.Optional(Type.String({ description: 'The way out' })),
    field: Type.Optional(Type.String({ description: 'The field of the request at fault' })),
    instance: Type.Optional(Type.String({ description: 'The id of the request, as in the log' })),
    problems: Type.Optional(
      Type.Array(FileProblem, {
        description: 'Of a lab file: everything that is wrong with it, in the order of the text',
      }),
    ),
  },
  {
    $id: 'Problem',
    additionalProperties: true,
    description: 'RFC 9457 problem details',
  },
);
export type Problem = Static<typeof Problem>;
