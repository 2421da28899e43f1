// Boots the real dockerd on a given daemon.json, without a single flag, on a host that is fresh each time: network and mount namespaces of its own,
// with empty folders in place of /run, /etc (a copy on write) and /var/lib/docker. All of it is gone with the dockerd.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { defer } from './defer.ts';
import { type Cleanup, runCommand } from './engine.ts';
import { findChild, type Holder, holdNamespaces } from './held-namespaces.ts';
import { waitFor } from './wait-for.ts';

/** One file to start with, and what is there before. */
export interface BootCase {
  /** daemon.json, byte for byte. */
  readonly file: string | Uint8Array;
  /** Addresses of a docker0 that is there already; an empty list is a docker0 without any. */
  readonly docker0?: readonly string[];
  /** The daemon.json with which it ran there before, until it was killed; its data is kept. */
  readonly before?: string;
  /** Where it can be asked, for `docker --host`; its default socket where not said. null: nowhere. */
  readonly ask?: string | null;
}

/** What dockerd did. */
export interface Boot {
  readonly boots: boolean;
  /** What `dockerd --validate` printed. */
  readonly validate: string;
  /** Its last words, where it did not boot. */
  readonly failure: string;
  /** docker0 (or the bridge of `bridge`), as the kernel has it; null where there is none. */
  readonly link: BootLink | null;
  /** `docker network inspect bridge`; null where there is no such network, or nobody could be asked. */
  readonly network: BootNetwork | null;
}

export interface BootLink {
  readonly mtu: number;
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
}

export interface BootNetwork {
  readonly EnableIPv6: boolean;
  readonly IPAM: {
    readonly Config: readonly {
      readonly Subnet?: string;
      readonly IPRange?: string;
      readonly Gateway?: string;
      readonly AuxiliaryAddresses?: Record<string, string>;
    }[];
  };
  readonly Options: Record<string, string>;
}

export interface BootBench {
  boot(bootCase: BootCase): Promise<Boot>;
}

const prefix = 'terrarium-boots-';
/** What dockerd logs, and is not its last word. */
const isLogLine = /^(time="|\{"level"|$)/;
/** It takes a fifth of a second; with a plain TCP address that others can reach, 16 s more. */
const bootTimeoutMs = 90_000;

/** Makes a bench for many boots: a reaper of its own, and a containerd, which dockerd would otherwise start anew each time. */
export async function startBootBench(cleanup: Cleanup): Promise<BootBench> {
  await sweepFolders();
  const folder = await mkdtemp(path.join(os.tmpdir(), `${prefix}${process.pid}-`));
  const holder = await startHolder(folder);
  defer(cleanup, async () => {
    await holder.release();
    await rm(folder, { recursive: true, force: true });
  });
  let count = 0;
  return {
    boot(bootCase) {
      count += 1;
      return boot(holder.pid, path.join(folder, String(count)), bootCase);
    },
  };
}

/** Everything started on the bench ends with the init of its process namespace, and that with our end of its stdin. */
async function startHolder(folder: string): Promise<Holder> {
  const script = [
    // First of all: nobody on the bench can see, and so nobody can ask, the engine that others share.
    'mount -t tmpfs tmpfs /run',
    `containerd --address '${folder}/containerd.sock' --root '${folder}/content' --state '${folder}/state' --log-level fatal >/dev/null 2>&1 &`,
    `until [ -S '${folder}/containerd.sock' ]; do sleep 0.05; done`,
    'echo ready',
    'exec cat',
  ].join('\n');
  return holdNamespaces(script, 'a boot bench');
}

async function boot(holderPid: number, name: string, { file, docker0, before, ask }: BootCase): Promise<Boot> {
  await writeFile(`${name}.json`, file);
  const bridge =
    docker0 === undefined
      ? []
      : [
          'ip link add docker0 type bridge',
          ...docker0.map((address) => `ip address add ${address} dev docker0`),
          'ip link set docker0 up',
        ];
  const folder = path.dirname(name);
  const script = [
    'set -e',
    // A copy on write of the whole file system: some keys make folders, and even users.
    'mount -t tmpfs tmpfs /run',
    'mkdir /run/upper /run/work /run/root',
    'mount -t overlay -o lowerdir=/,upperdir=/run/upper,workdir=/run/work overlay /run/root',
    'for kept in proc sys dev; do mount --rbind /$kept /run/root/$kept; done',
    'for fresh in run var/lib/docker; do mount -t tmpfs tmpfs /run/root/$fresh; done',
    `mkdir -p '/run/root${folder}' /run/root/etc/docker /run/root/run/containerd`,
    `mount --bind '${folder}' '/run/root${folder}'`,
    `ln -s '${folder}/containerd.sock' /run/root/run/containerd/containerd.sock`,
    `cp '${name}.json' /run/root/etc/docker/daemon.json`,
    // Without a way out, asking the machine's own name server takes 20 s to fail.
    'echo nameserver 127.0.0.1 >/run/root/etc/resolv.conf',
    'cd /run && ip link set lo up',
    ...bridge,
    ...(before === undefined ? [] : runBefore(before, `${name}.json`)),
    `chroot /run/root dockerd --validate >'${name}.validate' 2>&1 || true`,
    'exec chroot /run/root dockerd',
  ].join('\n');
  const enter = ['--target', String(holderPid), '--mount', '--pid', '--'];
  const apart = ['unshare', '--net', '--mount', '--propagation', 'private', 'sh', '-c', script];
  const log = openSync(`${name}.log`, 'w');
  const child = spawn('nsenter', [...enter, ...apart], { stdio: ['ignore', log, log] });
  closeSync(log);
  let isOver = false;
  const ended = new Promise<void>((resolve) =>
    child.once('close', () => {
      isOver = true;
      resolve();
    }),
  );
  const pid = await findChild(child);
  const socket = `/proc/${pid}/root/run/docker.sock`;
  const boots = await waitFor(
    async () => {
      if (isOver) return { answer: false };
      const isUp = ask === undefined ? (await get(socket, '/_ping')) === 'OK' : await hasStarted(`${name}.log`);
      return isUp ? { answer: true } : undefined;
    },
    { what: `dockerd to boot on ${JSON.stringify(String(file))}`, timeoutMs: bootTimeoutMs, intervalMs: 20 },
  ).then(({ answer }) => answer);
  const [link, network] = boots ? await Promise.all([readLink(pid), readNetwork(pid, socket, ask)]) : [null, null];
  if (!isOver) process.kill(pid, 'SIGKILL');
  await ended;
  const readWords = async (file: string) =>
    (await readFile(file, 'utf8'))
      .split('\n')
      .filter((line) => !isLogLine.test(line))
      .join('\n')
      .trim();
  return {
    boots,
    validate: await readWords(`${name}.validate`),
    failure: boots ? '' : await readWords(`${name}.log`),
    link,
    network,
  };
}

/** Shell lines that run it with another file until it answers, and kill it. */
function runBefore(before: string, next: string): string[] {
  const [config, socket] = ['/run/root/etc/docker/daemon.json', '/run/root/run/docker.sock'];
  return [
    `printf '%s' '${before}' >${config}`,
    'chroot /run/root dockerd >/dev/null 2>&1 & first=$!',
    `until curl --silent --unix-socket ${socket} http://engine/_ping | grep -q OK; do sleep 0.05; done`,
    'kill -9 $first; { wait $first || true; } 2>/dev/null',
    `rm -f ${socket} /run/root/run/docker.pid; cp '${next}' ${config}`,
  ];
}

async function hasStarted(log: string): Promise<boolean> {
  return (await readFile(log, 'utf8')).includes('API listen on');
}

/** The body of an answer with status 200; undefined for any other, and where nobody answers. */
function get(socketPath: string, url: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const call = request({ socketPath, path: url, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => resolve(answer.statusCode === 200 ? Buffer.concat(chunks).toString() : undefined));
    });
    call.setTimeout(5_000, () => call.destroy());
    call.on('error', () => resolve(undefined));
    call.end();
  });
}

async function readLink(pid: number): Promise<BootLink | null> {
  const enter = ['--target', String(pid), '--net', '--'];
  const { code, stdout } = await runCommand('nsenter', [...enter, 'ip', '-json', 'address', 'show', 'docker0']);
  if (code !== 0) return null;
  const [link] = JSON.parse(stdout) as [
    { mtu: number; addr_info: { family: string; local: string; prefixlen: number }[] },
  ];
  const ofFamily = (family: string) =>
    link.addr_info.filter((info) => info.family === family).map(({ local, prefixlen }) => `${local}/${prefixlen}`);
  return { mtu: link.mtu, ipv4: ofFamily('inet'), ipv6: ofFamily('inet6') };
}

async function readNetwork(pid: number, socket: string, ask: string | null | undefined): Promise<BootNetwork | null> {
  if (ask === null) return null;
  if (ask === undefined) {
    const body = await get(socket, '/networks/bridge');
    return body === undefined ? null : (JSON.parse(body) as BootNetwork);
  }
  const enter = ['--target', String(pid), '--net', '--mount', '--'];
  const { code, stdout } = await runCommand('nsenter', [
    ...enter,
    'docker',
    '--host',
    ask,
    'network',
    'inspect',
    'bridge',
  ]);
  return code === 0 ? ((JSON.parse(stdout) as [BootNetwork])[0] ?? null) : null;
}

/** Removes what test processes that were killed could not: their folders. All that ran there ended with them. */
async function sweepFolders(): Promise<void> {
  for (const entry of await readdir(os.tmpdir())) {
    if (!entry.startsWith(prefix)) continue;
    const pid = entry.slice(prefix.length).split('-')[0];
    const isAlive = await access(`/proc/${pid}`).then(
      () => true,
      () => false,
    );
    if (!isAlive) await rm(path.join(os.tmpdir(), entry), { recursive: true, force: true });
  }
}
