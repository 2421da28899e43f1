// The one place that makes connections to an engine. dockerode composes each request; it is sent over node's own HTTP and the raw answer is handed
// back, whatever its status. Nothing is translated here, no redirect is followed and no body is waited for.
import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request as openRequest } from 'node:http';
import { request as openSecureRequest, type RequestOptions, Agent as SecureAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { loadDockerode } from './dockerode.ts';
import type { Transport } from './transport.ts';

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
export function createDialler(transport: Transport, { keepAlive }: { keepAlive: boolean }): Dialler {
  const pooling = keepAlive ? ({ keepAlive, timeout: idleMs, scheduling: 'lifo' } as const) : { keepAlive };
  const agent = transport.isSecure ? new SecureAgent(pooling) : new Agent(pooling);
  const openCall = transport.isSecure ? openSecureRequest : openRequest;
  const modem = createModem();
  modem.buildRequest = (composed, { hijack, cut }, payload = '', callback) =>
    transport
      .open()
      .then((way) => send(openCall, { ...composed, ...way, agent }, payload, { hijack, cut }))
      .then((answer) => callback(null, answer), callback);
  return {
    dial: ({ method, path, query = {}, body, hijack = false }, cut) =>
      new Promise((resolve, reject) => {
        modem.dial(
          {
            method,
            path: Object.keys(query).length === 0 ? path : `${path}?`,
            options: { _query: query, _body: body ?? {} },
            // Only then an object without members is a body too.
            allowEmpty: body !== undefined,
            hijack,
            cut,
          },
          (error, answer) => (answer === undefined ? reject(error) : resolve(answer)),
        );
      }),
    dropIdle() {
      for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    },
    close: () => agent.destroy(),
  };
}

/** dockerode's transport, the two methods that matter here. */
interface Modem {
  dial(request: object, callback: (error: unknown, answer?: DialAnswer) => void): void;
  /**
   * What sends the composed request. Replaced, because the original prints every request for a debug line that nobody reads (0.2 ms), follows redirects
   * to any host, and ends the process when one fails.
   */
  buildRequest: (
    options: RequestOptions,
    request: { readonly hijack: boolean; readonly cut: AbortSignal },
    payload: string | undefined,
    callback: (error: unknown, answer?: DialAnswer) => void,
  ) => void;
}

/**
 * It composes requests, and no more: where they go, the transport says. Its constructor reads the variables of the docker command, and the files that
 * they name, whatever it is told: so they are out of its sight meanwhile.
 */
function createModem(): Modem {
  const hidden = ['DOCKER_HOST', 'DOCKER_CERT_PATH'].map((name) => [name, process.env[name]] as const);
  for (const [name] of hidden) Reflect.deleteProperty(process.env, name);
  try {
    const Docker = loadDockerode();
    return new Docker({ socketPath: '/' }).modem as unknown as Modem;
  } finally {
    for (const [name, value] of hidden) if (value !== undefined) process.env[name] = value;
  }
}

function send(
  open: typeof openRequest,
  { headers, socketPath, ...options }: RequestOptions,
  payload: string,
  { hijack, cut }: { readonly hijack: boolean; readonly cut: AbortSignal },
): Promise<DialAnswer> {
  // Never chunked: the last chunk of an empty body would end in the stdin of a hijacked process.
  const { 'Transfer-Encoding': _chunked, ...sent } = headers as OutgoingHttpHeaders;
  return new Promise((resolve, reject) => {
    const request = open({
      ...options,
      ...(options.host === undefined && { socketPath }),
      headers: options.method === 'GET' ? sent : { ...sent, 'Content-Length': Buffer.byteLength(payload) },
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
