// Bounds how often one principal may call: a bucket of a second's worth of requests. Failed logins have bounds of their own (services/credentials).
import type { FastifyInstance } from 'fastify';
import { Failure } from '../schemas/failure.ts';

interface Bucket {
  tokens: number;
  filledAt: number;
}

export function rateLimit(app: FastifyInstance): void {
  const perSecond = app.config.rateLimit;
  // One entry a principal: they come from the configuration and the tokens file, so this does not grow.
  const buckets = new Map<string, Bucket>();

  app.addHook('onRequest', (request, _reply, done) => {
    const { authenticated } = request;
    if (authenticated !== null) take(authenticated.principal.name);
    done();
  });

  function take(name: string): void {
    const now = performance.now();
    const bucket = buckets.get(name) ?? { tokens: perSecond, filledAt: now };
    bucket.tokens = Math.min(perSecond, bucket.tokens + ((now - bucket.filledAt) / 1000) * perSecond);
    bucket.filledAt = now;
    buckets.set(name, bucket);
    if (bucket.tokens < 1)
      throw new Failure('rate_limited', `More than ${perSecond} requests a second`, {
        hint: 'Slow down, or watch a stream instead of polling; TERRARIUM_RATE_LIMIT sets the limit',
        retryAfter: 1,
      });
    bucket.tokens -= 1;
  }
}
