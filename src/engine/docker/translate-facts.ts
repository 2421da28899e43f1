// Translates the engine's JSON into facts in our words. Pure; it derives nothing.
import type {
  ContainerFacts,
  EndpointFacts,
  LivePort,
  NetworkFacts,
  PortBinding,
} from '../../domain/container/facts.ts';
import type { SwarmFacts } from '../../domain/network/swarm.ts';
import { type ContainerState, containerStates, type Protocol, protocols } from '../../schemas/container.ts';
import { swarmStates } from '../../schemas/engine.ts';
import type { EngineEvent, EngineInfo, ImageFacts, PullProgress, VolumeFacts } from '../engine.ts';
import type {
  ContainerJson,
  EndpointJson,
  EventJson,
  ImageJson,
  ImageSummaryJson,
  InfoJson,
  NetworkJson,
  PortBindingJson,
  PullJson,
  SwarmJson,
  VolumeJson,
} from './docker-json.ts';

/** Go's zero time: Docker's way of saying that it never happened. */
const never = '0001-01-01T00:00:00Z';
const readTime = (text: string | undefined) => (text === undefined || text === '' || text === never ? null : text);

export function readContainer(json: ContainerJson): ContainerFacts {
  const { State: state = {}, Config: config = {}, HostConfig: host = {}, NetworkSettings: network = {} } = json;
  return {
    id: json.Id,
    name: (json.Name ?? '').replace(/^\//, ''),
    image: config.Image ?? '',
    imageId: json.Image ?? '',
    command: [json.Path ?? '', ...(json.Args ?? [])],
    state: readState(state.Status),
    pid: state.Pid ?? 0,
    exitCode: state.ExitCode ?? 0,
    missedTarget: /cannot join network of a non running container|is restarting, wait until/.test(state.Error ?? ''),
    createdAt: json.Created ?? never,
    startedAt: readTime(state.StartedAt),
    finishedAt: readTime(state.FinishedAt),
    networkMode: host.NetworkMode ?? '',
    pidMode: host.PidMode ?? '',
    sandboxKey: network.SandboxKey ?? '',
    hostname: config.Hostname ?? '',
    tty: config.Tty ?? false,
    openStdin: config.OpenStdin ?? false,
    autoRemove: host.AutoRemove ?? false,
    memoryLimit: host.Memory ?? 0,
    privileged: host.Privileged ?? false,
    capAdd: host.CapAdd ?? [],
    labels: config.Labels ?? {},
    portBindings: readPortMap(host.PortBindings).map(readBinding),
    publishAll: host.PublishAllPorts ?? false,
    exposedPorts: Object.keys(config.ExposedPorts ?? {}).flatMap(readExposedPort),
    ports: readPortMap(network.Ports).flatMap(readLivePort),
    endpoints: Object.entries(network.Networks ?? {}).map(readEndpoint),
  };
}

function readState(status: string | undefined): ContainerState {
  return containerStates.find((state) => state === status) ?? 'dead';
}

interface PortEntry {
  readonly containerPort: number;
  readonly protocol: Protocol;
  readonly binding: PortBindingJson;
}

/** `{ "80/tcp": [{ HostIp, HostPort }] }`; null stands for an exposed port that is not published. */
function readPortMap(map: NonNullable<ContainerJson['HostConfig']>['PortBindings']): PortEntry[] {
  return Object.entries(map ?? {}).flatMap(([key, bindings]) =>
    readExposedPort(key).flatMap((port) => (bindings ?? []).map((binding) => ({ ...port, binding }))),
  );
}

/** `80/tcp`, `80`, and the ranges that an image may expose: `8000-8010/udp`. */
function readExposedPort(key: string): { containerPort: number; protocol: Protocol }[] {
  const [, first, last, name] = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(key) ?? [];
  const protocol = protocols.find((known) => known === (name ?? 'tcp'));
  if (first === undefined || protocol === undefined) return [];
  const start = Number(first);
  const count = Math.min(Number(last ?? first), 65535) - start + 1;
  return Array.from({ length: Math.max(count, 0) }, (_, index) => ({ containerPort: start + index, protocol }));
}

function readBinding({ binding, ...port }: PortEntry): PortBinding {
  const hostPort = binding.HostPort ?? '';
  return { ...port, hostIp: binding.HostIp ?? '', hostPort: hostPort === '0' ? '' : hostPort };
}

function readLivePort({ binding, ...port }: PortEntry): LivePort[] {
  const hostPort = Number(binding.HostPort ?? '');
  return hostPort > 0 ? [{ ...port, hostIp: binding.HostIp ?? '', hostPort }] : [];
}

function readEndpoint([network, json]: [string, EndpointJson | null]): EndpointFacts {
  return {
    network,
    networkId: json?.NetworkID ?? '',
    ipv4: json?.IPAddress ?? '',
    prefix: json?.IPPrefixLen ?? 0,
    gateway: json?.Gateway ?? '',
    ipv6: json?.GlobalIPv6Address ?? '',
    prefix6: json?.GlobalIPv6PrefixLen ?? 0,
    gateway6: json?.IPv6Gateway ?? '',
    mac: json?.MacAddress ?? '',
    aliases: json?.Aliases ?? [],
  };
}

export function readNetwork(json: NetworkJson): NetworkFacts {
  return {
    id: json.Id,
    name: json.Name,
    driver: json.Driver ?? '',
    scope: json.Scope ?? '',
    internal: json.Internal ?? false,
    attachable: json.Attachable ?? false,
    ingress: json.Ingress ?? false,
    ipv6: json.EnableIPv6 ?? false,
    createdAt: json.Created ?? never,
    labels: json.Labels ?? {},
    options: json.Options ?? {},
    subnets: (json.IPAM?.Config ?? []).map(({ Subnet = '', Gateway = '', IPRange = '', AuxiliaryAddresses }) => ({
      subnet: Subnet,
      gateway: Gateway,
      ipRange: IPRange,
      auxiliary: AuxiliaryAddresses ?? {},
    })),
  };
}

/** Docker lists an image without a name as `<none>:<none>`. */
const isName = (name: string) => !name.startsWith('<none>');

export function readImageSummary(json: ImageSummaryJson): ImageFacts {
  return {
    id: json.Id,
    tags: (json.RepoTags ?? []).filter(isName),
    digests: (json.RepoDigests ?? []).filter(isName),
    createdAt: new Date(json.Created * 1000).toISOString(),
    size: json.Size,
    labels: json.Labels ?? {},
  };
}

export function readImage(json: ImageJson): ImageFacts {
  return {
    id: json.Id,
    tags: (json.RepoTags ?? []).filter(isName),
    digests: (json.RepoDigests ?? []).filter(isName),
    createdAt: json.Created ?? never,
    size: json.Size ?? 0,
    labels: json.Config?.Labels ?? {},
  };
}

export function readInfo(json: InfoJson, apiVersion: string): EngineInfo {
  return {
    id: json.ID ?? '',
    hostname: json.Name ?? '',
    version: json.ServerVersion ?? '',
    apiVersion,
    os: json.OSType ?? '',
    arch: json.Architecture ?? '',
    kernel: json.KernelVersion ?? '',
    cgroupVersion: json.CgroupVersion ?? '',
    securityOptions: json.SecurityOptions ?? [],
    liveRestore: json.LiveRestoreEnabled ?? false,
    systemTime: json.SystemTime ?? '',
    cpus: json.NCPU ?? 0,
    memory: json.MemTotal ?? 0,
    addressPools: (json.DefaultAddressPools ?? []).map(({ Base = '', Size = 0 }) => ({ base: Base, size: Size })),
    swarm: readSwarm(json.Swarm ?? {}),
  };
}

function readSwarm(json: SwarmJson): SwarmFacts {
  const { LocalNodeState: local = 'inactive', ControlAvailable: isManager = false } = json;
  return {
    state:
      local === 'active' ? (isManager ? 'manager' : 'worker') : (swarmStates.find((one) => one === local) ?? 'error'),
    error: json.Error ?? '',
    nodeId: json.NodeID ?? '',
    address: json.NodeAddr ?? '',
    clusterId: json.Cluster?.ID ?? '',
    managers: (json.RemoteManagers ?? []).map(({ NodeID = '', Addr = '' }) => ({ nodeId: NodeID, address: Addr })),
    dataPort: json.Cluster?.DataPathPort || null,
  };
}

/**
 * One line of the event feed. The action is Docker's verb alone: `exec_create: sh -c …` carries a command line, which may hold secrets.
 *
 * @throws {SyntaxError} when the line is not whole.
 */
export function readEvent(line: string): EngineEvent {
  const json = JSON.parse(line) as EventJson;
  // JSON.parse would round it. Inside a JSON string its quotes would be escaped, so this finds the member and nothing else.
  const timeNano = /"timeNano":\s*(\d+)/.exec(line)?.[1] ?? '0';
  return {
    type: json.Type ?? '',
    action: (json.Action ?? '').replace(/:.*$/s, ''),
    id: json.Actor?.ID ?? '',
    attributes: json.Actor?.Attributes ?? {},
    timeNano: BigInt(timeNano),
  };
}

/** One line of a pull's progress. */
export function readPullProgress(line: string): PullProgress {
  const json = JSON.parse(line) as PullJson;
  const error = json.errorDetail?.message ?? json.error;
  const { current, total } = json.progressDetail ?? {};
  return {
    ...(json.status !== undefined && { status: json.status }),
    ...(json.id !== undefined && { layer: json.id }),
    ...(current !== undefined && { current }),
    ...(total !== undefined && { total }),
    ...(error !== undefined && { error }),
  };
}

export function readVolume({ Name, CreatedAt, Labels }: VolumeJson): VolumeFacts {
  return { name: Name, createdAt: CreatedAt ?? '', labels: Labels ?? {} };
}
