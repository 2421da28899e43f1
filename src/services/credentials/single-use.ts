// Secrets that work once and for a short time: login codes and WebSocket tickets. In memory only: a restart forgets them all.
import { createHash, randomBytes } from 'node:crypto';
import { Failure } from '../../schemas/failure.ts';
import type { Clock } from '../clock.ts';

/** A fresh secret; `expiresAt` in milliseconds since the epoch. */
export interface IssuedSecret {
  readonly secret: string;
  readonly expiresAt: number;
}

export interface SingleUseSecrets<T> {
  /** A secret that stands for `value`. Fails with `rate_limited` while too many are open. */
  issue(value: T): IssuedSecret;
  /** What the secret stands for, once; undefined when it is unknown, used or expired. */
  redeem(secret: string): T | undefined;
}

/** `lifetimeMs` from issue to expiry; `limit` bounds how many may be open at a time. */
export function createSingleUseSecrets<T>({
  clock,
  lifetimeMs,
  limit,
}: {
  clock: Clock;
  lifetimeMs: number;
  limit: number;
}): SingleUseSecrets<T> {
  // Keyed by hash, so that neither a memory dump nor the time of a lookup tells a secret. Insertion order is order of expiry.
  const open = new Map<string, { readonly value: T; readonly expiresAt: number }>();

  function forgetExpired(): void {
    for (const [key, { expiresAt }] of open) {
      if (expiresAt > clock.now()) return;
      open.delete(key);
    }
  }

  function issue(value: T): IssuedSecret {
    forgetExpired();
    if (open.size >= limit)
      throw new Failure('rate_limited', `${limit} of these are open already`, {
        hint: 'Use those you have, or wait until they expire',
        retryAfter: lifetimeMs / 1000,
      });
    const secret = randomBytes(24).toString('base64url');
    const expiresAt = clock.now() + lifetimeMs;
    open.set(hash(secret), { value, expiresAt });
    return { secret, expiresAt };
  }

  function redeem(secret: string): T | undefined {
    const key = hash(secret);
    const found = open.get(key);
    open.delete(key);
    return found !== undefined && found.expiresAt > clock.now() ? found.value : undefined;
  }

  return { issue, redeem };
}

function hash(secret: string): string {
  return createHash('sha256').update(secret).digest('base64');
}
