// `default-address-pools`: the networks that Docker takes subnets from, where nothing else says which. Only the first ones can be docker0's.
import { overlaps, type Subnet } from '../../subnet.ts';
import type { Findings } from '../findings.ts';
import { parseCidr } from '../go/cidr.ts';
import type { Reading } from '../reading.ts';
import { controller, refuse } from './words.ts';

/** What dockerd has of its own, where the file names no pools. */
export const ownPools: readonly Subnet[] = [{ family: 'ipv4', base: 0xac110000n, prefix: 16 }];

type PoolValues = Reading['values']['default-address-pools'];

/** What a pool is split into, as far as it matters; `tooLong` where its networks have a prefix that no address has room for. */
interface Split {
  readonly count: bigint;
  readonly networks: readonly Subnet[];
  readonly tooLong?: {
    readonly name: string;
    readonly index: bigint;
    readonly size: bigint;
    readonly prefix: bigint;
    readonly bits: bigint;
  };
}

/** The first networks that the pools of the file are split into; null where they yield none. */
export function readPools(pools: PoolValues, findings: Findings): readonly Subnet[] | null {
  const networks: Subnet[] = [];
  let count = 0n;
  let tooLong: Split['tooLong'];
  for (const [i, pool] of (pools ?? []).entries()) {
    const split = splitPool(`default-address-pools[${i}]`, pool, count, findings);
    if (split === null) return networks;
    count += split.count;
    networks.push(...split.networks);
    tooLong ??= split.tooLong;
  }
  // Found only when all of them are split.
  if (tooLong !== undefined) {
    const { name, index, size, prefix, bits } = tooLong;
    refuse(
      findings,
      `${controller}error obtaining controller instance: could not construct local address space: network at index ${index} (<nil>) is not in canonical form`,
      name,
      'pool_invalid',
      `The size of ${name} is ${size}, and an address of its family has ${bits} bits`,
      `Write a size of ${prefix} to ${bits}`,
    );
  }
  return networks.length === 0 ? null : networks;
}

/** Of each pool two networks matter: the first, and the next one where the first cannot be had. */
function splitPool(
  name: string,
  pool: NonNullable<PoolValues>[number],
  index: bigint,
  findings: Findings,
): Split | null {
  const obtaining = `${controller}error obtaining controller instance: `;
  const say = (says: string, message: string, fix: string) =>
    refuse(findings, says, name, 'pool_invalid', message, fix);
  if (pool === undefined)
    return say(
      'panic: runtime error: invalid memory address or nil pointer dereference',
      `${name} is null: dockerd crashes on it`,
      'Remove it',
    );
  const { base = '', size = 0n } = pool;
  const read = parseCidr(base);
  if (read === null)
    return say(
      `${obtaining}invalid base pool ${JSON.stringify(base)}: invalid CIDR address: ${base}`,
      `The base of ${name} is ${JSON.stringify(base)}, which is no subnet`,
      'Write ADDRESS/PREFIX, such as "10.10.0.0/16"',
    );
  const isMapped = base.includes(':') && read.subnet.family === 'ipv4';
  const bits = base.includes(':') ? 128n : 32n;
  const prefix = BigInt(read.subnet.prefix) + (isMapped ? 96n : 0n);
  if (size <= 0n || size < prefix)
    return say(
      `${obtaining}invalid pools size: ${size}`,
      `The size of ${name} is ${size}: it is the prefix length of each network, and its base is a /${prefix}`,
      `Write a size of ${prefix} to ${bits}`,
    );
  const free = size - prefix;
  // Go shifts by more than there is, and has no network at all then.
  if (free >= 64n) return { count: 0n, networks: [] };
  if (free > maxSplit)
    return say(
      'panic: runtime error: makeslice: cap out of range',
      `${name} would be split into 2^${free} networks, and dockerd makes a list of all of them at its start`,
      'Write a smaller size, or a longer prefix',
    );
  if (size > bits) return { count: 1n << free, networks: [], tooLong: { name, index, size, prefix, bits } };
  const first: Subnet = { ...read.subnet, prefix: Number(size) };
  if (isMapped) return { count: 1n << free, networks: [{ ...first, prefix: unusable }] };
  const next: Subnet = { ...first, base: first.base + (1n << (bits - size)) };
  return { count: 1n << free, networks: free === 0n ? [first] : [first, next] };
}

/** Exponent of the number of networks from which on dockerd runs out of memory. */
const maxSplit = 26n;

/** Marks a network of IPv4 that is spelled as one of IPv6: dockerd crashes when it wants to use it. */
export const unusable = -1;

/** A host asks a name server on its loopback, and Docker keeps away from where name servers are. */
const nameServer: Subnet = { family: 'ipv4', base: 0x7f000001n, prefix: 32 };

/** Can docker0 have it on a fresh host? */
export function isFree(pool: Subnet): boolean {
  return pool.family === 'ipv4' && (pool.prefix === unusable || !overlaps(pool, nameServer));
}
