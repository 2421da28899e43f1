// Turns every failure into application/problem+json (RFC 9457) and logs it once. No other place writes an error answer.
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionError, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, errorKinds } from '../schemas/error-codes.ts';
import { Failure } from '../schemas/failure.ts';
import type { Problem } from '../schemas/problem.ts';
import { findNeighbours } from './route-table.ts';
import { ValidationError } from './validation/compilers.ts';

/** The codes by which Fastify itself refuses a request, in our words. */
const fastifyCodes: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
};

/** Where its words name no culprit or no way out. */
const betterWords: Partial<Record<ErrorCode, { readonly detail: string; readonly hint: string }>> = {
  unsupported_media_type: {
    detail: 'The body does not come as JSON',
    hint: 'Send "Content-Type: application/json" with it',
  },
};

declare module 'fastify' {
  interface FastifyReply {
    /** Of the failure that it tells; null where it tells none. */
    failureCode: ErrorCode | null;
  }
}

export function problemDetails(app: FastifyInstance): void {
  app.decorateReply('failureCode', null);
  // Node would answer it without a word. RFC 9110 §10.1.1: a server may go on as if nothing had been expected.
  app.server.on('checkExpectation', (request, response) => void app.server.emit('request', request, response));
  app.setErrorHandler((error: FastifyError, request, reply) => sendFailure(toFailure(error), request, reply));
  app.setNotFoundHandler((request, reply) => {
    const { method } = request;
    const [path = ''] = request.url.split('?', 1);
    const near = findNeighbours(app.routeTable, method, path);
    const hint =
      near.length === 0 ? 'GET /openapi.json lists every route; /docs shows them' : `There is ${near.join(', ')}`;
    return sendFailure(new Failure('route_not_found', `There is no ${method} ${path}`, { hint }), request, reply);
  });
}

/** For Fastify's option `frameworkErrors`: what it refuses before there is a route. */
export function answerFrameworkError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  sendFailure(toFailure(error), request, reply);
}

/** For Fastify's option `clientErrorHandler`: what Node's parser refuses before there is a request. */
export function answerClientError(this: FastifyInstance, error: ConnectionError, socket: Socket): void {
  // The client is gone, or has been answered already: nothing to say, and nobody to say it to.
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const failure = explainClientError(error.code);
  this.log.info({ code: failure.code, detail: failure.message, reason: error.code }, 'refused');
  const body = JSON.stringify(toProblem(failure));
  socket.end(
    [
      `HTTP/1.1 ${failure.statusCode} ${STATUS_CODES[failure.statusCode]}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
    // Half-open clients would keep the socket for ever.
    () => socket.destroy(),
  );
}

function explainClientError(code: string): Failure {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new Failure('payload_too_large', 'The headers of the request are too large');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Failure('invalid_request', 'The request did not arrive in time');
  return new Failure('invalid_request', 'This is not a request of HTTP/1.1');
}

/** Any error as a Failure; what we did not foresee is `internal`, and its words stay in the log. */
export function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof ValidationError) return error.cause;
  const known = error as Partial<FastifyError> & { statusCode?: number };
  const code = fastifyCodes[known.code ?? ''] ?? codeOfStatus(known.statusCode);
  if (code === undefined)
    return new Failure('internal', 'The server made a mistake; the log has it under the id of this request', {
      cause: error,
    });
  const { detail, ...rest } = betterWords[code] ?? {};
  return new Failure(code, detail ?? known.message ?? STATUS_CODES[errorKinds[code].status] ?? code, {
    cause: error,
    ...rest,
  });
}

function codeOfStatus(status: number | undefined): ErrorCode | undefined {
  if (status === undefined || status >= 500 || status < 400) return undefined;
  if (status === 429) return 'rate_limited';
  if (status === 413) return 'payload_too_large';
  if (status === 415) return 'unsupported_media_type';
  return 'invalid_request';
}

function sendFailure(failure: Failure, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status } = errorKinds[failure.code];
  reply.failureCode = failure.code;
  const what = { code: failure.code, method: request.method, path: request.url.split('?', 1)[0] };
  if (status === 500) request.log.error({ ...what, err: failure.cause ?? failure }, failure.message);
  else if (status > 500) request.log.warn({ ...what, detail: failure.message }, 'failed');
  else request.log.info({ ...what, detail: failure.message }, 'refused');
  if (failure.retryAfter !== undefined) reply.header('retry-after', String(Math.ceil(failure.retryAfter)));
  if (failure.code === 'unauthorized') reply.header('www-authenticate', 'Bearer realm="terrarium"');
  return reply
    .status(status)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send({ ...toProblem(failure), instance: request.id });
}

/** The document of RFC 9457 for a failure: the body of an answer, or a line in one that has begun already. */
export function toProblem(failure: Failure): Problem {
  const { status, title } = errorKinds[failure.code];
  return {
    ...failure.extra,
    type: `/docs/errors#${failure.code}`,
    title,
    status,
    code: failure.code,
    detail: failure.message,
    ...(failure.hint === undefined ? {} : { hint: failure.hint }),
    ...(failure.field === undefined ? {} : { field: failure.field }),
  };
}
