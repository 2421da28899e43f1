// Reads /proc/net/arp: the IPv4 neighbours of a namespace. What only netlink tells (REACHABLE or STALE, and IPv6 neighbours) is not there, and would
// change all the time.
import type { Neighbour } from '../../schemas/ifconfig.ts';

/** Flags of include/uapi/linux/if_arp.h. */
const flag = { complete: 0x02, permanent: 0x04 } as const;

/** Heading, then: address, hardware type, flags, hardware address, mask, device. */
export function parseArp(text: string): Neighbour[] {
  return (
    text
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [address, , flags, mac, , device] = line.trim().split(/\s+/);
        if (address === undefined || flags === undefined || mac === undefined || device === undefined) return [];
        const bits = Number.parseInt(flags, 16);
        const isKnown = (bits & flag.complete) !== 0;
        const state = (bits & flag.permanent) !== 0 ? 'PERMANENT' : isKnown ? 'COMPLETE' : 'INCOMPLETE';
        return [{ address, interface: device, mac: isKnown ? mac.toLowerCase() : null, state }];
      })
      // The kernel shows them in the order of a hash, which another entry may change.
      .sort((one, other) => compare(one.interface, other.interface) || compare(one.address, other.address))
  );
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
