// Where an engine is: reads an endpoint strictly and prints it. It opens nothing and looks nothing up.
import { isIP } from 'node:net';
import { Failure } from '../../schemas/failure.ts';

/** A Unix socket; a host and port, spoken to in plain HTTP or over TLS; or a Unix socket on a host that SSH leads to. */
export type Endpoint =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp' | 'tls'; readonly host: string; readonly port: number }
  | SshEndpoint;

/** `user` and `port` are null where ssh is to choose them. `path` is the engine's socket over there. */
export interface SshEndpoint {
  readonly kind: 'ssh';
  readonly user: string | null;
  readonly host: string;
  readonly port: number | null;
  readonly path: string;
}

/** Docker's registered ports. */
const defaultPorts = { tcp: 2375, tls: 2376 } as const;
const defaultSocket = '/var/run/docker.sock';
const hint =
  'Use unix:///absolute/path/to/docker.sock, tcp://host:port or ssh://user@host[:port][/absolute/path/to/docker.sock].';

/** The longest path that fits sockaddr_un on Linux, without its closing NUL. */
const longestSocketPath = 107;

/**
 * Reads `unix:///path`, `tcp://host[:port]` (port 2375 when left out, 2376 with `tls`) and `ssh://[user@]host[:port][/path]`. Nothing else is
 * accepted: no password, query or blanks.
 *
 * @throws {Failure} `invalid_request` that quotes the endpoint (never a password in it) and says what is wrong with it.
 */
export function parseEndpoint(text: string, { tls = false }: { tls?: boolean } = {}): Endpoint {
  const refuse = (why: string) =>
    new Failure('invalid_request', `The engine endpoint "${hidePassword(text)}" is not valid: ${why}`, { hint });
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  const rest = scheme === undefined ? '' : text.slice(scheme.length + '://'.length);
  if (scheme === 'unix') return { kind: 'unix', path: readSocketPath(rest, refuse) };
  if (scheme === 'tcp') {
    const kind = tls ? 'tls' : 'tcp';
    const { host, port } = readHostAndPort(rest.replace(/\/$/, ''), refuse);
    return { kind, host, port: port ?? defaultPorts[kind] };
  }
  if (scheme === 'ssh') return readSsh(rest, refuse);
  throw refuse(scheme === undefined ? 'it has no scheme' : `the scheme "${scheme}" is not supported`);
}

/** For errors and logs. */
export function hidePassword(text: string): string {
  return text.replace(/^([a-z]+:\/\/[^/@:]*:)[^@]*@/i, '$1…@');
}

function readSocketPath(path: string, refuse: (why: string) => Failure): string {
  if (!path.startsWith('/')) throw refuse('the path of the socket is not absolute');
  if (path.includes('\0')) throw refuse('the path of the socket holds a NUL');
  if (Buffer.byteLength(path) > longestSocketPath) {
    throw refuse(`the path of a socket is at most ${longestSocketPath} bytes long`);
  }
  return path;
}

function readHostAndPort(rest: string, refuse: (why: string) => Failure): { host: string; port: number | null } {
  const parts = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([^:]*))?$/.exec(rest);
  const [, bracketed, plain, portText] = parts ?? [];
  if (parts === null) throw refuse('an IPv6 address is written in brackets, and a port is one number');
  const host = bracketed ?? plain ?? '';
  if (bracketed !== undefined ? isIP(bracketed) !== 6 : !isHostName(host)) throw refuse(`"${host}" is not a host`);
  if (portText === undefined) return { host, port: null };
  const port = Number(portText);
  if (!/^\d{1,5}$/.test(portText) || port < 1 || port > 65535) {
    throw refuse(`"${portText}" is not a port from 1 to 65535`);
  }
  return { host, port };
}

function readSsh(rest: string, refuse: (why: string) => Failure): SshEndpoint {
  const [, login, place = '', path = ''] = /^(?:([^/]*)@)?([^/]*)(\/.*)?$/s.exec(rest) ?? [];
  if (login?.includes(':'))
    throw refuse('ssh takes no password here: name an identity file, or let an agent hold the key');
  // What is no name could be an option to ssh.
  if (login !== undefined && !/^[a-z0-9_][a-z0-9_.-]*\$?$/i.test(login)) throw refuse(`"${login}" is not a user`);
  const { host, port } = readHostAndPort(place, refuse);
  // ssh gives a meaning of its own to the other characters.
  if (!/^[\w./@+,-]*$/.test(path)) throw refuse('the path of the socket holds a character that ssh cannot forward');
  const socket = path === '' || path === '/' ? defaultSocket : path;
  return { kind: 'ssh', user: login ?? null, host, port, path: readSocketPath(socket, refuse) };
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
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  if (endpoint.kind !== 'ssh') return `tcp://${host}:${endpoint.port}`;
  const { user, port, path } = endpoint;
  const place = `${user === null ? '' : `${user}@`}${host}${port === null ? '' : `:${port}`}`;
  return `ssh://${place}${path === defaultSocket ? '' : path}`;
}
