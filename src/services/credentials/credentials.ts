// Everything by which a caller proves who it is: the token, login codes for the page, tickets for sockets. It knows no HTTP.
import { createHash, timingSafeEqual } from 'node:crypto';
import { Failure } from '../../schemas/failure.ts';
import type { Principal } from '../access.ts';
import type { Clock } from '../services.ts';
import { createFailedLogins } from './failed-logins.ts';
import { createSingleUseSecrets, type IssuedSecret } from './single-use.ts';

const minute = 60_000;

/** The one principal there is: whoever holds the server's token. */
const admin: Principal = Object.freeze({ name: 'admin', role: 'admin' });

export interface Credentials {
  /** Who holds this bearer token? Fails with `unauthorized`, or `rate_limited` when `address` guesses. */
  authenticate(token: string, address: string): Principal;
  /** A single-use WebSocket ticket of 30 s that acts for `principal`. */
  issueTicket(principal: Principal): IssuedSecret;
  /** Uses a ticket up. Fails as {@link authenticate} does. */
  redeemTicket(ticket: string, address: string): Principal;
  /** A single-use code of 10 minutes that the page changes for the token. */
  issueLoginCode(): IssuedSecret;
  /** Uses a login code up and answers the token. Fails as {@link authenticate} does. */
  redeemLoginCode(code: string, address: string): string;
}

export function createCredentials({ token, clock }: { token: string; clock: Clock }): Credentials {
  const expected = hash(token);
  const failedLogins = createFailedLogins(clock);
  const tickets = createSingleUseSecrets<Principal>({ clock, lifetimeMs: minute / 2, limit: 1_000 });
  const codes = createSingleUseSecrets<string>({ clock, lifetimeMs: 10 * minute, limit: 100 });

  /** Passes what was found on, and keeps the books of failures. */
  function judge<T>(found: T | undefined, guess: string, address: string, refusal: () => Failure): T {
    if (found !== undefined) {
      failedLogins.succeed(address);
      return found;
    }
    failedLogins.fail(address, guess);
    throw refusal();
  }

  return {
    authenticate(candidate, address) {
      failedLogins.check(address);
      // Both sides are hashed to one length, and compared in a time that tells nothing.
      const isRight = timingSafeEqual(hash(candidate), expected);
      return judge(
        isRight ? admin : undefined,
        candidate,
        address,
        () =>
          new Failure('unauthorized', 'The token is wrong', {
            hint: 'Use the token of the server: it is in its configuration or in the file "token" of its state directory',
          }),
      );
    },
    issueTicket: (principal) => tickets.issue(principal),
    redeemTicket(ticket, address) {
      failedLogins.check(address);
      return judge(
        tickets.redeem(ticket),
        ticket,
        address,
        () =>
          new Failure('unauthorized', 'The ticket is unknown, used or expired', {
            hint: 'POST /api/v1/tickets issues one; it works once, for 30 seconds',
          }),
      );
    },
    issueLoginCode: () => codes.issue(token),
    redeemLoginCode(code, address) {
      failedLogins.check(address);
      return judge(
        codes.redeem(code),
        code,
        address,
        () =>
          new Failure('unauthorized', 'The login code is unknown, used or expired', {
            hint: 'Restart the server for a new one, or ask for it with the token: POST /api/v1/login-codes',
          }),
      );
    },
  };
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
