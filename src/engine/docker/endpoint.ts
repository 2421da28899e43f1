// Where an engine is: reads an endpoint strictly and prints it. It opens nothing and looks nothing up.
import { isIP } from 'node:net';
import { Failure } from '../../schemas/failure.ts';

/** A Unix socket's path, or a host and port spoken to in plain HTTP. */
export type Endpoint =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** Docker's registered port without TLS. */
const defaultPort = 2375;
const hint = 'Use unix:///absolute/path/to/docker.sock or tcp://host:port.';

/** The longest path that fits sockaddr_un on Linux, without its closing NUL. */
const longestSocketPath = 107;

/**
 * Reads `unix:///path` and `tcp://host[:port]` (port 2375 when left out). Nothing else is accepted: no user, path, query or blanks.
 *
 * @throws {Failure} `invalid_request` that quotes the endpoint and says what is wrong with it.
 */
export function parseEndpoint(text: string): Endpoint {
  const refuse = (why: string) =>
    new Failure('invalid_request', `The engine endpoint "${text}" is not valid: ${why}`, { hint });
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  const rest = scheme === undefined ? '' : text.slice(scheme.length + '://'.length);
  if (scheme === 'unix') return { kind: 'unix', path: readSocketPath(rest, refuse) };
  if (scheme === 'tcp') return { kind: 'tcp', ...readHostAndPort(rest, refuse) };
  throw refuse(scheme === undefined ? 'it has no scheme' : `the scheme "${scheme}" is not supported`);
}

function readSocketPath(path: string, refuse: (why: string) => Failure): string {
  if (!path.startsWith('/')) throw refuse('the path of the socket is not absolute');
  if (path.includes('\0')) throw refuse('the path of the socket holds a NUL');
  if (Buffer.byteLength(path) > longestSocketPath) {
    throw refuse(`the path of a socket is at most ${longestSocketPath} bytes long`);
  }
  return path;
}

function readHostAndPort(rest: string, refuse: (why: string) => Failure): { host: string; port: number } {
  const parts = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([^:]*))?$/.exec(rest.replace(/\/$/, ''));
  const [, bracketed, plain, portText] = parts ?? [];
  if (parts === null) throw refuse('an IPv6 address is written in brackets, and a port is one number');
  const host = bracketed ?? plain ?? '';
  if (bracketed !== undefined ? isIP(bracketed) !== 6 : !isHostName(host)) throw refuse(`"${host}" is not a host`);
  const port = portText === undefined ? defaultPort : Number(portText);
  if (portText !== undefined && (!/^\d{1,5}$/.test(portText) || port < 1 || port > 65535)) {
    throw refuse(`"${portText}" is not a port from 1 to 65535`);
  }
  return { host, port };
}

/** An IPv4 address or a name of RFC 1123 labels (underscores too: Compose service names have them). */
function isHostName(host: string): boolean {
  if (/^[\d.]+$/.test(host)) return isIP(host) === 4;
  return (
    host.length <= 253 &&
    /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i.test(host)
  );
}

/** The endpoint as a person writes it. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === 'unix') return `unix://${endpoint.path}`;
  return `tcp://${endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
}
