// The parts of the engine's JSON that we read (Docker Engine API v1.44 to v1.47), in Docker's own names. What an engine may leave out
// or send as null is optional here. Types only.

type Nullable<T> = T | null;
type Strings = Nullable<Readonly<Record<string, string>>>;

export interface PortBindingJson {
  readonly HostIp?: string;
  readonly HostPort?: string;
}

export interface EndpointJson {
  readonly NetworkID?: string;
  readonly IPAddress?: string;
  readonly IPPrefixLen?: number;
  readonly Gateway?: string;
  readonly GlobalIPv6Address?: string;
  readonly GlobalIPv6PrefixLen?: number;
  readonly IPv6Gateway?: string;
  readonly MacAddress?: string;
  readonly Aliases?: Nullable<readonly string[]>;
}

/** `GET /exec/{id}/json`. */
export interface ExecJson {
  readonly Running: boolean;
  readonly ExitCode: number | null;
  readonly Pid: number;
  readonly ProcessConfig?: { readonly privileged?: boolean };
}

/** `GET /containers/{id}/json`. */
export interface ContainerJson {
  readonly Id: string;
  readonly Name?: string;
  readonly Created?: string;
  readonly Path?: string;
  readonly Args?: Nullable<readonly string[]>;
  readonly Image?: string;
  readonly ExecIDs?: Nullable<readonly string[]>;
  readonly State?: {
    readonly Status?: string;
    readonly Pid?: number;
    readonly ExitCode?: number;
    readonly Error?: string;
    readonly StartedAt?: string;
    readonly FinishedAt?: string;
  };
  readonly Config?: {
    readonly Image?: string;
    readonly Hostname?: string;
    readonly Tty?: boolean;
    readonly OpenStdin?: boolean;
    readonly Labels?: Strings;
    readonly ExposedPorts?: Nullable<Readonly<Record<string, unknown>>>;
  };
  readonly HostConfig?: {
    readonly NetworkMode?: string;
    readonly PidMode?: string;
    readonly PortBindings?: Nullable<Readonly<Record<string, Nullable<readonly PortBindingJson[]>>>>;
    readonly PublishAllPorts?: boolean;
    readonly AutoRemove?: boolean;
    readonly Memory?: number;
    readonly Privileged?: boolean;
    readonly CapAdd?: Nullable<readonly string[]>;
  };
  readonly NetworkSettings?: {
    readonly SandboxKey?: string;
    readonly Ports?: Nullable<Readonly<Record<string, Nullable<readonly PortBindingJson[]>>>>;
    readonly Networks?: Nullable<Readonly<Record<string, Nullable<EndpointJson>>>>;
  };
}

/** `GET /containers/{id}/top`: a table, with the words of `ps` as its titles. */
export interface TopJson {
  readonly Titles?: Nullable<readonly string[]>;
  readonly Processes?: Nullable<readonly (readonly string[])[]>;
}

/** `GET /networks` and `GET /networks/{id}`. */
export interface NetworkJson {
  readonly Id: string;
  readonly Name: string;
  readonly Driver?: string;
  readonly Scope?: string;
  readonly Internal?: boolean;
  readonly Attachable?: boolean;
  readonly Ingress?: boolean;
  readonly EnableIPv6?: boolean;
  readonly Created?: string;
  readonly Labels?: Strings;
  readonly Options?: Strings;
  readonly IPAM?: {
    readonly Config?: Nullable<
      readonly {
        readonly Subnet?: string;
        readonly Gateway?: string;
        readonly IPRange?: string;
        readonly AuxiliaryAddresses?: Strings;
      }[]
    >;
  };
}

/** `GET /images/json`: `Created` in seconds since the epoch. */
export interface ImageSummaryJson {
  readonly Id: string;
  readonly RepoTags?: Nullable<readonly string[]>;
  readonly RepoDigests?: Nullable<readonly string[]>;
  readonly Created: number;
  readonly Size: number;
  readonly Labels?: Strings;
}

/** `GET /images/{name}/json`. */
export interface ImageJson {
  readonly Id: string;
  readonly RepoTags?: Nullable<readonly string[]>;
  readonly RepoDigests?: Nullable<readonly string[]>;
  readonly Created?: string;
  readonly Size?: number;
  readonly Config?: Nullable<{ readonly Labels?: Strings }>;
}

/** One of `GET /volumes`, and the answer of `POST /volumes/create`. */
export interface VolumeJson {
  readonly Name: string;
  readonly CreatedAt?: string;
  readonly Labels?: Strings;
}

/** A part of `GET /info`. `Cluster` is there on managers only; `NodeID` is empty where the engine is in no swarm. */
export interface SwarmJson {
  readonly NodeID?: string;
  readonly NodeAddr?: string;
  readonly LocalNodeState?: string;
  readonly ControlAvailable?: boolean;
  readonly Error?: string;
  readonly RemoteManagers?: Nullable<readonly { readonly NodeID?: string; readonly Addr?: string }[]>;
  readonly Cluster?: Nullable<{ readonly ID?: string; readonly DataPathPort?: number }>;
}

/** `GET /info`. */
export interface InfoJson {
  readonly ID?: string;
  readonly Name?: string;
  readonly ServerVersion?: string;
  readonly OSType?: string;
  readonly Architecture?: string;
  readonly KernelVersion?: string;
  readonly CgroupVersion?: string;
  readonly SecurityOptions?: Nullable<readonly string[]>;
  readonly LiveRestoreEnabled?: boolean;
  readonly SystemTime?: string;
  readonly NCPU?: number;
  readonly MemTotal?: number;
  readonly DefaultAddressPools?: Nullable<readonly { readonly Base?: string; readonly Size?: number }[]>;
  readonly Swarm?: Nullable<SwarmJson>;
}

/** One line of `GET /events`. `timeNano` is read from the text: it does not fit a JavaScript number. */
export interface EventJson {
  readonly Type?: string;
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Strings };
}

/** One line of `POST /images/create`. */
export interface PullJson {
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: Nullable<{ readonly current?: number; readonly total?: number }>;
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
}
