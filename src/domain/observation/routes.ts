// Reads the kernel's routing tables (/proc/net/route, /proc/net/ipv6_route).
import type { Route } from '../../schemas/ifconfig.ts';
import { prefixOfMask, readIpv4Word, readIpv6Digits } from './address.ts';

/** Flags of include/uapi/linux/route.h and ipv6_route.h. */
const rejectFlag = 0x0200;
const anycastFlag = 0x00100000;
const localFlag = 0x80000000;
/** The kernel's own catch-all entry of an empty table has this metric. */
const nullMetric = 0xffffffff;

/** Heading, then: interface, destination, gateway, flags, references, use, metric, mask, … */
export function parseIpv4Routes(text: string): Route[] {
  return text.split('\n').flatMap((line) => {
    const [name, destination, gateway, flags, , , metric, mask] = line.trim().split(/\s+/);
    if (name === undefined || mask === undefined || !/^[0-9A-F]{8}$/i.test(destination ?? '')) return [];
    return [
      {
        destination: readIpv4Word(destination ?? ''),
        prefix: prefixOfMask(readIpv4Word(mask)),
        gateway: gateway === '00000000' ? null : readIpv4Word(gateway ?? ''),
        interface: name,
        metric: Number(metric),
        reject: (Number.parseInt(flags ?? '0', 16) & rejectFlag) !== 0,
      },
    ];
  });
}

/** The main table, as `ip -6 route` shows it: without local, anycast, multicast and the kernel's catch-all entries. */
export function parseIpv6Routes(text: string): Route[] {
  return text.split('\n').flatMap((line) => {
    const [destination, prefix, , , gateway, metricHex, , , flagsHex, name] = line.trim().split(/\s+/);
    if (destination === undefined || prefix === undefined || gateway === undefined || name === undefined) return [];
    const flags = Number.parseInt(flagsHex ?? '0', 16);
    const metric = Number.parseInt(metricHex ?? '0', 16);
    const isMulticast = destination.startsWith('ff');
    if ((flags & (localFlag | anycastFlag)) !== 0 || isMulticast || metric === nullMetric) return [];
    return [
      {
        destination: readIpv6Digits(destination),
        prefix: Number.parseInt(prefix, 16),
        gateway: /^0+$/.test(gateway) ? null : readIpv6Digits(gateway),
        interface: name,
        metric,
        reject: (flags & rejectFlag) !== 0,
      },
    ];
  });
}
