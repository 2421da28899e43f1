// Overlays on two real engines of one swarm: made on the manager, used on both, one network wherever it is seen. What is refused says where it can be had.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { startEngineRelay } from '../support/engine-relay.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { uniqueName } from '../support/run-id.ts';
import { startSwarm } from '../support/swarm.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
const swarm = skip === false ? await startSwarm({ after }) : undefined;
const alone = skip === false ? await startPrivateEngine({ after }, { image: 'busybox:latest' }) : undefined;
const engines = [
  ...(swarm?.engines ?? []).map((engine) => ({ ...engine, labels: { room: engine.name } })),
  ...(alone === undefined ? [] : [{ name: 'alone', endpoint: alone.host, insecure: false }]),
];
const app = skip === false ? await startApp({ after }, { config: { engines } }) : undefined;

function given() {
  if (swarm === undefined || app === undefined) assert.fail();
  return { swarm, api: useApi(app, { after: () => {} }) };
}

/** A container of an engine, by name. */
async function create(engine: string, name: string, body: object = {}, mode = 'bridged') {
  const { api } = given();
  const { status, body: container } = await api.post(`/containers/${mode}`, {
    ...{ name, engine, command: ['httpd', '-f', '-p', '80'] },
    ...body,
  });
  assert.equal(status, 201, JSON.stringify(container));
  return container;
}

async function makeOverlay(name: string, body: object = {}) {
  const { api } = given();
  const made = await api.post('/networks', { name, driver: 'overlay', engine: 'manager', ...body });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body;
}

async function remove(...paths: string[]): Promise<void> {
  const { api } = given();
  for (const path of paths) {
    const { status, body } = await api.delete(path);
    assert.equal(status, 204, `${path}: ${JSON.stringify(body)}`);
  }
}

test('each engine says what it is in the swarm, and whether overlays are made there', { skip }, async () => {
  const { api, swarm: real } = given();
  const { body } = await api.get('/engines');
  const [manager, worker, other] = body;
  assert.deepEqual([manager.swarm.state, worker.swarm.state, other.swarm.state], ['manager', 'worker', 'inactive']);
  assert.deepEqual([manager.swarm.nodeId, worker.swarm.nodeId], [real.manager.id, real.worker.id]);
  assert.deepEqual([manager.swarm.address, worker.swarm.address], [real.manager.address, real.worker.address]);
  const { stdout } = await real.manager.engine.docker('info', '--format', '{{.Swarm.Cluster.ID}}');
  assert.equal(manager.swarm.clusterId, stdout.trim());
  assert.equal(worker.swarm.clusterId, stdout.trim(), 'known by its manager');
  assert.deepEqual(other.swarm, { state: 'inactive', nodeId: null, clusterId: null, address: null });
  assert.deepEqual(manager.capabilities.overlay, { available: true, reason: null });
  assert.match(worker.capabilities.overlay.reason, /worker.*made on manager/);
  assert.match(other.capabilities.overlay.reason, /in no swarm/);
});

test('only a manager makes an overlay; others name it', { skip }, async () => {
  const { api } = given();
  const onWorker = await api.post('/networks', { name: 'wrong', driver: 'overlay', engine: 'worker' });
  assert.deepEqual([onWorker.status, onWorker.body.code, onWorker.body.field], [409, 'state_conflict', 'engine']);
  assert.match(onWorker.body.hint, /"engine": "manager"/);
  assert.deepEqual(onWorker.body.managers, ['manager']);
  const nowhere = await api.post('/networks', { name: 'wrong', driver: 'overlay', engine: 'alone' });
  assert.deepEqual([nowhere.status, nowhere.body.code, nowhere.body.field], [422, 'engine_refused', 'driver']);
  assert.match(nowhere.body.hint, /"manager", which manages one/);
  for (const [body, field] of [
    [{ driver: 'overlay', attachable: false }, 'attachable'],
    [{ driver: 'overlay', subnet: '10.50.0.0/24', bip: '10.50.0.1/24' }, 'subnet'],
    [{ driver: 'overlay', encrypted: true, mtu: 1301 }, 'mtu'],
    [{ encrypted: true }, 'encrypted'],
    [{ subnet: '10.50.0.0/24' }, 'subnet'],
  ] as const) {
    const { status, body: problem } = await api.post('/networks', { name: 'wrong', engine: 'manager', ...body });
    assert.deepEqual([status, problem.code, problem.field], [400, 'invalid_request', field], JSON.stringify(problem));
  }
  assert.ok((await api.get('/networks')).body.every(({ name }: { name: string }) => name !== 'wrong'));
});

test('an overlay is one network on both engines, and containers on a worker are made on it by name', {
  skip,
}, async () => {
  const { api, swarm: real } = given();
  const over = await makeOverlay('over', { attachable: true, subnet: '10.60.0.0/24', mtu: 1300 });
  assert.deepEqual(
    [over.driver, over.scope, over.attachable, over.encrypted, over.mtu, over.engine, over.engines],
    ['overlay', 'swarm', true, false, 1300, 'manager', ['manager']],
  );
  const near = await create('manager', 'near', { network: 'over' });
  const far = await create('worker', 'far', { network: 'over', ip: '10.60.0.77', aliases: ['remote'] });
  assert.equal(far.networks[0].ipv4, '10.60.0.77');
  assert.equal(far.networks[0].driver, 'overlay');
  for (const [engine, name] of [
    [real.manager.engine, 'near'],
    [real.worker.engine, 'far'],
  ] as const) {
    const { stdout } = await engine.docker('exec', name, 'cat', '/sys/class/net/eth0/mtu');
    assert.equal(stdout.trim(), '1300', 'what is asked for is what its interfaces have');
  }
  const { body } = await api.get('/networks');
  const listed = body.filter(({ name }: { name: string }) => name === 'over');
  assert.equal(listed.length, 1);
  assert.deepEqual(listed[0].engines, ['manager', 'worker']);
  assert.deepEqual(
    listed[0].containers.map(({ name, engine }: { name: string; engine: string }) => [name, engine]),
    [
      ['near', 'manager'],
      ['far', 'worker'],
    ],
  );
  const onWorker = await api.get('/networks?engine=worker&driver=overlay');
  assert.ok(onWorker.body.some(({ id }: { id: string }) => id === over.id));
  const placement = { labels: { room: 'worker' } };
  const third = await api.post('/containers/bridged', { name: 'placed', placement, network: 'over' });
  assert.deepEqual([third.status, third.body.engine], [201, 'worker'], JSON.stringify(third.body));
  await remove('/containers/placed');
  // By the peer: names and packets cross.
  const fetched = await real.manager.engine.docker('exec', 'near', 'wget', '-q', '-S', '-O', '-', 'http://remote/');
  assert.match(fetched.stderr, /404|200/, fetched.stderr);

  const taken = await api.post('/containers/bridged', {
    name: 'late',
    engine: 'manager',
    network: 'over',
    ip: '10.60.0.77',
  });
  assert.deepEqual(
    [taken.status, taken.body.code, taken.body.field],
    [409, 'address_in_use', 'ip'],
    JSON.stringify(taken.body),
  );
  assert.equal(taken.body.holder.name, 'far');

  const inUse = await api.delete('/networks/over');
  assert.deepEqual([inUse.status, inUse.body.code], [409, 'network_in_use']);
  assert.match(inUse.body.detail, /"near" on manager, "far" on worker/);
  await remove(`/containers/${near.name}`, `/containers/${far.name}`, '/networks/over');
  await waitFor(
    async (see) => !see((await api.get('/networks')).body).some(({ id }: { id: string }) => id === over.id),
    {
      what: 'the overlay to be gone from both engines',
    },
  );
});

test('containers that run are put on an overlay and taken off, on either engine', { skip }, async () => {
  const { api } = given();
  await makeOverlay('join', { subnet: '10.61.0.0/24' });
  await create('worker', 'late');
  const connected = await api.post('/networks/join/connect', {
    container: 'late',
    ip: '10.61.0.9',
    aliases: ['tardy'],
  });
  assert.equal(connected.status, 200, JSON.stringify(connected.body));
  assert.deepEqual(connected.body.engines, ['manager', 'worker']);
  assert.deepEqual(
    connected.body.containers.map(({ name, engine, ipv4 }: Record<string, string>) => [name, engine, ipv4]),
    [['late', 'worker', '10.61.0.9']],
  );
  const again = await api.post('/networks/join/connect?engine=worker', { container: 'late' });
  assert.equal(again.status, 200, JSON.stringify(again.body));
  await create('alone', 'stranger');
  const stranger = await api.post('/networks/join/connect', { container: 'stranger' });
  assert.deepEqual([stranger.status, stranger.body.code, stranger.body.field], [422, 'engine_refused', 'container']);
  assert.match(stranger.body.detail, /"alone", which is not in the swarm/);
  const off = await api.post('/networks/join/disconnect', { container: 'late' });
  assert.equal(off.status, 200, JSON.stringify(off.body));
  assert.deepEqual(off.body.containers, []);
  await remove('/containers/late', '/containers/stranger', '/networks/join');
});

test('what is carried between engines is encrypted where that is asked for', { skip }, async () => {
  const { api, swarm: real } = given();
  const made = await makeOverlay('secret', { encrypted: true });
  assert.deepEqual([made.encrypted, made.mtu], [true, 1424]);
  await makeOverlay('clear');
  await create('manager', 'alice', { network: 'secret' });
  await create('worker', 'bob', { network: 'secret' });
  await create('manager', 'carol', { network: 'clear' });
  await create('worker', 'dave', { network: 'clear' });
  const { stdout } = await real.worker.engine.docker('exec', 'bob', 'cat', '/sys/class/net/eth0/mtu');
  assert.equal(stdout.trim(), '1424');

  // Whether the kernels can nobody sees; the rules that Docker makes for it are not in the way of others.
  await waitFor(async (see) => see((await predict('carol', 'dave'))?.code) === 'reaches', {
    what: 'the listener of dave',
  });
  assert.deepEqual(await predict('alice', 'bob'), { outcome: 'unknown', code: 'encryption_not_known' });
  const { body } = await api.get('/reachability?verify=true');
  assert.deepEqual(body.verification.disagreements, []);
  const names = ['alice', 'bob', 'carol', 'dave'];
  await remove(...names.map((name) => `/containers/${name}`), '/networks/secret', '/networks/clear');

  async function predict(from: string, to: string) {
    const { body: matrix } = await api.get('/reachability');
    const idOf = (name: string) => matrix.nodes.find((node: { name: string }) => node.name === name)?.id;
    const entry = matrix.entries.find(
      (one: Record<string, string>) =>
        one.from === idOf(from) && one.to === idOf(to) && one.at === 'own' && one.address?.startsWith('10.'),
    );
    return entry && { outcome: entry.outcome, code: entry.code };
  }
});

test('a node that was not told of an overlay yet is asked again', { skip }, async (t) => {
  const { swarm: real } = given();
  const relay = await startEngineRelay(t, real.manager.engine);
  const line = { name: 'manager', endpoint: relay.endpoint, insecure: false };
  const server = await startApp(t, { config: { engines: [line] } });
  const api = useApi(server, t);
  const name = uniqueName('told-late');
  assert.equal((await api.post('/networks', { name, driver: 'overlay' })).status, 201);
  const body = { name, network: name, command: ['sleep', '3600'] };
  // As an engine says it; it can be brought to it by chance only.
  const notTold = () => relay.answerNext(/^POST \S+\/start$/, 404, `network ${name} not found`);
  notTold();
  notTold();
  const made = await api.post('/containers/bridged', body);
  assert.deepEqual([made.status, made.body.state], [201, 'running'], JSON.stringify(made.body));
  assert.equal((await api.delete(`/containers/${name}`)).status, 204);
  for (let times = 0; times < 5; times += 1) notTold();
  const refused = await api.post('/containers/bridged', body);
  assert.deepEqual([refused.status, refused.body.code], [404, 'network_not_found']);
  assert.equal((await api.delete(`/networks/${name}`)).status, 204, 'it left nothing on it');
});
