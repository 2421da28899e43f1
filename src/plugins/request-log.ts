// Request ids and the one line a request leaves in the log. It never writes a query string or a header: they may hold secrets.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type FastifyInstance, LogController } from 'fastify';

const idHeader = 'x-request-id';

/** For Fastify's option `genReqId`: the caller's own id where it is harmless in a log, else a fresh one. */
export function chooseRequestId(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers[idHeader];
  return typeof given === 'string' && /^[A-Za-z0-9._:-]{1,64}$/.test(given) ? given : randomUUID();
}

/** For Fastify's option `logController`: our own line replaces its two. */
export const logController = new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' });

export function requestLog(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header(idHeader, request.id);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    // Refusals were logged where they were answered. Reads are polled: their success is no news.
    if (reply.statusCode < 400) {
      const level = request.method === 'GET' || request.method === 'HEAD' ? 'debug' : 'info';
      request.log[level](
        {
          method: request.method,
          path: request.url.split('?', 1)[0],
          status: reply.statusCode,
          ms: Math.round(reply.elapsedTime),
        },
        'done',
      );
    }
    done();
  });
}
