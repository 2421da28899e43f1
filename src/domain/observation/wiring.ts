// What an engine says about how a namespace is connected: enough to know its interfaces without looking, wherever nobody inside can change them. Pure.
import type { ContainerFacts, EndpointFacts, NetworkFacts } from '../container/facts.ts';
import { label } from '../labels.ts';

/** One device that the engine put into the namespace. */
export interface WiredDevice {
  readonly ipv4: string;
  readonly prefix: number;
  readonly mac: string;
  readonly mtu: number;
}

export interface Wiring {
  /** Null where the engine does not say enough: an unknown driver, an address of its own kind. */
  readonly devices: readonly WiredDevice[] | null;
  /** Somebody inside may have changed what the engine did: then only the real program knows. */
  readonly isChangeable: boolean;
}

/** What the kernel gives to a bridge's devices where the network has no option for it. */
const defaultMtu = 1500;

/** With these a process may change the interfaces of its namespace. */
const changers = new Set(['ALL', 'NET_ADMIN', 'CAP_NET_ADMIN']);

/** May processes of the container change the interfaces of the namespace that they are in? Helpers of ours do not. */
export function canChangeInterfaces({ privileged, capAdd, labels }: ContainerFacts): boolean {
  if (labels[label.role] !== undefined) return false;
  return privileged || capAdd.some((name) => changers.has(name.toUpperCase()));
}

/**
 * The wiring of the namespace that `owner` brought into being, null for the host's. `members` are all who are in it.
 * @param network finds a network by id
 */
export function describeWiring(
  owner: ContainerFacts | null,
  members: readonly ContainerFacts[],
  network: (id: string) => NetworkFacts | undefined,
): Wiring {
  if (owner === null) return { devices: null, isChangeable: true };
  const endpoints = owner.endpoints.filter(({ network: name }) => name !== 'none');
  const devices = endpoints.flatMap((endpoint) => describeDevice(endpoint, network(endpoint.networkId)) ?? []);
  return {
    devices: devices.length === endpoints.length ? devices : null,
    isChangeable: members.some(canChangeInterfaces),
  };
}

/** Other drivers than bridge give their devices other numbers: nothing is assumed of them. */
function describeDevice(
  { ipv4, prefix, mac }: EndpointFacts,
  network: NetworkFacts | undefined,
): WiredDevice | undefined {
  if (network?.driver !== 'bridge' || ipv4 === '' || mac === '') return undefined;
  const option = network.options['com.docker.network.driver.mtu'];
  return { ipv4, prefix, mac: mac.toLowerCase(), mtu: option === undefined ? defaultMtu : Number(option) };
}
