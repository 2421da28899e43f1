// Which field of a create request the engine's words are about, so that a refusal that only the engine can give still names it, and what
// to do about it.

/** A field, and the way out. */
export interface Blame {
  readonly field: string;
  readonly hint?: string;
}

/** First match wins. The words are Docker's and runc's (26.1, and newer spellings). */
const blames: readonly (Blame & { readonly pattern: RegExp })[] = [
  {
    pattern: /cannot assign requested address/i,
    field: 'ports',
    hint: 'Publish on an address that the host of the engine has, or leave the address out for all of them.',
  },
  { pattern: /range of cpus|nanocpus/i, field: 'limits.cpus', hint: 'Ask for no more CPUs than the engine has.' },
  { pattern: /memory limit|minimum memory/i, field: 'limits.memory' },
  { pattern: /pids?[ -]?limit/i, field: 'limits.pids' },
  {
    pattern: /unable to find (?:user|group)|no matching entries in (?:passwd|group)|uid\/gid|uids and gids/i,
    field: 'user',
    hint: 'Name a user of the image, or give numbers: 1000:1000.',
  },
  { pattern: /working directory|chdir to cwd|\bcwd\b|: not a directory$/i, field: 'workingDir' },
  {
    pattern: /\bexec:? |executable file|exec format error|no command specified|argument list too long/i,
    field: 'command',
    hint: 'The first argument has to be a program of the image: its full path, or its name where it is in PATH.',
  },
  { pattern: /invalid IPv6|IPv6 address/i, field: 'ip6' },
  {
    pattern: /ip[ -]?address|configured subnet|user specified IP/i,
    field: 'ip',
    hint: 'Choose an address in a subnet of the network, on a network that was made with a subnet; or leave it out.',
  },
  { pattern: /hostname/i, field: 'hostname' },
  { pattern: /\bdns\b/i, field: 'dns' },
  { pattern: /network-scoped alias|\baliases?\b/i, field: 'aliases' },
  { pattern: /port/i, field: 'ports' },
];

/** What `words` blame of the fields that were given; undefined where that is none of them. A command is always given, if by the image. */
export function findBlame(words: string, given: Readonly<Record<string, unknown>>): Blame | undefined {
  const isGiven = (field: string) => field === 'command' || given[field.split('.', 1)[0] ?? field] !== undefined;
  const blamed = blames.find(({ pattern, field }) => pattern.test(words) && isGiven(field));
  if (blamed === undefined) return undefined;
  const { field, hint } = blamed;
  const isEntrypoint = field === 'command' && given.command === undefined && given.entrypoint !== undefined;
  return { field: isEntrypoint ? 'entrypoint' : field, ...(hint !== undefined && { hint }) };
}
