// Shows a network as the API does: what the engine reports, in daemon.json's names, and the containers on it. Pure.
import type { Network, NetworkMember } from '../../schemas/network.ts';
import type { ContainerFacts, EndpointFacts, NetworkFacts } from '../container/facts.ts';
import { isAlive } from '../container/join-chain.ts';
import { label } from '../labels.ts';
import { type AddressInSubnet, contains, formatAddress, parseAddress, parseSubnet } from '../subnet.ts';
import { userLabelsOf } from '../user-labels.ts';
import { networkDns } from './network-dns.ts';
import { isEncrypted, isOn, networkMtu, networkOption } from './network-options.ts';
import { gatewayKeys } from './subnet-plan.ts';
import { isDefaultBridge } from './usable-network.ts';

type SubnetFacts = NetworkFacts['subnets'][number];

export interface NetworkViewContext {
  readonly engine: string;
  readonly stale: boolean;
  /** The engines that show it, with all their containers: of a network of a swarm they can be several. */
  readonly places: readonly { readonly engine: string; readonly containers: Iterable<ContainerFacts> }[];
}

export function showNetwork(facts: NetworkFacts, { engine, stale, places }: NetworkViewContext): Network {
  const managed = facts.labels[label.managed] === 'true';
  const ours = (key: string) => (managed ? (facts.labels[key] ?? null) : null);
  const isBridge = facts.driver === 'bridge';
  const ipv4 = facts.subnets.find(({ subnet }) => familyOf(subnet) === 'ipv4');
  // Docker keeps a subnet that has no effect.
  const ipv6 = facts.ipv6 ? facts.subnets.find(({ subnet }) => familyOf(subnet) === 'ipv6') : undefined;
  const effective = [ipv4, ipv6].filter((one) => one !== undefined);
  return {
    id: facts.id,
    name: facts.name,
    engine,
    engines: places.map((place) => place.engine),
    driver: facts.driver,
    scope: facts.scope,
    managed,
    lab: ours(label.lab),
    owner: ours(label.owner),
    labels: userLabelsOf(facts.labels),
    internal: facts.internal,
    attachable: facts.attachable,
    encrypted: facts.driver === 'overlay' ? isEncrypted(facts) : null,
    createdAt: facts.createdAt,
    bridge: isBridge ? (facts.options[networkOption.bridge] ?? `br-${facts.id.slice(0, 12)}`) : null,
    bip: ipv4 === undefined ? null : showBip(ipv4),
    'fixed-cidr': ipv4?.ipRange || null,
    ipv6: facts.ipv6,
    'fixed-cidr-v6': ipv6?.subnet ?? null,
    mtu: networkMtu(facts),
    'default-gateway': ipv4?.auxiliary[gatewayKeys.ipv4] ?? null,
    'default-gateway-v6': ipv6?.auxiliary[gatewayKeys.ipv6] ?? null,
    dns: isDefaultBridge(facts) ? null : [...networkDns(facts)],
    icc: isBridge ? isOn(facts.options[networkOption.icc]) : null,
    'ip-masq': isBridge ? isOn(facts.options[networkOption.masquerade]) : null,
    subnets: effective.map((one) => ({
      subnet: one.subnet,
      range: one.ipRange || null,
      bridge: isBridge ? bridgeAddress(one) : null,
      gateway: facts.internal ? null : (one.auxiliary[gatewayKeys[familyOf(one.subnet)]] ?? bridgeAddress(one)),
    })),
    containers: places.flatMap((place) =>
      Array.from(place.containers).flatMap((container) => showMember(place.engine, container, facts)),
    ),
    stale,
  };
}

/** Where a container is on a network, or is set to be when it starts; undefined where it is not. */
export function endpointOn(
  { endpoints }: ContainerFacts,
  { id, name }: Pick<NetworkFacts, 'id' | 'name'>,
): EndpointFacts | undefined {
  return endpoints.find((one) => (one.networkId === '' ? one.network === name : one.networkId === id));
}

/** Is it there now? Docker keeps of a refused connection what was asked for, as if the container were on the network. */
export function isConnected(container: ContainerFacts, endpoint: EndpointFacts | undefined): endpoint is EndpointFacts {
  return endpoint !== undefined && (!isAlive(container) || endpoint.networkId !== '');
}

function showMember(engine: string, container: ContainerFacts, network: NetworkFacts): NetworkMember[] {
  const endpoint = endpointOn(container, network);
  if (container.labels[label.role] !== undefined || !isConnected(container, endpoint)) return [];
  return [
    {
      id: container.id,
      name: container.name,
      engine,
      state: container.state,
      ipv4: endpoint.ipv4 || null,
      ipv6: endpoint.ipv6 || null,
      mac: endpoint.mac || null,
    },
  ];
}

function familyOf(subnet: string): 'ipv4' | 'ipv6' {
  return subnet.includes(':') ? 'ipv6' : 'ipv4';
}

function showBip(facts: SubnetFacts): string | null {
  const address = bridgeAddress(facts);
  return address === null ? null : `${address}/${facts.subnet.split('/', 2)[1]}`;
}

/**
 * Docker shows the address of a bridge only where it was chosen by whoever made the network, or with the subnet. Else it is the first one of the
 * range that is not the subnet's own.
 */
export function bridgeAddress({ subnet: text, gateway, ipRange }: SubnetFacts): string | null {
  // Of docker0's IPv6 subnet some engines write the gateway with its prefix length.
  const written = parseAddress(gateway.split('/', 1)[0] ?? '');
  if (written !== null) return formatAddress(written);
  const whole = parseSubnet(text);
  if (whole === null) return null;
  const range = ipRange === '' ? whole : (parseSubnet(ipRange) ?? whole);
  return formatAddress(firstFree(whole, range));
}

function firstFree({ subnet }: AddressInSubnet, range: AddressInSubnet): AddressInSubnet['address'] {
  const { family, base } = range.subnet;
  const isOwn = base === subnet.base && !(family === 'ipv4' && subnet.prefix >= 31);
  const next = { family, value: base + 1n };
  return isOwn && contains(subnet, next) ? next : { family, value: base };
}
