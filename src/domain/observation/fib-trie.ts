// Reads the addresses that a namespace calls its own out of /proc/net/fib_trie. It holds no device names, so it cannot say where they are; it can say
// that there is one nobody told us of, or that one is missing.

/** Every local IPv4 host address, once: `|-- 172.17.0.2`, with `/32 host LOCAL` below it. Network addresses are not host addresses. */
export function parseLocalAddresses(text: string): Set<string> {
  const found = new Set<string>();
  let address = '';
  for (const line of text.split('\n')) {
    const leaf = /\|-- ([\d.]+)\s*$/.exec(line);
    if (leaf?.[1] !== undefined) address = leaf[1];
    else if (/\/32 host LOCAL\s*$/.test(line)) found.add(address);
  }
  return found;
}
