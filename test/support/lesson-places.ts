// Where lessons are played as they ship: an engine of the test's own, whose names and ports are all free, with somebody outside of its host; and shells on
// that host, for the commands that a lesson tells to try.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { defer } from './defer.ts';
import { type Cleanup, type CommandResult, runCommand } from './engine.ts';
import { plugOutsideClient } from './outside-client.ts';
import { type PrivateEngine, startPrivateEngine } from './private-engine.ts';
import { findServerProgram } from './server-program.ts';
import { waitFor } from './wait-for.ts';

const root = path.resolve(import.meta.dirname, '..', '..');

export interface LessonPlace {
  readonly engine: PrivateEngine;
  /** Runs a script on the host of the engine, as its user would: `docker` means this engine. It ends with the first command that fails. */
  shell(script: string, env?: NodeJS.ProcessEnv): Promise<CommandResult>;
  /** Starts a server there, and ends it after the test. */
  serve(cleanup: Cleanup, env: NodeJS.ProcessEnv): Promise<{ output(): string }>;
}

export async function openLessonPlace(cleanup: Cleanup): Promise<LessonPlace> {
  const engine = await startPrivateEngine(cleanup, { image: 'busybox:latest' });
  await plugOutsideClient(cleanup, engine);
  const inside = ['--target', String(engine.pid), '--net', '--'];
  return {
    engine,

    shell: (script, env = {}) =>
      runCommand('nsenter', [...inside, 'bash', '-e', '-o', 'pipefail', '-c', script], {
        env: { DOCKER_HOST: engine.host, ...env },
        timeoutMs: 60_000,
      }),

    async serve(serving, env) {
      const child = spawn('nsenter', [...inside, process.execPath, ...(await findServerProgram())], {
        cwd: root,
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const output: string[] = [];
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (chunk: string) => output.push(chunk));
      const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
      defer(serving, async () => {
        if (hasEnded()) return;
        const gone = once(child, 'exit');
        child.kill('SIGTERM');
        await gone;
      });
      await waitFor((see) => hasEnded() || see(output.join('')).includes('Terrarium listens'), {
        what: 'the server to listen',
      });
      return { output: () => output.join('') };
    },
  };
}

/** What the engine holds of labs: containers, networks and documents. */
export async function listLabThings({ docker }: Pick<PrivateEngine, 'docker'>): Promise<string[]> {
  const label = ['--filter', 'label=io.terrarium.lab', '--format'];
  const lists = await Promise.all([
    docker('ps', '--all', ...label, '{{.Names}}'),
    docker('network', 'ls', ...label, '{{.Name}}'),
    docker('volume', 'ls', ...label, '{{.Name}}'),
  ]);
  return lists.flatMap(({ stdout }) => stdout.split('\n').filter((name) => name !== ''));
}
