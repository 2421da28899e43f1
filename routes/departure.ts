// When the client of a request leaves before its answer is there, what works for it should stop. It knows no service.
import type { FastifyReply } from 'fastify';
import { Failure } from '../src/schemas/failure.ts';

/** A signal that is aborted when the client closes the connection before it has the whole answer. Its reason is a `Failure` that nobody will read. */
export function signalDeparture(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished)
      controller.abort(new Failure('invalid_request', 'The client left before the answer'));
  });
  return controller.signal;
}
