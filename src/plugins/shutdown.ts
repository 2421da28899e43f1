// What a closing server says: no to new requests, and goodbye to answers that never end by themselves.
import type { FastifyInstance } from 'fastify';
import { Failure } from '../schemas/failure.ts';

/** Answers under way may take this long to end, in milliseconds. */
const answerGraceMs = 1_500;

export function shutdown(app: FastifyInstance): void {
  let closing = false;
  app.addHook('preClose', (done) => {
    closing = true;
    setTimeout(() => app.server.closeAllConnections(), answerGraceMs).unref();
    done();
  });
  app.addHook('onRequest', (_request, reply, done) => {
    if (!closing) return done();
    reply.header('connection', 'close');
    done(new Failure('shutting_down', 'The server is shutting down', { retryAfter: 5 }));
  });
}
