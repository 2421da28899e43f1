// Sheds load while the event loop is late, so that what was accepted still gets its answer. Probes of the process go on being answered.
import type { FastifyInstance } from 'fastify';
import { Failure } from '../schemas/failure.ts';

const limits = {
  /** Milliseconds from one waking of the loop to the next: seldom enough to cost an idle server nothing. */
  periodMs: 100,
  /** Milliseconds that a waking may come late. */
  longestDelayMs: 500,
  /** Wakings in a row that are late before requests are refused: then the loop is late all the time, and not once. */
  inARow: 3,
} as const;

export function overload(app: FastifyInstance): void {
  let lateInARow = 0;
  let dueAt = performance.now() + limits.periodMs;
  const waking = setInterval(() => {
    const now = performance.now();
    lateInARow = now - dueAt > limits.longestDelayMs ? lateInARow + 1 : 0;
    dueAt = now + limits.periodMs;
  }, limits.periodMs).unref();

  app.addHook('onRequest', (request, _reply, done) => {
    if (lateInARow < limits.inARow || request.routeOptions.config.access === 'open') return done();
    done(new Failure('overloaded', 'The server has more to do than it can', { retryAfter: 1 }));
  });
  app.addHook('onClose', (_app, done) => {
    clearInterval(waking);
    done();
  });
}
