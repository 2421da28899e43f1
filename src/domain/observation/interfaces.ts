// Reads the text of busybox's `ifconfig -a` (networking/interface.c), completed by `ip -o -4 addr`, into interfaces.
import type { Interface } from '../../schemas/ifconfig.ts';
import { byName, parseNetDev } from './net-dev.ts';

/** One interface's paragraph of the text, without the empty line after it. */
function splitParagraphs(text: string): string[] {
  return text.split('\n\n').filter((paragraph) => paragraph.trim() !== '');
}

/** Of the text of `ifconfig -a`, what `ifconfig` alone prints: the interfaces that are UP, byte for byte. */
export function selectUpInterfaces(text: string): string {
  return splitParagraphs(text)
    .filter((paragraph) => readFlags(paragraph).includes('UP'))
    .map((paragraph) => `${paragraph}\n\n`)
    .join('');
}

/**
 * The interfaces, in the program's order. ifconfig cuts names after nine characters, shows one IPv4 address an interface, and gives each alias
 * (`eth0:1`) a paragraph of its own, without counters; here each has its whole name, as `/proc/net/dev` has it, and every address, as
 * `ip -o -4 addr` lists them. Rates are 0 here: they need two samples.
 */
export function parseInterfaces(ifconfig: string, addresses: string, devices: string): Interface[] {
  const listed = parseAddresses(addresses);
  const names = parseNetDev(devices)
    .sort(byName)
    .map(({ name }) => name);
  return splitParagraphs(ifconfig)
    .filter(isDevice)
    .map(readParagraph)
    .map((one) => {
      // Both are in one order; what comes or goes between the two readings is skipped.
      const at = names.findIndex((name) => name.slice(0, nameWidth) === one.name);
      const name = at === -1 ? one.name : (names.splice(0, at + 1).at(-1) ?? one.name);
      return { ...one, name, ipv4: listed.get(name) ?? [] };
    });
}

/** Characters of a name that the program prints. */
const nameWidth = 9;

/** An alias is shown without counters. */
function isDevice(paragraph: string): boolean {
  return paragraph.includes('RX packets:');
}

function readParagraph(text: string): Interface {
  const [, name = '', mac] = /^(\S+)\s+Link encap:.*?(?:\s\sHWaddr (\S+))?\s*$/m.exec(text) ?? [];
  const rx = readCounters(text, 'RX');
  const tx = readCounters(text, 'TX');
  const number = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? 0);
  return {
    name,
    mac: mac?.toLowerCase() ?? null,
    mtu: number(/ MTU:(\d+)/),
    flags: readFlags(text),
    ipv4: [],
    ipv6: [...text.matchAll(/^\s+inet6 addr: (\S+)\/(\d+) Scope:(\S+)/gm)].map(
      ([, address = '', prefix, scope = '']) => ({
        address,
        prefix: Number(prefix),
        scope: scope.toLowerCase(),
      }),
    ),
    rx: { ...rx, frame: number(/ frame:(\d+)/) },
    tx: { ...tx, carrier: number(/ carrier:(\d+)/), collisions: number(/ collisions:(\d+)/) },
    txQueueLength: number(/ txqueuelen:(\d+)/),
  };
}

/** `          UP LOOPBACK RUNNING  MTU:65536  Metric:1`; `[NO FLAGS] ` where there are none. */
function readFlags(paragraph: string): string[] {
  const words = /^\s+(.*?)\s+MTU:\d+/m.exec(paragraph)?.[1] ?? '';
  return words.includes('[NO FLAGS]') ? [] : words.split(' ').filter((word) => word !== '');
}

function readCounters(paragraph: string, direction: 'RX' | 'TX') {
  const [, packets, errors, dropped, overruns] =
    new RegExp(`${direction} packets:(\\d+) errors:(\\d+) dropped:(\\d+) overruns:(\\d+)`).exec(paragraph) ?? [];
  const bytes = new RegExp(`${direction} bytes:(\\d+)`).exec(paragraph)?.[1];
  return {
    bytes: Number(bytes ?? 0),
    packets: Number(packets ?? 0),
    errors: Number(errors ?? 0),
    dropped: Number(dropped ?? 0),
    overruns: Number(overruns ?? 0),
    bytesPerSecond: 0,
    packetsPerSecond: 0,
  };
}

/** `58: eth0    inet 172.17.0.2/16 brd 172.17.255.255 scope global eth0\ …`, by device. */
function parseAddresses(text: string): Map<string, Interface['ipv4']> {
  const byDevice = new Map<string, Interface['ipv4']>();
  for (const [, device = '', address = '', peerPrefix, prefix, broadcast] of text.matchAll(
    /^\d+: ([^\s@]+)\S*\s+inet ([\d.]+)(?: peer [\d.]+\/(\d+)|\/(\d+))(?: brd ([\d.]+))?/gm,
  )) {
    const list = byDevice.get(device) ?? [];
    list.push({ address, prefix: Number(prefix ?? peerPrefix), broadcast: broadcast ?? null });
    byDevice.set(device, list);
  }
  return byDevice;
}
