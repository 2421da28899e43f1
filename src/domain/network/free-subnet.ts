// A subnet to take in place of one that is in use: of the length that was asked for, out of the pools that the engine itself takes from.
import { bitsOf, lastOf, overlaps, parseSubnet, type Subnet } from '../subnet.ts';

/** Networks without a subnet get blocks of `size` out of `base`. */
export interface AddressPool {
  readonly base: string;
  readonly size: number;
}

/** Those of an engine that is not told others (libnetwork's ipamutils). */
const defaultPools: readonly AddressPool[] = [
  { base: '172.17.0.0/16', size: 16 },
  { base: '172.18.0.0/16', size: 16 },
  { base: '172.19.0.0/16', size: 16 },
  { base: '172.20.0.0/14', size: 16 },
  { base: '172.24.0.0/14', size: 16 },
  { base: '172.28.0.0/14', size: 16 },
  { base: '192.168.0.0/16', size: 20 },
];

/** An engine has none of IPv6 unless it is told: private addresses (RFC 4193), of which a site has a /48. */
const privateIpv6: AddressPool = { base: 'fd00::/8', size: 64 };

/**
 * The first subnet of the family that overlaps with nothing in `taken`; of `prefix` where a pool holds one, else of the pool's own size. Null where
 * everything is taken.
 */
export function findFreeSubnet(
  { family, prefix, base }: Subnet,
  pools: readonly AddressPool[],
  taken: readonly Subnet[],
): Subnet | null {
  const configured = pools.length === 0 ? defaultPools : pools;
  const spaces = [...configured, privateIpv6].flatMap(({ base: text, size }) => {
    const space = parseSubnet(text)?.subnet;
    return space?.family === family ? [{ space, size }] : [];
  });
  // Near the one that was asked for first: of a private IPv6 range that is what its owner has chosen.
  const starts = family === 'ipv6' ? [base, null] : [null];
  for (const wanted of [prefix, null]) {
    for (const start of starts) {
      for (const { space, size } of spaces) {
        const length = wanted ?? Math.max(size, space.prefix);
        const found = length < space.prefix ? null : searchSpace(space, length, start, taken);
        if (found !== null) return found;
      }
    }
  }
  return null;
}

/** Steps over what is taken instead of trying every subnet in it. */
function searchSpace(space: Subnet, prefix: number, start: bigint | null, taken: readonly Subnet[]): Subnet | null {
  const step = 1n << BigInt(bitsOf(space.family) - prefix);
  const end = lastOf(space).value;
  let base = start !== null && start >= space.base && start <= end ? (start / step) * step : space.base;
  while (base + step - 1n <= end) {
    const candidate: Subnet = { family: space.family, base, prefix };
    const obstacle = taken.find((one) => overlaps(one, candidate));
    if (obstacle === undefined) return candidate;
    const after = lastOf(obstacle).value + 1n;
    base = after <= base ? base + step : ((after + step - 1n) / step) * step;
  }
  return null;
}
