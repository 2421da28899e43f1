// How ends, ports and rates of the map are written.
import type { Ifconfig, Interface } from '../../../../src/client/index.ts';
import type { Edge, End } from './connections.ts';
import { messages } from './messages.ts';
import type { Box, HostPort } from './model.ts';

/** A name in its lab: without the lab's own, where only that lab is shown. */
export function shorten(name: string, lab: string | null): string {
  return lab !== null && name.startsWith(`${lab}-`) ? name.slice(lab.length + 1) : name;
}

/** `web + 2`: the container that a namespace was made for, and how many joined it. */
export function spellBox({ members }: Box, lab: string | null = null): string {
  const [first, ...others] = members;
  return `${shorten(first?.name ?? '', lab)}${others.length === 0 ? '' : ` + ${others.length}`}`;
}

export function spellEnd(end: End, findBox: (key: string) => Box | undefined): string {
  if (end.kind === 'outside') return end.address;
  if (end.kind === 'host') return messages.value.host(end.engine);
  const box = findBox(end.key);
  return box === undefined ? end.key : spellBox(box);
}

/** `:8080`, `127.0.0.1:8080`, `:53/udp`: as short as it can be told. */
export function spellHostPort({ hostIp, hostPort, protocol }: HostPort): string {
  const address = hostIp === '0.0.0.0' ? '' : hostIp.includes(':') ? `[${hostIp}]` : hostIp;
  return `${address}:${hostPort}${protocol === 'tcp' ? '' : `/${protocol}`}`;
}

export function spellPort({ port, protocol }: { readonly port: number; readonly protocol: string }): string {
  return protocol === 'tcp' ? String(port) : `${port}/${protocol}`;
}

/** Bytes per second both ways over the interface of a box that carries the edge; null where it was not seen. */
export function readRate(edge: Edge, box: Box, seen: Ifconfig | null): number | null {
  if (seen === null) return null;
  const carriers = seen.interfaces.filter(({ name, ipv4 }) => name !== 'lo' && isOn(box, ipv4));
  const carrier = carriers.length === 1 ? carriers[0] : undefined;
  if (carrier !== undefined) return sumRate(carrier);
  return edge.count === 0 ? null : carriers.reduce((sum, one) => sum + sumRate(one), 0);
}

export function sumRate({ rx, tx }: Interface): number {
  return rx.bytesPerSecond + tx.bytesPerSecond;
}

function isOn({ networks }: Box, addresses: Interface['ipv4']): boolean {
  return networks.length === 0 || addresses.some(({ address }) => networks.some(({ ipv4 }) => ipv4 === address));
}
