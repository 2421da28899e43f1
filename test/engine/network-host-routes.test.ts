// What only an engine of this test's own can show: routes of its host, address pools that it is told, a swarm. Nothing here touches this machine's own.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Api, useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { runCommand } from '../support/engine.ts';
import { type PrivateEngine, startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();

/** An engine whose host has these addresses and routes on a card of its own, and our server before it. */
async function startHost(t: TestContext, { args = [], routes = [] }: { args?: string[]; routes?: string[][] } = {}) {
  const host = await startPrivateEngine(t, { image: 'busybox:latest', args });
  const onHost = (...command: string[]) =>
    runCommand('nsenter', ['--target', String(host.pid), '--net', '--', ...command]);
  for (const command of [
    ['link', 'add', 'card', 'type', 'veth', 'peer', 'name', 'wire'],
    ['address', 'add', '192.0.2.2/24', 'dev', 'card'],
    ['-6', 'address', 'add', '2001:db8:9::2/64', 'dev', 'card', 'nodad'],
    ['link', 'set', 'card', 'up'],
    ['link', 'set', 'wire', 'up'],
    ['route', 'add', 'default', 'via', '192.0.2.1'],
    ...routes.map((route) => ['route', 'add', ...route]),
  ]) {
    const { code, stderr } = await onHost('ip', ...command);
    assert.equal(code, 0, `${command.join(' ')}: ${stderr}`);
  }
  const server = await startApp(t, { env: { DOCKER_HOST: host.host } });
  return { host, onHost, api: useApi(server, t) };
}

const create = async (api: Api, body: object) =>
  await api.post('/networks', { name: `net-${Math.random().toString(36).slice(2)}`, ...body });

async function noHelperIsLeft(host: PrivateEngine): Promise<void> {
  const { stdout } = await host.docker('ps', '--all', '--quiet', '--filter', 'label=io.terrarium.role');
  assert.equal(stdout, '');
}

test('a subnet on a route of the host is refused with the route, and a free one offered', { skip }, async (t) => {
  const { api, host, onHost } = await startHost(t, {
    routes: [
      ['10.98.0.0/16', 'via', '192.0.2.5'],
      ['blackhole', '172.18.0.0/15'],
      ['fd00:98::/48', 'via', '2001:db8:9::5'],
    ],
  });
  const cases = [
    { bip: '192.0.2.129/25', route: '192.0.2.0/24 on card', interface: 'card', gateway: null },
    { bip: '10.98.7.1/24', route: '10.98.0.0/16 via 192.0.2.5 on card', interface: 'card', gateway: '192.0.2.5' },
    { bip: '10.96.0.1/12', route: '10.98.0.0/16 via 192.0.2.5 on card', interface: 'card', gateway: '192.0.2.5' },
  ];
  for (const { bip, route, ...how } of cases) {
    const { status, body } = await create(api, { bip });
    assert.deepEqual([status, body.code, body.field], [409, 'address_in_use', 'bip'], JSON.stringify(body));
    assert.ok(body.detail.includes(`the host's route to ${route}`), body.detail);
    assert.deepEqual(
      [body.overlaps[0].kind, body.overlaps[0].interface, body.overlaps[0].gateway],
      ['route', how.interface, how.gateway],
    );
    assert.match(body.hint, /force: true/);
    // docker0 has 172.17, the host discards 172.18 and 172.19.
    const made = await create(api, body.free);
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.match(made.body.bip, /^172\.(2\d|3[01])\./);
  }
  const ipv6 = await create(api, { bip: '10.90.0.1/24', ipv6: true, 'fixed-cidr-v6': 'fd00:98:0:5::/64' });
  assert.deepEqual(
    [ipv6.status, ipv6.body.field, ipv6.body.overlaps[0].subnet],
    [409, 'fixed-cidr-v6', 'fd00:98::/48'],
  );
  assert.equal(ipv6.body.free['fixed-cidr-v6'], 'fd00:98:1::/64');

  const forced = await create(api, { bip: '10.98.7.1/24', force: true });
  assert.equal(forced.status, 201, JSON.stringify(forced.body));
  assert.match(forced.body.warnings.join('\n'), /10\.98\.7\.0\/24 overlaps with the host's route to 10\.98\.0\.0\/16/);
  const { stdout } = await onHost('ip', '-o', '-4', 'address', 'show', 'dev', forced.body.bridge);
  assert.match(stdout, /10\.98\.7\.1\/24/);
  const twice = await create(api, { bip: '10.98.7.65/26', force: true });
  assert.deepEqual(
    [twice.status, twice.body.overlaps[0].name],
    [409, forced.body.name],
    'no force makes Docker take a subnet twice',
  );
  await noHelperIsLeft(host);
});

test('a free subnet comes out of the pools that the engine is told', { skip }, async (t) => {
  const { api } = await startHost(t, {
    args: ['--bip', '10.210.0.1/24', '--default-address-pool', 'base=10.210.0.0/22,size=24'],
  });
  const offers: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    const { body } = await create(api, { bip: '10.210.0.77/24' });
    offers.push(body.free.bip);
    assert.equal((await create(api, body.free)).status, 201);
  }
  assert.deepEqual(offers, ['10.210.1.77/24', '10.210.2.77/24', '10.210.3.77/24']);
  const { status, body } = await create(api, { bip: '10.210.0.77/24' });
  assert.deepEqual([status, body.free], [409, null]);
  const chosen = await create(api, {});
  assert.deepEqual([chosen.status, chosen.body.code, chosen.body.field], [422, 'engine_refused', 'bip']);
});

test('an overlay is made on a manager of a swarm, and containers are on it', { skip }, async (t) => {
  const { api, host } = await startHost(t);
  const joined = await host.docker('swarm', 'init', '--advertise-addr', '192.0.2.2');
  assert.equal(joined.code, 0, joined.stderr);
  const made = await api.post('/networks', { name: 'over', driver: 'overlay', bip: '10.92.0.1/24', mtu: 1300 });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { driver, scope, attachable, bip, mtu, icc, bridge } = made.body;
  assert.deepEqual([driver, scope, attachable, bip, mtu], ['overlay', 'swarm', true, '10.92.0.1/24', 1300]);
  assert.deepEqual([icc, bridge], [null, null]);
  const overlap = await create(api, { bip: '10.92.0.129/25' });
  assert.deepEqual([overlap.status, overlap.body.overlaps[0].name], [409, 'over']);
  const container = await api.create('bridged', { network: 'over' });
  assert.match(container.networks[0]?.ipv4 ?? '', /^10\.92\.0\./);
  const other = await api.create('bridged');
  const connected = await api.post('/networks/over/connect', { container: other.name, ip: '10.92.0.77' });
  assert.equal(connected.status, 200, JSON.stringify(connected.body));
  const members = connected.body.containers.map(({ name }: { name: string }) => name);
  assert.deepEqual(members.sort(), [container.name, other.name].sort());
  assert.equal((await api.delete('/networks/over')).body.code, 'network_in_use');
  assert.equal((await api.post('/networks/ingress/connect', { container: other.name })).status, 400);
  for (const { name } of [container, other]) assert.equal((await api.delete(`/containers/${name}`)).status, 204);
  assert.equal((await api.delete('/networks/over')).status, 204);

  await host.docker('network', 'create', '--driver', 'overlay', '--subnet', '10.93.0.0/24', 'by-cli');
  await waitFor(async (see) => see((await api.get('/networks/by-cli')).body.bip) === '10.93.0.1/24', {
    what: 'the network that somebody else made to be seen whole',
  });
});
