// Slows down who guesses. It counts failed logins by address, and lets those through who have proved who they are.
import { isIPv6 } from 'node:net';
import { Failure } from '../../schemas/failure.ts';
import type { Clock } from '../clock.ts';

/** Failed logins of one address that are answered before it has to wait. */
const budget = 10;
/** A budget is whole again this long after its first failure, in milliseconds. */
const windowMs = 60_000;
/** Addresses remembered; beyond it the oldest are forgotten. */
const maxAddresses = 10_000;

export interface FailedLogins {
  /** Fails with `rate_limited` when this address has guessed too often to try a credential at all. */
  check(address: string): void;
  /** Counts a failure of `guess`; fails with `rate_limited` when the budget is used up. */
  fail(address: string, guess: string): void;
  /** Remembers that a right credential came from this address. */
  succeed(address: string): void;
}

interface Standing {
  since: number;
  failures: number;
  /** Different wrong credentials. A client that repeats an old one is a nuisance, not an attacker. */
  readonly guesses: Set<string>;
  /** Has sent a right credential: others at its address (a proxy, this machine) cannot lock it out. */
  trusted: boolean;
}

export function createFailedLogins(clock: Clock): FailedLogins {
  const standings = new Map<string, Standing>();

  function standing(address: string): Standing {
    const key = groupAddress(address);
    let found = standings.get(key);
    if (found === undefined) {
      const oldest = standings.keys().next().value;
      if (standings.size >= maxAddresses && oldest !== undefined) standings.delete(oldest);
      found = { since: clock.now(), failures: 0, guesses: new Set(), trusted: false };
      standings.set(key, found);
    }
    if (clock.now() - found.since >= windowMs) {
      found.since = clock.now();
      found.failures = 0;
      found.guesses.clear();
    }
    return found;
  }

  function tooMany(since: number): Failure {
    return new Failure('rate_limited', 'Too many failed logins from this address', {
      hint: 'Wait, then use the token of the server: it is in its configuration or in the file "token" of its state directory',
      retryAfter: Math.max(1, (since + windowMs - clock.now()) / 1000),
    });
  }

  return {
    check(address) {
      const found = standings.get(groupAddress(address));
      if (found === undefined || found.trusted || found.guesses.size < budget) return;
      const { since, guesses } = standing(address);
      if (guesses.size >= budget) throw tooMany(since);
    },
    fail(address, guess) {
      const found = standing(address);
      found.failures += 1;
      if (found.guesses.size < budget) found.guesses.add(guess);
      if (found.failures > budget) throw tooMany(found.since);
    },
    succeed(address) {
      const found = standings.get(groupAddress(address));
      if (found?.trusted !== true) standing(address).trusted = true;
    },
  };
}

/** An IPv6 network of 64 bits belongs to one user; without this an attacker would have a new address for every guess. */
function groupAddress(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = ''] = address.split('::');
  return head.split(':').slice(0, 4).join(':');
}
