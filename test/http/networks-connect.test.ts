// Containers put on networks and taken off over HTTP, on the real engine: what others see of it, what is refused, and that nothing is left of a refusal.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import type { NetworkAttachment } from '../../src/schemas/container.ts';
import type { Network } from '../../src/schemas/network.ts';
import { type Api, useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import {
  type Cleanup,
  callDocker,
  createTestContainer,
  createTestNetwork,
  docker,
  execInContainer,
  inspectContainer,
  removeContainer,
} from '../support/engine.ts';
import { createNetwork, randomNet, randomNet6 } from '../support/networks.ts';
import { uniqueName } from '../support/run-id.ts';
import { waitFor } from '../support/wait-for.ts';

const server = await startApp({ after });

const endpointsOf = async (api: Api, id: string): Promise<NetworkAttachment[]> =>
  (await api.get(`/containers/${id}`)).body.networks;

/** A network with a subnet of its own choice, and the first three numbers of that. */
async function makeNet(api: Api, t: Cleanup, more: Record<string, unknown> = {}) {
  const net = randomNet();
  const network = await createNetwork(api, t, { bip: `${net}.1/24`, ...more });
  return { net, network, path: `/networks/${network.name}` };
}

test('a running container is put on a network with an address and a name, and others reach it there', async (t) => {
  const api = useApi(server, t);
  const net6 = randomNet6();
  const { net, network, path } = await makeNet(api, t, { ipv6: true, 'fixed-cidr-v6': `${net6}::/64` });
  const moved = await api.create('bridged');
  const there = await api.create('bridged', { network: network.name });
  const wish = { container: moved.name, ip: `${net}.77`, ip6: `${net6}::77`, aliases: ['seven'] };
  const { status, body } = await api.post(`${path}/connect`, wish);
  assert.equal(status, 200, JSON.stringify(body));
  const member = (body as Network).containers.find(({ id }) => id === moved.id);
  assert.deepEqual([member?.ipv4, member?.ipv6], [`${net}.77`, `${net6}::77`]);
  assert.deepEqual((await endpointsOf(api, moved.id)).map(({ name, ipv4 }) => [name, ipv4])[1], [
    network.name,
    `${net}.77`,
  ]);
  const ping = await execInContainer(there.id, 'ping', '-c', '1', '-w', '5', 'seven');
  assert.equal(ping.code, 0, ping.stderr);

  const again = await api.post(`${path}/connect`, wish);
  assert.equal(again.status, 200, 'asking for what is so is not an error');
  for (const [field, value] of [
    ['ip', `${net}.78`],
    ['ip6', `${net6}::78`],
    ['aliases', ['eight']],
  ] as const) {
    const other = await api.post(`${path}/connect`, { ...wish, [field]: value });
    assert.deepEqual([other.status, other.body.code, other.body.field], [409, 'state_conflict', field]);
  }

  const off = await api.post(`${path}/disconnect`, { container: moved.name });
  assert.deepEqual([off.status, off.body.containers.map(({ id }: { id: string }) => id)], [200, [there.id]]);
  assert.deepEqual(
    (await endpointsOf(api, moved.id)).map(({ name }) => name),
    ['bridge'],
  );
  assert.equal((await api.post(`${path}/disconnect`, { container: moved.name })).status, 200);
  assert.equal((await api.post('/networks/bridge/disconnect', { container: moved.name, force: true })).status, 200);
  assert.deepEqual(await endpointsOf(api, moved.id), []);
  assert.equal((await api.get(`/containers/${moved.id}`)).body.effective, 'closed');
});

test('a container that does not run is put on a network and taken off, for its next start', async (t) => {
  const api = useApi(server, t);
  const { net, network, path } = await makeNet(api, t);
  const stopped = await api.create('bridged', { command: ['sleep', '600'] });
  await api.post(`/containers/${stopped.id}/stop?timeout=0`);
  const { status, body } = await api.post(`${path}/connect`, { container: stopped.name, ip: `${net}.5` });
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual([body.containers[0].state, body.containers[0].ipv4], ['exited', null]);
  assert.equal((await api.post(`/containers/${stopped.id}/start`)).status, 200);
  assert.equal((await endpointsOf(api, stopped.id)).find(({ name }) => name === network.name)?.ipv4, `${net}.5`);
  await api.post(`/containers/${stopped.id}/stop?timeout=0`);
  assert.equal((await api.post(`${path}/disconnect`, { container: stopped.name })).status, 200);
  assert.equal((await api.post(`/containers/${stopped.id}/start`)).status, 200);
  assert.deepEqual(
    (await endpointsOf(api, stopped.id)).map(({ name }) => name),
    ['bridge'],
  );
});

test('it is told as an event', async (t) => {
  const api = useApi(server, t);
  const { network, path } = await makeNet(api, t);
  const { id, name } = await api.create('bridged');
  const stream = new AbortController();
  t.after(() => stream.abort());
  const answer = await fetch(`${server.url}/api/v1/events?container=${id}`, {
    headers: { ...server.headers, accept: 'application/x-ndjson' },
    signal: stream.signal,
  });
  let text = '';
  void (async () => {
    for await (const chunk of answer.body ?? []) text += Buffer.from(chunk).toString();
  })().catch(() => {});
  await waitFor((see) => see(text).includes('"snapshot"'), { what: 'the stream to begin' });
  await api.post(`${path}/connect`, { container: name });
  await api.post(`${path}/disconnect`, { container: name });
  const told = () =>
    text
      .split('\n')
      .filter((line) => line.includes(`"network":"${network.name}"`))
      .map((line) => JSON.parse(line).event);
  await waitFor((see) => see(told()).length === 2, { what: 'both events' });
  assert.deepEqual(told(), ['container.connected', 'container.disconnected']);
});

test('who has no network of its own is refused with the way out', async (t) => {
  const api = useApi(server, t);
  const { network, path } = await makeNet(api, t);
  const target = await api.create('bridged');
  const joined = await api.create('joined', { target: target.name });
  const closed = await api.create('closed');
  const hosted = await api.create('open', { host: true });
  const foreign = await createTestContainer(t);
  await waitFor(async (see) => see((await api.get(`/containers/${foreign.id}`)).status) === 200, {
    what: 'it to be seen',
  });
  const refused = async (to: string, verb: string, container: string) => {
    const { status, body } = await api.post(`${to}/${verb}`, { container });
    assert.ok(status >= 400 && body.detail.includes(container), JSON.stringify(body));
    return [status, body.code, body.hint] as const;
  };
  for (const verb of ['connect', 'disconnect']) {
    const [status, code, hint] = await refused(path, verb, joined.name);
    assert.deepEqual([status, code], [409, 'state_conflict']);
    assert.ok(hint.includes(target.name), 'the target is the way out');
    assert.deepEqual((await refused(path, verb, hosted.name)).slice(0, 2), [409, 'state_conflict']);
    assert.deepEqual((await refused(path, verb, foreign.name)).slice(0, 2), [403, 'not_managed']);
    assert.deepEqual((await refused(path, verb, 'nobody-of-this-name')).slice(0, 2), [404, 'container_not_found']);
  }
  assert.match((await refused(path, 'connect', closed.name))[2], /bridged/);
  for (const builtIn of ['host', 'none']) {
    const { status, body } = await api.post(`/networks/${builtIn}/connect`, { container: target.name });
    assert.deepEqual([status, body.code], [400, 'invalid_request']);
  }
  assert.equal((await api.post('/networks/none/disconnect', { container: closed.name })).status, 400);
  assert.equal((await api.post('/networks/no-such-net/connect', { container: target.name })).status, 404);
  assert.equal(
    (await api.post(`${path}/connect`, { container: target.name, mac: '02:42:0a:00:00:01' })).body.field,
    'mac',
  );
  assert.equal((await api.post(`${path}/connect`, {})).status, 400);
  assert.deepEqual((await callDocker('GET', `/networks/${network.id}`)).Containers, {});
});

test("a container of ours may be on somebody else's bridge", async (t) => {
  const api = useApi(server, t);
  const { name } = await createTestNetwork(t);
  const container = await api.create('bridged');
  const { status, body } = await api.post(`/networks/${name}/connect`, { container: container.name });
  assert.deepEqual([status, body.managed, body.containers[0]?.id], [200, false, container.id]);
  // Docker chose its subnet, and then takes no address of anybody's choice.
  const other = await api.create('bridged');
  const chosen = await api.post(`/networks/${name}/connect`, {
    container: other.name,
    ip: body.bip.replace(/\d+\/\d+$/, '77'),
  });
  assert.deepEqual([chosen.status, chosen.body.code, chosen.body.field], [422, 'engine_refused', 'ip']);
  assert.deepEqual(
    (await endpointsOf(api, other.id)).map((one) => one.name),
    ['bridge'],
  );
});

test('an address that is not to be had is refused before Docker keeps it', async (t) => {
  const api = useApi(server, t);
  const { net, path } = await makeNet(api, t);
  const holder = await api.create('bridged');
  const late = await api.create('bridged');
  assert.equal((await api.post(`${path}/connect`, { container: holder.name, ip: `${net}.9` })).status, 200);
  const cases: [object, number, string, string][] = [
    [{ ip: `${net}.9` }, 409, 'address_in_use', 'ip'],
    [{ ip: `${net}.1` }, 409, 'address_in_use', 'ip'],
    [{ ip: `${net}.0` }, 409, 'address_in_use', 'ip'],
    [{ ip: `${net}.255` }, 409, 'address_in_use', 'ip'],
    [{ ip: '192.0.2.9' }, 400, 'invalid_request', 'ip'],
    [{ ip6: 'fd00::9' }, 400, 'invalid_request', 'ip6'],
  ];
  for (const [wish, ...expected] of cases) {
    const { status, body } = await api.post(`${path}/connect`, { container: late.name, ...wish });
    assert.deepEqual([status, body.code, body.field], expected, JSON.stringify([wish, body]));
  }
  const { body } = await api.post(`${path}/connect`, { container: late.name, ip: `${net}.9` });
  assert.deepEqual(body.holder, { id: holder.id, name: holder.name });
  assert.deepEqual(Object.keys((await inspectContainer(late.id)).NetworkSettings.Networks), ['bridge']);
  assert.equal((await api.post(`/containers/${late.id}/restart?timeout=0`)).status, 200);
  for (const field of ['ip', 'aliases']) {
    const wish = { container: late.name, [field]: field === 'ip' ? '172.17.0.99' : ['x'] };
    await api.post('/networks/bridge/disconnect', { container: late.name });
    const onDefault = await api.post('/networks/bridge/connect', wish);
    assert.deepEqual([onDefault.status, onDefault.body.field], [400, field]);
  }
});

test('of several that want one address one gets it, and the others start again', async (t) => {
  const api = useApi(server, t);
  const { net, network, path } = await makeNet(api, t);
  const containers = await Promise.all(Array.from({ length: 3 }, () => api.create('bridged')));
  const answers = await Promise.all(
    containers.map(({ name }) => api.post(`${path}/connect`, { container: name, ip: `${net}.50` })),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409]);
  for (const [index, { status, body }] of answers.entries()) {
    const id = containers[index]?.id ?? '';
    if (status === 200) continue;
    assert.deepEqual([body.code, body.field], ['address_in_use', 'ip']);
    const { Networks } = (await inspectContainer(id)).NetworkSettings;
    assert.deepEqual(Object.keys(Networks), ['bridge'], 'Docker keeps nothing of the refused connection');
    assert.equal((await api.post(`/containers/${id}/restart?timeout=0`)).status, 200);
  }
  assert.equal((await api.get(`/networks/${network.id}`)).body.containers.length, 1);
});

test('what Docker kept of a connection that it refused to somebody else is taken away by a disconnect', async (t) => {
  const api = useApi(server, t);
  const { net, network, path } = await makeNet(api, t);
  const { id, name } = await api.create('bridged');
  const { code } = await docker('network', 'connect', '--ip', `${net}.1`, network.name, name);
  assert.notEqual(code, 0);
  const kept = async () => Object.keys((await inspectContainer(id)).NetworkSettings.Networks).sort();
  assert.deepEqual(await kept(), ['bridge', network.name].sort());
  assert.deepEqual((await api.get(path)).body.containers, [], 'it is not on the network');
  assert.equal((await api.post(`${path}/disconnect`, { container: name })).status, 200);
  assert.deepEqual(await kept(), ['bridge']);
  assert.equal((await api.post(`/containers/${id}/restart?timeout=0`)).status, 200);
});

test('a container whose first network is gone is connected to no other, and that is said', async (t) => {
  const api = useApi(server, t);
  const first = await makeNet(api, t);
  const second = await makeNet(api, t);
  const name = uniqueName('bridged');
  t.after(() => removeContainer(name));
  await api.create('bridged', { name, network: first.network.name });
  await api.post(`${first.path}/disconnect`, { container: name });
  assert.equal((await api.delete(first.path)).status, 204);
  const { status, body } = await api.post(`${second.path}/connect`, { container: name });
  assert.deepEqual([status, body.code, body.field], [409, 'state_conflict', 'container'], JSON.stringify(body));
  assert.ok(body.detail.includes(first.network.name) && body.hint.includes(second.network.name));
});
