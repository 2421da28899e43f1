// A mark, a door and a node in the words of the current language.

import type { Column, Mark } from './matrix.ts';
import { messages } from './messages.ts';

export function wordMark(mark: Mark): string {
  if (mark === null) return '';
  const t = messages.value;
  return mark.proof === null ? t[mark.outcome] : `${t[mark.outcome]}, ${t[mark.proof]}`;
}

/** In full: `tcp 80`, `port 8080 of the host, published for it`. */
export function wordDoor({ port, protocol, isPublished }: Column): string {
  const t = messages.value;
  if (port === null) return t.allPorts;
  return isPublished ? `${protocol} · ${t.hostPort(port)}` : t.ownPort(port, protocol);
}

/** As short as a column is narrow. */
export function spellDoorShort({ port, protocol, isPublished }: Column): string {
  return `${isPublished ? ':' : ''}${port}${protocol === 'udp' ? 'u' : ''}`;
}

/** 10.0.0.1:80 · [fd00::1]:80 */
export function spellEnd(address: string, port: number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}
