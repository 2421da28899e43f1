// The part of Docker's container create body (API v1.44+) that Terrarium ever sends. A field that is not here cannot be sent: no mounts,
// devices, privileges, host PID or IPC namespaces of user containers have a place in what the create planner fills.

/** Docker's PortBinding: strings, empty where unset. */
export interface DockerPortBinding {
  readonly HostIp: string;
  readonly HostPort: string;
}

/** A bind or volume mount of a helper of ours (Mounts API: a missing source is an error). Never part of a user's container. */
export interface DockerMount {
  readonly Type: 'bind';
  readonly Source: string;
  readonly Target: string;
  readonly ReadOnly: true;
}

/** Docker's HostConfig, the part we use. Units: Memory in bytes, NanoCpus in 10⁻⁹ CPUs. */
export interface DockerHostConfig {
  readonly NetworkMode: string;
  readonly PortBindings?: Readonly<Record<string, readonly DockerPortBinding[]>>;
  readonly PublishAllPorts?: boolean;
  readonly AutoRemove?: boolean;
  readonly RestartPolicy?: {
    readonly Name: string;
    readonly MaximumRetryCount: number;
  };
  readonly Dns?: readonly string[];
  readonly CapAdd?: readonly string[];
  readonly CapDrop?: readonly string[];
  readonly SecurityOpt?: readonly string[];
  readonly Memory?: number;
  readonly NanoCpus?: number;
  /** With CpuQuota, in microseconds: for what is ours, and has to run where CPU time cannot be limited as well. */
  readonly CpuPeriod?: number;
  readonly CpuQuota?: number;
  readonly PidsLimit?: number;
  readonly LogConfig?: {
    readonly Type: string;
    readonly Config: Readonly<Record<string, string>>;
  };
  readonly Init?: boolean;
  readonly ReadonlyRootfs?: boolean;
  /** Only for what is ours: `host`, or `container:ID`. */
  readonly PidMode?: string;
  /** Only for what is ours: `host`, so that the paths in /proc/PID/cgroup are whole. */
  readonly CgroupnsMode?: 'host';
  /** Only for the scout, which names the host's namespaces. */
  readonly IpcMode?: 'host';
  readonly UTSMode?: 'host';
  readonly UsernsMode?: 'host';
  readonly Mounts?: readonly DockerMount[];
}

/** Docker's EndpointSettings, the part we send. */
export interface DockerEndpointSettings {
  readonly IPAMConfig?: {
    readonly IPv4Address?: string;
    readonly IPv6Address?: string;
  };
  readonly Aliases?: readonly string[];
}

/** The body of `POST /containers/create`. */
export interface CreateBody {
  readonly Image: string;
  readonly Cmd?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Env?: readonly string[];
  readonly WorkingDir?: string;
  readonly User?: string;
  readonly Hostname?: string;
  readonly Tty?: boolean;
  readonly OpenStdin?: boolean;
  readonly StdinOnce?: boolean;
  readonly AttachStdin?: boolean;
  readonly AttachStdout?: boolean;
  readonly AttachStderr?: boolean;
  readonly Labels: Readonly<Record<string, string>>;
  readonly ExposedPorts?: Readonly<Record<string, Readonly<Record<string, never>>>>;
  readonly HostConfig: DockerHostConfig;
  readonly NetworkingConfig?: {
    readonly EndpointsConfig: Readonly<Record<string, DockerEndpointSettings>>;
  };
}
