// Validation and serialization of every route, by TypeBox's own compiler: the library that the schemas are written in. It replaces Fastify's
// default of Ajv and fast-json-stringify, which costs memory, starts slower, and silently drops fields that a response schema does not name.
import type { FastifyServerOptions } from 'fastify';
import { Compile } from 'typebox/schema';
import { explain, type JsonSchema, type RequestPart } from '../../domain/validation/explanation.ts';
import { Failure } from '../../schemas/failure.ts';
import { readTextValues } from './text-values.ts';

interface RouteSchema {
  readonly schema: unknown;
  readonly httpPart?: string;
}

/** What Fastify takes from a validator: the value to go on with, or an error. */
type Verdict = { readonly value: unknown } | { readonly error: Error };

/** An error that carries the failure to the error handler: Fastify writes into the error that it is given. */
export class ValidationError extends Error {
  override readonly cause: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.cause = failure;
  }
}

type CompilersFactory = NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>;

/** For the option `schemaController` of Fastify, whose types know Ajv only. */
export const schemaCompilers = {
  buildValidator: () => compileValidator,
  buildSerializer: () => () => JSON.stringify,
} as unknown as CompilersFactory;

/** What {@link schemaCompilers} gives each part of a route, for those that read a body by other means. */
export function compileValidator({ schema, httpPart }: RouteSchema): (value: unknown) => Verdict {
  const part = httpPart as RequestPart;
  const isText = part === 'querystring' || part === 'params';
  const given = schema as JsonSchema;
  const held: JsonSchema = isText ? { ...given, additionalProperties: false } : given;
  // Compiled when it is first needed: a server that has just started need not wait for schemas that nobody uses yet.
  let validator: ReturnType<typeof Compile> | undefined;

  return (value) => {
    validator ??= Compile(held as Record<string, unknown>);
    const subject = isText ? readTextValues(held, value as Record<string, unknown>) : value;
    if (validator.Check(subject)) return { value: subject };
    if (part === 'body' && (value === undefined || value === null))
      return refuse(
        new Failure('invalid_request', 'A JSON body is required', {
          hint: 'Send it with Content-Type: application/json',
        }),
      );
    const [, errors] = validator.Errors(subject);
    const { detail, field, hint } = explain(part, held, errors, subject);
    return refuse(
      new Failure('invalid_request', detail, {
        ...(field === undefined ? {} : { field }),
        ...(hint === undefined ? {} : { hint }),
      }),
    );
  };
}

function refuse(failure: Failure): Verdict {
  return { error: new ValidationError(failure) };
}
