// What an engine reports about a container or a network, in our words. Observed state only: no derivation here.
import type { ContainerState, Protocol } from '../../schemas/container.ts';

/** A configured publication (`-p`): what was asked for, also while the container is stopped. `hostPort` 0 means dynamic. */
export interface PortBinding {
  readonly containerPort: number;
  readonly protocol: Protocol;
  /** Empty where none was named. */
  readonly hostIp: string;
  /** As configured: `''` dynamic, a number, or a range `8000-8010` (Docker keeps it a string). */
  readonly hostPort: string;
}

/** A live publication: what `docker port` shows. */
export interface LivePort {
  readonly containerPort: number;
  readonly protocol: Protocol;
  readonly hostIp: string;
  readonly hostPort: number;
}

/** An endpoint of a container on a network. Addresses are empty strings while the container does not run. */
export interface EndpointFacts {
  readonly network: string;
  readonly networkId: string;
  readonly ipv4: string;
  readonly prefix: number;
  readonly gateway: string;
  readonly ipv6: string;
  readonly prefix6: number;
  readonly gateway6: string;
  readonly mac: string;
  readonly aliases: readonly string[];
}

/** One container as the engine reports it (`GET /containers/ID/json`). Times are ISO 8601 as the engine gives them, null where it never happened. */
export interface ContainerFacts {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  /** Entrypoint and arguments as they run: Docker's Path and Args. */
  readonly command: readonly string[];
  readonly state: ContainerState;
  /** The host's PID of the container's first process, 0 while it does not run. */
  readonly pid: number;
  readonly exitCode: number;
  /** Its last start failed, because the container that it is joined to did not run. */
  readonly missedTarget: boolean;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** Docker's HostConfig.NetworkMode: `none`, `host`, `default`, a network's name or id, `container:ID`. */
  readonly networkMode: string;
  readonly pidMode: string;
  /** Path of the network namespace on the engine's host; empty for joined containers. */
  readonly sandboxKey: string;
  readonly hostname: string;
  readonly tty: boolean;
  readonly openStdin: boolean;
  readonly autoRemove: boolean;
  /** Bytes; 0: none. */
  readonly memoryLimit: number;
  readonly privileged: boolean;
  readonly capAdd: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly portBindings: readonly PortBinding[];
  readonly publishAll: boolean;
  readonly exposedPorts: readonly {
    readonly containerPort: number;
    readonly protocol: Protocol;
  }[];
  readonly ports: readonly LivePort[];
  readonly endpoints: readonly EndpointFacts[];
}

/** One network as the engine reports it. */
export interface NetworkFacts {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly scope: string;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly ingress: boolean;
  readonly ipv6: boolean;
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly subnets: readonly {
    readonly subnet: string;
    readonly gateway: string;
    readonly ipRange: string;
    /** Addresses that are given to no container, by what they are for: `DefaultGatewayIPv4`. */
    readonly auxiliary: Readonly<Record<string, string>>;
  }[];
}
