// The server as a process of its own, so that a test can kill it as nothing in a process can be killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { testToken } from './app.ts';
import { defer } from './defer.ts';
import { type Cleanup, findFreePort } from './engine.ts';
import { findServerProgram } from './server-program.ts';
import { type See, waitFor } from './wait-for.ts';

export interface ServerProcess {
  readonly pid: number;
  readonly url: string;
  readonly headers: { readonly authorization: string };
  /** All that it writes is there. */
  readonly stateDir: string;
  /** Everything it has printed. */
  output(): string;
  /** Sends a signal and resolves when the process is gone. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

/** Starts the server, waits until it is ready, and kills it after the test. `port`: that of one before it, which is gone. */
export async function startServerProcess(
  cleanup: Cleanup,
  { env = {}, port: wanted }: { env?: NodeJS.ProcessEnv; port?: number } = {},
): Promise<ServerProcess> {
  const stateDir = await mkdtemp(path.join(tmpdir(), 'terrarium-process-'));
  const port = wanted ?? (await findFreePort());
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [...(await findServerProgram())], {
    cwd: path.resolve(import.meta.dirname, '..', '..'),
    env: {
      ...process.env,
      TERRARIUM_TOKEN: testToken,
      TERRARIUM_STATE_DIR: stateDir,
      TERRARIUM_PORT: String(port),
      TERRARIUM_LOG_LEVEL: 'info',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => output.push(chunk));
  defer(cleanup, async () => {
    await end(child, 'SIGKILL');
    await rm(stateDir, { recursive: true, force: true });
  });
  const answers = async (see: See) => {
    if (hasEnded(child)) return 'ended';
    return see((await fetch(`${url}/readyz`)).status) === 200 && 'ready';
  };
  const state = await waitFor(answers, { what: 'the server to be ready', timeoutMs: 120_000 });
  if (state === 'ended') throw new Error(`the server ended at its start: ${output.join('')}`);
  return {
    pid: child.pid ?? 0,
    url,
    headers: { authorization: `Bearer ${testToken}` },
    stateDir,
    output: () => output.join(''),
    kill: (signal) => end(child, signal),
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
