// docker0's IPv6: only with `ipv6`, and then in the subnet of `fixed-cidr-v6`.
import { contains, overlaps, type Subnet } from '../../subnet.ts';
import type { Findings } from '../findings.ts';
import { type Cidr, formatAddress, formatSubnet, parseCidr } from '../go/cidr.ts';
import type { Reading } from '../reading.ts';
import { AddressPool } from './address-pool.ts';
import type { Kept } from './existing.ts';
import { takeGateway } from './gateway.ts';
import type { Plan } from './ipv4.ts';
import { controller, creating, refuse } from './words.ts';

/** Says which keys do nothing, because IPv6 is off. */
export function remarkUselessIpv6({ values, switches }: Reading, findings: Findings): void {
  if (switches.ipv6) return;
  for (const key of ['fixed-cidr-v6', 'default-gateway-v6'] as const)
    if ((values[key] ?? '') !== '')
      findings.warning({
        key,
        code: 'no_effect',
        message: `"${key}" does nothing as long as "ipv6" is not true`,
        fix: `Write "ipv6": true, or remove "${key}"`,
        mends: [
          { kind: 'set', key: 'ipv6', value: 'true', before: key },
          { kind: 'remove', key },
        ],
      });
}

/** IPv6 without a subnet is refused before anything is made. */
export function requireIpv6Subnet({ values, switches }: Reading, findings: Findings): void {
  if (!switches.ipv6 || (values['fixed-cidr-v6'] ?? '') !== '') return;
  refuse(
    findings,
    `${controller}IPv6 is enabled for the default bridge, but no subnet is configured. Specify an IPv6 subnet using --fixed-cidr-v6`,
    'ipv6',
    'subnet_missing',
    '"ipv6" is true, and docker0 has no subnet of IPv6',
    'Write "fixed-cidr-v6" too, such as "2001:db8:1::/64"',
    [
      { kind: 'set', key: 'fixed-cidr-v6', value: '"2001:db8:1::/64"', before: 'ipv6' },
      { kind: 'remove', key: 'ipv6' },
    ],
  );
}

/** Works it out; null where there is none, or dockerd refuses. */
export function planIpv6({ values, switches }: Reading, inUse: Subnet, kept: Kept, findings: Findings): Plan | null {
  const { 'fixed-cidr-v6': spelt = '' } = values;
  if (!switches.ipv6) return null;
  const read = parseCidr(spelt);
  if (read === null || read.subnet.family === 'ipv4') return null;
  const { subnet } = read;
  if (overlaps(subnet, inUse))
    return refuse(
      findings,
      `${creating}Pool overlaps with other one on this address space`,
      'fixed-cidr-v6',
      'conflicting_keys',
      `"fixed-cidr-v6" ${formatSubnet(subnet)} overlaps ${formatSubnet(inUse)}, which docker0 has as its subnet of IPv4`,
      'Write an address of IPv4 as "bip"',
    );
  const pool = new AddressPool(subnet);
  const old = kept.ipv6.find(({ address }) => contains(subnet, address));
  const taken = pool.take(old?.address);
  if ('says' in taken)
    return refuse(
      findings,
      `${creating}failed to allocate gateway (${old === undefined ? '' : formatAddress(old.address)}): ${taken.says}`,
      'fixed-cidr-v6',
      'address_reserved',
      `"fixed-cidr-v6" ${formatSubnet(subnet)} has no address for docker0: ${taken.says}`,
      'Write a subnet with more addresses, such as a /64',
    );
  const bridge = { address: taken.address, subnet };
  const defaultGateway = takeGateway(
    'default-gateway-v6',
    'DefaultGatewayIPv6',
    values['default-gateway-v6'],
    pool,
    bridge,
    'fixed-cidr-v6',
    findings,
  );
  if (defaultGateway === null) return null;
  return { bridge, cause: 'fixed-cidr-v6', range: undefined, configuredGateway: old?.address, defaultGateway };
}

/** An address that is there already keeps the length of its prefix. */
export function shownAddress(bridge: Cidr, kept: Kept): Cidr {
  return kept.ipv6.find(({ address }) => address.value === bridge.address.value) ?? bridge;
}
