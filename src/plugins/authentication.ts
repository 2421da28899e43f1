// Who calls: a bearer token, or a ticket on the first request of a WebSocket. Everything but what says `access: 'open'` needs one; no cookie counts.
// Where a login ends, what it has under way ends with it: an answer that goes on is cut, one that has not begun is 401.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Failure } from '../schemas/failure.ts';
import type { Principal } from '../services/access.ts';
import type { Login } from '../services/credentials/logins.ts';
import { isUpgrade } from './boundary.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls. There is none on a route with `access: 'open'`: reading it there is a mistake, and throws. */
    readonly principal: Principal;
    /** By what they call: what is opened for them ends with it. Throws as {@link principal} does. */
    readonly login: Login;
    /** What {@link principal} and {@link login} read. */
    authenticated: Login | null;
  }
  interface FastifyContextConfig {
    /** `open`: served without a token. Every route that does not say so needs one. */
    readonly access?: 'open';
  }
}

export function authentication(app: FastifyInstance): void {
  app.decorateRequest('authenticated', null);
  app.decorateRequest('login', {
    getter() {
      if (this.authenticated === null) throw new Error('an open route has no principal');
      return this.authenticated;
    },
  });
  app.decorateRequest('principal', {
    getter() {
      return this.login.principal;
    },
  });

  app.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.config.access !== 'open') {
      const login = identify(app, request);
      request.authenticated = login;
      // A socket is ended where it is opened (plugins/websocket.ts): it outlives its first request.
      if (!isUpgrade(request))
        reply.raw.once(
          'close',
          login.onEnd(() => cutOff(reply)),
        );
    }
    done();
  });
}

/** What works for an answer that has not begun hears of it by its signal (routes/departure.ts), and fails; what does not has this long, in milliseconds. */
const lastWordMs = 500;

function cutOff({ raw }: FastifyReply): void {
  if (raw.headersSent) {
    raw.destroy();
    return;
  }
  const timer = setTimeout(() => raw.destroy(), lastWordMs);
  raw.once('close', () => clearTimeout(timer));
}

function identify(app: FastifyInstance, request: FastifyRequest): Login {
  const ticket = takeTicket(request);
  const token = readBearer(request.headers.authorization);
  if (token !== undefined) return app.credentials.authenticate(token, request.ip);
  if (ticket !== undefined) return app.credentials.redeemTicket(ticket, request.ip);
  throw new Failure('unauthorized', 'This needs a token', {
    hint: isUpgrade(request)
      ? 'Send "Authorization: Bearer TOKEN"; pages ask POST /api/v1/tickets for a ticket and connect with ?ticket='
      : 'Send "Authorization: Bearer TOKEN"; the token is in the configuration of the server or in the file "token" of its state directory',
  });
}
/** RFC 6750 §2.1; the name of the scheme is case-insensitive. */
function readBearer(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const match = /^bearer +(\S+) *$/i.exec(header);
  if (match?.[1] === undefined)
    throw new Failure('unauthorized', 'The Authorization header is not "Bearer TOKEN"', {
      hint: 'No other scheme is known here',
    });
  return match[1];
}

/** The ticket of an upgrade, removed from the query: the route's own schema does not know it. */
function takeTicket(request: FastifyRequest): string | undefined {
  if (!isUpgrade(request)) return undefined;
  const query = request.query as Record<string, unknown>;
  const { ticket } = query;
  delete query.ticket;
  return typeof ticket === 'string' ? ticket : undefined;
}
