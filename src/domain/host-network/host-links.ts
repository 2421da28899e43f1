// Reads what the rules helper lists of /sys/class/net into the links of the host.
import { parseNetDev } from '../observation/net-dev.ts';
import type { HostLink } from '../reachability/world.ts';

/** IFF_UP (include/uapi/linux/if.h) */
const upFlag = 0x1;

/**
 * @param listing a line `NAME IFINDEX IFLINK FLAGS` a link, flags in hexadecimal
 * @param ports a line `/sys/class/net/BRIDGE/brif/PORT` a port of a bridge
 * @param devices /proc/net/dev
 */
export function parseHostLinks(listing: string, ports: string, devices: string): HostLink[] {
  const masters = new Map<string, string>();
  for (const [, bridge = '', port = ''] of ports.matchAll(/^\/sys\/class\/net\/([^/]+)\/brif\/([^/\n]+)$/gm))
    masters.set(port, bridge);
  const counters = new Map(parseNetDev(devices).map((one) => [one.name, one]));
  const links: HostLink[] = [];
  for (const [, name = '', index, peerIndex, flags] of listing.matchAll(/^(\S+) (\d+) (\d+) (0x[0-9a-f]+)$/gm)) {
    const counted = counters.get(name);
    // It came or went between two looks.
    if (counted === undefined) continue;
    links.push({
      name,
      index: Number(index),
      peerIndex: Number(peerIndex),
      master: masters.get(name) ?? null,
      up: (Number(flags) & upFlag) !== 0,
      rx: pick(counted.rx),
      tx: pick(counted.tx),
    });
  }
  return links;
}

function pick({ packets, bytes, dropped }: HostLink['rx']): HostLink['rx'] {
  return { packets, bytes, dropped };
}

/** @param listing a line `INDEX NAME` an interface: the numbers that {@link HostLink.peerIndex} names */
export function parseIndexes(listing: string): Map<string, number> {
  return new Map([...listing.matchAll(/^(\d+) (\S+)$/gm)].map(([, index, name = '']) => [name, Number(index)]));
}
