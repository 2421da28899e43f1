// One subnet of Docker's IPAM while the default bridge is made: which addresses can be taken from it, and in which words it refuses.
import { type Address, bitsOf, contains, type Subnet } from '../../subnet.ts';
import { hostPart } from '../go/cidr.ts';

/** An address that was taken, or why none could be. */
export type Allocation = { readonly address: Address } | { readonly says: string };

const low64 = (1n << 64n) - 1n;

export class AddressPool {
  readonly subnet: Subnet;
  /** Docker counts in 64 bits; one bit less than all of them where a subnet has more addresses. */
  readonly #size: bigint;
  readonly #taken = new Set<bigint>();

  constructor(subnet: Subnet) {
    this.subnet = subnet;
    const bits = bitsOf(subnet.family) - subnet.prefix;
    this.#size = bits >= 64 ? low64 : 1n << BigInt(bits);
    if (subnet.family === 'ipv6' || this.#size > 2n) this.#taken.add(0n);
    if (subnet.family === 'ipv4' && this.#size > 2n) this.#taken.add(this.#size - 1n);
  }

  /** Takes the address that is asked for; else the first that is free, of `range` where there is one. */
  take(wanted: Address | undefined, range?: Subnet): Allocation {
    if (wanted !== undefined && !contains(this.subnet, wanted)) return { says: 'requested address is out of range' };
    if (BigInt(this.#taken.size) >= this.#size) return { says: 'no available addresses on this pool' };
    if (wanted !== undefined) {
      const ordinal = hostPart(wanted, this.subnet.prefix) & low64;
      if (ordinal >= this.#size) return { says: 'bit does not belong to the sequence' };
      return this.#taken.has(ordinal) ? { says: 'Address already in use' } : this.#mark(ordinal);
    }
    const { start, end } = this.#limits(range);
    if (end < start || end >= this.#size) return { says: `invalid bit range [${start}, ${end})` };
    for (let ordinal = start; ordinal <= end; ordinal += 1n) if (!this.#taken.has(ordinal)) return this.#mark(ordinal);
    return { says: 'no available addresses on this pool' };
  }

  #limits(range: Subnet | undefined): { start: bigint; end: bigint } {
    if (range === undefined) return { start: 0n, end: this.#size - 1n };
    const start = hostPart({ family: range.family, value: range.base }, this.subnet.prefix) & low64;
    const free = bitsOf(range.family) - range.prefix;
    return { start, end: (start + (free >= 64 ? 0n : 1n << BigInt(free)) - 1n) & low64 };
  }

  #mark(ordinal: bigint): Allocation {
    this.#taken.add(ordinal);
    return { address: { family: this.subnet.family, value: this.subnet.base + ordinal } };
  }
}
