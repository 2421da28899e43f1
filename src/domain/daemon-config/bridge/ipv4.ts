// docker0's IPv4: which subnet it lies in, which address it takes, and from which range containers get theirs.
import { type Address, containsSubnet, parseAddress, type Subnet } from '../../subnet.ts';
import type { Findings } from '../findings.ts';
import { type Cidr, formatAddress, formatSubnet, parseCidr } from '../go/cidr.ts';
import type { Reading } from '../reading.ts';
import { AddressPool } from './address-pool.ts';
import { isFree, unusable } from './address-pools.ts';
import { chooseOld, isUsableHost, type Kept, remarkOld } from './existing.ts';
import { takeGateway } from './gateway.ts';
import { controller, creating, refuse } from './words.ts';

/** One family of docker0, worked out. */
export interface Plan {
  readonly bridge: Cidr;
  /** The key that decides on its subnet; null: the docker0 that is there. */
  readonly cause: string | null;
  readonly range: Subnet | undefined;
  /** What the network's configuration holds as its gateway. */
  readonly configuredGateway: Address | undefined;
  readonly defaultGateway: Address | undefined;
}

/** What `bip` and `fixed-cidr` say; undefined where they say nothing. */
export interface WrittenIpv4 {
  readonly own: Cidr | undefined;
  readonly range: Cidr | undefined;
}

/** Reads both keys; null where one is no subnet. */
export function readIpv4({ values }: Reading, kept: Kept, findings: Findings): WrittenIpv4 | null {
  const { bip = '', 'fixed-cidr': fixed = '' } = values;
  const range = fixed === '' ? undefined : parseCidr(fixed);
  const own = bip === '' ? undefined : parseCidr(bip);
  const wrongRange = (words: string) =>
    refuse(
      findings,
      `${controller}${words}invalid CIDR address: ${fixed}`,
      'fixed-cidr',
      'invalid_subnet',
      noSubnet('fixed-cidr', fixed),
      subnetFix,
    );
  if (kept.ipv4.length > 1 && range === null) return wrongRange('parse CIDR failed: ');
  if (own === null)
    return refuse(
      findings,
      `${controller}invalid CIDR address: ${bip}`,
      'bip',
      'invalid_subnet',
      noSubnet('bip', bip),
      'Write the address of the bridge and its prefix length, such as "192.168.1.5/24"',
      parseAddress(bip)?.family === 'ipv4' ? [{ kind: 'set', key: 'bip', value: JSON.stringify(`${bip}/24`) }] : [],
    );
  return range === null ? wrongRange('') : { own, range };
}

/** Works it out; null where dockerd refuses. */
export function planIpv4(
  { values }: Reading,
  { own, range }: WrittenIpv4,
  kept: Kept,
  pools: readonly Subnet[],
  findings: Findings,
): Plan | null {
  const { 'fixed-cidr': fixed = '' } = values;
  const old = chooseOld(kept.ipv4, range);
  const subnet = own?.subnet ?? old?.subnet ?? range?.subnet ?? pools.find(isFree);
  if (subnet?.prefix === unusable)
    return refuse(
      findings,
      'panic: runtime error: invalid memory address or nil pointer dereference',
      'default-address-pools',
      'pool_invalid',
      '"default-address-pools" spells a subnet of IPv4 as one of IPv6: dockerd crashes on it',
      'Write "10.10.0.0/16" instead of "::ffff:10.10.0.0/112"',
    );
  if (subnet === undefined)
    return refuse(
      findings,
      `${creating}could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network`,
      'default-address-pools',
      'no_free_pool',
      '"default-address-pools" holds no subnet of IPv4 that could be docker0\'s',
      'Add a pool of IPv4, or give docker0 an address with "bip"',
    );
  remarkOld(own, old, range?.subnet, kept, findings);
  const cause =
    own !== undefined ? 'bip' : old !== undefined ? null : range !== undefined ? 'fixed-cidr' : 'default-address-pools';
  const wanted = own?.address ?? (old !== undefined && isUsableHost(old) ? old.address : undefined);
  const within = range === undefined ? undefined : range.subnet.prefix < subnet.prefix ? subnet : range.subnet;
  if (within !== undefined && within.family !== subnet.family)
    return refuse(
      findings,
      `${creating}pool and subpool are of incompatible address families`,
      'fixed-cidr',
      'wrong_family',
      `"fixed-cidr" is ${fixed}, and docker0 lies in ${formatSubnet(subnet)}: not the same family`,
      'Write both as IPv4; a subnet of IPv6 belongs in "fixed-cidr-v6"',
    );

  const pool = new AddressPool(subnet);
  const taken = pool.take(wanted, wanted === undefined ? within : undefined);
  if ('says' in taken)
    return refuse(
      findings,
      `${creating}failed to allocate gateway (${wanted === undefined ? '' : formatAddress(wanted)}): ${taken.says}`,
      cause ?? 'bip',
      'address_reserved',
      describeRefusedAddress(cause, wanted, subnet, taken.says),
      bridgeAddressFix(subnet),
      cause === 'bip' && subnet.family === 'ipv4' && subnet.prefix < 31
        ? [{ kind: 'set', key: 'bip', value: JSON.stringify(firstHost(subnet)) }]
        : [],
    );
  const bridge = { address: taken.address, subnet };
  if (range !== undefined && cause !== 'fixed-cidr' && !containsSubnet(subnet, range.subnet))
    remarkRange(range.subnet, subnet, findings);
  const defaultGateway = takeGateway(
    'default-gateway',
    'DefaultGatewayIPv4',
    values['default-gateway'],
    pool,
    bridge,
    cause,
    findings,
  );
  if (defaultGateway === null) return null;
  return { bridge, cause, range: range?.subnet, configuredGateway: wanted, defaultGateway };
}

/** The driver takes the subnet of everything for none; it looks when both families are worked out. */
export function refuseWholeSpace({ bridge: { subnet }, cause }: Plan, findings: Findings): void {
  if (subnet.prefix !== 0 || subnet.family !== 'ipv4') return;
  refuse(
    findings,
    `${creating}ipv4 pool is empty`,
    cause ?? 'bip',
    'invalid_subnet',
    `${formatSubnet(subnet)} is every address there is; dockerd takes it for none`,
    'Write a longer prefix, such as /24',
  );
}

const subnetFix = 'Write a part of docker0\'s subnet, such as "192.168.1.128/25"';

function noSubnet(key: string, spelt: string): string {
  if (parseAddress(spelt) !== null) return `"${key}" is ${JSON.stringify(spelt)}, an address without a prefix length`;
  return `"${key}" is ${JSON.stringify(spelt)}, which is no ADDRESS/PREFIX`;
}

function describeRefusedAddress(
  cause: string | null,
  wanted: Address | undefined,
  subnet: Subnet,
  says: string,
): string {
  const spelt = wanted === undefined ? 'an address for docker0' : formatAddress(wanted);
  const who = cause === null ? 'The docker0 that is there has' : `"${cause}" gives docker0`;
  if (says === 'Address already in use') {
    const role = wanted?.value === subnet.base ? 'the network itself' : 'broadcast';
    return `${who} ${spelt}, which in ${formatSubnet(subnet)} stands for ${role}`;
  }
  if (says.startsWith('no available')) return `${formatSubnet(subnet)} has no address left for docker0`;
  return `${spelt} cannot be taken from ${formatSubnet(subnet)}: ${says}`;
}

function bridgeAddressFix(subnet: Subnet): string {
  if (subnet.family === 'ipv6') return 'Write an address of IPv4; IPv6 is set with "ipv6" and "fixed-cidr-v6"';
  return `Write the address of a host, such as "${firstHost(subnet)}"`;
}

function firstHost({ family, base, prefix }: Subnet): string {
  return `${formatAddress({ family, value: base + 1n })}/${prefix}`;
}

function upperHalf({ family, base, prefix }: Subnet): string {
  return formatSubnet({ family, base: base + (1n << BigInt(31 - prefix)), prefix: prefix + 1 });
}

function remarkRange(range: Subnet, subnet: Subnet, findings: Findings): void {
  const isWider = containsSubnet(range, subnet);
  findings.warning({
    key: 'fixed-cidr',
    code: 'range_outside_subnet',
    message: isWider
      ? `"fixed-cidr" ${formatSubnet(range)} is wider than docker0's subnet ${formatSubnet(subnet)}: it narrows nothing`
      : `"fixed-cidr" ${formatSubnet(range)} does not lie in docker0's subnet ${formatSubnet(subnet)}: dockerd starts, and gives containers other addresses than these, or none`,
    fix: `Write a part of ${formatSubnet(subnet)}, or remove "fixed-cidr"`,
    mends: [
      ...(subnet.prefix > 28
        ? []
        : [{ kind: 'set' as const, key: 'fixed-cidr', value: JSON.stringify(upperHalf(subnet)) }]),
      { kind: 'remove', key: 'fixed-cidr' },
    ],
  });
}
