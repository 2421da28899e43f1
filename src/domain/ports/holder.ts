// Who holds a host port: what a failed start has to name. It knows what engines report, not what the host's own processes listen on,
// so an empty answer means "no container that is known here".
import type { ContainerFacts, LivePort, PortBinding } from '../container/facts.ts';
import type { ContainerLookup } from '../container/join-chain.ts';
import { deriveEffectiveMode } from '../container/mode.ts';
import { type AddressBytes, isIpv4, isSameAddress, parseIpAddress } from './ip-address.ts';

/** What is wanted of the host: the part of a {@link PortBinding} that others can be in the way of. */
export type WantedPort = Pick<PortBinding, 'hostIp' | 'hostPort' | 'protocol'>;

export interface PortHolder {
  readonly container: ContainerFacts;
  /** The publication of it that is in the way. */
  readonly port: LivePort;
}

export interface PortSearch {
  /** The containers whose publications are in the way, in the order of the ports wanted; of a range, all that stand in it. */
  readonly holders: readonly PortHolder[];
  /**
   * The running containers in the host's namespace: any of them may listen on the port by itself, which Docker does not know.
   * Only worth naming where there is no holder.
   */
  readonly candidates: readonly ContainerFacts[];
}

/**
 * Finds what stands in the way of publishing a port. A dynamic port (`''` or `0`) has no holder: the engine takes a free one. Of a
 * range the engine takes the first free port, so its holders are in the way only where they (with others, unknown here) hold all of it.
 */
export function findPortHolders(wanted: WantedPort, containers: readonly ContainerFacts[]): PortSearch {
  const byRef = new Map(containers.flatMap((container) => [[container.name, container] as const]));
  for (const container of containers) byRef.set(container.id, container);
  const lookup: ContainerLookup = (ref) => byRef.get(ref);
  const order = new Map(expandHostPorts(wanted.hostPort).map((port, index) => [port, index]));
  const rank = ({ hostPort }: LivePort): number => order.get(hostPort) ?? order.size;
  const holders = containers
    .flatMap((container) => container.ports.map((port) => ({ container, port })))
    .filter(({ port }) => rank(port) < order.size && port.protocol === wanted.protocol)
    .filter(({ port }) => overlaps(wanted.hostIp, port.hostIp))
    .sort((one, other) => rank(one.port) - rank(other.port));
  return {
    holders: holders.filter(({ container }, i) => holders.findIndex((holder) => holder.container === container) === i),
    candidates:
      order.size === 0 ? [] : containers.filter((container) => deriveEffectiveMode(container, lookup) === 'host'),
  };
}

/**
 * The first two bindings of one container that want the same fixed host port, which the CLI takes and the engine refuses at the
 * start; null where there are none.
 */
export function findSelfConflict(bindings: readonly PortBinding[]): readonly [PortBinding, PortBinding] | null {
  const seen = new Map<string, PortBinding[]>();
  for (const binding of bindings) {
    const ports = expandHostPorts(binding.hostPort);
    if (ports.length !== 1) continue; // a dynamic port, or a range, moves out of the way
    const key = `${ports[0]}/${binding.protocol}`;
    const others = seen.get(key) ?? [];
    const other = others.find(({ hostIp }) => overlaps(hostIp, binding.hostIp));
    if (other !== undefined) return [other, binding];
    others.push(binding);
    seen.set(key, others);
  }
  return null;
}

/** The ports a configured host port may become: none where the engine chooses freely, one, or those of a range (`8000-8010`). */
export function expandHostPorts(hostPort: string): number[] {
  const [from = '', to = from] = hostPort.split('-');
  const first = Number(from);
  const last = Number(to);
  if (hostPort === '' || last === 0 || !Number.isInteger(first) || !Number.isInteger(last)) return [];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}

/**
 * Whether two host addresses can both own a port. An empty one means all addresses of both families (the engine's default); `0.0.0.0` all
 * of IPv4, `::` all of IPv6 and nothing of IPv4: Docker's listeners are IPv6 only.
 */
function overlaps(one: string, other: string): boolean {
  const left = parseIpAddress(one);
  const right = parseIpAddress(other);
  if (left === null || right === null) return true;
  if (isIpv4(left) !== isIpv4(right)) return false;
  return isUnspecified(left) || isUnspecified(right) || isSameAddress(one, other);
}

function isUnspecified(address: AddressBytes): boolean {
  return (isIpv4(address) ? address.slice(12) : address).every((byte) => byte === 0);
}
