// May this container be on that network, and what has to be done for it? What Docker refuses is refused here with the way out; an address that is
// in use above all, because of a connection that it refuses Docker keeps what was asked for, and the container does not start again.
import { Failure } from '../../schemas/failure.ts';
import type { Connect } from '../../schemas/network.ts';
import type { ContainerFacts, EndpointFacts, NetworkFacts } from '../container/facts.ts';
import { isAlive, joinTarget } from '../container/join-chain.ts';
import { isSameAddress } from '../ports/ip-address.ts';
import { type Address, contains, lastOf, parseAddress, parseSubnet } from '../subnet.ts';
import { bridgeAddress, endpointOn, isConnected } from './network-view.ts';
import { isCounted } from './subnet-plan.ts';
import { isDefaultBridge, refuseOnDefaultBridge, refuseUnusable } from './usable-network.ts';

export interface ConnectionContext {
  /** By full id, or by name. */
  readonly container: (idOrName: string) => ContainerFacts | undefined;
  readonly containers: Iterable<ContainerFacts>;
}

/** Is there something to do? `already`: the container is on the network as it was asked for. */
export type Connection = 'connect' | 'already';

/** @throws Failure naming the field */
export function planConnection(
  facts: ContainerFacts,
  network: NetworkFacts,
  request: Connect,
  context: ConnectionContext,
): Connection {
  refuseUnusable(network);
  refuseForeignNamespace(facts, 'connected to any network', context);
  if (facts.endpoints.some(({ network: name }) => name === 'none')) {
    throw new Failure('state_conflict', `"${facts.name}" is closed, and Docker connects nothing that is`, {
      field: 'container',
      hint: 'Create it on a network: POST /api/v1/containers/bridged.',
    });
  }
  if (isDefaultBridge(network)) refuseOnDefaultBridge(request);
  const endpoint = endpointOn(facts, network);
  // Of one that does not run Docker changes what it is set to; there is nothing to compare with.
  if (isAlive(facts) && isConnected(facts, endpoint)) {
    requireSame(facts, network, endpoint, request);
    return 'already';
  }
  requireFreeAddresses(request, network, context.containers, facts.id);
  return 'connect';
}

/**
 * Sees that nobody has the addresses that are asked for. `self` is the id of the container that asks; a new one has none yet.
 *
 * @throws Failure naming the field
 */
export function requireFreeAddresses(
  request: { readonly ip?: string; readonly ip6?: string },
  network: NetworkFacts,
  containers: Iterable<ContainerFacts>,
  self?: string,
): void {
  for (const field of ['ip', 'ip6'] as const) {
    const text = request[field];
    const address = text === undefined ? null : parseAddress(text);
    if (address !== null && text !== undefined) requireFree(field, text, address, self, network, containers);
  }
}

/** `absent`: it is not on the network. `forget`: it is not, but Docker would put it there at its next start. */
export type Disconnection = 'disconnect' | 'absent' | 'forget';

/** @throws Failure */
export function planDisconnection(
  facts: ContainerFacts,
  network: NetworkFacts,
  context: Pick<ConnectionContext, 'container'>,
): Disconnection {
  refuseForeignNamespace(facts, 'disconnected from a network', context);
  if (network.driver === 'null') {
    throw new Failure(
      'invalid_request',
      `The network "${network.name}" is no network at all: nothing is connected to it`,
      {
        hint: 'Create a bridged container in place of a closed one: POST /api/v1/containers/bridged.',
      },
    );
  }
  const endpoint = endpointOn(facts, network);
  if (endpoint === undefined) return 'absent';
  return isConnected(facts, endpoint) ? 'disconnect' : 'forget';
}

function refuseForeignNamespace(
  { name, networkMode }: ContainerFacts,
  what: string,
  { container }: Pick<ConnectionContext, 'container'>,
): void {
  const ref = joinTarget(networkMode);
  if (ref !== null) {
    const target = container(ref)?.name ?? ref.slice(0, 12);
    throw new Failure('state_conflict', `"${name}" is joined to "${target}" and cannot be ${what} itself`, {
      field: 'container',
      hint: `It shares the network of its target: name "${target}" instead.`,
    });
  }
  if (networkMode !== 'host') return;
  throw new Failure('state_conflict', `"${name}" is in the host's own network namespace and cannot be ${what}`, {
    field: 'container',
    hint: 'Create it on a network: POST /api/v1/containers/bridged.',
  });
}

function requireSame(facts: ContainerFacts, network: NetworkFacts, endpoint: EndpointFacts, request: Connect): void {
  const refuse = (field: string, what: string): never => {
    throw new Failure('state_conflict', `"${facts.name}" is on "${network.name}" already, ${what}`, {
      field,
      hint: 'Disconnect it first: an endpoint cannot be changed.',
    });
  };
  const { ip, ip6, aliases = [] } = request;
  if (ip !== undefined && !isSameAddress(ip, endpoint.ipv4)) refuse('ip', `with ${endpoint.ipv4}`);
  if (ip6 !== undefined && !isSameAddress(ip6, endpoint.ipv6)) {
    refuse('ip6', endpoint.ipv6 === '' ? 'without IPv6' : `with ${endpoint.ipv6}`);
  }
  const missing = aliases.find((alias) => !endpoint.aliases.includes(alias));
  if (missing !== undefined) refuse('aliases', `without the name "${missing}"`);
}

function requireFree(
  field: 'ip' | 'ip6',
  text: string,
  address: Address,
  self: string | undefined,
  network: NetworkFacts,
  containers: Iterable<ContainerFacts>,
): void {
  const within = network.subnets.filter(({ subnet }) => {
    const parsed = parseSubnet(subnet);
    return parsed !== null && contains(parsed.subnet, address);
  });
  if (within.length === 0) {
    const subnets = network.subnets.map(({ subnet }) => subnet).join(', ');
    throw new Failure('invalid_request', `${text} lies in no subnet of "${network.name}" (${subnets})`, {
      field,
      hint: 'Choose an address in it, or leave it out to have one chosen.',
    });
  }
  const taken = (what: string, extra = {}): never => {
    throw new Failure('address_in_use', `${text} on "${network.name}" is ${what}`, {
      field,
      hint: 'Choose another address, or leave it out to have one chosen.',
      extra,
    });
  };
  for (const one of within) {
    const subnet = parseSubnet(one.subnet)?.subnet;
    if (isSameAddress(text, bridgeAddress(one) ?? '')) taken('the address of the bridge itself');
    for (const [purpose, reserved] of Object.entries(one.auxiliary)) {
      if (isSameAddress(text, reserved)) taken(`kept free for ${purpose}`);
    }
    if (subnet !== undefined && !isCounted(subnet, address)) {
      throw new Failure('invalid_request', `Docker counts 2⁶⁴ addresses of ${one.subnet}, and ${text} lies beyond`, {
        field,
        hint: 'It would take another one for it: choose one in the first /64.',
      });
    }
    const isShort = address.family === 'ipv4' && (subnet?.prefix ?? 0) >= 31;
    if (subnet === undefined || isShort) continue;
    if (address.value === subnet.base) taken('the address of the subnet itself');
    if (address.family === 'ipv4' && address.value === lastOf(subnet).value) taken('its broadcast address');
  }
  for (const other of containers) {
    const endpoint = other.id === self ? undefined : endpointOn(other, network);
    if (endpoint === undefined || ![endpoint.ipv4, endpoint.ipv6].some((used) => isSameAddress(used, text))) continue;
    taken(`already in use by the container "${other.name}"`, { holder: { id: other.id, name: other.name } });
  }
}
