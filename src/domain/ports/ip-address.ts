// Literal IP addresses as Docker reads them (Go's net.ParseIP, which is stricter than many a C library). No names, no look-ups.

/** The 16 bytes of an address; an IPv4 address is `::ffff:a.b.c.d`, as in Go, so both spellings of it are one address. */
export type AddressBytes = readonly number[];

const IPV4_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/**
 * Reads a literal IPv4 or IPv6 address. Answers null for anything else: names, leading zeros in IPv4 (`010.0.0.1`), zones
 * (`fe80::1%eth0`), brackets, prefixes, white space.
 */
export function parseIpAddress(text: string): AddressBytes | null {
  if (text.includes(':')) return parseIpv6(text);
  const ipv4 = parseIpv4(text);
  return ipv4 && [...IPV4_PREFIX, ...ipv4];
}

/** Whether both are the same address, whatever the spelling; false where either is no address. */
export function isSameAddress(one: string, other: string): boolean {
  const left = parseIpAddress(one);
  const right = parseIpAddress(other);
  return left !== null && right !== null && left.every((byte, i) => byte === right[i]);
}

/** Whether the bytes are an IPv4 address, in either spelling. */
export function isIpv4(address: AddressBytes): boolean {
  return IPV4_PREFIX.every((byte, i) => byte === address[i]);
}

function parseIpv4(text: string): number[] | null {
  const fields = text.split('.');
  if (fields.length !== 4) return null;
  const bytes = fields.map((field) => (/^(0|[1-9][0-9]{0,2})$/.test(field) ? Number(field) : 256));
  return bytes.every((byte) => byte <= 255) ? bytes : null;
}

function parseIpv6(text: string): number[] | null {
  const halves = text.split('::');
  if (halves.length > 2) return null; // "::" twice, or ":::"+":"
  const [head = '', tail] = halves;
  const before = parseGroups(head, tail === undefined);
  if (before === null) return null;
  if (tail === undefined) return before.length === 16 ? before : null;
  const after = parseGroups(tail, true);
  // The gap stands for one group of zeros at least.
  if (after === null || before.length + after.length > 14) return null;
  return [...before, ...Array<number>(16 - before.length - after.length).fill(0), ...after];
}

/** Colon-separated groups of one to four hex digits; where `last`, the final one may be a dotted IPv4 address. */
function parseGroups(text: string, last: boolean): number[] | null {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else {
      const ipv4 = last && i === groups.length - 1 ? parseIpv4(group) : null;
      if (ipv4 === null) return null;
      bytes.push(...ipv4);
    }
  }
  return bytes;
}
