// Prints interfaces as busybox's `ifconfig` does (networking/interface.c), byte for byte: Ethernet and loopback devices, with at most one IPv4 address.
// Those are the ones that can be derived; whatever else there is the real program prints. Pure.
import type { Interface } from '../../schemas/ifconfig.ts';
import { maskText } from './address.ts';

const indent = ' '.repeat(10);
/** Columns of a name, which the program cuts. */
const nameWidth = 9;

/** The text of `ifconfig -a`, or with `onlyUp` of `ifconfig`. The interfaces are in its order. */
export function renderIfconfig(interfaces: readonly Interface[], { onlyUp }: { readonly onlyUp: boolean }): string {
  return interfaces
    .filter(({ flags }) => !onlyUp || flags.includes('UP'))
    .map(renderInterface)
    .join('');
}

function renderInterface(one: Interface): string {
  const { name, mac, mtu, flags, rx, tx, txQueueLength } = one;
  const link = mac === null ? 'Link encap:Local Loopback  ' : `Link encap:Ethernet  HWaddr ${mac.toUpperCase()}  `;
  const words = flags.length === 0 ? '[NO FLAGS] ' : flags.map((flag) => `${flag} `).join('');
  return [
    `${name.slice(0, nameWidth).padEnd(nameWidth)} ${link}`,
    ...one.ipv4.slice(0, 1).map((address) => renderIpv4(address, flags)),
    ...one.ipv6.map(({ address, prefix, scope }) => `inet6 addr: ${address}/${prefix} Scope:${capitalize(scope)}`),
    `${words} MTU:${mtu}  Metric:1`,
    `RX packets:${rx.packets} errors:${rx.errors} dropped:${rx.dropped} overruns:${rx.overruns} frame:${rx.frame}`,
    `TX packets:${tx.packets} errors:${tx.errors} dropped:${tx.dropped} overruns:${tx.overruns} carrier:${tx.carrier}`,
    `collisions:${tx.collisions} txqueuelen:${txQueueLength} `,
    `RX bytes:${renderBytes(rx.bytes)}  TX bytes:${renderBytes(tx.bytes)}`,
  ]
    .join(`\n${indent}`)
    .concat('\n\n');
}

function renderIpv4({ address, prefix, broadcast }: Interface['ipv4'][number], flags: readonly string[]): string {
  const shown = flags.includes('BROADCAST') ? `  Bcast:${broadcast ?? '0.0.0.0'}` : '';
  return `inet addr:${address}${shown}  Mask:${maskText(prefix)}`;
}

function capitalize(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}

/** `1536 (1.5 KiB)`: each step of 1,024 keeps the tenths of the last one only, as the program does. */
function renderBytes(bytes: number): string {
  let whole = bytes;
  let tenths = 0;
  let unit = 0;
  for (; unit < 4 && whole >= 1024; unit += 1) {
    tenths = Math.floor(((whole % 1024) * 10) / 1024);
    whole = Math.floor(whole / 1024);
  }
  return `${bytes} (${whole}.${tenths} ${['', 'Ki', 'Mi', 'Gi', 'Ti'][unit]}B)`;
}
