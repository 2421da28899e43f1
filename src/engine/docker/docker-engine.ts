// The adapter: the port's methods as calls of the Docker Engine API. One method, one call; what a call needs of bounds, retries and
// translation is the connection's business, and nothing here decides anything about containers.
import type { CreateBody } from '../../domain/container/create-body.ts';
import type { ContainerFacts, NetworkFacts } from '../../domain/container/facts.ts';
import type { ProcessFacts } from '../../domain/namespaces/process.ts';
import { type NetworkSpec, toNetworkBody } from '../../domain/network/network-spec.ts';
import { Failure } from '../../schemas/failure.ts';
import type {
  AttachedLogs,
  AttachedStreams,
  CallOptions,
  EndpointSpec,
  Engine,
  EngineEvent,
  EngineInfo,
  ExecSpec,
  ExecState,
  ImageFacts,
  LogsQuery,
  PullProgress,
  VolumeFacts,
} from '../engine.ts';
import { readFirstFile } from './archive.ts';
import { attachStreams } from './attached-streams.ts';
import { type Call, Connection } from './connection.ts';
import type {
  ContainerJson,
  ExecJson,
  ImageJson,
  ImageSummaryJson,
  InfoJson,
  NetworkJson,
  TopJson,
  VolumeJson,
} from './docker-json.ts';
import { type Endpoint, formatEndpoint, parseEndpoint } from './endpoint.ts';
import { formatNanoseconds, streamEvents, streamLogs, streamPull } from './engine-streams.ts';
import { believe, ClaimsMemory, disown, hasReserved } from './image-labels.ts';
import { splitImageReference } from './image-reference.ts';
import { type BodyJson, readBody } from './translate-body.ts';
import { readContainer, readImage, readImageSummary, readInfo, readNetwork, readVolume } from './translate-facts.ts';
import { namespaceColumns, readProcesses } from './translate-top.ts';
import { type Credentials, createTransport } from './transport.ts';

/** Default deadlines in milliseconds. Creating and starting wait for each other inside a busy engine: 20 at once take 3 s on two cores. */
const deadline = { ping: 2_000, read: 15_000, write: 60_000, head: 30_000, pull: 60_000 } as const;
/** What stopping may take beyond the grace that it was given (the engine's default grace is 10 s). */
const stopGraceMs = 10_000;

/**
 * Connects to a Docker Engine, lazily: nothing is sent before the first call, and an engine that is away is no error until then.
 *
 * @param endpoint see {@link parseEndpoint}
 * @throws {Failure} `invalid_request` for an endpoint that cannot be read.
 */
export function connectEngine({
  name,
  endpoint,
  ...credentials
}: { readonly name: string; readonly endpoint: string } & Credentials): Engine {
  return new DockerEngine(name, parseEndpoint(endpoint, { tls: credentials.tls !== undefined }), credentials);
}

/** Bounds of a call that creates or opens something: what the caller said, else the default for its kind. */
const bound = (options: CallOptions | undefined, deadlineMs: number): Pick<Call, 'deadlineMs' | 'signal'> => ({
  deadlineMs: options?.deadlineMs ?? deadlineMs,
  ...(options?.signal !== undefined && { signal: options.signal }),
});

class DockerEngine implements Engine {
  readonly name: string;
  readonly endpoint: string;
  readonly transport: Engine['transport'];
  readonly plainTcp: boolean;
  readonly #connection: Connection;
  readonly #claims = new ClaimsMemory((image, options) => this.inspectImage(image, options));

  constructor(name: string, endpoint: Endpoint, credentials: Credentials) {
    this.name = name;
    this.endpoint = formatEndpoint(endpoint);
    this.transport = endpoint.kind;
    this.plainTcp = endpoint.kind === 'tcp';
    const label = { name, endpoint: this.endpoint };
    this.#connection = new Connection(label, createTransport(endpoint, label, credentials));
  }

  ping(options?: CallOptions): Promise<void> {
    return this.#connection.ping(options?.deadlineMs ?? deadline.ping, options?.signal);
  }

  async info(options?: CallOptions): Promise<EngineInfo> {
    const json = await this.#read<InfoJson>('/info', "read the engine's info", options);
    return readInfo(json, await this.#connection.version());
  }

  events(options: { since?: bigint; signal: AbortSignal; onOpen?: () => void }): AsyncIterable<EngineEvent> {
    return streamEvents(this.#connection, options);
  }

  async listContainerIds(options?: CallOptions): Promise<string[]> {
    const list = await this.#read<{ Id: string }[]>('/containers/json', 'list containers', options, { all: true });
    return list.map(({ Id }) => Id);
  }

  async inspectContainer(ref: string, options?: CallOptions): Promise<ContainerFacts> {
    const path = `${containerPath(ref)}/json`;
    const facts = readContainer(await this.#read<ContainerJson>(path, `inspect container ${ref}`, options));
    if (!hasReserved(facts.labels)) return facts;
    return { ...facts, labels: believe(facts.labels, await this.#claims.of(facts.imageId, options)) };
  }

  async createContainer(
    name: string | undefined,
    body: CreateBody,
    options?: CallOptions,
  ): Promise<{ id: string; warnings: string[] }> {
    const claims = await this.#claims.of(body.Image, options);
    const { Id, Warnings } = await this.#connection.askJson<{ Id: string; Warnings: string[] | null }>({
      method: 'POST',
      path: '/containers/create',
      ...(name !== undefined && { query: { name } }),
      body: { ...body, Labels: disown(body.Labels, claims) },
      action: name === undefined ? 'create a container' : `create container ${name}`,
      ...bound(options, deadline.write),
    });
    return { id: Id, warnings: Warnings ?? [] };
  }

  async readCreateBody(ref: string, options?: CallOptions): Promise<CreateBody> {
    const path = `${containerPath(ref)}/json`;
    return readBody(await this.#read<BodyJson>(path, `inspect container ${ref}`, options));
  }

  renameContainer(ref: string, name: string, options?: CallOptions): Promise<void> {
    return this.#write('POST', `${containerPath(ref)}/rename`, `rename container ${ref}`, options, { name });
  }

  async startContainer(ref: string, options?: CallOptions): Promise<void> {
    return this.#write('POST', `${containerPath(ref)}/start`, `start container ${ref}`, options);
  }

  async stopContainer(ref: string, options?: CallOptions & { timeoutSeconds?: number }): Promise<void> {
    return this.#write('POST', `${containerPath(ref)}/stop`, `stop container ${ref}`, ...stopBounds(options));
  }

  async restartContainer(ref: string, options?: CallOptions & { timeoutSeconds?: number }): Promise<void> {
    return this.#write('POST', `${containerPath(ref)}/restart`, `restart container ${ref}`, ...stopBounds(options));
  }

  async pauseContainer(ref: string, options?: CallOptions): Promise<void> {
    return this.#write('POST', `${containerPath(ref)}/pause`, `pause container ${ref}`, options);
  }

  async unpauseContainer(ref: string, options?: CallOptions): Promise<void> {
    return this.#write('POST', `${containerPath(ref)}/unpause`, `unpause container ${ref}`, options);
  }

  async killContainer(ref: string, signalName: string, options?: CallOptions): Promise<void> {
    const query = { signal: signalName };
    return this.#write('POST', `${containerPath(ref)}/kill`, `kill container ${ref}`, options, query);
  }

  async removeContainer(ref: string, options?: CallOptions & { force?: boolean }): Promise<void> {
    const query = { v: true, force: options?.force ?? false };
    return this.#write('DELETE', containerPath(ref), `remove container ${ref}`, options, query);
  }

  async attach(
    ref: string,
    options: CallOptions & { tty: boolean; logs?: boolean; stdin?: boolean },
  ): Promise<AttachedStreams> {
    const connection = await this.#connection.hijack({
      method: 'POST',
      path: `${containerPath(ref)}/attach`,
      query: {
        stream: true,
        stdin: options.stdin ?? true,
        stdout: true,
        stderr: true,
        logs: options.logs ?? false,
      },
      action: `attach to container ${ref}`,
      ...bound(options, deadline.head),
    });
    return attachStreams(connection, options);
  }

  async resizeContainer(ref: string, size: { cols: number; rows: number }, options?: CallOptions): Promise<void> {
    const query = { h: size.rows, w: size.cols };
    return this.#write('POST', `${containerPath(ref)}/resize`, `resize container ${ref}`, options, query);
  }

  async listProcesses(ref: string, options?: CallOptions): Promise<ProcessFacts[]> {
    const path = `${containerPath(ref)}/top`;
    const query = { ps_args: namespaceColumns };
    return readProcesses(await this.#read<TopJson>(path, `list the processes of container ${ref}`, options, query));
  }

  async readFile(ref: string, path: string, options?: CallOptions): Promise<string> {
    const action = `read ${path} of container ${ref}`;
    const { body } = await this.#connection.ask({
      method: 'GET',
      path: `${containerPath(ref)}/archive`,
      query: { path },
      action,
      ...bound(options, deadline.read),
    });
    const text = readFirstFile(body);
    if (text === undefined) throw new Failure('engine_refused', `${path} of container ${ref} is not an ordinary file`);
    return text;
  }

  async createExec(ref: string, spec: ExecSpec, options?: CallOptions): Promise<string> {
    const { Id } = await this.#connection.askJson<{ Id: string }>({
      method: 'POST',
      path: `${containerPath(ref)}/exec`,
      body: {
        Cmd: spec.command,
        AttachStdin: spec.stdin ?? false,
        AttachStdout: true,
        AttachStderr: true,
        Tty: spec.tty ?? false,
        ...(spec.env !== undefined && { Env: spec.env }),
        ...(spec.user !== undefined && { User: spec.user }),
        ...(spec.workingDir !== undefined && { WorkingDir: spec.workingDir }),
        ...(spec.size !== undefined && { ConsoleSize: [spec.size.rows, spec.size.cols] }),
      },
      action: `run a command in container ${ref}`,
      ...bound(options, deadline.write),
    });
    return Id;
  }

  async startExec(
    execId: string,
    spec: Pick<ExecSpec, 'tty' | 'stdin'>,
    options?: CallOptions,
  ): Promise<AttachedStreams> {
    const tty = spec.tty ?? false;
    const connection = await this.#connection.hijack({
      method: 'POST',
      path: `/exec/${encodeURIComponent(execId)}/start`,
      body: { Detach: false, Tty: tty },
      action: `start the command ${execId}`,
      ...bound(options, deadline.head),
    });
    const streams = attachStreams(connection, { tty });
    if (spec.stdin !== true) streams.endInput();
    return streams;
  }

  async inspectExec(execId: string, options?: CallOptions): Promise<ExecState> {
    const path = `/exec/${encodeURIComponent(execId)}/json`;
    const json = await this.#read<ExecJson>(path, `inspect the command ${execId}`, options);
    return {
      running: json.Running,
      exitCode: json.ExitCode,
      pid: json.Pid,
      privileged: json.ProcessConfig?.privileged ?? false,
    };
  }

  async listExecs(ref: string, options?: CallOptions): Promise<string[]> {
    const path = `${containerPath(ref)}/json`;
    const { ExecIDs } = await this.#read<ContainerJson>(path, `inspect container ${ref}`, options);
    return [...(ExecIDs ?? [])];
  }

  async resizeExec(execId: string, size: { cols: number; rows: number }, options?: CallOptions): Promise<void> {
    const path = `/exec/${encodeURIComponent(execId)}/resize`;
    return this.#write('POST', path, `resize the command ${execId}`, options, { h: size.rows, w: size.cols });
  }

  async logs(ref: string, query: LogsQuery, options?: CallOptions): Promise<AttachedLogs> {
    const { tail = 'all', follow = false, timestamps = false, since, tty } = query;
    const response = await this.#connection.open({
      method: 'GET',
      path: `${containerPath(ref)}/logs`,
      query: {
        stdout: true,
        stderr: true,
        tail,
        follow,
        timestamps,
        ...(since !== undefined && { since: formatNanoseconds(since) }),
      },
      action: `read the log of container ${ref}`,
      ...bound(options, deadline.head),
    });
    return streamLogs(this.#connection, response, { ref, tty, follow, ...options });
  }

  async listNetworks(options?: CallOptions): Promise<NetworkFacts[]> {
    return (await this.#read<NetworkJson[]>('/networks', 'list networks', options)).map(readNetwork);
  }

  async inspectNetwork(ref: string, options?: CallOptions): Promise<NetworkFacts> {
    return readNetwork(await this.#read<NetworkJson>(networkPath(ref), `inspect network ${ref}`, options));
  }

  async createNetwork(spec: NetworkSpec, options?: CallOptions): Promise<string> {
    const { Id } = await this.#connection.askJson<{ Id: string }>({
      method: 'POST',
      path: '/networks/create',
      body: toNetworkBody(spec),
      action: `create network ${spec.name}`,
      ...bound(options, deadline.write),
    });
    return Id;
  }

  async removeNetwork(ref: string, options?: CallOptions): Promise<void> {
    return this.#write('DELETE', networkPath(ref), `remove network ${ref}`, options);
  }

  async connectNetwork(
    ref: string,
    container: string,
    { ip, ip6, aliases = [] }: EndpointSpec,
    options?: CallOptions,
  ): Promise<void> {
    const ipam = { ...(ip !== undefined && { IPv4Address: ip }), ...(ip6 !== undefined && { IPv6Address: ip6 }) };
    await this.#connection.ask({
      method: 'POST',
      path: `${networkPath(ref)}/connect`,
      body: {
        Container: container,
        EndpointConfig: {
          ...(Object.keys(ipam).length > 0 && { IPAMConfig: ipam }),
          ...(aliases.length > 0 && { Aliases: aliases }),
        },
      },
      action: `connect container ${container} to network ${ref}`,
      ...bound(options, deadline.write),
    });
  }

  async disconnectNetwork(ref: string, container: string, options?: CallOptions & { force?: boolean }): Promise<void> {
    await this.#connection.ask({
      method: 'POST',
      path: `${networkPath(ref)}/disconnect`,
      body: { Container: container, Force: options?.force ?? false },
      action: `disconnect container ${container} from network ${ref}`,
      ...bound(options, deadline.write),
    });
  }

  async listVolumes(label: { name: string; value: string }, options?: CallOptions): Promise<VolumeFacts[]> {
    const filters = JSON.stringify({ label: [`${label.name}=${label.value}`] });
    const { Volumes } = await this.#read<{ Volumes?: VolumeJson[] | null }>('/volumes', 'list volumes', options, {
      filters,
    });
    return (Volumes ?? []).map(readVolume);
  }

  async createVolume(
    { name, labels }: { name: string; labels: Readonly<Record<string, string>> },
    options?: CallOptions,
  ): Promise<VolumeFacts> {
    const made = await this.#connection.askJson<VolumeJson>({
      method: 'POST',
      path: '/volumes/create',
      body: { Name: name, Driver: 'local', Labels: labels },
      action: `create volume ${name}`,
      ...bound(options, deadline.write),
    });
    return readVolume(made);
  }

  async removeVolume(name: string, options?: CallOptions): Promise<void> {
    try {
      await this.#write('DELETE', `/volumes/${encodeURIComponent(name)}`, `remove volume ${name}`, options);
    } catch (error) {
      if (!(error instanceof Failure && error.code === 'volume_not_found')) throw error;
    }
  }

  async listImages(options?: CallOptions): Promise<ImageFacts[]> {
    return (await this.#read<ImageSummaryJson[]>('/images/json', 'list images', options)).map(readImageSummary);
  }

  async inspectImage(ref: string, options?: CallOptions): Promise<ImageFacts> {
    const path = `/images/${encodeReference(ref, 'image_not_found', 'image')}/json`;
    return readImage(await this.#read<ImageJson>(path, `inspect image ${ref}`, options));
  }

  pullImage(ref: string, options?: CallOptions): AsyncIterable<PullProgress> {
    const { repository, tag } = splitImageReference(ref);
    const open = () =>
      this.#connection.open({
        method: 'POST',
        path: '/images/create',
        query: { fromImage: repository, tag },
        action: `pull ${ref}`,
        ...bound(options, deadline.pull),
      });
    return streamPull(this.#connection, open, { ref, ...options });
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #read<T>(path: string, action: string, options?: CallOptions, query: Call['query'] = {}): Promise<T> {
    return this.#connection.askJson<T>({ method: 'GET', path, query, action, ...bound(options, deadline.read) });
  }

  async #write(
    method: 'POST' | 'DELETE',
    path: string,
    action: string,
    options?: CallOptions,
    query: Call['query'] = {},
  ): Promise<void> {
    await this.#connection.ask({ method, path, query, action, ...bound(options, deadline.write) });
  }
}

/** Bounds and query of stop and restart: the deadline lies beyond the grace that the engine gives the process. */
function stopBounds(options: (CallOptions & { timeoutSeconds?: number }) | undefined): [CallOptions, Call['query']] {
  const { timeoutSeconds } = options ?? {};
  const deadlineMs = deadline.write + (timeoutSeconds === undefined ? stopGraceMs : timeoutSeconds * 1000);
  return [bound(options, deadlineMs), timeoutSeconds === undefined ? {} : { t: timeoutSeconds }];
}

/**
 * A reference as a part of a path. What the engine would take for another path names nothing: it decodes `%2F` before it cleans the path, and
 * answers `..` and `//` with a redirect, which the transport follows to wherever it points.
 */
function encodeReference(ref: string, code: Failure['code'], noun: string): string {
  if (ref.split('/').some((segment) => /^\.{0,2}$/.test(segment))) throw new Failure(code, `No such ${noun}: "${ref}"`);
  return encodeURIComponent(ref);
}
const containerPath = (ref: string) => `/containers/${encodeReference(ref, 'container_not_found', 'container')}`;
const networkPath = (ref: string) => `/networks/${encodeReference(ref, 'network_not_found', 'network')}`;
