// The one place that makes connections to an engine. It sends a request over node's own HTTP and hands back the raw answer, whatever its
// status; it translates nothing, follows no redirect and waits for no body.
import { Agent, type IncomingMessage, request as openRequest, type RequestOptions } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Endpoint } from './endpoint.ts';

/** One request. `path` is complete but for its query; a `body` is sent as JSON. */
export interface DialRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: object;
  /** Ask for the connection itself (`Upgrade: tcp`). */
  readonly hijack?: boolean;
}

/** An answer whose body is still to be read, or the connection that was asked for. */
export type DialAnswer =
  | { readonly kind: 'response'; readonly response: IncomingMessage }
  | { readonly kind: 'connection'; readonly connection: Duplex };

/** Connections to one engine of one kind: kept alive and shared, or a fresh one for each request. */
export interface Dialler {
  dial(request: DialRequest, cut: AbortSignal): Promise<DialAnswer>;
  /** Closes connections that wait for a next request. */
  dropIdle(): void;
  close(): void;
}

/** Idle connections are closed after this, well before anything between us and a remote engine forgets them. */
const idleMs = 30_000;

/** A stream without a listener for `error` ends the process when its connection is cut. */
const ignore = () => {};

/** @param keepAlive share connections between requests. Reads only: a write on a connection that died while idle is lost or doubled. */
export function createDialler(endpoint: Endpoint, { keepAlive }: { keepAlive: boolean }): Dialler {
  const agent = new Agent(keepAlive ? { keepAlive, timeout: idleMs, scheduling: 'lifo' } : { keepAlive });
  const where = endpoint.kind === 'unix' ? { socketPath: endpoint.path } : { host: endpoint.host, port: endpoint.port };
  return {
    dial: (request, cut) => send({ ...where, agent }, request, cut),
    dropIdle() {
      for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    },
    close: () => agent.destroy(),
  };
}

function send(
  where: RequestOptions,
  { method, path, query, body, hijack }: DialRequest,
  cut: AbortSignal,
): Promise<DialAnswer> {
  const payload = body === undefined ? '' : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const request = openRequest({
      ...where,
      method,
      path: query === undefined || Object.keys(query).length === 0 ? path : `${path}?${formatQuery(query)}`,
      headers: {
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        // Never chunked: the last chunk of an empty body would end in the stdin of a hijacked process.
        ...(method !== 'GET' && { 'Content-Length': Buffer.byteLength(payload) }),
        ...(hijack && { Connection: 'Upgrade', Upgrade: 'tcp' }),
      },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      response.on('error', ignore);
      resolve({ kind: 'response', response });
    });
    if (hijack) {
      request.on('upgrade', (_, connection, head) => {
        connection.on('error', ignore);
        if (head.length > 0) connection.unshift(head);
        resolve({ kind: 'connection', connection });
      });
    }
    if (cut.aborted) request.destroy();
    else cut.addEventListener('abort', () => request.destroy(), { once: true });
    request.end(payload);
  });
}

function formatQuery(query: NonNullable<DialRequest['query']>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) search.append(name, String(value));
  return search.toString();
}
