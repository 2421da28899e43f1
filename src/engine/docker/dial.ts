// The one place that touches dockerode's transport (docker-modem). It makes a request and hands back the raw answer, whatever its status;
// it translates nothing and waits for no body.
import { Agent, type AgentOptions, type ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import DockerModem from 'docker-modem';
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

/** What docker-modem reads from the environment (DOCKER_HOST and its companions). */
const environmentOptions = ['host', 'port', 'socketPath', 'username', 'sshOptions', 'timeout', 'ca', 'cert', 'key'];

/** Idle connections are closed after this, well before anything between us and a remote engine forgets them. */
const idleMs = 30_000;

/** Judging a status is not the transport's business: it would replace the engine's answer by an error of its own. */
const everyStatus = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [100 + index, true]));

/** The transport listens to no `error` of what it hands out: without a listener a cut connection would end the process. */
const ignore = () => {};

/** What every agent of Node has, and its types leave out. */
interface RequestQueue {
  addRequest(request: ClientRequest, options: object): void;
}

/**
 * The transport follows redirects, to any host, and what goes wrong there ends the process. An engine sends one for a path that it would
 * rather have cleaned; whatever else sends one is no engine. Without its Location it is an answer like any other.
 */
function createAgent(options: AgentOptions): Agent {
  const agent = new Agent(options) as Agent & RequestQueue;
  const addRequest = agent.addRequest.bind(agent);
  agent.addRequest = (request, requestOptions) => {
    request.prependListener('response', ({ headers }) => {
      delete headers.location;
    });
    addRequest(request, requestOptions);
  };
  return agent;
}

/** @param keepAlive share connections between requests. Reads only: a write on a connection that died while idle is lost or doubled. */
export function createDialler(endpoint: Endpoint, { keepAlive }: { keepAlive: boolean }): Dialler {
  const agent = createAgent(keepAlive ? { keepAlive, timeout: idleMs, scheduling: 'lifo' } : { keepAlive });
  const where = endpoint.kind === 'unix' ? { socketPath: endpoint.path } : { host: endpoint.host, port: endpoint.port };
  // The environment's values hold unless these are named, even as undefined.
  const unset = Object.fromEntries(environmentOptions.map((option) => [option, undefined]));
  const modem = new DockerModem({ ...unset, ...where, protocol: 'http', agent });
  return {
    dial: ({ method, path, query, body, hijack = false }, cut) =>
      new Promise((resolve, reject) => {
        const hasQuery = query !== undefined && Object.keys(query).length > 0;
        const onAnswer: DockerModem.RequestCallback = (error, answer) => {
          if (error !== null) {
            reject(error);
            return;
          }
          const stream = answer as IncomingMessage | Duplex;
          stream.on('error', ignore);
          if (stream instanceof IncomingMessage) resolve({ kind: 'response', response: stream });
          else resolve({ kind: 'connection', connection: stream });
        };
        const request: DockerModem.DialOptions = {
          method,
          // The transport appends a query where it sees a question mark.
          path: hasQuery ? `${path}?` : path,
          options: { ...(hasQuery && { _query: query }), _body: body ?? {} },
          statusCodes: everyStatus,
          isStream: true,
          hijack,
          abortSignal: cut,
        };
        // A hijacked request without a body is sent as an empty one: chunked encoding would end in the process's stdin.
        if (hijack && body === undefined) {
          request.file = Buffer.alloc(0);
          request.headers = { 'Content-Type': 'text/plain' };
        }
        modem.dial(request, onAnswer);
      }),
    dropIdle() {
      for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    },
    close: () => agent.destroy(),
  };
}
