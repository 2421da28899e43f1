// What a rule does with a packet that it matches. `unknown` where that hangs on something that is not known here.
import { type Address, parseAddress } from '../subnet.ts';
import type { Packet, Surroundings } from './packet.ts';
import type { Rule } from './ruleset.ts';

export type Effect =
  /** The next rule is asked; the packet may be another one now. */
  | { readonly kind: 'continue'; readonly packet: Packet }
  /** The table has done with it. */
  | { readonly kind: 'accept'; readonly packet: Packet }
  | { readonly kind: 'drop' }
  | { readonly kind: 'reject'; readonly with: string }
  | { readonly kind: 'return' }
  | { readonly kind: 'unknown' };

/** They look at a packet, count it, or change what no condition here asks about. */
const observers = new Set(
  'LOG NFLOG ULOG TRACE AUDIT TCPMSS TCPOPTSTRIP TTL HL TOS DSCP ECN CLASSIFY CHECKSUM SET SECMARK CONNSECMARK TEE IDLETIMER LED RATEEST HMARK'.split(
    ' ',
  ),
);

/** The effect of a target that is no chain. */
export function effectOf(rule: Rule, packet: Packet, surroundings: Surroundings): Effect {
  const { target } = rule;
  if (target === null || observers.has(target.name)) return { kind: 'continue', packet };
  const { options } = target;
  switch (target.name) {
    case 'ACCEPT':
      return { kind: 'accept', packet };
    case 'DROP':
      return { kind: 'drop' };
    case 'RETURN':
      return { kind: 'return' };
    case 'REJECT':
      return { kind: 'reject', with: options['reject-with'] ?? defaultRejection[packet.destination.family] };
    case 'MARK':
      return { kind: 'continue', packet: { ...packet, mark: changeMark(packet.mark, options) } };
    case 'CONNMARK':
      return { kind: 'continue', packet: changeConnectionMark(packet, options) };
    case 'NOTRACK':
      return { kind: 'continue', packet: untrack(packet) };
    case 'CT':
      return { kind: 'continue', packet: 'notrack' in options ? untrack(packet) : packet };
    case 'DNAT':
      return translateDestination(packet, readTranslation(options['to-destination'] ?? '', packet.destination));
    case 'REDIRECT':
      return redirect(packet, options['to-ports'], surroundings);
    case 'SNAT':
      return translateSource(packet, readTranslation(options['to-source'] ?? '', packet.source));
    case 'MASQUERADE':
      return masquerade(packet, options['to-ports'], surroundings);
    default:
      return { kind: 'unknown' };
  }
}

const defaultRejection = { ipv4: 'icmp-port-unreachable', ipv6: 'icmp6-port-unreachable' } as const;

function untrack(packet: Packet): Packet {
  return { ...packet, connection: { ...packet.connection, state: 'UNTRACKED' } };
}

/** An address and a port; a port of undefined stays as it is. */
interface Translation {
  readonly address: Address;
  readonly port: number | undefined;
}

/** `172.17.0.2:80`, `172.17.0.2`, `:80`, `[fd00::2]:80`; undefined where one of several would be chosen. */
export function readTranslation(text: string, present: Address): Translation | undefined {
  const [, bracketed, plain, port] =
    /^(?:\[([^\]]*)\]|([^:]*|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*))(?::(\d+))?$/.exec(text) ?? [];
  const written = bracketed ?? plain;
  if (written === undefined) return undefined;
  const address = written === '' ? present : parseAddress(written);
  return address === null ? undefined : { address, port: port === undefined ? undefined : Number(port) };
}

function translateDestination(packet: Packet, translation: Translation | undefined): Effect {
  if (translation === undefined) return { kind: 'unknown' };
  const { address, port = packet.destinationPort } = translation;
  return {
    kind: 'accept',
    packet: {
      ...packet,
      destination: address,
      destinationPort: port,
      connection: { ...packet.connection, isDestinationTranslated: isOther(packet, address, port) },
    },
  };
}

/** To where it is already is no translation: conntrack would not set the status either. */
function isOther({ destination, destinationPort }: Packet, address: Address, port: number | null): boolean {
  return destination.value !== address.value || destinationPort !== port;
}

function redirect(packet: Packet, ports: string | undefined, surroundings: Surroundings): Effect {
  const { family } = packet.destination;
  const loopback = { family, value: family === 'ipv4' ? 0x7f000001n : 1n };
  const address = packet.inInterface === null ? loopback : surroundings.primaryAddressOf(packet.inInterface, family);
  const port = readSinglePort(ports);
  if (address === null || port === null) return { kind: 'unknown' };
  return translateDestination(packet, { address, port });
}

/** Undefined where none is given; null where one of several would be chosen. */
function readSinglePort(text: string | undefined): number | null | undefined {
  if (text === undefined) return undefined;
  return /^\d+$/.test(text) ? Number(text) : null;
}

function translateSource(packet: Packet, translation: Translation | undefined): Effect {
  if (translation === undefined) return { kind: 'unknown' };
  const { address, port = packet.sourcePort } = translation;
  const isTranslated = packet.source.value !== address.value || (port !== null && packet.sourcePort !== port);
  return {
    kind: 'accept',
    packet: {
      ...packet,
      source: address,
      sourcePort: port,
      connection: { ...packet.connection, isSourceTranslated: isTranslated },
    },
  };
}

function masquerade(packet: Packet, ports: string | undefined, surroundings: Surroundings): Effect {
  if (packet.outInterface === null) return { kind: 'unknown' };
  // On lo IPv6 prefers the very address that it goes to (RFC 6724, rule 1).
  const isToSelf = packet.outInterface === 'lo' && packet.destination.family === 'ipv6';
  const address = isToSelf
    ? packet.destination
    : surroundings.primaryAddressOf(packet.outInterface, packet.source.family);
  if (address === null) return { kind: 'unknown' };
  const port = readSinglePort(ports);
  return translateSource(packet, { address, port: port ?? undefined });
}

type Options = Readonly<Record<string, string>>;

/** `set-xmark 0x1/0xff`: bits of the mask are cleared, then those of the value are turned. */
function changeMark(mark: number | null, options: Options): number | null {
  const [text, keepsValue] = [options['set-xmark'] ?? options['set-mark'], options['set-xmark'] === undefined];
  if (text === undefined || mark === null) return null;
  const [value = 0, mask = 0xffffffff] = text.split('/').map(Number);
  const cleared = mark & ~(keepsValue ? mask | value : mask);
  return (cleared ^ value) >>> 0;
}

function changeConnectionMark(packet: Packet, options: Options): Packet {
  const { mark, connection } = packet;
  const ctmask = Number(options.ctmask ?? 0xffffffff);
  const nfmask = Number(options.nfmask ?? 0xffffffff);
  if ('save-mark' in options) {
    const saved =
      mark === null || connection.mark === null ? null : ((connection.mark & ~ctmask) ^ (mark & nfmask)) >>> 0;
    return { ...packet, connection: { ...connection, mark: saved } };
  }
  if ('restore-mark' in options) {
    const restored =
      mark === null || connection.mark === null ? null : ((mark & ~nfmask) ^ (connection.mark & ctmask)) >>> 0;
    return { ...packet, mark: restored };
  }
  return { ...packet, connection: { ...connection, mark: changeMark(connection.mark, options) } };
}
