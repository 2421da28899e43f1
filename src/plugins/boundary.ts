// Who may address the server at all: the Host header (against DNS rebinding), the Origin of pages, and no token in a URL. It looks at no
// credential. Allowed foreign origins get the CORS headers they need; nobody else does.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { formatOrigin, type HostAddress, normalizeHost, normalizeOrigin } from '../domain/http/address.ts';
import { Failure } from '../schemas/failure.ts';

/** Names that mean this machine in every browser, whatever DNS says. */
const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD']);

export function boundary(app: FastifyInstance): void {
  const { config } = app;
  const listening = normalizeHost(config.host.includes(':') ? `[${config.host}]` : config.host)?.name;
  const names = new Set([...loopbackNames, ...(listening === undefined ? [] : [listening]), ...config.allowedHosts]);
  // Every address of the machine is no name that a client could mean.
  names.delete('0.0.0.0');
  names.delete('[::]');
  const foreignOrigins = new Set(config.allowedOrigins);

  function checkHost(request: FastifyRequest): HostAddress {
    const given = request.headers.host ?? '';
    const host = normalizeHost(given);
    if (host !== undefined && (names.has(host.name) || names.has(`${host.name}:${host.port ?? 80}`))) return host;
    throw new Failure('host_not_allowed', `The Host header "${given.slice(0, 100)}" is not one of this server`, {
      hint: 'Use the address the server printed at its start, or name this one in TERRARIUM_ALLOWED_HOSTS',
    });
  }

  /** The allowed foreign origin, or null for our own pages and for callers that are no page. */
  function checkOrigin(request: FastifyRequest, host: HostAddress): string | null {
    const given = request.headers.origin;
    if (given === undefined) return null;
    const origin = normalizeOrigin(given);
    if (origin !== undefined && foreignOrigins.has(origin)) return origin;
    const isOwn = origin !== undefined && origin === formatOrigin('http', host);
    // A page elsewhere may be refused only where its request could do something: what it reads, its browser keeps from it.
    if (isOwn || (safeMethods.has(request.method) && !isUpgrade(request))) return null;
    throw new Failure('origin_not_allowed', `The origin "${given.slice(0, 100)}" may not use this server`, {
      hint: 'Scheme, host and port count; name it in TERRARIUM_ALLOWED_ORIGINS if its pages are yours',
    });
  }

  app.addHook('onRequest', async (request, reply) => {
    const host = checkHost(request);
    const origin = checkOrigin(request, host);
    refuseTokenInUrl(request);
    if (origin === null) return;
    allowForeignPage(reply, origin);
    if (request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined)
      return reply.status(204).send();
  });
}

/** Is this the first request of a WebSocket? */
export function isUpgrade(request: FastifyRequest): boolean {
  return request.headers.upgrade !== undefined;
}

/** URLs end up in logs, histories and Referer headers. */
function refuseTokenInUrl(request: FastifyRequest): void {
  const query = request.query as Readonly<Record<string, unknown>>;
  for (const name of ['token', 'access_token'])
    if (query[name] !== undefined)
      throw new Failure('invalid_request', 'A token in the URL is refused: URLs are kept in logs and histories', {
        field: name,
        hint: 'Send it as "Authorization: Bearer TOKEN"; for a WebSocket of a page use a ticket (POST /api/v1/tickets); and change this token',
      });
}

function allowForeignPage(reply: FastifyReply, origin: string): void {
  reply.headers({
    'access-control-allow-origin': origin,
    vary: 'Origin',
    'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE',
    'access-control-allow-headers':
      'Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-Id, Last-Event-ID',
    'access-control-expose-headers': 'ETag, Location, Retry-After, X-Request-Id',
    'access-control-max-age': '600',
  });
}
