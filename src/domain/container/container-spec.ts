// What a user's container will be, every default filled in and every reference resolved, and its one translation into Docker's create body.
// What has no place here can never be sent: mounts, devices, privileges, other namespaces of the host.

import { toDockerPorts } from '../ports/port-mapping.ts';
import type { RestartPolicy } from '../restart-policy.ts';
import type { CreateBody, DockerEndpointSettings, DockerHostConfig } from './create-body.ts';
import type { PortBinding } from './facts.ts';

/** How it is attached. `network` is a name: it outlives the network's id when that is made anew. */
export type Attachment =
  | { readonly kind: 'closed' }
  | { readonly kind: 'host'; readonly dns: readonly string[] }
  | { readonly kind: 'joined'; readonly targetId: string }
  | {
      readonly kind: 'network';
      readonly network: string;
      readonly ip: string | null;
      readonly ip6: string | null;
      readonly aliases: readonly string[];
      readonly dns: readonly string[];
      readonly ports: readonly PortBinding[];
      readonly publishAll: boolean;
    };

export interface ContainerSpec {
  readonly image: string;
  /** null: what the image says. */
  readonly command: readonly string[] | null;
  readonly entrypoint: readonly string[] | null;
  readonly env: readonly string[];
  readonly workingDir: string | null;
  readonly user: string | null;
  readonly hostname: string | null;
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly autoRemove: boolean;
  readonly restart: RestartPolicy;
  readonly labels: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  /** memory in bytes. */
  readonly limits: { readonly memory: number; readonly cpus: number; readonly pids: number };
  readonly attachment: Attachment;
}

/** Of Docker's default capabilities those that a network lab has no use for, and an attacker has. */
export const droppedCapabilities = ['MKNOD', 'AUDIT_WRITE', 'SETFCAP', 'SYS_CHROOT'] as const;

/** One `yes` fills a disk at 60 MB a second otherwise. */
const logConfig = { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '2' } } as const;

/** The exact body of `POST /containers/create`. */
export function toCreateBody(spec: ContainerSpec): CreateBody {
  const { attachment } = spec;
  const network = attachment.kind === 'network' ? attachment : null;
  const ports = network === null || network.ports.length === 0 ? null : toDockerPorts(network.ports);
  const endpoint = network === null ? null : toEndpoint(network);
  return {
    Image: spec.image,
    ...(spec.command !== null && { Cmd: spec.command }),
    ...(spec.entrypoint !== null && { Entrypoint: spec.entrypoint }),
    ...(spec.env.length > 0 && { Env: spec.env }),
    ...(spec.workingDir !== null && { WorkingDir: spec.workingDir }),
    ...(spec.user !== null && { User: spec.user }),
    ...(spec.hostname !== null && { Hostname: spec.hostname }),
    Tty: spec.tty,
    OpenStdin: spec.stdin,
    Labels: spec.labels,
    ...(ports !== null && { ExposedPorts: ports.ExposedPorts }),
    HostConfig: {
      NetworkMode: toNetworkMode(attachment),
      ...(ports !== null && { PortBindings: ports.PortBindings }),
      ...(network?.publishAll === true && { PublishAllPorts: true }),
      ...dnsOf(attachment),
      AutoRemove: spec.autoRemove,
      RestartPolicy: spec.restart,
      ...(spec.capabilities.length > 0 && { CapAdd: spec.capabilities }),
      CapDrop: droppedCapabilities,
      SecurityOpt: ['no-new-privileges'],
      Memory: spec.limits.memory,
      NanoCpus: Math.round(spec.limits.cpus * 1e9),
      PidsLimit: spec.limits.pids,
      LogConfig: logConfig,
    },
    ...(network !== null &&
      endpoint !== null && { NetworkingConfig: { EndpointsConfig: { [network.network]: endpoint } } }),
  };
}

function toNetworkMode(attachment: Attachment): string {
  switch (attachment.kind) {
    case 'closed':
      return 'none';
    case 'host':
      return 'host';
    case 'joined':
      return `container:${attachment.targetId}`;
    case 'network':
      return attachment.network;
  }
}

function dnsOf(attachment: Attachment): Pick<DockerHostConfig, 'Dns'> {
  const dns = attachment.kind === 'network' || attachment.kind === 'host' ? attachment.dns : [];
  return dns.length === 0 ? {} : { Dns: dns };
}

function toEndpoint({ ip, ip6, aliases }: Extract<Attachment, { kind: 'network' }>): DockerEndpointSettings | null {
  if (ip === null && ip6 === null && aliases.length === 0) return null;
  return {
    ...((ip !== null || ip6 !== null) && {
      IPAMConfig: { ...(ip !== null && { IPv4Address: ip }), ...(ip6 !== null && { IPv6Address: ip6 }) },
    }),
    ...(aliases.length > 0 && { Aliases: aliases }),
  };
}
