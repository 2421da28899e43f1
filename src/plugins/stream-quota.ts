// How many streams one principal has open. A WebSocket counts from its first request to the end of its connection; of answers that go on, the route says
// so, because only it knows.
import type { FastifyInstance, FastifyReply } from 'fastify';
import { isUpgrade } from './boundary.ts';

declare module 'fastify' {
  interface FastifyReply {
    /** This answer goes on: it counts until it ends. Fails with `quota_exceeded`. */
    countStream(): void;
  }
}

export function streamQuota(app: FastifyInstance): void {
  const { streamQuota: quota } = app.services;

  app.decorateReply('countStream', function (this: FastifyReply) {
    this.raw.once('close', quota.take(this.request.principal));
  });

  app.addHook('onRequest', (request, reply, done) => {
    if (request.authenticated !== null && isUpgrade(request) && !request.is404) {
      const giveBack = quota.take(request.principal);
      // An upgrade that is refused closes its connection, and so its answer; one that is not lets go of the answer.
      reply.raw.once('close', giveBack);
      request.onSocketClosed = giveBack;
    }
    done();
  });
}
