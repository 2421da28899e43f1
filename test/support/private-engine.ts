// A Docker Engine of a test's own, in its own network, mount and process namespaces: it can be killed, stopped and configured without
// touching the one that others share. Everything dies with the process that holds its namespaces, and that ends with this process.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import type { CertificateFiles } from './certificates.ts';
import { defer } from './defer.ts';
import { type Cleanup, runCommand } from './engine.ts';
import { findChild, type Holder, holdNamespaces } from './held-namespaces.ts';
import { waitFor } from './wait-for.ts';

export interface PrivateEngineOptions {
  /** Further arguments of dockerd: `['--live-restore']`. */
  args?: string[];
  /** An image of the shared engine to load, `busybox:latest` for instance. */
  image?: string;
  /** Listen on `tcp://ADDRESS:2375` too, an address that this machine reaches through a cable (veth) of their own. */
  tcp?: boolean;
  /**
   * Listen on `tcp://ADDRESS:2376` too, and let in whom its authority has signed (`--tlsverify`). Given the address, answers the certificate of the
   * engine.
   */
  tls?: (address: string) => Promise<CertificateFiles>;
  /** Shell lines that make its mount namespace another machine's before it starts (machine-variants.ts); `$FOLDER` is a folder of its own. */
  prepare?: readonly string[];
}

export interface PrivateEngine {
  /** For `DOCKER_HOST`: `unix:///…/docker.sock`. */
  readonly host: string;
  readonly socket: string;
  /** `tcp://ADDRESS:2375`, with the option `tcp`. */
  readonly tcpHost: string | undefined;
  /** `tcp://ADDRESS:2376`, with the option `tls`. */
  readonly tlsHost: string | undefined;
  /** This machine's address as the engine sees it, with the option `tcp` or `tls`. */
  readonly hostAddress: string | undefined;
  /** PID, on this machine, of the init of its namespaces: `nsenter --target PID --net` is where its ports are published. */
  readonly pid: number;
  /** Runs the real `docker` command against it. */
  docker(...args: string[]): ReturnType<typeof runCommand>;
  /** Copies an image from the shared engine. */
  loadImage(reference: string): Promise<void>;
  /** SIGKILLs dockerd; its containers run on, as they would. Resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERMs dockerd, as `systemctl stop` does: it stops its containers first. Resolves when it is gone. */
  shutDown(): Promise<void>;
  /** Starts dockerd again, after `kill`, on the same data; kills it first where it runs. Resolves when it answers. */
  restart(options?: { args?: string[] }): Promise<void>;
  /** SIGSTOPs dockerd: its socket accepts and never answers. */
  freeze(): void;
  thaw(): void;
  /** Ends it with everything it made. Called after the test by itself. */
  stop(): Promise<void>;
}

const prefix = 'terrarium-engine-';
/** dockerd alone takes 1.5 s; on a busy machine several times that. */
const startTimeoutMs = 60_000;

/** Why no private engine can be had here, for a test's `skip`; false where one can. */
export function whyNoPrivateEngine(): string | false {
  if (process.platform !== 'linux') return 'a private engine needs Linux';
  return process.getuid?.() === 0 ? false : 'a private engine needs root';
}

/** Starts one and takes it away after the test. Start to answer: about 2 s. */
export async function startPrivateEngine(
  cleanup: Cleanup,
  { args = [], image, tcp = false, tls, prepare = [] }: PrivateEngineOptions = {},
): Promise<PrivateEngine> {
  await sweepFolders();
  const folder = await mkdtemp(path.join(os.tmpdir(), `${prefix}${process.pid}-`));
  const cgroup = path.basename(folder);
  const holder = await holdEngineNamespaces(folder, prepare);
  const socket = path.join(folder, 'docker.sock');
  const host = `unix://${socket}`;
  let daemon: Daemon | undefined;

  const stop = async () => {
    await daemon?.end('SIGKILL');
    await thawCgroups(cgroup);
    await holder.release();
    await removeCgroups(cgroup);
    await rm(folder, { recursive: true, force: true });
  };
  defer(cleanup, stop, { isLast: true });

  const cable = tcp || tls !== undefined ? await plugCable(holder.pid) : undefined;
  const listening = cable === undefined ? [] : await composeListeners(cable.theirs, { tcp, tls });
  const start = async (more: string[]) => {
    await rm(path.join(folder, 'docker.pid'), { force: true });
    daemon = await startDaemon(holder.pid, folder, [
      ...['--config-file', path.join(folder, 'daemon.json')],
      ...['--data-root', path.join(folder, 'data')],
      ...['--exec-root', path.join(folder, 'exec')],
      ...['--pidfile', path.join(folder, 'docker.pid')],
      ...['--cgroup-parent', `/${cgroup}`, '--exec-opt', 'native.cgroupdriver=cgroupfs'],
      ...['--log-level', 'warn', '--host', host],
      ...listening,
      ...more,
    ]);
    await waitForAnswer(socket, daemon);
  };
  await start(args);

  const engine: PrivateEngine = {
    host,
    socket,
    tcpHost: cable === undefined || !tcp ? undefined : `tcp://${cable.theirs}:2375`,
    tlsHost: cable === undefined || tls === undefined ? undefined : `tcp://${cable.theirs}:2376`,
    hostAddress: cable?.ours,
    pid: holder.pid,
    docker: (...command) => runCommand('docker', ['--host', host, ...command]),
    loadImage: (reference) => copyImage(reference, host),
    kill: async () => daemon?.end('SIGKILL'),
    shutDown: async () => daemon?.end('SIGTERM'),
    restart: async ({ args: others = args } = {}) => {
      await daemon?.end('SIGKILL');
      await start(others);
    },
    freeze: () => daemon?.signal('SIGSTOP'),
    thaw: () => daemon?.signal('SIGCONT'),
    stop,
  };
  if (image !== undefined) await engine.loadImage(image);
  return engine;
}

async function composeListeners(
  address: string,
  { tcp, tls }: { readonly tcp: boolean; readonly tls: PrivateEngineOptions['tls'] | undefined },
): Promise<string[]> {
  // Without an explicit --tls=false a plain TCP address costs 15 s of warnings.
  if (tls === undefined) return tcp ? ['--tls=false', '--host', `tcp://${address}:2375`] : [];
  const { ca, cert, key } = await tls(address);
  return ['--tlsverify', '--tlscacert', ca, '--tlscert', cert, '--tlskey', key, '--host', `tcp://${address}:2376`];
}

async function holdEngineNamespaces(folder: string, prepare: readonly string[]): Promise<Holder> {
  const resolvConf = path.join(folder, 'resolv.conf');
  // Without a way out, asking the machine's own name server for an absent image's registry takes 20 s to fail.
  await writeFile(resolvConf, 'nameserver 127.0.0.1\n');
  await writeFile(path.join(folder, 'daemon.json'), '{}');
  const script = [
    'ip link set lo up',
    `mount --bind '${resolvConf}' /etc/resolv.conf`,
    // Hides a containerd of the system's: dockerd would use it, and its containers would live outside.
    'if [ -d /run/containerd ]; then mount -t tmpfs tmpfs /run/containerd; fi',
    `FOLDER='${folder}'`,
    ...prepare,
    'echo ready',
    'exec cat',
  ].join(' && ');
  return holdNamespaces(script, 'a private engine');
}

interface Daemon {
  signal(name: NodeJS.Signals): void;
  /** Sends it, and awaits its end. */
  end(name: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** What it said, once it has ended by itself. */
  readonly failure: Promise<string>;
}

async function startDaemon(holderPid: number, folder: string, args: string[]): Promise<Daemon> {
  const logFile = path.join(folder, 'dockerd.log');
  const log = openSync(logFile, 'a');
  const enter = ['--target', String(holderPid), '--mount', '--net', '--pid', '--', 'dockerd'];
  const child = spawn('nsenter', [...enter, ...args], { stdio: ['ignore', log, log] });
  closeSync(log);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const pid = await findChild(child);
  const signal = (name: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    process.kill(pid, name);
    // nsenter stops itself when its child is stopped, and has to go on to see it end.
    if (name !== 'SIGSTOP') child.kill('SIGCONT');
  };
  return {
    signal,
    async end(name) {
      signal(name);
      await ended;
    },
    failure: ended.then(async () => (await readFile(logFile, 'utf8').catch(() => '')).slice(-2_000)),
  };
}

async function waitForAnswer(socket: string, daemon: Daemon): Promise<void> {
  let failure: string | undefined;
  void daemon.failure.then((text) => {
    failure = text;
  });
  await waitFor(
    async (see) => {
      if (failure !== undefined) return true;
      return see(await ping(socket)) === 200;
    },
    { what: 'the private engine to answer', timeoutMs: startTimeoutMs, intervalMs: 25 },
  );
  if (failure !== undefined) throw new Error(`dockerd of a private engine ended: ${failure}`);
}

function ping(socketPath: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path: '/_ping', agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    // A restarted engine accepts, and does not answer before it has looked after its containers.
    call.setTimeout(1_000, () => call.destroy(new Error('no answer')));
    call.on('error', reject);
    call.end();
  });
}

async function copyImage(reference: string, host: string): Promise<void> {
  const save = spawn('docker', ['save', reference], { stdio: ['ignore', 'pipe', 'inherit'] });
  const load = spawn('docker', ['--host', host, 'load'], { stdio: ['pipe', 'ignore', 'inherit'] });
  load.stdin.on('error', () => {}); // its exit code tells
  save.stdout.pipe(load.stdin);
  const codes = await Promise.all(
    [save, load].map((child) => new Promise<number | null>((resolve) => child.once('close', resolve))),
  );
  if (codes.some((code) => code !== 0)) throw new Error(`${reference} cannot be copied to ${host}`);
}

let cables = 0;

/** A veth pair between this machine and the namespaces; it disappears with them. Answers both ends' addresses. */
async function plugCable(holderPid: number): Promise<{ ours: string; theirs: string }> {
  cables += 1;
  const near = `tt${process.pid.toString(36)}${cables}`;
  // Link-local, a /30 of this process: nothing routes it any further.
  const block = (process.pid * 8 + cables) % 16_000;
  const [third, fourth] = [Math.floor(block / 64) + 1, (block % 64) * 4];
  const [ours, theirs] = [`169.254.${third}.${fourth + 1}`, `169.254.${third}.${fourth + 2}`];
  const enter = ['nsenter', '--target', String(holderPid), '--net', '--'];
  for (const command of [
    ['ip', 'link', 'add', near, 'type', 'veth', 'peer', 'name', 'cable', 'netns', String(holderPid)],
    ['ip', 'address', 'add', `${ours}/30`, 'dev', near],
    ['ip', 'link', 'set', near, 'up'],
    [...enter, 'ip', 'address', 'add', `${theirs}/30`, 'dev', 'cable'],
    [...enter, 'ip', 'link', 'set', 'cable', 'up'],
  ]) {
    const [program = '', ...args] = command;
    const { code, stderr } = await runCommand(program, args);
    if (code !== 0) throw new Error(`${command.join(' ')}: ${stderr.trim()}`);
  }
  return { ours, theirs };
}

/** A container that is paused does not end before it goes on, whoever kills it. */
async function thawCgroups(name: string): Promise<void> {
  const root = '/sys/fs/cgroup';
  for (const [folder, file, word] of [
    [path.join(root, 'freezer', name), 'freezer.state', 'THAWED'],
    [path.join(root, name), 'cgroup.freeze', '0'],
  ] as const)
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => []))
      if (entry.isDirectory()) await writeFile(path.join(folder, entry.name, file), word).catch(() => {});
}

/** The engine's containers leave their empty cgroups behind, in each hierarchy (v1) or in the one there is (v2). */
export async function removeCgroups(name: string): Promise<void> {
  const root = '/sys/fs/cgroup';
  const hierarchies = await readdir(root).catch(() => []);
  const removeTree = async (folder: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) if (entry.isDirectory()) await removeTree(path.join(folder, entry.name));
    // Its last process may not have been reaped yet.
    await waitFor(
      async () =>
        await rmdir(folder).then(
          () => true,
          (error) => error.code === 'ENOENT' || error.code === 'ENOTDIR',
        ),
      { what: `${folder} to be empty` },
    );
  };
  for (const hierarchy of ['', ...hierarchies]) {
    const folder = path.join(root, hierarchy, name);
    if (
      await stat(folder).then(
        (found) => found.isDirectory(),
        () => false,
      )
    )
      await removeTree(folder);
  }
}

/** Removes what test processes that were killed could not: their folders. Their engines ended with them. */
async function sweepFolders(): Promise<void> {
  await mkdir(os.tmpdir(), { recursive: true });
  for (const entry of await readdir(os.tmpdir())) {
    const pid = entry.startsWith(prefix) ? Number(entry.slice(prefix.length).split('-')[0]) : 0;
    if (pid > 0 && !isAlive(pid)) await rm(path.join(os.tmpdir(), entry), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
