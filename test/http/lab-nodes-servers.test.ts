// Servers of one lab on two nodes of a Swarm: one that is killed at any moment leaves what the next apply mends and the next removal ends; two at once end
// in one state.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type request from 'supertest';
import type { LabFile } from '../../src/schemas/lab.ts';
import type { LabView } from '../../src/schemas/lab-view.ts';
import { callApi } from '../support/api.ts';
import { defer } from '../support/defer.ts';
import type { Cleanup } from '../support/engine.ts';
import { labName } from '../support/labs.ts';
import { type PrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { seed, seededRandom } from '../support/seeded.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { type Swarm, startSwarm } from '../support/swarm.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

const random = seededRandom(seed);
const skip = whyNoPrivateEngine();
const isSweep = process.env.TERRARIUM_SWEEP !== undefined;
const swarm = skip === false ? await startSwarm({ after }) : (undefined as unknown as Swarm);

const lab = (value: string): LabFile => ({
  networks: { wide: { driver: 'overlay' } },
  containers: {
    web: { mode: 'bridged', network: 'wide', command: ['httpd', '-f', '-p', '80'], ready: ['up'], env: { V: value } },
    far: { mode: 'bridged', engine: 'worker', network: 'wide', after: ['web'] },
    mate: { mode: 'joined', target: 'far', env: { V: value } },
    lone: { mode: 'closed', engine: 'worker', env: { V: value } },
  },
  checks: {
    up: { container: 'web', listens: 80 },
    reaches: { container: 'mate', reaches: { container: 'web', port: 80 } },
  },
});
const members = 4;

async function startServer(cleanup: Cleanup): Promise<ServerProcess> {
  const folder = await mkdtemp(path.join(tmpdir(), 'terrarium-engines-'));
  defer(cleanup, () => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'engines.json');
  const engines = swarm.engines.map(({ name, endpoint }) => ({ name, endpoint }));
  await writeFile(file, JSON.stringify({ engines }));
  return startServerProcess(cleanup, { env: { TERRARIUM_ENGINES_FILE: file, DOCKER_HOST: undefined } });
}

/** What both engines hold of a lab, asked without the server: an overlay counts where it is made, our own lock too. */
async function held(name: string): Promise<string[]> {
  const ask = async ({ docker }: PrivateEngine, ...args: string[]) =>
    (await docker(...args)).stdout.split('\n').filter((line) => line !== '');
  const filter = ['--filter', `label=io.terrarium.lab=${name}`];
  const [manager, worker] = [swarm.manager.engine, swarm.worker.engine];
  const found = await Promise.all([
    ask(manager, 'ps', '--all', ...filter, '--format', 'manager {{.Names}}'),
    ask(worker, 'ps', '--all', ...filter, '--format', 'worker {{.Names}}'),
    ask(manager, 'network', 'ls', ...filter, '--format', 'network {{.Name}}'),
    ask(manager, 'volume', 'ls', ...filter, '--format', 'volume {{.Name}}'),
    ask(manager, 'ps', '--all', '--filter', `name=^terrarium-lab-${name}-lock`, '--format', 'lock {{.Names}}'),
  ]);
  return found.flat().sort();
}

/** A lock that was given up is called otherwise at once, and removed behind the answer. */
async function waitUntilNothingIsHeld(name: string): Promise<void> {
  await waitFor(async (see) => see(await held(name)).length === 0, { what: 'nothing to be left' });
}

const isBusy = ({ status, body }: Pick<request.Response, 'status' | 'body'>) =>
  status === 409 && ['lab_busy', 'name_taken', 'state_conflict'].includes(body.code);

test('killed at any moment of an apply, a change and a removal on two nodes', { skip }, async (t) => {
  const name = labName();
  const kills = isSweep ? 40 : 3;
  let server = await startServer(t);
  for (let round = 0; round < kills; round += 1) {
    const what = (['apply', 'change', 'remove'] as const)[round % 3];
    if (what === 'apply') await callApi(server, 'delete', `/labs/${name}`);
    else {
      const { status, body } = await callApi(server, 'put', `/labs/${name}`, lab('1'));
      assert.equal(status, 200, JSON.stringify(body));
    }
    const answered = (
      what === 'remove'
        ? callApi(server, 'delete', `/labs/${name}`)
        : callApi(server, 'put', `/labs/${name}`, lab(what === 'change' ? '2' : '1'))
    ).then(
      () => {},
      () => {},
    );
    await letTimePass(random() * 2_500, 'the kill comes at any moment');
    await server.kill('SIGKILL');
    await answered;
    server = await startServer(t);
    const next = server;
    // Its lock ends with its stdin, or is swept where it was never started.
    if (round % 2 === 0) {
      const applied = await waitFor(
        async (see) => {
          const answer = await callApi(next, 'put', `/labs/${name}`, lab('1'));
          see(answer.body);
          return !isBusy(answer) && answer;
        },
        { what: `an apply to be free after a kill in ${what}`, timeoutMs: 60_000, intervalMs: 250 },
      );
      assert.equal(applied.status, 200, `round ${round}, ${what}: ${JSON.stringify(applied.body)}`);
      const shown: LabView = applied.body.lab;
      assert.deepEqual([shown.state, shown.containers.length, shown.networks.length], ['as_described', members, 1]);
      const report = (await callApi(next, 'post', `/labs/${name}/check?wait=30s`)).body;
      assert.equal(report.status, 'pass', JSON.stringify(report));
      await waitFor(async (see) => see(await held(name)).length === members + 2, {
        what: `a network, a document and no lock after a kill in ${what}`,
      });
    } else {
      const { status, body } = await waitFor(
        async (see) => {
          const answer = await callApi(next, 'delete', `/labs/${name}`);
          see(answer.body);
          return !isBusy(answer) && answer;
        },
        { what: `a removal to be free after a kill in ${what}`, timeoutMs: 60_000, intervalMs: 250 },
      );
      assert.ok([200, 404].includes(status), `round ${round}, ${what}: ${JSON.stringify(body)}`);
      await waitUntilNothingIsHeld(name);
    }
  }
  const gone = await callApi(server, 'delete', `/labs/${name}`);
  assert.ok([200, 404].includes(gone.status), JSON.stringify(gone.body));
  await waitUntilNothingIsHeld(name);
});

test('two servers at once on two nodes: applies, and an apply beside a removal, end in one state', {
  skip,
}, async (t) => {
  const servers = await Promise.all([startServer(t), startServer(t)]);
  const [a, b] = servers as [ServerProcess, ServerProcess];
  const name = labName();
  const rounds = isSweep ? 12 : 2;
  for (let round = 0; round < rounds; round += 1) {
    const isRemoval = round % 2 === 1;
    const answers = await Promise.all([
      callApi(a, 'put', `/labs/${name}`, lab(`${round}`)),
      letTimePass(isRemoval ? random() * 400 : 0, 'the removal comes at any moment').then(() =>
        isRemoval ? callApi(b, 'delete', `/labs/${name}`) : callApi(b, 'put', `/labs/${name}`, lab(`${round}b`)),
      ),
    ]);
    for (const { status, body } of answers)
      assert.ok([200, 404].includes(status) || body.code === 'lab_busy', `round ${round}: ${JSON.stringify(body)}`);
    assert.ok(
      answers.some(({ status }) => status === 200),
      `round ${round}: nobody won`,
    );
    await waitFor(async (see) => see(await held(name)).every((one) => !one.startsWith('lock')), {
      what: 'the lock to go',
    });
    const shown = await Promise.all(servers.map((server) => callApi(server, 'get', `/labs/${name}`)));
    const states = shown.map(({ status, body }) => (status === 404 ? 'gone' : body.state));
    assert.ok(
      states.every((state) => state === states[0]),
      `round ${round}: ${states.join(', ')}`,
    );
    if (states[0] === 'gone') assert.deepEqual(await held(name), []);
    else {
      assert.equal(states[0], 'as_described', `round ${round}`);
      assert.equal((await held(name)).length, members + 2);
    }
  }
  await callApi(a, 'delete', `/labs/${name}`);
  await waitUntilNothingIsHeld(name);
  for (const server of servers) {
    const complaints = server
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{') && JSON.parse(line).level >= 40);
    assert.deepEqual(complaints, []);
  }
});
