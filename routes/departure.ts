// When the client of a request leaves before its answer is there, or its login ends, what works for it should stop. It knows no service.
import type { FastifyReply } from 'fastify';
import { Failure } from '../src/schemas/failure.ts';

/**
 * A signal that is aborted when the client closes the connection before it has the whole answer; its reason is then a `Failure` that nobody will read.
 * It is aborted too when the login of the request ends.
 */
export function signalDeparture(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  const forget = reply.request.login.onEnd(() =>
    controller.abort(
      new Failure('unauthorized', 'The login has ended', { hint: 'Log in anew, with a token that is valid' }),
    ),
  );
  reply.raw.once('close', () => {
    forget();
    if (!reply.raw.writableFinished)
      controller.abort(new Failure('invalid_request', 'The client left before the answer'));
  });
  return controller.signal;
}
