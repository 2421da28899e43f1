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

  function checkHost(request: FastifyRequest, reply: FastifyReply): HostAddress {
    requireOneHost(request, reply);
    const named = readAuthority(request);
    if (named !== undefined) judgeHost(named);
    return judgeHost(request.headers.host ?? '');
  }

  function judgeHost(given: string): HostAddress {
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
    const host = checkHost(request, reply);
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

/** RFC 9112 §3.2. Node takes the first of several, and a proxy before us may have judged another. */
function requireOneHost({ raw: { rawHeaders } }: FastifyRequest, reply: FastifyReply): void {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  if (count === 1) return;
  // What follows on the connection may be part of what was meant by this.
  reply.header('connection', 'close');
  throw new Failure('invalid_request', `The request has ${count === 0 ? 'no Host header' : `${count} Host headers`}`, {
    hint: 'Send exactly one',
  });
}

/** RFC 9112 §3.2.2: a target may be a whole URL, as proxies are sent, and its host then counts. */
function readAuthority({ raw: { url = '' } }: FastifyRequest): string | undefined {
  if (url.startsWith('/')) return undefined;
  const [, authority] = /^https?:\/\/([^/?#]+)/i.exec(url) ?? [];
  if (authority === undefined)
    throw new Failure('invalid_request', `The target "${url.slice(0, 100)}" is neither a path nor a URL`, {
      hint: 'Begin it with a slash',
    });
  return authority;
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
