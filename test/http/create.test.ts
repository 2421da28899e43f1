// Creating: what is sent, what comes back, names, life times, labs, and what a dry run shows.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import type { Container, Mode } from '../../src/schemas/container.ts';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { dockerApi, execInContainer, inspectContainer, removeContainer, removeNetwork } from '../support/engine.ts';
import { startEngineRelay } from '../support/engine-relay.ts';
import { uniqueName } from '../support/run-id.ts';

const relay = await startEngineRelay({ after });
const server = await startApp({ after }, { env: { DOCKER_HOST: relay.endpoint } });

const isOnEngine = async (name: string) => (await dockerApi('GET', `/containers/${name}/json`)).status === 200;
const hasNetwork = async (name: string) => (await dockerApi('GET', `/networks/${name}`)).status === 200;

test('a dry run shows the exact body that is then sent, and makes nothing', async (t) => {
  const api = useApi(server, t);
  const target = await api.create('bridged');
  const bodies: [Mode, object][] = [
    ['closed', {}],
    ['bridged', { hostname: 'b.lab', dns: ['9.9.9.9'], env: { A: 'b' }, workingDir: '/tmp', user: '1000' }],
    ['joined', { target: target.name, capabilities: ['NET_RAW'] }],
    [
      'open',
      { ports: ['2222', '127.0.0.1::81/udp'], limits: { memory: '64m', cpus: 0.5, pids: 20 }, labels: { x: 'y' } },
    ],
    ['open', { host: true, command: ['sleep', '100'], entrypoint: ['/bin/busybox'], autoRemove: true }],
  ];
  for (const [mode, body] of bodies) {
    const name = uniqueName(mode);
    const dry = await api.post(`/containers/${mode}?dryRun=true`, { name, ...body });
    assert.equal(dry.status, 200, JSON.stringify(dry.body));
    assert.deepEqual([dry.body.mode, dry.body.engine, dry.body.name], [mode, 'local', name]);
    assert.ok(Array.isArray(dry.body.warnings));
    assert.equal(await isOnEngine(name), false);
    assert.equal(relay.sentBody(name), null);

    await api.create(mode, { name, ...body });
    assert.deepEqual(relay.sentBody(name), dry.body.request);
  }
  const container = await api.post('/containers/joined?dryRun=true', { target: target.name });
  assert.equal(container.body.request.HostConfig.NetworkMode, `container:${target.id}`, 'references are resolved');
});

test('201 answers the container, where it is, and what the engine has of it', async (t) => {
  const api = useApi(server, t);
  const { status, headers, body } = await api.tryCreate('bridged', {
    env: ['GREETING=hello world'],
    workingDir: '/tmp',
    user: '1000:1000',
    hostname: 'inside.lab',
    labels: { team: 'a' },
    command: ['sleep', '1000'],
    restart: 'on-failure:3',
  });
  const container = body as Container;
  assert.equal(status, 201);
  assert.equal(headers.location, `/api/v1/containers/${container.id}`);
  assert.deepEqual((await api.get(`/containers/${container.id}`)).body, container);
  assert.deepEqual(
    [container.command, container.image, container.owner, container.managed],
    [['sleep', '1000'], 'busybox:latest', 'admin', true],
  );
  const { stdout } = await execInContainer(
    container.id,
    'sh',
    '-c',
    'echo "$GREETING $(pwd) $(id -u):$(id -g) $(hostname)"',
  );
  assert.equal(stdout, 'hello world /tmp 1000:1000 inside.lab\n');
  const { Config, HostConfig } = await inspectContainer(container.id);
  assert.deepEqual([Config.Labels.team, HostConfig.RestartPolicy], ['a', { Name: 'on-failure', MaximumRetryCount: 3 }]);
});

test('without a command the default image stays up', async (t) => {
  const container = await useApi(server, t).create('closed');
  assert.equal((await execInContainer(container.id, 'true')).code, 0);
});

test('without a name one is made up; one that is taken is refused, naming who has it', async (t) => {
  const api = useApi(server, t);
  const { status, body } = await api.post('/containers/closed', {});
  t.after(() => removeContainer(body.id));
  assert.equal(status, 201);
  assert.match(body.name, /^[a-z]+-[a-z]+-[0-9a-f]{6}$/);
  const taken = await api.post('/containers/closed', { name: body.name });
  assert.deepEqual(
    [taken.status, taken.body.code, taken.body.field, taken.body.holder.id],
    [409, 'name_taken', 'name', body.id],
  );
  assert.ok(taken.body.detail.includes(body.name));
  assert.equal(await isOnEngine(body.name), true, 'the one that has the name is still there');
});

test('a life time is counted by the clock of the engine', async (t) => {
  const api = useApi(server, t);
  // The engine has this machine's clock, and Terrarium knows it to the length of a call.
  const slackMs = 5_000;
  const askedAt = Date.now();
  const container = await api.create('closed', { ttl: '2h' });
  const begin = Date.parse(container.expiresAt ?? '') - 2 * 3600_000;
  assert.ok(
    begin >= askedAt - slackMs && begin <= Date.parse(container.createdAt) + slackMs,
    `asked for at ${new Date(askedAt).toISOString()}, made at ${container.createdAt}, it lives until ${container.expiresAt}`,
  );
});

test('one that ends and removes itself at once was made all the same', async (t) => {
  const { status, body } = await useApi(server, t).tryCreate('closed', { command: ['true'], autoRemove: true });
  assert.equal(status, 201, JSON.stringify(body));
  assert.ok(['running', 'exited', 'removing'].includes(body.state), body.state);
});

test('the engine is named once, and has to be known', async (t) => {
  const api = useApi(server, t);
  assert.equal((await api.create('closed', { engine: 'local' })).engine, 'local');
  const unknown = await api.tryCreate('closed', { engine: 'mars' });
  assert.deepEqual([unknown.status, unknown.body.code, unknown.body.field], [404, 'engine_not_found', 'engine']);
  const twice = await api.post('/containers/closed?engine=local', { engine: 'mars' });
  assert.deepEqual([twice.status, twice.body.field], [400, 'engine']);
});

test("a lab's own network appears with its first container and goes with its last", async (t) => {
  const api = useApi(server, t);
  const lab = uniqueName('lab').toLowerCase();
  const network = `${lab}-default`;
  t.after(() => removeNetwork(network));
  const dry = await api.post('/containers/bridged?dryRun=true', { lab });
  assert.equal(dry.body.request.HostConfig.NetworkMode, network);
  assert.match(dry.body.warnings.join(), /will be made/);
  assert.equal(await hasNetwork(network), false);

  // Several at once: one network.
  const made = await Promise.all([
    api.create('bridged', { lab, aliases: ['one'] }),
    api.create('bridged', { lab }),
    api.create('open', { lab, ports: ['2222'] }),
  ]);
  for (const { lab: shown, networks } of made) assert.deepEqual([shown, networks[0]?.name], [lab, network]);
  const { body: facts } = await dockerApi('GET', `/networks/${network}`);
  assert.deepEqual([facts.Labels['io.terrarium.managed'], facts.Labels['io.terrarium.lab']], ['true', lab]);
  assert.equal(Object.keys(facts.Containers).length, 3);
  const ping = await execInContainer(made[1].id, 'ping', '-c', '1', '-w', '5', 'one');
  assert.equal(ping.code, 0, ping.stderr + ping.stdout);

  const closed = await api.create('closed', { lab });
  const listed: Container[] = (await api.get(`/containers?lab=${lab}`)).body;
  assert.deepEqual(listed.map(({ id }) => id).sort(), [...made, closed].map(({ id }) => id).sort());

  // The last is stopped, so nothing is connected, and it still refers to its network.
  await api.post(`/containers/${made[2].id}/stop?timeout=0`);
  await Promise.all([api.delete(`/containers/${made[0].id}`), api.delete(`/containers/${made[1].id}`)]);
  assert.equal(await hasNetwork(network), true);
  await api.delete(`/containers/${made[2].id}`);
  assert.equal(await hasNetwork(network), false, 'gone with the last that refers to it, though the lab goes on');
});

test("a lab's container stays off the default bridge, and others' networks are not taken for the lab's", async (t) => {
  const api = useApi(server, t);
  const lab = uniqueName('lab').toLowerCase();
  await dockerApi('POST', '/networks/create', { Name: `${lab}-default`, Labels: { 'io.terrarium.test': 'x' } });
  t.after(() => removeNetwork(`${lab}-default`));
  const { status, body } = await api.tryCreate('bridged', { lab });
  assert.deepEqual([status, body.code, body.field], [409, 'name_taken', 'lab']);
  const named = await api.create('bridged', { lab, network: 'bridge' });
  assert.equal(named.networks[0]?.name, 'bridge');
});

test('a start that finds the network of its lab removed makes it again', async (t) => {
  const api = useApi(server, t);
  const lab = uniqueName('lab').toLowerCase();
  const network = `${lab}-default`;
  t.after(() => removeNetwork(network));
  // What another server does that has just removed the last container of the lab.
  relay.beforeAnswer(/POST .*\/containers\/create\?/, () => dockerApi('DELETE', `/networks/${network}`));
  const container = await api.create('bridged', { lab });
  assert.equal(container.networks[0]?.name, network);
});

test('what joined refuses is refused by name, with a hint, before anything is made', async (t) => {
  const api = useApi(server, t);
  const target = await api.create('bridged');
  const fields = {
    hostname: 'h',
    dns: ['1.1.1.1'],
    links: ['a'],
    mac: '02:00:00:00:00:01',
    network: 'bridge',
    ip: '172.17.0.99',
    aliases: ['a'],
    ports: ['80'],
    publishAll: true,
  };
  for (const [field, value] of Object.entries(fields)) {
    const name = uniqueName('joined');
    const { status, body } = await api.post('/containers/joined', { name, target: target.id, [field]: value });
    assert.deepEqual([status, body.code, body.field], [400, 'invalid_request', field]);
    assert.ok(body.hint && body.detail.includes(field));
    assert.equal(await isOnEngine(name), false);
  }
});

test('a target that is not there, or does not run, is named', async (t) => {
  const api = useApi(server, t);
  const target = await api.create('closed');
  await api.post(`/containers/${target.id}/stop?timeout=0`);
  const stopped = await api.tryCreate('joined', { target: target.name });
  assert.deepEqual([stopped.status, stopped.body.code, stopped.body.field], [409, 'container_not_running', 'target']);
  assert.ok(stopped.body.detail.includes(target.name) && stopped.body.hint.includes('/start'));
  const missing = await api.tryCreate('joined', { target: 'nobody-of-that-name' });
  assert.deepEqual([missing.status, missing.body.code, missing.body.field], [404, 'container_not_found', 'target']);
});

test('a target that someone made or started a moment ago is known', async (t) => {
  const api = useApi(server, t);
  const name = uniqueName('fresh');
  t.after(() => removeContainer(name));
  await dockerApi('POST', `/containers/create?name=${name}`, {
    Image: 'busybox:latest',
    Cmd: ['sleep', '1000'],
    HostConfig: { Init: true },
  });
  await dockerApi('POST', `/containers/${name}/start`);
  assert.equal((await api.create('joined', { target: name })).joinedTo?.name, name);
});
