// The built server as a process of its own, as its users run it: what a benchmark measures is never inside the measuring process.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const token = 'benchmark-token-0123456789abcdef';

export interface MeasuredServer {
  readonly url: string;
  readonly pid: number;
  /** What it has written to its outputs so far. */
  printed(): string;
  /** Milliseconds from spawn to the first 200 of /readyz. */
  readonly readyMs: number;
  /** Resident memory in bytes (VmRSS of /proc/PID/status). */
  rss(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts `npm run serve`'s command, with more of an environment, and waits until it is ready. Fails after a minute with what the server printed. */
export async function startServer(env: NodeJS.ProcessEnv = {}): Promise<MeasuredServer> {
  const port = await freePort();
  const stateDir = await mkdtemp(join(tmpdir(), 'terrarium-bench-'));
  const began = performance.now();
  const child = spawn(process.execPath, await serveArguments(), {
    env: {
      ...process.env,
      NODE_ENV: 'production',
      TERRARIUM_PORT: String(port),
      TERRARIUM_TOKEN: token,
      TERRARIUM_STATE_DIR: stateDir,
      TERRARIUM_LOG_LEVEL: 'warn',
      TERRARIUM_RATE_LIMIT: '1000000',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => printed.push(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => printed.push(chunk.toString()));
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    await stopProcess(child);
    await rm(stateDir, { recursive: true, force: true });
  };
  while (!(await isReady(url))) {
    if (performance.now() - began > 60_000 || child.exitCode !== null) {
      await stop();
      throw new Error(`The server did not get ready:\n${printed.join('')}`);
    }
    await sleep(5);
  }
  const readyMs = performance.now() - began;
  return { url, pid: child.pid ?? 0, printed: () => printed.join(''), readyMs, rss: () => readRss(child.pid), stop };
}

/** The arguments of package.json's `serve`, so that what is measured is what is shipped. */
async function serveArguments(): Promise<string[]> {
  const manifest = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: { serve: string } };
  return manifest.scripts.serve
    .replace(/^exec /, '')
    .split(' ')
    .slice(1);
}

/** Options that `serve` gives to Node. */
export async function readServeOptions(): Promise<string[]> {
  return (await serveArguments()).filter((word) => word.startsWith('--'));
}

async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/readyz`);
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
}

/** Resident memory of a process in bytes (VmRSS). */
export async function readRss(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** How many files and sockets a process has open. */
export async function countDescriptors(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

/** Asks a process to end, and waits until it has. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('No free port');
  return address.port;
}
