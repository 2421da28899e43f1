// How others get in: login codes for pages, tickets for WebSockets.
import type { Login, LoginCode, Session, Ticket } from '../../schemas/credentials.ts';
import type { CallOptions, Http } from '../http.ts';

export interface LoginCodeOptions extends CallOptions {
  /** `viewer`: whoever uses the code may look at what you see, and change nothing. Default: what you may. */
  readonly role?: Session['role'];
}

export interface Access {
  /** A single-use code, and the URL that logs a browser in with it. */
  loginCode(options?: LoginCodeOptions): Promise<LoginCode>;
  /** Begins a session, by a login code or by a token. */
  login(by: string | { readonly token: string }, options?: CallOptions): Promise<Login>;
  /** Ends the session that this client's token is of. Fails with `state_conflict` where it is of none. */
  logout(options?: CallOptions): Promise<void>;
  /** Who the token of this client stands for. */
  session(options?: CallOptions): Promise<Session>;
  /** For one WebSocket, good for 30 seconds. */
  ticket(options?: CallOptions): Promise<Ticket>;
}

export function access(http: Http): Access {
  return {
    loginCode: ({ signal, ...query } = {}) => http.json({ method: 'POST', path: '/api/v1/login-codes', query, signal }),
    login: (by, { signal } = {}) =>
      http.json({ method: 'POST', path: '/api/v1/login', body: typeof by === 'string' ? { code: by } : by, signal }),
    async logout({ signal } = {}) {
      await http.json({ method: 'POST', path: '/api/v1/logout', signal });
    },
    session: ({ signal } = {}) => http.json({ method: 'GET', path: '/api/v1/session', signal }),
    ticket: ({ signal } = {}) => http.json({ method: 'POST', path: '/api/v1/tickets', signal }),
  };
}
