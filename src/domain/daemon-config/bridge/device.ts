// The interface itself: what the kernel lets dockerd make of docker0, and what it finds on it then.
import { type Address, contains } from '../../subnet.ts';
import type { Findings } from '../findings.ts';
import { type Cidr, formatAddress, formatCidr, formatSubnet } from '../go/cidr.ts';
import type { Reading } from '../reading.ts';
import type { Kept } from './existing.ts';
import { creating, refuse } from './words.ts';

/** Its name and its MTU. */
export function checkDevice({ values }: Reading, findings: Findings): void {
  const { bridge: name = '' } = values;
  if (name !== '' && name !== 'docker0') {
    if (name === 'lo')
      refuse(
        findings,
        `${creating}existing interface lo is not a bridge`,
        'bridge',
        'not_a_bridge',
        '"bridge" names lo, which is no bridge',
        'Name a bridge, or remove the key to have docker0',
        [{ kind: 'remove', key: 'bridge' }],
      );
    else
      refuse(
        findings,
        `${creating}bridge device with non default name ${name} must be created manually`,
        'bridge',
        'bridge_missing',
        `"bridge" names ${JSON.stringify(name)}, which a fresh host does not have; dockerd makes docker0 only`,
        `Make it first (ip link add ${name} type bridge; it needs an address), or remove the key to have docker0`,
        [{ kind: 'remove', key: 'bridge' }],
      );
    return;
  }
  const { mtu = 0n } = values;
  const kernelMtu = BigInt.asUintN(32, mtu);
  if (mtu > 0n && (kernelMtu < 68n || kernelMtu > 65_535n))
    refuse(
      findings,
      `${creating}invalid argument`,
      'mtu',
      'out_of_range',
      `"mtu" is ${mtu}, and the kernel takes 68 to 65535 for a bridge`,
      'Write 68 to 65535; 1500 is the default',
      [{ kind: 'set', key: 'mtu', value: '1500' }],
    );
  else if (mtu === 0n && values.mtu !== undefined)
    findings.warning({
      key: 'mtu',
      code: 'no_effect',
      message: '"mtu": 0 stands for the default: docker0 gets 1500',
      fix: 'Write the number that you want, or remove the key',
      mends: [{ kind: 'remove', key: 'mtu' }],
    });
  else if (kernelMtu !== mtu)
    findings.warning({
      key: 'mtu',
      code: 'out_of_range',
      message: `"mtu" is ${mtu}; the kernel takes its lowest 32 bits, which are ${kernelMtu}`,
      fix: `Write ${kernelMtu}`,
      mends: [{ kind: 'set', key: 'mtu', value: String(kernelMtu) }],
    });
}

/** What the kernel has in the end. */
export function effectiveMtu(mtu: bigint | undefined): number {
  return mtu === undefined || mtu === 0n ? 1500 : Number(BigInt.asUintN(32, mtu));
}

/** Gives docker0 its address, in place of one that it has, and looks whether that is what it has then. */
export function checkIpv4Address(
  bridge: Cidr,
  { values: { mtu }, switches }: Reading,
  kept: Kept,
  findings: Findings,
): void {
  const isIpv6 = bridge.subnet.family === 'ipv6';
  const fail = (says: string, message: string) =>
    refuse(
      findings,
      creating + says,
      'bip',
      isIpv6 ? 'wrong_family' : 'conflicting_keys',
      message,
      isIpv6
        ? 'Write an address of IPv4; IPv6 is set with "ipv6" and "fixed-cidr-v6"'
        : 'Delete the interface first: ip link delete docker0',
    );
  const message = `docker0 would get ${formatCidr(bridge)} as its address of IPv4`;
  if (isIpv6 && effectiveMtu(mtu) < 1280)
    return void fail(`failed to add IPv4 address ${formatCidr(bridge)} to bridge: invalid argument`, message);
  if (isUnassignable(bridge.address))
    return void fail(
      `failed to add IPv4 address ${formatCidr(bridge)} to bridge: cannot assign requested address`,
      message,
    );
  if (isIpv6 && kept.ipv6.some(({ address }) => address.value === bridge.address.value))
    return void fail(`failed to add IPv4 address ${formatCidr(bridge)} to bridge: file exists`, message);
  if (kept.isThere) {
    const left = withoutChosen(kept.ipv4, bridge);
    if (left?.some((other) => formatCidr(other) === formatCidr(bridge)))
      return void fail(
        `failed to add IPv4 address ${formatCidr(bridge)} to bridge: file exists`,
        `docker0 has ${formatCidr(bridge)} already, beside another address in the same subnet`,
      );
    const after = left === null ? kept.ipv4 : isIpv6 ? left : [...left, bridge];
    const [shown] = choose(after, bridge);
    if (shown === undefined) return void fail('bridge has no IPv4 address configured', message);
    if (shown.address.value !== bridge.address.value || isIpv6)
      return void fail(
        `bridge IPv4 (${formatAddress(shown.address)}) does not match requested configuration ${formatAddress(bridge.address)}`,
        `docker0 keeps its further address ${formatCidr(shown)}, and dockerd wants ${formatCidr(bridge)} to be the first in that subnet`,
      );
  }
  // A rule of iptables that names the subnet is where it fails.
  if (isIpv6 && switches.iptables && switches['ip-masq'])
    fail('Failed to Setup IP tables: Unable to enable NAT rule', message);
}

/** What is left when dockerd takes away the address that it chose; null where that is the right one already. */
function withoutChosen(addresses: readonly Cidr[], bridge: Cidr): Cidr[] | null {
  const [chosen] = choose(addresses, bridge);
  if (chosen === undefined) return [];
  if (formatCidr(chosen) === formatCidr(bridge)) return null;
  // With the first address of a subnet the kernel removes the others of it.
  const isOfSubnet = (other: Cidr) => formatSubnet(other.subnet) === formatSubnet(chosen.subnet);
  const isFirst = addresses.find(isOfSubnet) === chosen;
  return addresses.filter((other) => other !== chosen && !(isFirst && isOfSubnet(other)));
}

/** The first address in that subnet, else the first. */
function choose(addresses: readonly Cidr[], { subnet }: Cidr): Cidr[] {
  const chosen = addresses.find(({ address }) => contains(subnet, address)) ?? addresses[0];
  return chosen === undefined ? [] : [chosen];
}

/** Gives docker0 its address of IPv6. */
export function checkIpv6Address(bridge: Cidr, { values }: Reading, findings: Findings): void {
  const mtu = effectiveMtu(values.mtu);
  if (mtu < 1280)
    refuse(
      findings,
      `${creating}Cannot read IPv6 setup for bridge docker0: open /proc/sys/net/ipv6/conf/docker0/disable_ipv6: no such file or directory`,
      'mtu',
      'out_of_range',
      `"mtu" is ${mtu}, and the kernel has no IPv6 on an interface below 1280`,
      'Write an "mtu" of 1280 or more, or switch "ipv6" off',
      [{ kind: 'set', key: 'mtu', value: '1280' }],
    );
  else if (isUnassignable(bridge.address))
    refuse(
      findings,
      `${creating}failed to add IPv6 address ${formatCidr(bridge)} to bridge: cannot assign requested address`,
      'fixed-cidr-v6',
      'invalid_subnet',
      `docker0 would get ${formatAddress(bridge.address)}, which the kernel gives to no bridge`,
      'Write a unicast subnet, such as "2001:db8:1::/64"',
    );
}

/** Loopback, unspecified and multicast addresses. */
function isUnassignable({ family, value }: Address): boolean {
  return family === 'ipv6' && (value <= 1n || value >> 120n === 0xffn);
}
