// The port to a Docker Engine, in our words: what the services may ask of an engine, whatever carries the calls. Types only; the
// adapter in docker/ is the one place that knows the Docker Engine API. Every method rejects with a `Failure` and nothing else.
import type { Readable, Writable } from 'node:stream';
import type { CreateBody } from '../domain/container/create-body.ts';
import type { ContainerFacts, NetworkFacts } from '../domain/container/facts.ts';
import type { ProcessFacts } from '../domain/namespaces/process.ts';
import type { NetworkSpec } from '../domain/network/network-spec.ts';
import type { SwarmFacts } from '../domain/network/swarm.ts';

/**
 * Bounds of one call. Without `deadlineMs` the adapter's default for that kind of call holds; a call never hangs. For what opens a stream
 * (attach, exec, logs, pull) the deadline is for its beginning, and the signal ends the stream too. An aborted call rejects with the
 * signal's reason when that is a `Failure`, else with `engine_timeout`.
 */
export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
}

/** What an engine is. `apiVersion` is the negotiated one: the highest that both sides speak. */
export interface EngineInfo {
  readonly id: string;
  readonly hostname: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly os: string;
  readonly arch: string;
  readonly kernel: string;
  readonly cgroupVersion: string;
  readonly securityOptions: readonly string[];
  readonly liveRestore: boolean;
  /** The engine's own clock at the call, ISO 8601. */
  readonly systemTime: string;
  readonly cpus: number;
  readonly memory: number;
  /** Where it takes the subnets of networks from that name none: blocks of `size` out of `base`. Empty where it has Docker's own defaults. */
  readonly addressPools: readonly { readonly base: string; readonly size: number }[];
  readonly swarm: SwarmFacts;
}

/** One line of the engine's event feed. `timeNano` orders events of one engine. */
export interface EngineEvent {
  readonly type: 'container' | 'network' | 'image' | 'volume' | 'daemon' | string;
  /** Docker's verb alone (`exec_create`, not `exec_create: sh -c …`). */
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Nanoseconds since the epoch by the engine's clock; a bigint because it exceeds 2⁵³. */
  readonly timeNano: bigint;
}

/** The streams of an attached container or exec. Without a TTY stdout and stderr are demultiplexed; with one, all is in stdout. */
export interface AttachedStreams {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Half-closes stdin: the process inside reads EOF. */
  endInput(): void;
  /** Destroys the connection at once. */
  destroy(): void;
  /**
   * Resolves when the connection has ended, for whatever reason; `error` is set when it is known to have broken. A process that ends
   * without reading its stdin looks like some breaks, and is given the benefit of the doubt: an exec's state tells.
   */
  readonly closed: Promise<{ readonly error?: Error }>;
}

export interface ExecSpec {
  readonly command: readonly string[];
  readonly tty?: boolean;
  readonly stdin?: boolean;
  readonly env?: readonly string[];
  readonly user?: string;
  readonly workingDir?: string;
  /** Of its TTY, from its first moment on. */
  readonly size?: { readonly cols: number; readonly rows: number };
}
export interface ExecState {
  readonly running: boolean;
  readonly exitCode: number | null;
  /** PID on the engine's host, 0 when unknown. */
  readonly pid: number;
  /** It has every capability, whatever its container has. */
  readonly privileged: boolean;
}

export interface LogsQuery {
  readonly tail?: number | 'all';
  readonly follow?: boolean;
  readonly timestamps?: boolean;
  /** Only what was logged at this time or later: nanoseconds since the epoch by the engine's clock. */
  readonly since?: bigint;
  /** The TTY flag of the container: decides the wire format. */
  readonly tty: boolean;
}

/** One message of a pull's progress; `error` ends it. */
export interface PullProgress {
  readonly status?: string;
  readonly layer?: string;
  readonly current?: number;
  readonly total?: number;
  readonly error?: string;
}

export interface ImageFacts {
  readonly id: string;
  readonly tags: readonly string[];
  readonly digests: readonly string[];
  readonly createdAt: string;
  readonly size: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** A named volume, of the local driver. */
export interface VolumeFacts {
  readonly name: string;
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** How a container is to be on a network; what is left out, the engine chooses. */
export interface EndpointSpec {
  readonly ip?: string;
  readonly ip6?: string;
  readonly aliases?: readonly string[];
}

/** A Docker Engine. `ref` arguments take a full id or an exact name. */
export interface Engine {
  readonly name: string;
  /** Where it is, printable: `unix:///var/run/docker.sock`, `tcp://127.0.0.1:2375`, `ssh://user@host`. No secret is part of it. */
  readonly endpoint: string;
  /** How it is reached: a socket of this machine, plain TCP, TLS with verified certificates, or ssh with verified host keys. */
  readonly transport: 'unix' | 'tcp' | 'tls' | 'ssh';
  /** True where the engine is reached over plain TCP (host mode is refused there, see SECURITY.md). */
  readonly plainTcp: boolean;

  ping(options?: CallOptions): Promise<void>;
  info(options?: CallOptions): Promise<EngineInfo>;
  /**
   * The event feed, from `since` (engine's clock, nanoseconds) on; `onOpen` tells that the engine has accepted it. It ends when the
   * signal is aborted, and fails with `engine_unavailable` when the connection ends in any other way.
   */
  events(options: { since?: bigint; signal: AbortSignal; onOpen?: () => void }): AsyncIterable<EngineEvent>;

  listContainerIds(options?: CallOptions): Promise<string[]>;
  /** Rejects with `container_not_found`. */
  inspectContainer(ref: string, options?: CallOptions): Promise<ContainerFacts>;
  createContainer(
    name: string | undefined,
    body: CreateBody,
    options?: CallOptions,
  ): Promise<{ id: string; warnings: string[] }>;
  /** The body that would make the container again, whatever made it. No host name for a joined one, which has its target's. */
  readCreateBody(ref: string, options?: CallOptions): Promise<CreateBody>;
  renameContainer(ref: string, name: string, options?: CallOptions): Promise<void>;
  /** Starting a running container succeeds (304). */
  startContainer(ref: string, options?: CallOptions): Promise<void>;
  stopContainer(ref: string, options?: CallOptions & { timeoutSeconds?: number }): Promise<void>;
  restartContainer(ref: string, options?: CallOptions & { timeoutSeconds?: number }): Promise<void>;
  pauseContainer(ref: string, options?: CallOptions): Promise<void>;
  unpauseContainer(ref: string, options?: CallOptions): Promise<void>;
  killContainer(ref: string, signalName: string, options?: CallOptions): Promise<void>;
  /** Removes the container and its anonymous volumes, killing it when `force`. A missing one is `container_not_found`. */
  removeContainer(ref: string, options?: CallOptions & { force?: boolean }): Promise<void>;
  /** Attaches to the main process's streams (before start, to lose nothing). Who only listens (`stdin: false`) ends nothing by leaving. */
  attach(
    ref: string,
    options: CallOptions & { tty: boolean; logs?: boolean; stdin?: boolean },
  ): Promise<AttachedStreams>;
  resizeContainer(ref: string, size: { cols: number; rows: number }, options?: CallOptions): Promise<void>;

  /**
   * Every process of a running container, with its PID on the engine's host and the namespaces that it is in. The engine runs its host's own
   * `ps` for it, which needs no right of ours and nothing of the container. Rejects with `container_not_running`, and with `engine_refused`
   * where there is no such `ps` (it has to be procps).
   */
  listProcesses(ref: string, options?: CallOptions): Promise<ProcessFacts[]>;

  /**
   * The text of one small file of a container, running or not; a link is not followed. Rejects with `container_not_found`, and with
   * `engine_refused` where there is no such file.
   */
  readFile(ref: string, path: string, options?: CallOptions): Promise<string>;

  createExec(ref: string, spec: ExecSpec, options?: CallOptions): Promise<string>;
  startExec(execId: string, spec: Pick<ExecSpec, 'tty' | 'stdin'>, options?: CallOptions): Promise<AttachedStreams>;
  inspectExec(execId: string, options?: CallOptions): Promise<ExecState>;
  /** Ids of the execs of a container that have not ended, whoever made them. */
  listExecs(ref: string, options?: CallOptions): Promise<string[]>;
  resizeExec(execId: string, size: { cols: number; rows: number }, options?: CallOptions): Promise<void>;

  /** stdout and stderr of the log, demultiplexed, as they arrive. */
  logs(ref: string, query: LogsQuery, options?: CallOptions): Promise<AttachedLogs>;

  listNetworks(options?: CallOptions): Promise<NetworkFacts[]>;
  inspectNetwork(ref: string, options?: CallOptions): Promise<NetworkFacts>;
  createNetwork(spec: NetworkSpec, options?: CallOptions): Promise<string>;
  removeNetwork(ref: string, options?: CallOptions): Promise<void>;
  /** Puts a container on a network, running or not. One that runs and is on it already is `engine_refused`. */
  connectNetwork(ref: string, container: string, endpoint: EndpointSpec, options?: CallOptions): Promise<void>;
  /** One that is not on it is `engine_refused`. `force`: also where the driver does not let it go. */
  disconnectNetwork(ref: string, container: string, options?: CallOptions & { force?: boolean }): Promise<void>;

  /** Those that carry a label with this value. */
  listVolumes(label: { readonly name: string; readonly value: string }, options?: CallOptions): Promise<VolumeFacts[]>;
  /**
   * Makes an empty volume. Where there is one of that name the engine leaves it as it is, and so the answer is what there is then: labels tell
   * whether it is the caller's.
   */
  createVolume(
    spec: { readonly name: string; readonly labels: Readonly<Record<string, string>> },
    options?: CallOptions,
  ): Promise<VolumeFacts>;
  /** One that is not there (any more) is no error. */
  removeVolume(name: string, options?: CallOptions): Promise<void>;

  listImages(options?: CallOptions): Promise<ImageFacts[]>;
  /** Rejects with `image_not_found`. */
  inspectImage(ref: string, options?: CallOptions): Promise<ImageFacts>;
  /** Progress until the pull is done. An error in the stream is a message with `error`, never a silent success. */
  pullImage(ref: string, options?: CallOptions): AsyncIterable<PullProgress>;

  /** Releases sockets and timers. Calls under way reject. */
  close(): Promise<void>;
}

/** One piece of a log, with its stream. */
export interface LogPiece {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Buffer;
}
export interface AttachedLogs extends AsyncIterable<LogPiece> {
  destroy(): void;
}
