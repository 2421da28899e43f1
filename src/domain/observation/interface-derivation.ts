// Interfaces as `ifconfig -a` would show them, derived from what the engine did and what the kernel shows to everyone: for namespaces in which nobody
// can have changed them. Where the two do not fit together it derives nothing, and the real program has to look. Pure.
import type { Interface } from '../../schemas/ifconfig.ts';
import { formatIpv4, maskOfPrefix, readIpv4 } from './address.ts';
import { parseLocalAddresses } from './fib-trie.ts';
import { parseIfInet6 } from './if-inet6.ts';
import { byName, type DeviceCounters } from './net-dev.ts';
import { parseIpv4Routes } from './routes.ts';
import type { WiredDevice } from './wiring.ts';

/** The texts of the files that are consulted. */
export interface InterfaceEvidence {
  readonly if_inet6: string;
  readonly route: string;
  readonly fib_trie: string;
}

/** What does not change with every packet. */
export type InterfaceDesign = Omit<Interface, 'rx' | 'tx'>;

const loopback = {
  name: 'lo',
  mac: null,
  mtu: 65_536,
  flags: ['UP', 'LOOPBACK', 'RUNNING'],
  ipv4: [{ address: '127.0.0.1', prefix: 8, broadcast: null }],
  txQueueLength: 1000,
} as const;

/**
 * The design of every device, in the order of ifconfig. Null where the engine's devices and the kernel's are not the same ones for certain: a device or
 * an address that nobody told of, or one that is missing or down.
 * @param names devices of /proc/net/dev
 */
export function deriveInterfaces(
  names: readonly string[],
  devices: readonly WiredDevice[],
  evidence: InterfaceEvidence,
): InterfaceDesign[] | null {
  const wired = nameDevices(
    names.filter((name) => name !== 'lo'),
    devices,
    evidence.route,
  );
  if (wired === null || !names.includes('lo')) return null;
  const told = new Set(['127.0.0.1', ...devices.map(({ ipv4 }) => ipv4)]);
  const seen = parseLocalAddresses(evidence.fib_trie);
  if (told.size !== seen.size || [...told].some((address) => !seen.has(address))) return null;
  const ipv6 = parseIfInet6(evidence.if_inet6);
  const designs: InterfaceDesign[] = [
    { ...loopback, flags: [...loopback.flags], ipv4: [...loopback.ipv4], ipv6: ipv6.get('lo') ?? [] },
    ...[...wired].map(([name, device]) => ({
      name,
      mac: device.mac,
      mtu: device.mtu,
      flags: ['UP', 'BROADCAST', 'RUNNING', 'MULTICAST'],
      ipv4: [{ address: device.ipv4, prefix: device.prefix, broadcast: broadcastOf(device) }],
      ipv6: ipv6.get(name) ?? [],
      txQueueLength: 0,
    })),
  ];
  return designs.sort(byName);
}

/** Puts the counters of now to the designs. Rates are 0 here: they need two samples. */
export function withCounters(designs: readonly InterfaceDesign[], counters: readonly DeviceCounters[]): Interface[] {
  const byDevice = new Map(counters.map((one) => [one.name, one]));
  const rates = { bytesPerSecond: 0, packetsPerSecond: 0 };
  return designs.flatMap(({ name, mac, mtu, flags, ipv4, ipv6, txQueueLength }) => {
    const now = byDevice.get(name);
    if (now === undefined) return [];
    const rx = { ...now.rx, ...rates };
    const tx = { ...now.tx, ...rates };
    return [{ name, mac, mtu, flags, ipv4, ipv6, rx, tx, txQueueLength }];
  });
}

/** Which device is which: the engine does not name them, but each has the route to its own network. */
function nameDevices(
  names: readonly string[],
  devices: readonly WiredDevice[],
  route: string,
): Map<string, WiredDevice> | null {
  if (names.length !== devices.length) return null;
  const onLink = parseIpv4Routes(route).filter(({ gateway }) => gateway === null);
  const named = new Map<string, WiredDevice>();
  for (const device of devices) {
    const network = networkOf(device);
    const found = onLink.filter(({ destination, prefix }) => destination === network && prefix === device.prefix);
    const name = found[0]?.interface;
    if (found.length !== 1 || name === undefined || !names.includes(name) || named.has(name)) return null;
    named.set(name, device);
  }
  return named;
}

function networkOf({ ipv4, prefix }: WiredDevice): string {
  return formatIpv4(readIpv4(ipv4) & maskOfPrefix(prefix));
}

/** As the engine sets it; it sets none where a network has no room for one. */
function broadcastOf({ ipv4, prefix }: WiredDevice): string | null {
  return prefix >= 31 ? null : formatIpv4(readIpv4(ipv4) | ~maskOfPrefix(prefix));
}
