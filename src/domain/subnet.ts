// Subnets as Docker reads them (Go's net.ParseCIDR): one address and a prefix length. Addresses are bigints, so that both families compare alike.
import { formatIpv4, formatIpv6 } from './observation/address.ts';
import { isIpv4, parseIpAddress } from './ports/ip-address.ts';

/** An address of either family. `value` has 32 or 128 bits. */
export interface Address {
  readonly family: 'ipv4' | 'ipv6';
  readonly value: bigint;
}

/** A range of addresses: `base` is its first one. */
export interface Subnet {
  readonly family: 'ipv4' | 'ipv6';
  readonly base: bigint;
  readonly prefix: number;
}

/** `192.168.1.5/24`: the address that is written, and the subnet that it lies in. */
export interface AddressInSubnet {
  readonly address: Address;
  readonly subnet: Subnet;
}

/** Reads an address; null where it is none. An IPv4 address written as `::ffff:a.b.c.d` is an IPv4 address, as in Go. */
export function parseAddress(text: string): Address | null {
  const bytes = parseIpAddress(text);
  if (bytes === null) return null;
  const family = isIpv4(bytes) ? 'ipv4' : 'ipv6';
  return { family, value: toValue(family === 'ipv4' ? bytes.slice(12) : bytes) };
}

/** Reads `ADDRESS/PREFIX`; null where it is none. The family is that of the spelling: `::ffff:a.b.c.d/120` has 128 bits. */
export function parseSubnet(text: string): AddressInSubnet | null {
  const slash = text.indexOf('/');
  if (slash === -1 || !/^\d{1,3}$/.test(text.slice(slash + 1))) return null;
  const bytes = parseIpAddress(text.slice(0, slash));
  const prefix = Number(text.slice(slash + 1));
  if (bytes === null) return null;
  const family = text.includes(':') ? 'ipv6' : 'ipv4';
  if (prefix > bitsOf(family)) return null;
  const value = toValue(family === 'ipv4' ? bytes.slice(12) : bytes);
  return { address: { family, value }, subnet: { family, base: firstOf(family, value, prefix), prefix } };
}

/** The subnet of that length in which an address lies. */
export function subnetOf({ family, value }: Address, prefix: number): Subnet {
  return { family, base: firstOf(family, value, prefix), prefix };
}

export function formatAddress({ family, value }: Address): string {
  if (family === 'ipv4') return formatIpv4(Number(value));
  return formatIpv6(Array.from({ length: 16 }, (_, i) => Number((value >> BigInt(8 * (15 - i))) & 0xffn)));
}

export function formatSubnet({ family, base, prefix }: Subnet): string {
  return `${formatAddress({ family, value: base })}/${prefix}`;
}

export function contains(subnet: Subnet, { family, value }: Address): boolean {
  if (family !== subnet.family) return false;
  const free = BigInt(bitsOf(family) - subnet.prefix);
  return value >> free === subnet.base >> free;
}

/** Is every address of `inner` one of `outer`? */
export function containsSubnet(outer: Subnet, inner: Subnet): boolean {
  return inner.prefix >= outer.prefix && contains(outer, { family: inner.family, value: inner.base });
}

/** Have they an address in common? Then one contains the other. */
export function overlaps(one: Subnet, other: Subnet): boolean {
  return containsSubnet(one, other) || containsSubnet(other, one);
}

/** The last address of a subnet: of IPv4, its broadcast address. */
export function lastOf({ family, base, prefix }: Subnet): Address {
  return { family, value: base | ((1n << BigInt(bitsOf(family) - prefix)) - 1n) };
}

export function bitsOf(family: Address['family']): number {
  return family === 'ipv4' ? 32 : 128;
}

function firstOf(family: Address['family'], value: bigint, prefix: number): bigint {
  const free = BigInt(bitsOf(family) - prefix);
  return (value >> free) << free;
}

function toValue(bytes: readonly number[]): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
