// Turns every failure into application/problem+json (RFC 9457) and logs it once. No other place writes an error answer.
import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, errorKinds } from '../schemas/error-codes.ts';
import { Failure } from '../schemas/failure.ts';

/** The codes by which Fastify itself refuses a request, in our words. */
const fastifyCodes: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid_request',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid_request',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid_request',
  FST_ERR_VALIDATION: 'invalid_request',
  FST_ERR_RATE_LIMIT: 'rate_limited',
};

export function problemDetails(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => sendFailure(toFailure(error), request, reply));
  app.setNotFoundHandler((request, reply) =>
    sendFailure(
      new Failure('route_not_found', `There is no ${request.method} ${request.url.split('?', 1)[0]}`, {
        hint: 'GET /openapi.json lists every route; /docs shows them',
      }),
      request,
      reply,
    ),
  );
}

/** Any error as a Failure; what we did not foresee is `internal`, and its words stay in the log. */
export function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const known = error as Partial<FastifyError> & { statusCode?: number };
  const code = fastifyCodes[known.code ?? ''] ?? codeOfStatus(known.statusCode);
  if (code === undefined)
    return new Failure('internal', 'The server made a mistake; the log has it under the id of this request', {
      cause: error,
    });
  return new Failure(code, known.message ?? STATUS_CODES[errorKinds[code].status] ?? code, {
    cause: error,
    ...fieldOf(known),
  });
}

function codeOfStatus(status: number | undefined): ErrorCode | undefined {
  if (status === undefined || status >= 500 || status < 400) return undefined;
  if (status === 429) return 'rate_limited';
  if (status === 413) return 'payload_too_large';
  if (status === 415) return 'unsupported_media_type';
  return 'invalid_request';
}

function fieldOf(error: Partial<FastifyError>): { field?: string } {
  const first = error.validation?.[0];
  if (first === undefined) return {};
  const extra = first.params.additionalProperty ?? first.params.missingProperty;
  const path = first.instancePath.split('/').slice(1).map(unescapePointer);
  if (typeof extra === 'string') path.push(extra);
  return path.length === 0 ? {} : { field: path.join('.') };
}

/** JSON Pointer escapes (RFC 6901 §3). */
function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

function sendFailure(failure: Failure, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const kind = errorKinds[failure.code];
  if (kind.status >= 500) request.log.error({ err: failure.cause ?? failure, code: failure.code }, failure.message);
  else request.log.info({ code: failure.code, detail: failure.message }, 'refused');
  if (failure.retryAfter !== undefined) reply.header('retry-after', String(Math.ceil(failure.retryAfter)));
  return reply
    .status(kind.status)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send({
      ...failure.extra,
      type: `/docs/errors#${failure.code}`,
      title: kind.title,
      status: kind.status,
      code: failure.code,
      detail: failure.message,
      ...(failure.hint === undefined ? {} : { hint: failure.hint }),
      ...(failure.field === undefined ? {} : { field: failure.field }),
      instance: request.id,
    });
}
