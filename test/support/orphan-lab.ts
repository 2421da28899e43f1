// What the tests of stranded containers share: a server on an engine of the test's own, what the engine itself says of its containers' starts, and
// the kernel's word on who is in one namespace.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import type { Container } from '../../src/schemas/container.ts';
import { type Api, useApi } from './api.ts';
import { type RunningApp, startApp } from './app.ts';
import { defer } from './defer.ts';
import { docker, inspectContainer, runCommand } from './engine.ts';
import type { PrivateEngine } from './private-engine.ts';
import { connectStream, type StreamClient } from './stream-client.ts';
import { waitFor } from './wait-for.ts';

const untilTold = 'trap "exit 0" TERM; while :; do sleep 1 & wait $!; done';
/** They end at once when they are told to, so that what is measured is not their patience. */
export const quick = {
  idle: { command: ['sh', '-c', untilTold] },
  serving: { command: ['sh', '-c', `httpd -p 80; ${untilTold}`] },
} as const;

interface Named {
  readonly id: string;
  readonly name: string;
}

export interface OrphanLab {
  readonly server: RunningApp;
  readonly api: Api;
  show(one: Pick<Named, 'id'>): Promise<Container>;
  /** Waits until the member, by name, shares the network of the target: by the kernel, and by what the server says. */
  healed(member: Pick<Named, 'name'>, target: Pick<Named, 'id'>): Promise<Container>;
  /** By the engine's own account, since the lab was opened. */
  countStarts(one: Pick<Named, 'id'>): number;
  /**
   * Strands one more member and waits until the server has healed it and heals nothing else. Every member that was stranded before, and that the server heals
   * at all, is healed by then. For tests that expect the server not to heal a member.
   */
  outlastHealing(): Promise<void>;
  follow(path: string): Promise<StreamClient>;
}

/** DOCKER_HOST has to be the engine's. */
export async function openOrphanLab(t: TestContext, engine: PrivateEngine | undefined): Promise<OrphanLab> {
  const countStarts = await followStarts(t);
  const server = await startApp(t);
  const api = useApi(server, t);
  let witness: { readonly target: Container; readonly member: Container } | undefined;

  async function makeWitness() {
    const target = await api.create('bridged', quick.serving);
    return { target, member: await api.create('joined', { target: target.id, rejoin: 'auto', ...quick.idle }) };
  }

  const lab: OrphanLab = {
    server,
    api,
    show: async ({ id }) => (await api.get(`/containers/${id}`)).body,
    async outlastHealing() {
      witness ??= await makeWitness();
      const { target, member } = witness;
      const starts = countStarts(member.id);
      await docker('restart', '--time', '0', target.name);
      await lab.healed(member, target);
      // Events arrive in order, so earlier starts of other containers have been counted too.
      await waitFor((see) => see(countStarts(member.id)) > starts, { what: 'the event of the start of the witness' });
      await waitFor(async (see) => see(await listLocks()).length === 0, { what: 'nothing to be healed any more' });
    },
    healed: ({ name }, target) =>
      waitFor(
        async (see) => {
          const shown: Container = (await api.get(`/containers/${name}`)).body;
          const isWell = shown.state === 'running' && !shown.orphaned;
          return isWell && see(await readNet(engine, shown.id)) === (await readNet(engine, target.id)) && shown;
        },
        { what: `${name} to be healed` },
      ),
    countStarts: ({ id }) => countStarts(id),
    follow: (path) => connectStream(t, `${server.url}/api/v1/${path}`, { headers: { ...server.headers } }),
  };
  return lab;
}

/** Names of the locks that there are. */
export async function listLocks(): Promise<string[]> {
  const { stdout } = await docker('ps', '--all', '--format', '{{.Names}}', '--filter', 'name=^terrarium-rejoin-');
  return stdout.split('\n').filter((name) => name !== '');
}

async function readNet(engine: PrivateEngine | undefined, container: string): Promise<string> {
  const { Pid } = (await inspectContainer(container)).State;
  const enter = ['--target', String(engine?.pid), '--mount', '--pid', '--', 'readlink', `/proc/${Pid}/ns/net`];
  return (await runCommand('nsenter', enter)).stdout.trim();
}

/** Counts the starts of each container, from now on. The engine remembers 256 events only, so they are followed. */
export async function followStarts(t: TestContext): Promise<(id: string) => number> {
  // It begins with a moment ago, and so at once.
  const args = ['events', '--since', '1s', '--filter', 'event=start', '--format', '{{.ID}}'];
  const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child, 'spawn');
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  defer(t, () => void child.kill('SIGKILL'));
  return (id) => text.split('\n').filter((line) => line === id).length;
}
