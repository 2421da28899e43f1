// `ADDRESS/PREFIX` as Go's net.ParseCIDR reads it and as Go prints it again: an IPv4 subnet may be spelled as one of IPv6 (`::ffff:10.0.0.1/120`).
import {
  type Address,
  bitsOf,
  formatAddress as formatIpv4,
  parseAddress,
  parseSubnet,
  type Subnet,
  subnetOf,
} from '../../subnet.ts';

export interface Cidr {
  readonly address: Address;
  readonly subnet: Subnet;
}

/** Reads it; null where Go says "invalid CIDR address". */
export function parseCidr(text: string): Cidr | null {
  // Go reads over zeros before the prefix length.
  const read = parseSubnet(text.replace(/\/0+(?=\d)/, '/'));
  const address = parseAddress(text.slice(0, Math.max(text.indexOf('/'), 0)));
  if (read === null || address === null) return null;
  if (address.family === read.subnet.family) return { address, subnet: read.subnet };
  // All of the mapping prefix lies in it: it is a subnet of IPv4. Else the mapping is cut, and what is left is one of IPv6.
  return read.subnet.prefix >= 96
    ? { address, subnet: subnetOf(address, read.subnet.prefix - 96) }
    : { address, subnet: read.subnet };
}

/** An address as Go prints it (RFC 5952): never with dots at its end, as the kernel may. */
export function formatAddress(address: Address): string {
  if (address.family === 'ipv4') return formatIpv4(address);
  const groups = Array.from({ length: 8 }, (_, i) => ((address.value >> BigInt(16 * (7 - i))) & 0xffffn).toString(16));
  const text = groups.join(':');
  // The longest run of zeros, the first of several; one alone is written.
  const runs = [...text.matchAll(/(?:^|(?<=:))0(?::0)+(?=:|$)/g)].map(([run]) => run);
  const longest = runs.toSorted((one, other) => other.length - one.length)[0];
  if (longest === undefined) return text;
  const start = text.search(new RegExp(`(?:^|(?<=:))${longest}(?=:|$)`));
  return `${text.slice(0, start).replace(/:$/, '')}::${text.slice(start + longest.length).replace(/^:/, '')}`;
}

export function formatSubnet({ family, base, prefix }: Subnet): string {
  return `${formatAddress({ family, value: base })}/${prefix}`;
}

/** `192.168.1.5/24`: an address, and how long the prefix of its subnet is. */
export function formatCidr({ address, subnet }: Cidr): string {
  return `${formatAddress(address)}/${subnet.prefix}`;
}

/** The number of an address within its subnet. */
export function hostPart({ family, value }: Address, prefix: number): bigint {
  return value & ((1n << BigInt(bitsOf(family) - prefix)) - 1n);
}
