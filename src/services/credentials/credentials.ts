// Everything by which a caller proves who it is: the server's token, those of the tokens file, sessions and login codes of the page, tickets for sockets.
// It knows no HTTP. What they stand for is a login, whose end ends what it opened.
import { createHash, timingSafeEqual } from 'node:crypto';
import { Failure } from '../../schemas/failure.ts';
import type { Role } from '../../schemas/roles.ts';
import { authorize, describePrincipal } from '../access.ts';
import type { Clock } from '../clock.ts';
import type { Accounts } from './accounts.ts';
import type { EndedSessions } from './ended-sessions.ts';
import { createFailedLogins } from './failed-logins.ts';
import { createLogin, type Login } from './logins.ts';
import { createSessions, type OpenedSession, type SessionRoot } from './sessions.ts';
import { createSingleUseSecrets, type IssuedSecret } from './single-use.ts';

const minute = 60_000;
const lookEveryMs = 250;

/** Whoever holds the server's token. It ends with the server. */
const admin: Login = createLogin({ principal: describePrincipal('admin', 'admin'), kind: 'token', expiresAt: null });

/** What a login code is changed for. It is no use any more when `inviter` has ended. */
interface Invitation {
  readonly inviter: Login;
  readonly isViewer: boolean;
}

export interface Credentials {
  /** Who holds this bearer token? Fails with `unauthorized`, or `rate_limited` when `address` guesses. */
  authenticate(token: string, address: string): Login;
  /** A single-use WebSocket ticket of 30 s that acts for `login`, and ends with it. */
  issueTicket(login: Login): IssuedSecret;
  /** Uses a ticket up. Fails as {@link authenticate} does. */
  redeemTicket(ticket: string, address: string): Login;
  /** A single-use code of 10 minutes that the page changes for an admin's session: for who starts the server. */
  issueLoginCode(): IssuedSecret;
  /**
   * The same by who may `invite`: a code for a session of theirs, or for one that looks at what they see. Nobody gives more than they have. Fails with
   * `forbidden`.
   */
  invite(login: Login, role: Role | undefined): IssuedSecret;
  /** Uses a login code up and answers a session's token. Fails as {@link authenticate} does. */
  redeemLoginCode(code: string, address: string): OpenedSession;
  /** A session of whoever holds this token. Fails as {@link authenticate} does. */
  openSession(token: string, address: string): OpenedSession;
  /** Ends a session and what it has opened. False where `login` is none: a token is ended where it is kept. */
  logOut(login: Login): boolean;
  close(): void;
}

export function createCredentials({
  token,
  accounts,
  ended,
  clock,
}: {
  token: string;
  accounts: Accounts;
  ended: EndedSessions;
  clock: Clock;
}): Credentials {
  const expected = hash(token);
  const failedLogins = createFailedLogins(clock);
  const tickets = createSingleUseSecrets<Login>({ clock, lifetimeMs: minute / 2, limit: 1_000 });
  const codes = createSingleUseSecrets<Invitation>({ clock, lifetimeMs: 10 * minute, limit: 100 });
  const sessions = createSessions({ serverToken: token, rootNamed, ended, clock });
  const timer = setInterval(() => sessions.endExpired(), lookEveryMs).unref();

  function rootNamed(name: string): SessionRoot | undefined {
    return name === admin.principal.name ? { login: admin, version: '' } : accounts.rootNamed(name);
  }

  function open(login: Login, isViewer: boolean): OpenedSession {
    const root = rootNamed(login.principal.name);
    if (root === undefined) throw new Failure('unauthorized', 'The login has ended');
    return sessions.open(root, isViewer);
  }

  /** Passes what was found on, and keeps the books of failures. */
  function judge<T>(found: T | undefined, guess: string, address: string, refusal: () => Failure): T {
    if (found !== undefined) {
      failedLogins.succeed(address);
      return found;
    }
    failedLogins.fail(address, guess);
    throw refusal();
  }

  function authenticate(candidate: string, address: string): Login {
    failedLogins.check(address);
    // Both sides are hashed to one length, and compared in a time that tells nothing.
    const isRight = timingSafeEqual(hash(candidate), expected);
    return judge(
      isRight ? admin : (accounts.find(candidate) ?? sessions.find(candidate)),
      candidate,
      address,
      () =>
        new Failure('unauthorized', 'The token is wrong, or over', {
          hint: 'Use the token of the server, which is in its configuration or in the file "token" of its state directory, or one that its tokens file has',
        }),
    );
  }

  return {
    authenticate,
    issueTicket: (login) => tickets.issue(login),
    redeemTicket(ticket, address) {
      failedLogins.check(address);
      const found = tickets.redeem(ticket);
      return judge(
        found?.isOver === false ? found : undefined,
        ticket,
        address,
        () =>
          new Failure('unauthorized', 'The ticket is unknown, used or expired', {
            hint: 'POST /api/v1/tickets issues one; it works once, for 30 seconds',
          }),
      );
    },
    issueLoginCode: () => codes.issue({ inviter: admin, isViewer: false }),
    invite(login, role = login.principal.role) {
      const { principal } = login;
      authorize(principal, 'invite', { kind: 'server' });
      if (role === 'viewer' || role === principal.role)
        return codes.issue({ inviter: login, isViewer: role === 'viewer' });
      throw new Failure(
        'forbidden',
        `A login code gives what its maker may, or less: no "${role}" of a "${principal.role}"`,
        {
          field: 'role',
          hint: `Leave it out, or ask for viewer. Others get a token of their own: terrarium token create`,
        },
      );
    },
    redeemLoginCode(code, address) {
      failedLogins.check(address);
      const invitation = codes.redeem(code);
      const { inviter, isViewer } = judge(
        invitation?.inviter.isOver === false ? invitation : undefined,
        code,
        address,
        () =>
          new Failure('unauthorized', 'The login code is unknown, used or expired', {
            hint: 'Restart the server for a new one, or ask for it with the token: POST /api/v1/login-codes',
          }),
      );
      return open(inviter, isViewer);
    },
    openSession(candidate, address) {
      const login = authenticate(candidate, address);
      return open(login, login.principal.role === 'viewer');
    },
    logOut: (login) => sessions.close(login),
    close() {
      clearInterval(timer);
    },
  };
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
