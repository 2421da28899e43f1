// Namespaces in which a test runs programs that want a machine of their own: nothing of them is left, also where the test is killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { waitFor } from './wait-for.ts';

export interface Holder {
  /** The PID, on this machine, of the init of the namespaces. */
  readonly pid: number;
  release(): Promise<void>;
}

/**
 * New net, pid and mount namespaces. What runs there ends with their init, a reaper (tini) that ends with its one child: the script, which says `ready`
 * and becomes a `cat` that ends with our end of its stdin.
 */
export async function holdNamespaces(script: string, what: string): Promise<Holder> {
  const namespaces = [
    '--net',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount',
    '--propagation',
    'private',
    '--mount-proc',
  ];
  const child = spawn('unshare', [...namespaces, 'tini', '--', 'sh', '-c', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.stdout.once('data', () => resolve());
    void ended.then(() => reject(new Error(`the namespaces of ${what} cannot be made`)));
  });
  return {
    pid: await findChild(child),
    async release() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** The only child of a program that forks and waits (unshare, nsenter). */
export async function findChild({ pid }: ChildProcess): Promise<number> {
  return waitFor(
    async () => Number((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ')[0]) || undefined,
    { what: `the child of process ${pid}`, intervalMs: 5 },
  );
}
