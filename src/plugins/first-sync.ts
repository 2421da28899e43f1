// Holds requests back until every engine was met for the first time, or is known to be away: before that, what is there looks as if it were not, and a
// server that was started anew would deny what it had acknowledged.
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

/**
 * Milliseconds that a request waits at most. An engine that is away is known to be so after two seconds; one that takes longer to be read holds up nobody who
 * asks about another one, and whoever asks about what is not known there is told that it may be (`stale`).
 */
const patienceMs = 10_000;

export function firstSync(app: FastifyInstance): void {
  let isDone = false;
  let done: Promise<void> | undefined;

  app.addHook('onRequest', (request, _reply, next) => {
    if (isDone || request.routeOptions.config.access === 'open') return next();
    done ??= Promise.all(app.services.catalogue.mirrors.map((mirror) => mirror.settled())).then(() => {
      isDone = true;
    });
    void Promise.race([done, sleep(patienceMs, undefined, { ref: false })]).then(() => next());
  });
}
