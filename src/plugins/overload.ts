// Sheds load while the event loop is late, so that what was accepted still gets its answer. Probes of the process go on being answered.
import underPressure from '@fastify/under-pressure';
import type { FastifyInstance } from 'fastify';
import { Failure } from '../schemas/failure.ts';

/** Mean delay of the event loop over a second, in milliseconds: it is late all the time, not once. */
const maxEventLoopDelay = 500;

export async function overload(app: FastifyInstance): Promise<void> {
  await app.register(underPressure, {
    maxEventLoopDelay,
    pressureHandler(request) {
      if (request.routeOptions.config.access === 'open') return;
      throw new Failure('overloaded', 'The server has more to do than it can', { retryAfter: 1 });
    },
  });
}
