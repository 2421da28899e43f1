// Reads /proc/net/if_inet6: every IPv6 address of a namespace with its device, in the kernel's order.
import type { Interface } from '../../schemas/ifconfig.ts';
import { readIpv6Digits } from './address.ts';

/** Scopes by the bits that busybox's ifconfig looks at (networking/interface.c). */
const scopes: Readonly<Record<number, string>> = { 0: 'global', 16: 'host', 32: 'link', 64: 'site', 128: 'compat' };

/** `fe80…(32 digits) 02 40 20 80    eth0`: address, index, prefix, scope, flags, device; by device. */
export function parseIfInet6(text: string): Map<string, Interface['ipv6']> {
  const byDevice = new Map<string, Interface['ipv6']>();
  for (const line of text.split('\n')) {
    const [digits, , prefix, scope, , device] = line.trim().split(/\s+/);
    if (digits === undefined || prefix === undefined || scope === undefined || device === undefined) continue;
    const list = byDevice.get(device) ?? [];
    list.push({
      address: readIpv6Digits(digits),
      prefix: Number.parseInt(prefix, 16),
      scope: scopes[Number.parseInt(scope, 16) & 0xf0] ?? 'unknown',
    });
    byDevice.set(device, list);
  }
  return byDevice;
}
