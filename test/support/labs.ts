// Labs of one test file: applied through the API, and removed after the test without it, by labels: containers, networks and documents.
import assert from 'node:assert/strict';
import request, { type Test } from 'supertest';
import type { LabFile } from '../../src/schemas/lab.ts';
import type { RunningApp } from './app.ts';
import { defer } from './defer.ts';
import { type Cleanup, callDocker, dockerApi, listContainerIds, removeContainer, removeNetwork } from './engine.ts';
import type { PrivateEngine } from './private-engine.ts';
import { runId } from './run-id.ts';
import { waitFor } from './wait-for.ts';

/** A small lab: two bridges, a published server, and one that is joined to it. */
export const smallLab: LabFile = {
  networks: { lan: null },
  containers: {
    web: { mode: 'open', network: 'lan', command: ['httpd', '-f', '-p', '2222'], ports: [2222] },
    mate: { mode: 'joined', target: 'web' },
    t1: { mode: 'closed' },
    t2: { mode: 'bridged', network: 'lan' },
  },
};

let count = 0;

/** A name that no other lab has. */
export function labName(): string {
  count += 1;
  return `lab-${runId}-${count}`.toLowerCase();
}

/** What the engine holds of a lab, asked without the server. */
export async function findLeft(lab: string): Promise<string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`io.terrarium.lab=${lab}`] }));
  const ids = await listContainerIds(`io.terrarium.lab=${lab}`);
  const networks = await callDocker<{ Name: string }[]>('GET', `/networks?filters=${filters}`);
  const { Volumes } = await callDocker<{ Volumes: { Name: string }[] | null }>('GET', `/volumes?filters=${filters}`);
  const lock = await dockerApi('GET', `/containers/terrarium-lab-${lab}-lock/json`);
  return [
    ...ids.map((id) => `container ${id.slice(0, 12)}`),
    ...networks.map(({ Name }) => `network ${Name}`),
    ...(Volumes ?? []).map(({ Name }) => `volume ${Name}`),
    ...(lock.status === 200 ? ['its lock'] : []),
  ];
}

/** Removes whatever is left of a lab. */
export async function clearLab(lab: string): Promise<void> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`io.terrarium.lab=${lab}`] }));
  await removeContainer(`terrarium-lab-${lab}-lock`);
  for (const id of await listContainerIds(`io.terrarium.lab=${lab}`)) await removeContainer(id);
  for (const { Id } of await callDocker<{ Id: string }[]>('GET', `/networks?filters=${filters}`))
    await removeNetwork(Id);
  const { Volumes } = await callDocker<{ Volumes: { Name: string }[] | null }>('GET', `/volumes?filters=${filters}`);
  for (const { Name } of Volumes ?? []) await dockerApi('DELETE', `/volumes/${Name}`);
}

export interface LabApi {
  /** `PUT /labs/NAME`, whatever it answers. */
  put(lab: string, file: LabFile | string, query?: string): Test;
  /** The same, expecting 200. */
  apply(lab: string, file: LabFile | string, query?: string): Promise<{ changed: boolean; lab: LabAnswer }>;
  call(method: 'get' | 'post' | 'put' | 'delete', path: string, body?: object): Test;
}

/** The part of a lab that the tests read. */
interface LabAnswer {
  readonly name: string;
  readonly state: string;
  readonly document: string;
  readonly generation: number;
  readonly expiresAt: string | null;
  readonly containers: readonly {
    readonly key: string | null;
    readonly id: string;
    readonly name: string;
    readonly state: string;
  }[];
  readonly networks: readonly { readonly key: string | null; readonly id: string; readonly name: string }[];
}

/** Every lab that is put is cleared after the test. */
export function useLabs({ url, headers }: Pick<RunningApp, 'url' | 'headers'>, cleanup: Cleanup): LabApi {
  const put: LabApi['put'] = (lab, file, query = '') => {
    defer(cleanup, () => clearLab(lab));
    const text = typeof file === 'string' ? file : JSON.stringify(file);
    return request(url).put(`/api/v1/labs/${lab}${query}`).set(headers).type('application/yaml').send(text);
  };
  return {
    put,
    async apply(lab, file, query) {
      const { status, body } = await waitFor(
        async (see) => {
          const answer = await put(lab, file, query);
          // Two cores and many tests: the server says when it has too much to do.
          return see(answer.body.code) !== 'overloaded' && answer;
        },
        { what: `${lab} to be applied`, timeoutMs: 120_000, intervalMs: 1_000 },
      );
      assert.equal(status, 200, JSON.stringify(body));
      return body;
    },
    call(method, path, body) {
      const test = request(url)[method](`/api/v1${path}`).set(headers);
      return body === undefined ? test : test.send(body);
    },
  };
}

/** Names of what an engine holds of a lab, its documents too, asked without the server. */
export async function listLabObjects(docker: PrivateEngine['docker'], lab: string): Promise<string[]> {
  const filter = ['--filter', `label=io.terrarium.lab=${lab}`];
  const texts = await Promise.all([
    docker('ps', '--all', ...filter, '--format', '{{.Names}}'),
    docker('network', 'ls', ...filter, '--format', '{{.Name}}'),
    docker('volume', 'ls', ...filter, '--format', '{{.Name}}'),
  ]);
  return texts.flatMap(({ stdout }) => stdout.split('\n').filter((line) => line !== '')).sort();
}
