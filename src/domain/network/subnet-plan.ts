// The subnets of a bridge that daemon.json's names ask for, by the rules of dockerd: bip is Docker's gateway, fixed-cidr its range, and a
// default-gateway of another address is an auxiliary one. Pure; Docker's own refusals (some of which leave an interface on the host) come first here.

import { Failure } from '../../schemas/failure.ts';
import type { CreateNetwork } from '../../schemas/network.ts';
import {
  type Address,
  bitsOf,
  contains,
  containsSubnet,
  formatAddress,
  formatSubnet,
  lastOf,
  overlaps,
  parseAddress,
  parseSubnet,
  type Subnet,
} from '../subnet.ts';
import type { SubnetSpec } from './network-spec.ts';

/** A subnet that was asked for, and the field that did. */
export interface WantedSubnet {
  readonly field: 'bip' | 'subnet' | 'fixed-cidr' | 'fixed-cidr-v6';
  readonly subnet: Subnet;
  readonly spec: SubnetSpec;
  /** How many addresses are left for containers. */
  readonly room: bigint;
}

/** By these names the bridge driver knows a default gateway that is not the bridge itself; dockerd uses them for daemon.json. */
export const gatewayKeys = { ipv4: 'DefaultGatewayIPv4', ipv6: 'DefaultGatewayIPv6' } as const;

/**
 * The IPv4 subnet; null where the engine is to choose one.
 *
 * @throws Failure naming the field
 */
export function planIpv4(request: CreateNetwork): WantedSubnet | null {
  const bip = request.bip === undefined ? null : readBip(request.bip);
  const whole = request.subnet === undefined ? null : readRange('subnet', request.subnet);
  if (bip !== null && whole !== null) {
    throw refuse('subnet', 'bip and subnet both say what the subnet is', { hint: 'Leave one of them out.' });
  }
  const range = request['fixed-cidr'] === undefined ? null : readRange('fixed-cidr', request['fixed-cidr']);
  if (bip === null && whole === null && range === null) {
    if (request['default-gateway'] === undefined) return null;
    throw refuse(
      'default-gateway',
      'Without bip the engine chooses the subnet, and a default-gateway has to lie in it',
      {
        hint: 'Give bip too, such as "10.20.0.1/24".',
      },
    );
  }
  const subnet = bip?.subnet ?? whole ?? range;
  if (subnet === null) return null;
  const field = bip !== null ? 'bip' : whole !== null ? 'subnet' : 'fixed-cidr';
  if (range !== null && !containsSubnet(subnet, range)) {
    throw refuse(
      'fixed-cidr',
      `${formatSubnet(range)} is not a part of ${formatSubnet(subnet)}, the subnet${field === 'bip' ? ' of bip' : ''}`,
      {
        hint: 'A dockerd would start with it; a network cannot be made so. Choose a range within the subnet.',
      },
    );
  }
  // Without bip dockerd takes the first address that is not the network's own, and so do we: written down, it can be shown.
  const bridge = bip?.address ?? { family: 'ipv4', value: subnet.prefix >= 31 ? subnet.base : subnet.base + 1n };
  const gateway = readGateway(request, 'default-gateway', subnet, bridge);
  return {
    field,
    subnet,
    spec: toSpec(subnet, bridge, range, gateway),
    room: countRoom(range ?? subnet, [...endsOf(subnet), bridge, ...(gateway === null ? [] : [gateway])]),
  };
}

/**
 * The IPv6 subnet; null where the engine is to choose one.
 *
 * @throws Failure naming the field
 */
export function planIpv6(request: CreateNetwork): WantedSubnet | null {
  const text = request['fixed-cidr-v6'];
  if (text === undefined) {
    if (request['default-gateway-v6'] === undefined) return null;
    throw refuse(
      'default-gateway-v6',
      'A default-gateway-v6 has to lie in the subnet, and no fixed-cidr-v6 names one',
      {
        hint: 'Give fixed-cidr-v6 too, such as "fd00:20::/64".',
      },
    );
  }
  const subnet = readIpv6Subnet(text);
  const bridge: Address = { family: 'ipv6', value: subnet.base + 1n };
  const gateway = readGateway(request, 'default-gateway-v6', subnet, bridge);
  return {
    field: 'fixed-cidr-v6',
    subnet,
    spec: toSpec(subnet, bridge, null, gateway),
    room: countRoom(subnet, [{ family: 'ipv6', value: subnet.base }, bridge, ...(gateway === null ? [] : [gateway])]),
  };
}

function readBip(text: string): { address: Address; subnet: Subnet } {
  const parsed = parseSubnet(text);
  if (parsed === null || parsed.subnet.family === 'ipv6') {
    const why = parsed === null ? 'no address with a prefix length' : 'an IPv6 address, and bip is of IPv4';
    throw refuse('bip', `${JSON.stringify(text)} is ${why}`, {
      hint: parsed === null ? 'Give such as "10.20.0.1/24".' : 'The IPv6 subnet is fixed-cidr-v6.',
    });
  }
  const { address, subnet } = parsed;
  refuseSpecial('bip', subnet);
  const own = endsOf(subnet).find(({ value }) => value === address.value);
  if (own !== undefined) {
    const first = formatAddress({ family: 'ipv4', value: subnet.base + 1n });
    throw refuse(
      'bip',
      `${formatAddress(address)} is the ${own.value === subnet.base ? 'address of the subnet' : 'broadcast address'} ${formatSubnet(subnet)} itself`,
      { hint: `bip is the address of the bridge in it, such as "${first}/${subnet.prefix}".` },
    );
  }
  return { address, subnet };
}

/** Host bits are dropped, as dockerd does. */
function readRange(field: 'subnet' | 'fixed-cidr', text: string): Subnet {
  const parsed = parseSubnet(text);
  if (parsed === null || parsed.subnet.family === 'ipv6') {
    const why = parsed === null ? 'no subnet' : 'an IPv6 subnet';
    throw refuse(field, `${JSON.stringify(text)} is ${why}`, {
      hint: parsed === null ? 'Give such as "10.20.0.128/25".' : 'The IPv6 subnet is fixed-cidr-v6.',
    });
  }
  refuseSpecial(field, parsed.subnet);
  return parsed.subnet;
}

function readIpv6Subnet(text: string): Subnet {
  const parsed = parseSubnet(text);
  if (parsed === null || parsed.subnet.family === 'ipv4') {
    const why = parsed === null ? 'no subnet' : 'an IPv4 subnet';
    throw refuse('fixed-cidr-v6', `${JSON.stringify(text)} is ${why}`, { hint: 'Give such as "fd00:20::/64".' });
  }
  refuseSpecial('fixed-cidr-v6', parsed.subnet);
  if (parsed.subnet.prefix === 128) {
    throw refuse('fixed-cidr-v6', `${formatSubnet(parsed.subnet)} is one address, and the bridge needs one itself`, {
      hint: 'Give a wider one, such as a /64.',
    });
  }
  return parsed.subnet;
}

const special: readonly { readonly range: string; readonly what: string }[] = [
  { range: '0.0.0.0/8', what: 'addresses of "this network"' },
  { range: '127.0.0.0/8', what: "every host's own loopback addresses" },
  { range: '224.0.0.0/4', what: 'multicast addresses' },
  { range: '::/96', what: 'the unspecified and the loopback address' },
  { range: '::ffff:0:0/96', what: 'IPv4 addresses in IPv6 spelling' },
  { range: 'fe80::/10', what: 'link-local addresses, which every interface has anyway' },
  { range: 'ff00::/8', what: 'multicast addresses' },
];

/** No container could be reached there. Docker makes such a network, or leaves half of it behind. */
function refuseSpecial(field: string, subnet: Subnet): void {
  for (const { range, what } of special) {
    const known = parseSubnet(range)?.subnet;
    if (known === undefined || !overlaps(known, subnet)) continue;
    throw refuse(field, `${formatSubnet(subnet)} holds ${what} (${range})`, {
      hint:
        subnet.family === 'ipv4'
          ? 'Take a private range: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16.'
          : 'Take a private range: a part of fd00::/8.',
    });
  }
}

function readGateway(
  request: CreateNetwork,
  field: 'default-gateway' | 'default-gateway-v6',
  subnet: Subnet,
  bridge: Address,
): Address | null {
  const text = request[field];
  if (text === undefined) return null;
  const address = parseAddress(text);
  const where = formatSubnet(subnet);
  if (address === null) {
    throw refuse(field, `${JSON.stringify(text)} is not an IP address`, { hint: `Give an address in ${where}.` });
  }
  if (!contains(subnet, address)) {
    throw refuse(field, `${formatAddress(address)} does not lie in ${where}, where the containers would look for it`, {
      hint: `Give an address in ${where}.`,
    });
  }
  if (request.internal === true) {
    throw refuse(field, 'An internal network has no gateway', { hint: 'Leave out one of the two.' });
  }
  if (!isCounted(subnet, address)) {
    throw refuse(field, `Docker counts 2⁶⁴ addresses of ${where}, and ${formatAddress(address)} lies beyond`, {
      hint: `It would take another one for it. Give one in the first /64: ${formatSubnet({ ...subnet, prefix: 64 })}.`,
    });
  }
  if (address.value === bridge.value) {
    throw refuse(field, `${formatAddress(address)} is the address of the bridge itself`, {
      hint: 'Leave it out: the bridge is the default gateway where nothing else is said.',
    });
  }
  if (endsOf(subnet).some(({ value }) => value === address.value)) {
    throw refuse(field, `${formatAddress(address)} is no address of a host in ${where}`, {
      hint: 'The first and the last address of a subnet are given to nobody.',
    });
  }
  return address;
}

/** Docker numbers the addresses of a subnet with 64 bits, and takes two for one where only higher bits differ. */
export function isCounted({ base }: Subnet, { value }: Address): boolean {
  return value - base < 2n ** 64n;
}

/** The addresses that Docker gives to nobody: a subnet's own, and the last one. None in IPv4 subnets of two addresses and of one. */
function endsOf(subnet: Subnet): Address[] {
  const { family, base, prefix } = subnet;
  if (family === 'ipv4' && prefix >= 31) return [];
  const last = family === 'ipv6' && prefix < 64 ? { family, value: base + 2n ** 64n - 1n } : lastOf(subnet);
  return [{ family, value: base }, last];
}

function countRoom(range: Subnet, taken: readonly Address[]): bigint {
  const inside = new Set(taken.filter((address) => contains(range, address)).map(({ value }) => value));
  return (1n << BigInt(bitsOf(range.family) - range.prefix)) - BigInt(inside.size);
}

function toSpec(subnet: Subnet, bridge: Address, range: Subnet | null, gateway: Address | null): SubnetSpec {
  return {
    subnet: formatSubnet(subnet),
    gateway: formatAddress(bridge),
    ...(range !== null && { ipRange: formatSubnet(range) }),
    ...(gateway !== null && { auxiliary: { [gatewayKeys[subnet.family]]: formatAddress(gateway) } }),
  };
}

function refuse(field: string, detail: string, { hint }: { hint: string }): Failure {
  return new Failure('invalid_request', detail, { field, hint });
}
