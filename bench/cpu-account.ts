// Whose CPU time observation costs: the server, the engine with its shims, and the containers. Nanoseconds of the scheduler (/proc/PID/task/*/schedstat,
// cgroup v1 cpuacct.usage or v2 cpu.stat), never the ticks of /proc/stat. Processes that came and went between two readings are in what their parent
// has reaped (/proc/PID/stat), which the kernel sums in nanoseconds and shows in hundredths of a second.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** `reaped`: what short-lived children of the targets' shims used: an exec's runtime, and the program itself. */
export const payers = [
  'server',
  'dockerd',
  'containerd',
  'observers',
  'observerShims',
  'targets',
  'targetShims',
  'reaped',
] as const;
export type Payer = (typeof payers)[number];

/**
 * Whom watching by observers costs. Shims of targets are not asked for anything, and collect their garbage all at once every two minutes: in a window of
 * seconds that is noise, and far more than what is measured.
 */
export const watchPayers = payers.filter((payer) => payer !== 'targetShims' && payer !== 'reaped');

/** Whom an exec in a target costs, beside who asked for it: what it ran is in what the shim has reaped, so the target's own account is left out. */
export const execPayers = ['dockerd', 'containerd', 'targetShims', 'reaped'] as const satisfies readonly Payer[];

export interface Accounted {
  /** The server that is measured, with its children. */
  readonly serverPid: number;
  /** Containers that are watched: full ids. */
  readonly targets: readonly string[];
  /** Containers that watch, as they are now. */
  observers(): Promise<readonly string[]>;
}

export interface Spending {
  readonly ns: Readonly<Record<Payer, number>>;
  readonly seconds: number;
}

/** Nanoseconds so far, by whom it is and what: a thread, a cgroup, the children of a process. */
interface Reading {
  readonly at: number;
  readonly counters: ReadonlyMap<string, { readonly payer: Payer; readonly ns: number }>;
}

/** What a shim's children used is in hundredths of a second. */
const nsPerHundredth = 1e7;

/** What was spent while `during` ran. */
export async function account(whom: Accounted, during: () => Promise<unknown>): Promise<Spending> {
  const before = await read(whom);
  await during();
  const after = await read(whom);
  const ns = Object.fromEntries(payers.map((payer) => [payer, 0])) as Record<Payer, number>;
  // By counter, not by sum: a thread that has ended takes its past with it.
  for (const [key, { payer, ns: now }] of after.counters)
    ns[payer] += Math.max(0, now - (before.counters.get(key)?.ns ?? 0));
  return { ns, seconds: (after.at - before.at) / 1000 };
}

/** Nanoseconds a second of those named, together. */
export function perSecond({ ns, seconds }: Spending, of: readonly Payer[]): number {
  return of.reduce((sum, payer) => sum + ns[payer], 0) / seconds;
}

async function read(whom: Accounted): Promise<Reading> {
  const observers = await whom.observers();
  const counters = new Map<string, { payer: Payer; ns: number }>();
  const processes = listProcesses();
  const addProcess = (payer: Payer, pid: number) => {
    for (const [thread, ns] of readThreads(pid)) counters.set(`thread ${pid} ${thread}`, { payer, ns });
  };
  for (const pid of descendants(processes, whom.serverPid)) addProcess('server', pid);
  const shims = findShims(processes);
  const targets = new Set(whom.targets);
  for (const { pid, container } of shims) {
    if (observers.includes(container)) addProcess('observerShims', pid);
    if (!targets.has(container)) continue;
    addProcess('targetShims', pid);
    counters.set(`reaped ${pid}`, { payer: 'reaped', ns: readReaped(pid) });
  }
  const address = shims.find(({ container }) => targets.has(container))?.address ?? '';
  for (const { pid, name } of findEngine(processes, address)) addProcess(name, pid);
  for (const id of whom.targets) counters.set(`cgroup ${id}`, { payer: 'targets', ns: readCgroup(id) });
  for (const id of observers) counters.set(`cgroup ${id}`, { payer: 'observers', ns: readCgroup(id) });
  return { at: performance.now(), counters };
}

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
}

/** Every process that is there. */
export function listProcesses(): ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readStat(Number(name));
    if (stat !== null) entries.push({ pid: Number(name), parent: Number(stat.fields[1]), name: stat.name });
  }
  return entries;
}

/** The process and all below it. */
export function descendants(processes: readonly ProcessEntry[], root: number): number[] {
  const found = [root];
  for (const parent of found) for (const entry of processes) if (entry.parent === parent) found.push(entry.pid);
  return found;
}

/** Nanoseconds by thread. */
function readThreads(pid: number): [thread: string, ns: number][] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => [
      thread,
      Number(readOrEmpty(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]),
    ]);
  } catch {
    return [];
  }
}

/** Nanoseconds of all threads of a process. */
export function readProcess(pid: number): number {
  return readThreads(pid).reduce((sum, [, ns]) => sum + ns, 0);
}

/** Nanoseconds of the children that it has waited for. */
function readReaped(pid: number): number {
  const fields = readStat(pid)?.fields ?? [];
  return (Number(fields[13] ?? 0) + Number(fields[14] ?? 0)) * nsPerHundredth;
}

/** proc(5): the name is in parentheses and may hold anything; `fields` begin after it, with the state. */
function readStat(pid: number): { name: string; fields: string[] } | null {
  const text = readOrEmpty(`/proc/${pid}/stat`);
  const close = text.lastIndexOf(')');
  if (close < 0) return null;
  return { name: text.slice(text.indexOf('(') + 1, close), fields: text.slice(close + 2).split(' ') };
}

interface Shim {
  readonly pid: number;
  readonly container: string;
  /** Socket of its containerd. */
  readonly address: string;
}

function findShims(processes: readonly ProcessEntry[]): Shim[] {
  return processes
    .filter(({ name }) => name.startsWith('containerd-shim'))
    .map(({ pid }) => {
      const words = readWords(pid);
      const after = (option: string) => words[words.indexOf(option) + 1] ?? '';
      return { pid, container: after('-id'), address: after('-address') };
    });
}

/** The containerd that listens at the address and the dockerd that uses it: there may be other engines on the machine. */
function findEngine(
  processes: readonly ProcessEntry[],
  address: string,
): { readonly pid: number; readonly name: 'dockerd' | 'containerd' }[] {
  const named = (name: string) => processes.filter((one) => one.name === name);
  // One that a dockerd started for itself has its configuration beside its socket; else it is the machine's.
  const own = named('containerd').filter(({ pid }) => readWords(pid).some((word) => isBeside(word, address)));
  const containerds = own.length > 0 ? own : named('containerd').filter(({ pid }) => readWords(pid).length <= 2);
  const parents = named('dockerd').filter(({ pid }) => own.some(({ parent }) => parent === pid));
  const dockerds = parents.length > 0 ? parents : named('dockerd');
  return [
    ...dockerds.map(({ pid }) => ({ pid, name: 'dockerd' as const })),
    ...containerds.map(({ pid }) => ({ pid, name: 'containerd' as const })),
  ];
}

function isBeside(path: string, other: string): boolean {
  return path.startsWith('/') && dirname(path) === dirname(other);
}

function readWords(pid: number): string[] {
  return readOrEmpty(`/proc/${pid}/cmdline`).split('\0');
}

/** Nanoseconds of all that ever ran in the container; 0 when it is gone. */
function readCgroup(id: string): number {
  const isV1 = existsSync('/sys/fs/cgroup/cpuacct');
  // As the engine's cgroup drivers name them: cgroupfs and systemd.
  for (const name of [`docker/${id}`, `system.slice/docker-${id}.scope`]) {
    if (isV1) {
      const usage = readOrEmpty(`/sys/fs/cgroup/cpuacct/${name}/cpuacct.usage`);
      if (usage !== '') return Number(usage);
    } else {
      const usage = /^usage_usec (\d+)$/m.exec(readOrEmpty(`/sys/fs/cgroup/${name}/cpu.stat`))?.[1];
      if (usage !== undefined) return Number(usage) * 1000;
    }
  }
  return 0;
}

/** What is gone when it is read reads as empty. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
