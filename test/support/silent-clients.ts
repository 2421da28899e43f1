// Clients that never read (silent-clients.pl), in a container on this machine's network: a program of ours could not make its windows small.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Cleanup, callDocker, createTestContainer, docker, removeContainer } from './engine.ts';
import { waitFor } from './wait-for.ts';

export interface SilentClients {
  /** They read at last. Answers by close code how many were closed so; `cut` without one, `open` where the server still holds on. */
  readToEnd(): Promise<Record<string, number>>;
  /** They are gone, as a machine is that loses its power: nobody says goodbye. */
  vanish(): Promise<void>;
}

/** Connects so many to `http://127.0.0.1:PORT/PATH`; resolves when each was answered 101 and reads no more. */
export async function connectSilentClients(
  cleanup: Cleanup,
  { url, token, count }: { url: string; token: string; count: number },
): Promise<SilentClients> {
  const script = await readFile(path.join(import.meta.dirname, 'silent-clients.pl'), 'utf8');
  const { port, pathname, search } = new URL(url);
  const { id } = await createTestContainer(cleanup, {
    body: {
      Image: 'terrarium-test-base:trixie',
      Cmd: ['perl', '-e', script, String(count), port, pathname + search, token],
      HostConfig: { Init: false, NetworkMode: 'host' },
    },
  });
  const says = async (pattern: RegExp): Promise<RegExpExecArray> => {
    const said = await waitFor(
      async (see) => {
        const { stdout, stderr } = see(await docker('logs', id));
        return stderr !== '' ? stderr : pattern.exec(stdout);
      },
      { what: `the silent clients to say ${pattern}`, intervalMs: 100 },
    );
    if (typeof said === 'string') throw new Error(`the silent clients: ${said}`);
    return said;
  };
  await says(/^silent$/m);
  return {
    async readToEnd() {
      await callDocker('POST', `/containers/${id}/kill?signal=USR1`);
      const [, words = ''] = await says(/^closed (.*)$/m);
      const pairs = [...words.matchAll(/(\w+) (\d+)/g)];
      return Object.fromEntries(pairs.map(([, code, times]) => [code, Number(times)]));
    },
    vanish: () => removeContainer(id),
  };
}
