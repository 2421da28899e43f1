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

/** What an answer says about the probe itself. CPU times are its own, in nanoseconds. */
export interface ProbeCost {
  readonly walkNs: number;
  readonly walks: number;
  readonly totalNs: number;
}

/** Characters of one table: more than the rows that a sample carries can have. */
export const maxTableLength = 1_100_000;

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

/** What the sections of an answer say about one key. */
export function readFinding(sections: ReadonlyMap<string, string>, key: number): ProbeFinding {
  if (sections.has(`${key} gone`)) return { kind: 'gone' };
  if (sections.has(`${key} late`)) return { kind: 'late' };
  for (const moved of [true, false]) {
    const tables = sections.get(`${key} read ${moved ? 1 : 0}`);
    if (tables !== undefined) return { kind: 'read', moved, tables };
    if (sections.has(`${key} kept ${moved ? 1 : 0}`)) return { kind: 'read', moved, tables: null };
  }
  return { kind: 'unmoved' };
}

/** The inode that the answer names for the key; null where the probe could not tell. */
export function readInode(sections: ReadonlyMap<string, string>, key: number): number | null {
  const inode = Number.parseInt(sections.get(`${key} inode`) ?? '', 10);
  return Number.isSafeInteger(inode) ? inode : null;
}

/** A probe that cannot tell its times (a kernel without schedstat) says 0. */
export function readCost(sections: ReadonlyMap<string, string>): ProbeCost {
  const [walkNs = 0, walks = 0, totalNs = 0] = (sections.get('cost') ?? '').trim().split(' ').map(Number);
  return { walkNs: walkNs || 0, walks: walks || 0, totalNs: totalNs || 0 };
}
