// The error document of every HTTP answer (RFC 9457) as a schema.
import { type Static, Type } from 'typebox';
import { errorCodes } from './error-codes.ts';

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
  },
  {
    $id: 'Problem',
    additionalProperties: true,
    description: 'RFC 9457 problem details',
  },
);
export type Problem = Static<typeof Problem>;
