// What a page gets for a login code or a token: a token of its own, that tells nothing about the other, and ends by a log-out, with the entry of the
// tokens file that it is from (also where that changes), or after half a day. It carries what it stands for, signed with a key made of the server's token:
// so a page goes on after a restart of the server, which keeps of sessions only those that were ended before their time.
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { describeViewerOf, type Principal } from '../access.ts';
import type { Clock } from '../clock.ts';
import type { EndedSessions } from './ended-sessions.ts';
import { createLogin, type EndableLogin, type Login } from './logins.ts';

/** A day of lessons, in milliseconds. */
export const sessionLifeMs = 12 * 3_600_000;
/** Logins kept for those who use them; one that was forgotten is made again from its token. */
const limit = 10_000;
const prefix = 'ses_';

/** Where sessions come from: a principal's login with its own token, and which version of its entry that is by. */
export interface SessionRoot {
  readonly login: Login;
  readonly version: string;
}

export interface OpenedSession {
  readonly token: string;
  readonly expiresAt: number;
}

export interface Sessions {
  /** A session of the principal so named, or of one that only looks at what that sees. */
  open(root: SessionRoot, isViewer: boolean): OpenedSession;
  /** Who holds this token; undefined where it is none, or over. */
  find(token: string): Login | undefined;
  /** Ends those whose time is up: what they opened ends with them. */
  endExpired(): void;
  /** False where it is no session. */
  close(login: Login): boolean;
}

/** What a token carries. Times in milliseconds since the epoch. */
interface Claim {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly isViewer: boolean;
  readonly expiresAt: number;
}

export function createSessions({
  serverToken,
  rootNamed,
  ended,
  clock,
}: {
  serverToken: string;
  /** undefined: there is no such principal any more. */
  rootNamed: (name: string) => SessionRoot | undefined;
  ended: EndedSessions;
  clock: Clock;
}): Sessions {
  const key = createHmac('sha256', serverToken).update('terrarium sessions').digest();
  /** By the hash of the token, so that neither a memory dump nor the time of a lookup tells one. */
  const known = new Map<string, { readonly claim: Claim; readonly login: EndableLogin }>();

  function sign(text: string): Buffer {
    return createHmac('sha256', key).update(text).digest();
  }

  function write({ id, name, version, isViewer, expiresAt }: Claim): string {
    const text = Buffer.from(JSON.stringify([id, name, version, isViewer, expiresAt])).toString('base64url');
    return `${prefix}${text}.${sign(text).toString('base64url')}`;
  }

  function read(token: string): Claim | undefined {
    const [text = '', signature = '', ...rest] = token.slice(prefix.length).split('.');
    const given = Buffer.from(signature, 'base64url');
    const expected = sign(text);
    if (!token.startsWith(prefix) || rest.length > 0 || given.length !== expected.length) return undefined;
    if (!timingSafeEqual(given, expected)) return undefined;
    // Nobody but us has signed it, so it is what we write.
    const [id, name, version, isViewer, expiresAt] = JSON.parse(Buffer.from(text, 'base64url').toString());
    return { id, name, version, isViewer, expiresAt };
  }

  function endExpired(): void {
    for (const { login } of known.values()) if ((login.expiresAt ?? 0) <= clock.now()) login.end();
  }

  /** The login of a claim that holds now. */
  function admit(hashed: string, claim: Claim): Login | undefined {
    const root = rootNamed(claim.name);
    if (root === undefined || root.version !== claim.version || root.login.isOver) return undefined;
    if (claim.expiresAt <= clock.now() || ended.has(claim.id)) return undefined;
    if (known.size >= limit) known.delete(known.keys().next().value ?? '');
    const principal: Principal = claim.isViewer ? describeViewerOf(root.login.principal) : root.login.principal;
    const login = createLogin({ principal, kind: 'session', expiresAt: claim.expiresAt });
    known.set(hashed, { claim, login });
    const forget = root.login.onEnd(() => login.end());
    login.onEnd(() => {
      forget();
      known.delete(hashed);
    });
    return login;
  }

  return {
    endExpired,

    open({ login, version }, isViewer) {
      const expiresAt = Math.min(clock.now() + sessionLifeMs, login.expiresAt ?? Number.POSITIVE_INFINITY);
      const id = randomBytes(16).toString('base64url');
      return { token: write({ id, name: login.principal.name, version, isViewer, expiresAt }), expiresAt };
    },

    find(token) {
      if (!token.startsWith(prefix)) return undefined;
      const hashed = createHash('sha256').update(token).digest('base64');
      const found = known.get(hashed)?.login;
      if (found === undefined) {
        const claim = read(token);
        return claim === undefined ? undefined : admit(hashed, claim);
      }
      if ((found.expiresAt ?? 0) <= clock.now()) found.end();
      return found.isOver ? undefined : found;
    },

    close(login) {
      for (const { claim, login: one } of known.values()) {
        if (one !== login) continue;
        ended.add(claim.id, claim.expiresAt);
        one.end();
        return true;
      }
      return false;
    },
  };
}
