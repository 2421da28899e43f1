// Addresses as the kernel's tables spell them (hex) turned into the text that programs print. Nothing here validates user input.

/**
 * An IPv4 address of /proc/net/tcp and /proc/net/route: one 32-bit word in the byte order of the machine. Little-endian is assumed, as on
 * every architecture that Docker images are commonly made for except s390x.
 */
export function readIpv4Word(hex: string): string {
  const word = Number.parseInt(hex, 16);
  return [word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24].join('.');
}

/** An IPv6 address of /proc/net/tcp6: four 32-bit words, each in the byte order of the machine (little-endian, as above). */
export function readIpv6Words(hex: string): string {
  const bytes: number[] = [];
  for (let word = 0; word < 4; word += 1) {
    for (let byte = 3; byte >= 0; byte -= 1) {
      const at = word * 8 + byte * 2;
      bytes.push(Number.parseInt(hex.slice(at, at + 2), 16));
    }
  }
  return formatIpv6(bytes);
}

/** An IPv6 address of /proc/net/ipv6_route: 32 digits in network order. */
export function readIpv6Digits(hex: string): string {
  return formatIpv6(Array.from({ length: 16 }, (_, i) => Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16)));
}

/** Sixteen bytes as glibc's inet_ntop prints them: the first longest run of zero groups shortened, mapped IPv4 dotted. */
export function formatIpv6(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[i * 2] ?? 0) << 8) | (bytes[i * 2 + 1] ?? 0));
  const gap = longestZeroRun(groups);
  const isEmbeddedIpv4 = gap.start === 0 && (gap.length === 6 || (gap.length === 5 && groups[5] === 0xffff));
  if (isEmbeddedIpv4) return `::${gap.length === 5 ? 'ffff:' : ''}${bytes.slice(12).join('.')}`;
  const hex = groups.map((group) => group.toString(16));
  if (gap.length < 2) return hex.join(':');
  return `${hex.slice(0, gap.start).join(':')}::${hex.slice(gap.start + gap.length).join(':')}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: -1, length: 0 };
  let length = 0;
  groups.forEach((group, i) => {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: i - length + 1, length };
  });
  return best;
}

/** A dotted IPv4 address as a 32-bit number, of which JavaScript's bitwise operators make what they make. */
export function readIpv4(address: string): number {
  return address.split('.').reduce((word, part) => (word << 8) | Number(part), 0);
}

/** The reverse of {@link readIpv4}. */
export function formatIpv4(word: number): string {
  return [word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff].join('.');
}

/** The netmask of a prefix length, as {@link readIpv4} has addresses. */
export function maskOfPrefix(prefix: number): number {
  // A shift by 32 is a shift by 0.
  return prefix === 0 ? 0 : -1 << (32 - prefix);
}

/** The dotted netmask of a prefix length: the reverse of {@link prefixOfMask}. */
export function maskText(prefix: number): string {
  return formatIpv4(maskOfPrefix(prefix));
}

/** Prefix length of a dotted netmask; the leading ones count. */
export function prefixOfMask(mask: string): number {
  const bits = mask
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('');
  return bits.indexOf('0') === -1 ? bits.length : bits.indexOf('0');
}
