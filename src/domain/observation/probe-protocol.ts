// The words between a server and its probe: a tick line to it, and what its sections mean. Pure; the script that speaks them is the service's.

/** A target as the probe is told about it, once, and again when it changes. */
export interface ProbeTarget {
  /** PID on the engine's machine of a process in the namespace. */
  readonly pid: number;
  /** The container whose first process that is: the probe reads nothing unless the process still is that container's. */
  readonly container: string;
  /**
   * The containers whose processes can act in the namespace, by whose CPU time it is seen that something may have happened. Empty where nobody can
   * tell (the host's namespace): then nothing is taken for unmoved.
   */
  readonly members: readonly { readonly id: string; readonly pid: number }[];
}

/** One look at a target. */
export interface ProbeLook {
  /** A number that names the target for the life of the probe. */
  readonly key: number;
  /** Read the tables whatever the witnesses say. */
  readonly forced: boolean;
  /** Somebody waits for this one: it need not wait for its turn under the cap. */
  readonly urgent: boolean;
}

/** What came of a look. */
export type ProbeFinding =
  /** No witness moved: what was last read is what is. */
  | { readonly kind: 'unmoved' }
  /** A witness moved, or it was forced, but the cap allowed no read: ask again. */
  | { readonly kind: 'late' }
  /** The process is not that container's any more. */
  | { readonly kind: 'gone' }
  /** The tables were read; `tables` is null where they are what was last read, `moved` whether a witness said so before. */
  | { readonly kind: 'read'; readonly moved: boolean; readonly tables: string | null };

/** How interfaces are asked about. */
export interface InterfacesLook {
  readonly key: number;
  /** `told`: only whether something may have happened; `moved`: the files too, if so; `forced`: the files in any case. */
  readonly how: 'told' | 'moved' | 'forced';
}

/** The files that an answer about interfaces is made of. */
export const interfaceFiles = ['dev', 'if_inet6', 'route', 'ipv6_route', 'arp', 'fib_trie'] as const;
export type InterfaceFile = (typeof interfaceFiles)[number];

/** What came of asking about interfaces. */
export type InterfacesFinding =
  | { readonly kind: 'gone' }
  | {
      readonly kind: 'seen';
      /** A witness moved since the last time that it was asked. */
      readonly moved: boolean;
      /** The files were read. */
      readonly read: boolean;
      /** Those that are not what they were the last time. */
      readonly files: ReadonlyMap<InterfaceFile, string>;
    };

/** What an answer says about the probe itself. CPU times are its own, in nanoseconds. */
export interface ProbeCost {
  readonly walkNs: number;
  readonly walks: number;
  readonly totalNs: number;
}

/** Characters of one table: more than the rows that a sample carries can have. */
export const maxTableLength = 1_100_000;

/** Characters of one file about interfaces: some 1,000 devices or routes. */
export const maxFileLength = 131_072;

/** Says who a target is; whatever was remembered of the key is forgotten. */
export function defineWord(key: number, { pid, container, members }: ProbeTarget): string {
  return `+${[key, pid, container, ...members.map((member) => `${member.id}:${member.pid}`)].join(',')}`;
}

export function forgetWord(key: number): string {
  return `-${key}`;
}

/** Asks which inode the namespace has that the engine keeps under this file name (the last part of SandboxKey). */
export function inodeWord(key: number, sandbox: string): string {
  return `i${key},${sandbox}`;
}

export function lookWord({ key, forced, urgent }: ProbeLook): string {
  if (forced) return `${urgent ? 'n' : 'f'}${key}`;
  return `${urgent ? 'u' : 'g'}${key}`;
}

export function interfacesWord({ key, how }: InterfacesLook): string {
  return `${{ told: 'm', moved: 'd', forced: 'D' }[how]}${key}`;
}

/** Of an answer: the probe goes on looking by itself. */
export const pacedWord = 'paced';

/** How a probe goes on looking by itself after an answer. */
export interface Pace {
  readonly intervalMs: number;
  /** So many times; then it has to be asked again. */
  readonly times: number;
}

/**
 * Asks it to look by itself at targets, until the next such word. At the first change it says so, without saying what, and looks no more. It refuses, and
 * says nothing, while one of the targets has not come to rest, or where it cannot.
 */
export function paceWord({ intervalMs, times }: Pace, keys: readonly number[]): string {
  return `~${[intervalMs, times, ...keys].join(',')}`;
}

/** The sections of an answer that are about one target, by what is after its key in their names. Undefined where nothing was said: nothing moved. */
export type ProbeAnswer = ReadonlyMap<string, string> | undefined;

/** The sections of an answer, by the key of the target that they are about. */
export function sortByKey(sections: ReadonlyMap<string, string>): Map<number, ReadonlyMap<string, string>> {
  const byKey = new Map<number, Map<string, string>>();
  for (const [name, text] of sections) {
    const space = name.indexOf(' ');
    const key = Number(name.slice(0, space));
    if (space === -1 || !Number.isInteger(key)) continue;
    const one = byKey.get(key) ?? new Map<string, string>();
    byKey.set(key, one.set(name.slice(space + 1), text));
  }
  return byKey;
}

const noFiles: ReadonlyMap<InterfaceFile, string> = new Map();

/** What an answer says about interfaces. */
export function readInterfacesFinding(answer: ProbeAnswer): InterfacesFinding {
  if (answer === undefined) return { kind: 'seen', moved: false, read: false, files: noFiles };
  if (answer.has('gone')) return { kind: 'gone' };
  const read = answer.has('files');
  const files = new Map<InterfaceFile, string>();
  if (read)
    for (const name of interfaceFiles) {
      const text = answer.get(`file ${name}`);
      if (text !== undefined) files.set(name, text);
    }
  return { kind: 'seen', moved: answer.has('moved'), read, files };
}

/** What an answer says about sockets. */
export function readFinding(answer: ProbeAnswer): ProbeFinding {
  if (answer === undefined) return { kind: 'unmoved' };
  if (answer.has('gone')) return { kind: 'gone' };
  if (answer.has('late')) return { kind: 'late' };
  for (const moved of [true, false]) {
    const tables = answer.get(`read ${moved ? 1 : 0}`);
    if (tables !== undefined) return { kind: 'read', moved, tables };
    if (answer.has(`kept ${moved ? 1 : 0}`)) return { kind: 'read', moved, tables: null };
  }
  return { kind: 'unmoved' };
}

/** The inode that an answer names; null where the probe could not tell. */
export function readInode(answer: ProbeAnswer): number | null {
  const inode = Number.parseInt(answer?.get('inode') ?? '', 10);
  return Number.isSafeInteger(inode) ? inode : null;
}

/** A probe that cannot tell its times (a kernel without schedstat) says 0. */
export function readCost(sections: ReadonlyMap<string, string>): ProbeCost {
  const [walkNs = 0, walks = 0, totalNs = 0] = (sections.get('cost') ?? '').trim().split(' ').map(Number);
  return { walkNs: walkNs || 0, walks: walks || 0, totalNs: totalNs || 0 };
}
