// Containers: one method a route.
import type { Container, ContainerState, Mode, PublishedPort } from '../../schemas/container.ts';
import type { CreateBridged, CreateClosed, CreateJoined, CreateOpen, DryRun } from '../../schemas/create.ts';
import type { ExecRequest, ExecResult } from '../../schemas/exec.ts';
import type { Ifconfig } from '../../schemas/ifconfig.ts';
import type { LogLine } from '../../schemas/logs.ts';
import type { ContainerNamespaces } from '../../schemas/namespaces.ts';
import type { Netstat } from '../../schemas/netstat.ts';
import type { PacketPath } from '../../schemas/packet-path.ts';
import type { CallOptions, Http } from '../http.ts';
import type { Dial } from '../sockets/socket.ts';
import { openTerminal, type Terminal, type TerminalOptions } from '../terminal.ts';

/** The body of a create, by model. */
export interface CreateBodies {
  readonly closed: CreateClosed;
  readonly bridged: CreateBridged;
  readonly joined: CreateJoined;
  readonly open: CreateOpen;
}

/** Which engine, where several have such an object. */
export interface OnEngine extends CallOptions {
  readonly engine?: string;
}

export interface CreateOptions extends OnEngine {
  /** One key, one container: with it a create that got no answer is repeated by itself. */
  readonly idempotencyKey?: string;
}

export interface ListOptions extends OnEngine {
  readonly mode?: Mode;
  readonly lab?: string;
  readonly state?: ContainerState;
  /** `managed` (default): those that Terrarium made. */
  readonly scope?: 'managed' | 'all';
}

export interface StopOptions extends OnEngine {
  /** Seconds that the process gets to end. */
  readonly timeout?: number;
}

export interface RestartOptions extends StopOptions {
  /** `false` leaves what is joined to it stranded. */
  readonly rejoin?: boolean;
}

export interface NetstatOptions extends OnEngine {
  /** Letters of `t u w l a`; default `tuwan`. */
  readonly options?: string;
}

export interface IfconfigOptions extends OnEngine {
  /** In the text also what is not UP. */
  readonly all?: boolean;
}

export interface PathOptions extends OnEngine {
  readonly protocol?: 'tcp' | 'udp';
  /** `outside` (default), `host`, an address beyond the host, or a container. */
  readonly from?: string;
}

export interface LogsOptions extends OnEngine {
  /** Lines of the past; default 1000. */
  readonly tail?: number | 'all';
  /** Go on until the container is removed. */
  readonly follow?: boolean;
}

export interface Containers {
  create<Model extends keyof CreateBodies>(
    model: Model,
    body: CreateBodies[Model],
    options?: CreateOptions,
  ): Promise<Container>;
  /** What a create would send to the engine; nothing is made. */
  dryRun<Model extends keyof CreateBodies>(
    model: Model,
    body: CreateBodies[Model],
    options?: OnEngine,
  ): Promise<DryRun>;
  list(options?: ListOptions): Promise<Container[]>;
  get(container: string, options?: OnEngine): Promise<Container>;
  /** Running or not. */
  remove(container: string, options?: OnEngine): Promise<void>;
  start(container: string, options?: OnEngine): Promise<Container>;
  stop(container: string, options?: StopOptions): Promise<Container>;
  restart(container: string, options?: RestartOptions): Promise<Container>;
  pause(container: string, options?: OnEngine): Promise<Container>;
  unpause(container: string, options?: OnEngine): Promise<Container>;
  rejoin(container: string, options?: StopOptions): Promise<Container>;
  /** Runs a command to its end; an aborted signal kills it. */
  exec(container: string, request: ExecRequest, options?: OnEngine): Promise<ExecResult>;
  terminal(container: string, options?: TerminalOptions): Promise<Terminal>;
  /** What it shares with whom, and what is its own. */
  namespaces(container: string, options?: OnEngine): Promise<ContainerNamespaces>;
  ports(container: string, options?: OnEngine): Promise<PublishedPort[]>;
  /** As `docker port` prints it. */
  portsText(container: string, options?: OnEngine): Promise<string>;
  /** How a packet gets to one of its ports, hop by hop, and whether it arrives. */
  path(container: string, port: number, options?: PathOptions): Promise<PacketPath>;
  netstat(container: string, options?: NetstatOptions): Promise<Netstat>;
  /** As busybox prints it. */
  netstatText(container: string, options?: NetstatOptions): Promise<string>;
  ifconfig(container: string, options?: IfconfigOptions): Promise<Ifconfig>;
  ifconfigText(container: string, options?: IfconfigOptions): Promise<string>;
  /** Line by line, at the reader's pace. With `follow` it ends with the container, and fails where the line is cut: `subscribe` comes back by itself. */
  logs(container: string, options?: LogsOptions): AsyncGenerator<LogLine, void, undefined>;
  /** The bytes that it wrote, as text. */
  logsText(container: string, options?: OnEngine & { readonly tail?: number | 'all' }): Promise<string>;
}

const root = '/api/v1/containers';

export function containers(http: Http, dial: Dial): Containers {
  const of = (container: string, what = '') => `${root}/${encodeURIComponent(container)}${what}`;
  const change =
    (verb: string) =>
    (container: string, { signal, ...query }: RestartOptions = {}) =>
      http.json<Container>({ method: 'POST', path: of(container, `/${verb}`), query, signal });
  const see =
    <Data>(what: string) =>
    (container: string, { signal, ...query }: OnEngine = {}) =>
      http.json<Data>({ method: 'GET', path: of(container, `/${what}`), query, signal });
  const seeText =
    (what: string) =>
    (container: string, { signal, ...query }: OnEngine = {}) =>
      http.text({ method: 'GET', path: of(container, `/${what}`), query, signal });

  return {
    create: (model, body, { signal, idempotencyKey, ...query } = {}) =>
      http.json({
        method: 'POST',
        path: `${root}/${model}`,
        query,
        body,
        signal,
        ...(idempotencyKey !== undefined && { headers: { 'idempotency-key': idempotencyKey }, isRepeatable: true }),
      }),
    dryRun: (model, body, { signal, ...query } = {}) =>
      http.json({
        method: 'POST',
        path: `${root}/${model}`,
        query: { ...query, dryRun: true },
        body,
        signal,
        isRepeatable: true,
      }),
    list: ({ signal, ...query } = {}) => http.json({ method: 'GET', path: root, query, signal }),
    get: (container, { signal, ...query } = {}) => http.json({ method: 'GET', path: of(container), query, signal }),
    async remove(container, { signal, ...query } = {}) {
      await http.json({ method: 'DELETE', path: of(container), query, signal });
    },
    start: change('start'),
    stop: change('stop'),
    restart: change('restart'),
    pause: change('pause'),
    unpause: change('unpause'),
    rejoin: change('rejoin'),
    exec: (container, body, { signal, ...query } = {}) =>
      http.json({ method: 'POST', path: of(container, '/exec'), query, body, signal }),
    terminal: (container, options = {}) => openTerminal(dial, container, options),
    namespaces: see('namespaces'),
    ports: see('ports'),
    portsText: seeText('ports'),
    path: (container, port, { signal, protocol, ...query } = {}) =>
      http.json({
        method: 'GET',
        path: of(container, `/ports/${port}${protocol === undefined ? '' : `/${protocol}`}/path`),
        query,
        signal,
      }),
    netstat: see('netstat'),
    netstatText: seeText('netstat'),
    ifconfig: see('ifconfig'),
    ifconfigText: seeText('ifconfig'),
    logs: (container, { signal, ...query } = {}) =>
      http.lines({ method: 'GET', path: of(container, '/logs'), query, signal }),
    logsText: seeText('logs'),
  };
}
