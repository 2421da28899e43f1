// Reads a resolv.conf (resolv.conf(5)): what a container asks for names.
import type { Resolver } from '../../schemas/ifconfig.ts';

/** Comments and unknown keywords are skipped; of `search` and `domain` the last one counts, as in the C library. */
export function parseResolver(text: string): Resolver {
  const nameservers: string[] = [];
  const options: string[] = [];
  let search: string[] = [];
  for (const line of text.split('\n')) {
    if (/^\s*[#;]/.test(line)) continue;
    const [keyword, ...words] = line.trim().split(/\s+/);
    if (keyword === 'nameserver' && words[0] !== undefined) nameservers.push(words[0]);
    if (keyword === 'search' || keyword === 'domain') search = words;
    if (keyword === 'options') options.push(...words);
  }
  return { nameservers, search, options };
}
