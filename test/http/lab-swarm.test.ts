// One lab on two engines that are one Swarm, its containers joined by an overlay: made, proved on the live system, changed, moved, and removed without a
// trace; and what an engine or a server that dies in the middle leaves.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';
import request from 'supertest';
import type { LabFile } from '../../src/schemas/lab.ts';
import type { LabPlanView, LabView } from '../../src/schemas/lab-view.ts';
import { callApi } from '../support/api.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { labName } from '../support/labs.ts';
import { type PrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { type Swarm, startSwarm } from '../support/swarm.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
const swarm = skip === false ? await startSwarm({ after }) : (undefined as unknown as Swarm);

const startOnBoth = () => startApp({ after }, { config: { engines: swarm.engines, janitorIntervalMs: 1_000 } });

const serving = { command: ['httpd', '-f', '-p', '2222'] };
/** At home on the manager; `web` is there, `far` and who is joined to it on the worker, and an overlay spans the two. */
const file: LabFile = {
  networks: { wide: { driver: 'overlay', subnet: '10.97.0.0/24' }, own: { engine: 'worker' } },
  containers: {
    web: { mode: 'bridged', network: 'wide', ...serving, ready: ['up'] },
    far: { mode: 'bridged', engine: 'worker', network: 'wide', ...serving, after: ['web'] },
    mate: { mode: 'joined', target: 'far' },
    apart: { mode: 'bridged', engine: 'worker', network: 'own', ...serving },
    shut: { mode: 'closed', engine: 'worker' },
  },
  checks: {
    up: { container: 'web', listens: 2222 },
    there: { container: 'far', reaches: { container: 'web', port: 2222 } },
    back: { container: 'web', reaches: { container: 'far', port: 2222 } },
    'through-mate': { container: 'mate', reaches: { container: 'web', port: 2222 } },
    'to-mate': { container: 'web', reaches: { container: 'mate', port: 2222 } },
    'by-name': {
      container: 'web',
      exec: { command: ['wget', '-q', '-O', '-', 'http://far:2222/none'], exitCode: 1, stderr: '404' },
    },
    address: { container: 'far', address: '10.97.0.0/24' },
    shared: { container: 'mate', sharesNamespaceWith: 'far' },
    isolated: { container: 'web', isolatedFrom: 'far' },
    'no-way': { container: 'web', cannotReach: { container: 'apart', port: 2222 } },
    shut: { container: 'shut', cannotReach: { container: 'web', port: 2222 } },
    path: { container: 'far', path: { port: 2222, from: { container: 'web' } } },
  },
};
const whole = { manager: ['1', 'web', 'wide'], worker: ['apart', 'far', 'mate', 'own', 'shut'] };

/** What the engine holds of a lab, asked without the server. A worker shows an overlay for a moment longer than it is used: it counts on the manager. */
async function held({ docker }: PrivateEngine, lab: string): Promise<string[]> {
  const filter = ['--filter', `label=io.terrarium.lab=${lab}`];
  const isWorker = docker === swarm.worker.engine.docker;
  const texts = await Promise.all([
    docker('ps', '--all', ...filter, '--format', '{{.Names}}'),
    docker('network', 'ls', ...filter, ...(isWorker ? ['--filter', 'driver=bridge'] : []), '--format', '{{.Name}}'),
    docker('volume', 'ls', ...filter, '--format', '{{.Name}}'),
  ]);
  return texts
    .flatMap(({ stdout }) => stdout.split('\n').filter((line) => line !== ''))
    .map((name) => (name.startsWith(`${lab}-`) ? name.slice(lab.length + 1) : name.replace(/^terrarium-lab-.*-/, '')))
    .sort();
}
const onBoth = async (lab: string) => ({
  manager: await held(swarm.manager.engine, lab),
  worker: await held(swarm.worker.engine, lab),
});
const nothing = { manager: [], worker: [] };

async function prove(app: RunningApp, lab: string): Promise<void> {
  const { body } = await callApi(app, 'post', `/labs/${lab}/check?wait=30s`);
  assert.equal(
    body.status,
    'pass',
    JSON.stringify(
      body.results?.filter((one: { status: string }) => one.status !== 'pass'),
      null,
      1,
    ),
  );
}

test('a lab of two nodes: made, proved, planned, changed, moved, and gone from both', { skip }, async () => {
  const app = await startOnBoth();
  const lab = labName();
  const applied = await callApi(app, 'put', `/labs/${lab}`, file);
  assert.equal(applied.status, 200, JSON.stringify(applied.body));
  const shown: LabView = applied.body.lab;
  assert.deepEqual([shown.engine, shown.state], ['manager', 'as_described']);
  assert.deepEqual(
    shown.networks.map(({ key, engine }) => [key, engine]).sort(),
    [
      ['own', 'worker'],
      ['wide', 'manager'],
    ],
    'an overlay is one, whoever shows it',
  );
  assert.deepEqual(await onBoth(lab), whole);
  await prove(app, lab);
  assert.equal((await callApi(app, 'put', `/labs/${lab}`, file)).body.changed, false);
  assert.deepEqual((await callApi(app, 'get', '/audit')).body, { findings: [], away: [] });
  assert.equal((await callApi(app, 'get', '/labs')).body.filter(({ name }: LabView) => name === lab).length, 1);

  // What changed on one node, and what hangs on that; the overlay and the other node stay.
  const far = file.containers.far as Extract<LabFile['containers'][string], { mode: 'bridged' }>;
  const changed: LabFile = { ...file, containers: { ...file.containers, far: { ...far, env: { V: '2' } } } };
  const plan: LabPlanView = (await callApi(app, 'post', `/labs/${lab}/plan`, changed)).body;
  const touched = ({ steps }: LabPlanView) =>
    steps.filter((step) => step.do !== 'keep').map(({ do: verb, key }) => `${verb} ${key}`);
  assert.deepEqual(touched(plan), ['replace far', 'replace mate']);
  assert.equal((await callApi(app, 'put', `/labs/${lab}`, changed)).status, 200);
  await prove(app, lab);

  // Another overlay: all that is on it is made anew, on both.
  const wider: LabFile = {
    ...changed,
    networks: { ...file.networks, wide: { driver: 'overlay', subnet: '10.98.0.0/24' } },
    checks: { ...file.checks, address: { container: 'far', address: '10.98.0.0/24' } },
  };
  const replaced = await callApi(app, 'put', `/labs/${lab}`, wider);
  assert.equal(replaced.status, 200, JSON.stringify(replaced.body));
  await prove(app, lab);

  // From one node to the other, on the same overlay.
  const moved: LabFile = {
    ...wider,
    containers: { ...wider.containers, far: { ...far, engine: 'manager' } },
    checks: { ...wider.checks, there: { container: 'far', reaches: { container: 'web', port: 2222 } } },
  };
  const answer = await callApi(app, 'put', `/labs/${lab}`, moved);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.deepEqual((await onBoth(lab)).worker, ['apart', 'own', 'shut']);
  await prove(app, lab);

  const gone = await callApi(app, 'delete', `/labs/${lab}`);
  assert.deepEqual([gone.status, gone.body.removed], [200, { containers: 5, networks: 2 }], JSON.stringify(gone.body));
  assert.deepEqual(await onBoth(lab), nothing);
  await app.close();
});

test('the lab of the documentation is what it claims to be', { skip }, async () => {
  const app = await startOnBoth();
  const lab = labName();
  const text = await readFile(path.resolve(import.meta.dirname, '..', '..', 'docs', 'labs.md'), 'utf8');
  const [, example] = /```yaml\n(engine: manager\n[\s\S]*?)```/.exec(text) ?? [];
  assert.ok(example !== undefined, 'docs/labs.md shows a lab for two nodes');
  const applied = await request(app.url)
    .put(`/api/v1/labs/${lab}`)
    .set(app.headers)
    .type('application/yaml')
    .send(example);
  assert.equal(applied.status, 200, JSON.stringify(applied.body));
  await prove(app, lab);
  assert.equal((await callApi(app, 'delete', `/labs/${lab}`)).status, 200);
  assert.deepEqual(await onBoth(lab), nothing);
  await app.close();
});

test('two instances, at home on the worker: each has an overlay of its own, made on the manager', {
  skip,
}, async () => {
  const app = await startOnBoth();
  const lab = labName();
  const many: LabFile = {
    networks: { wide: { driver: 'overlay' } },
    containers: {
      web: { mode: 'bridged', network: 'wide', ...serving, ready: ['up'] },
      client: { mode: 'bridged', engine: 'manager', network: 'wide', after: ['web'] },
    },
    checks: {
      up: { container: 'web', listens: 2222 },
      reaches: { container: 'client', reaches: { container: 'web', port: 2222 } },
    },
  };
  const applied = await callApi(app, 'put', `/labs/${lab}?engine=worker&instances=2`, many);
  assert.equal(applied.status, 200, JSON.stringify(applied.body));
  assert.deepEqual(await onBoth(lab), {
    manager: ['1-client', '1-wide', '2-client', '2-wide'],
    worker: ['1', '1-web', '2-web'],
  });
  await prove(app, lab);
  assert.equal((await callApi(app, 'put', `/labs/${lab}?engine=worker&instances=2`, many)).body.changed, false);
  assert.equal((await callApi(app, 'get', '/labs')).body.filter(({ name }: LabView) => name === lab).length, 1);
  const gone = await callApi(app, 'delete', `/labs/${lab}`);
  assert.equal(gone.status, 200, JSON.stringify(gone.body));
  assert.deepEqual(await onBoth(lab), nothing);
  await app.close();
});

test('what one node refuses is undone on both, the overlay too', { skip }, async () => {
  const app = await startOnBoth();
  const lab = labName();
  const wrong: LabFile = {
    ...file,
    containers: {
      ...file.containers,
      late: { mode: 'closed', engine: 'worker', image: 'no-such-image:none', pull: 'never', after: ['mate'] },
    },
  };
  const refused = await callApi(app, 'put', `/labs/${lab}`, wrong);
  assert.equal(refused.body.code, 'image_not_found', JSON.stringify(refused.body));
  assert.deepEqual(await onBoth(lab), nothing);
  await app.close();
});

test('a worker that dies: nothing is begun, what can go goes, and the rest when it is back', { skip }, async () => {
  const app = await startOnBoth();
  const lab = labName();
  assert.equal((await callApi(app, 'put', `/labs/${lab}`, file)).status, 200);
  await swarm.worker.engine.kill();
  await waitFor(async (see) => see((await callApi(app, 'get', '/engines/worker')).body.state) === 'stale', {
    what: 'it to be away',
  });
  const refused = await callApi(app, 'put', `/labs/${lab}`, { ...file, ttl: '1h' });
  assert.deepEqual([refused.status, refused.body.code], [503, 'engine_unavailable']);
  assert.match(refused.body.detail, /is on the engine worker too/);
  const removed = await callApi(app, 'delete', `/labs/${lab}`);
  assert.deepEqual([removed.status, removed.body.left], [503, ['worker']], JSON.stringify(removed.body));
  const left = (await onBoth(lab)).manager;
  assert.ok(!left.includes('web'), 'what could go is gone');
  assert.ok(left.includes('wide'), 'the overlay stays as long as somebody is on it');
  assert.equal((await callApi(app, 'get', `/labs/${lab}`)).body.state, 'ending');
  await swarm.worker.engine.restart();
  await waitFor(async (see) => see(JSON.stringify(await onBoth(lab))) === JSON.stringify(nothing), {
    what: 'the rest to go',
    timeoutMs: 90_000,
    intervalMs: 250,
  });
  await app.close();
});
