// Who calls: a bearer token, or a ticket on the first request of a WebSocket. Everything but what says `access: 'open'` needs one; no cookie counts.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Failure } from '../schemas/failure.ts';
import type { Principal } from '../services/access.ts';
import { isUpgrade } from './boundary.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls. There is none on a route with `access: 'open'`: reading it there is a mistake, and throws. */
    readonly principal: Principal;
    /** What {@link principal} reads. */
    authenticated: Principal | null;
  }
  interface FastifyContextConfig {
    /** `open`: served without a token. Every route that does not say so needs one. */
    readonly access?: 'open';
  }
}

export function authentication(app: FastifyInstance): void {
  app.decorateRequest('authenticated', null);
  app.decorateRequest('principal', {
    getter() {
      if (this.authenticated === null) throw new Error('an open route has no principal');
      return this.authenticated;
    },
  });

  app.addHook('onRequest', (request, _reply, done) => {
    if (request.routeOptions.config.access !== 'open') request.authenticated = identify(app, request);
    done();
  });
}

function identify(app: FastifyInstance, request: FastifyRequest): Principal {
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
