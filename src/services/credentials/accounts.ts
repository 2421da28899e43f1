// The principals of the tokens file, kept as the file is: looked at four times a second, because that sees a file that was renamed into place, written
// by an editor, or changed behind a link (a ConfigMap), where watching misses one or the other. A file that cannot be read changes nothing and is told
// loudly: nobody gets in by it, and nobody is thrown out. Who is gone from it, or may something else now, is logged out at once.
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type TokensFileEntry, TokensFileError, tokenPattern } from '../../domain/principals/tokens-file.ts';
import type { Quotas } from '../../schemas/credentials.ts';
import { describePrincipal, type Principal } from '../access.ts';
import type { Clock } from '../clock.ts';
import { createLogin, type EndableLogin, type Login } from './logins.ts';
import type { SessionRoot } from './sessions.ts';
import { hashToken } from './token-hash.ts';
import { fingerprint, readTokensFile } from './tokens-source.ts';

const lookEveryMs = 250;
const settleMs = 1_000;

/** The principals that there are, and how much each may have. */
export interface Accounts {
  /** Who holds this token; undefined where it is none of the file's, or over. */
  find(token: string): Login | undefined;
  /** By what rights whatever `owner` has made acts when nobody asks; of one that is gone, without any. */
  principalNamed(owner: string): Principal;
  /** What sessions of this principal are made from. */
  rootNamed(name: string): SessionRoot | undefined;
  quotasOf(owner: string): Quotas;
  /** Why the file as it is now does not count; null where it does, or where there is none. */
  readonly problem: string | null;
  close(): void;
}

interface Account {
  readonly entry: TokensFileEntry;
  readonly login: EndableLogin;
}

export interface AccountsParts {
  /** null: there is no file, and only the server's token counts. */
  readonly path: string | null;
  readonly defaults: Quotas;
  readonly clock: Clock;
  readonly log: {
    info(details: object, message: string): void;
    error(details: object, message: string): void;
  };
}

/** @throws {TokensFileError} where the file is no good at the start: then there is no last good one */
export async function openAccounts({ path, defaults, clock, log }: AccountsParts): Promise<Accounts> {
  let accounts = new Map<string, Account>();
  let byHash = new Map<string, Account>();
  let problem: string | null = null;
  let isClosed = false;

  function take(entries: readonly TokensFileEntry[]): void {
    const before = accounts;
    accounts = new Map(entries.map((entry) => [entry.name, keep(before.get(entry.name), entry)]));
    byHash = new Map([...accounts.values()].flatMap((one) => one.entry.tokens.map((hash) => [hash, one] as const)));
    for (const [name, { login }] of before) if (accounts.get(name)?.login !== login) login.end();
  }

  /** Of one that stays as it is nothing ends. How much one may have is no reason to end anything either. */
  function keep(before: Account | undefined, entry: TokensFileEntry): Account {
    const { quotas: _before, ...known } = before?.entry ?? { quotas: {} };
    const { quotas: _now, ...now } = entry;
    if (before !== undefined && isDeepStrictEqual(known, now)) return { entry, login: before.login };
    const { name, role, rights, expiresAt } = entry;
    return {
      entry,
      login: createLogin({ principal: describePrincipal(name, role, rights), kind: 'token', expiresAt }),
    };
  }

  function endExpired(): void {
    const now = clock.now();
    for (const { login } of accounts.values()) if (login.expiresAt !== null && login.expiresAt <= now) login.end();
  }

  async function follow(file: string, first: string): Promise<void> {
    let seen = first;
    let failed = '';
    // Times of files are coarse: of two writes in one moment the second may show in none of them.
    let settledAt = performance.now() + settleMs;
    while (!isClosed) {
      await sleep(lookEveryMs, undefined, { ref: false });
      endExpired();
      const current = await fingerprint(file);
      if (isClosed || (current === seen && performance.now() > settledAt)) continue;
      try {
        const entries = await readTokensFile(file);
        if (current !== seen) {
          settledAt = performance.now() + settleMs;
          log.info({ file, principals: entries.length }, 'the tokens file was read anew');
        }
        take(entries);
        problem = null;
        seen = current;
      } catch (error) {
        if (!(error instanceof TokensFileError)) throw error;
        // Somebody may be writing it just now: it is told where it is the same a look later.
        if (failed === current) {
          if (problem !== error.message)
            log.error(
              { file, problem: error.message, principals: accounts.size },
              'the tokens file does not count as it is: the last good one does, until it is mended',
            );
          problem = error.message;
          seen = current;
        }
        failed = current;
      }
    }
  }

  if (path !== null) {
    const first = await fingerprint(path);
    take(await readTokensFile(path));
    follow(path, first).catch((error: unknown) =>
      log.error({ err: error, file: path }, 'the tokens file is not followed'),
    );
  }

  return {
    find(token) {
      // A hash of anything else in the file never counts: it could be guessed.
      if (accounts.size === 0 || !tokenPattern.test(token)) return undefined;
      const found = byHash.get(hashToken(token));
      if (found === undefined) return undefined;
      const { login } = found;
      if (login.expiresAt !== null && login.expiresAt <= clock.now()) login.end();
      return login.isOver ? undefined : login;
    },
    principalNamed(owner) {
      if (owner === 'admin') return describePrincipal(owner, 'admin');
      const login = accounts.get(owner)?.login;
      return login === undefined || login.isOver ? describePrincipal(owner, 'operator') : login.principal;
    },
    rootNamed(name) {
      const account = accounts.get(name);
      if (account === undefined) return undefined;
      const { quotas: _quotas, ...entry } = account.entry;
      return { login: account.login, version: hashToken(JSON.stringify(entry)).slice(-16) };
    },
    quotasOf: (owner) => ({ ...defaults, ...accounts.get(owner)?.entry.quotas }),
    get problem() {
      return problem;
    },
    close() {
      isClosed = true;
    },
  };
}
