// Everything that a server may leave behind on a private engine, as this machine and the engine see it: processes, containers, execs, and the
// server's own sockets. It needs nothing of the containers it looks at.
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { PrivateEngine } from './private-engine.ts';
import { type See, waitFor } from './wait-for.ts';

/** What was there before, and is to be left alone. */
export interface Inventory {
  readonly processes: ReadonlySet<number>;
  readonly containers: ReadonlySet<string>;
}

/** Takes stock of an engine that nobody is at work on, once two looks agree: what has just been started may be about to fork. */
export async function takeStock(engine: PrivateEngine): Promise<Inventory> {
  const look = async () => ({
    processes: listProcesses(engine).map(({ pid }) => pid),
    containers: (await listContainers(engine)).map(({ id }) => id),
  });
  let last = await look();
  const isSettled = async (see: See) => {
    const before = JSON.stringify(last);
    last = see(await look());
    return JSON.stringify(last) === before;
  };
  await waitFor(isSettled, { what: 'the engine to be at rest', intervalMs: 500 });
  return { processes: new Set(last.processes), containers: new Set(last.containers) };
}

/** One line for each process, container and exec that was not there before; each names the container it belongs to. */
export async function findTraces(engine: PrivateEngine, before: Inventory): Promise<string[]> {
  const containers = await listContainers(engine);
  const fresh = containers.filter(({ id }) => !before.containers.has(id));
  const nameOf = (id: string | undefined) => containers.find((one) => one.id === id)?.name ?? 'no container';
  const execs = await listExecs(engine, [...before.containers]);
  const processes = listProcesses(engine).filter(({ pid }) => !before.processes.has(pid));
  return [
    ...fresh.map(({ name, state }) => `container ${name}, ${state}`),
    ...execs.map(({ id, container }) => `exec ${id} of ${nameOf(container)}`),
    ...processes.map(({ pid, container, line }) => `process ${pid} of ${nameOf(container)}: ${line}`),
  ];
}

export interface AwaitNothingOptions {
  readonly what: string;
  readonly timeoutMs: number;
  /** Traces that match may stay. */
  readonly except?: RegExp;
}

/** Waits until there are no traces; fails with what there is. */
export async function awaitNothing(
  engine: PrivateEngine,
  before: Inventory,
  { what, timeoutMs, except }: AwaitNothingOptions,
): Promise<void> {
  let found: string[] = [];
  const look = async (see: See) => {
    found = see((await findTraces(engine, before)).filter((trace) => except?.test(trace) !== true));
    return found.length === 0;
  };
  await waitFor(look, { what, timeoutMs, intervalMs: 100 }).catch((cause) => {
    const shown = found.map((one) => one.slice(0, 160)).join('\n  ');
    throw new Error(`${what}: ${timeoutMs} ms later there is still\n  ${shown}`, { cause });
  });
}

/** How many sockets a process of this machine has open; those it listens on count. */
export async function countSockets(pid: number): Promise<number> {
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all((await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => '')));
  return links.filter((link) => link.startsWith('socket:')).length;
}

interface FoundProcess {
  readonly pid: number;
  readonly line: string;
  /** Full id of the container that it is in, or that it is the shim of. */
  readonly container: string | undefined;
}

/** Every process below the init of the engine's namespaces, those within containers too. Who only waits to be reaped is none. */
function listProcesses(engine: PrivateEngine): FoundProcess[] {
  const known = new Map<number, { parent: number; isDead: boolean }>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    // Its name is in brackets and may hold anything; the state and the parent follow (proc_pid_stat(5)).
    const stat = readProc(`${entry}/stat`);
    const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (parent !== undefined) known.set(Number(entry), { parent: Number(parent), isDead: 'ZX'.includes(state) });
  }
  const isBelow = (pid: number): boolean => {
    for (let at = pid; at > 1; at = known.get(at)?.parent ?? 0) if (at === engine.pid) return true;
    return false;
  };
  const living = [...known].filter(([pid, { isDead }]) => !isDead && isBelow(pid)).map(([pid]) => pid);
  return living.map(describe);
}

function describe(pid: number): FoundProcess {
  const line = readProc(`${pid}/cmdline`)
    .replace(/[\s\0]+/g, ' ')
    .trim();
  const cgroup = readProc(`${pid}/cgroup`);
  return { pid, line, container: (/ -id ([0-9a-f]{64})/.exec(line) ?? /\/([0-9a-f]{64})/.exec(cgroup))?.[1] };
}

/** Empty where the process has ended. The kernel answers at once: to wait for each of a thousand files would take ten times as long. */
function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return '';
  }
}

async function listContainers(engine: PrivateEngine): Promise<{ id: string; name: string; state: string }[]> {
  const found = (await ask(engine, '/containers/json?all=1')) as { Id: string; Names: string[]; State: string }[];
  return found.map(({ Id, Names, State }) => ({ id: Id, name: Names[0]?.slice(1) ?? Id, state: State }));
}

/** Those that run. One that was made and never started is a line in the engine's memory, which nobody can take back but its container. */
async function listExecs(
  engine: PrivateEngine,
  containers: readonly string[],
): Promise<{ id: string; container: string }[]> {
  const found = [];
  for (const container of containers) {
    const { ExecIDs } = (await ask(engine, `/containers/${container}/json`)) as { ExecIDs: string[] | null };
    for (const id of ExecIDs ?? []) {
      // It may have ended, and is forgotten then.
      const exec = (await ask(engine, `/exec/${id}/json`).catch(() => undefined)) as { Running: boolean } | undefined;
      if (exec?.Running === true) found.push({ id, container });
    }
  }
  return found;
}

/** Asks the engine, wherever DOCKER_HOST points to. */
async function ask({ socket }: PrivateEngine, path: string): Promise<unknown> {
  const call = request({ socketPath: socket, path, headers: { host: 'docker' }, agent: false });
  call.end();
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  const body = await text(answer);
  if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode} ${body}`);
  return JSON.parse(body);
}
