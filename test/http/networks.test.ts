// Networks over HTTP on the real engine: made in daemon.json's names, shown as Docker has them, refused by name, and followed when others change them.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import test, { after } from 'node:test';
import type { Network } from '../../src/schemas/network.ts';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import {
  callDocker,
  createTestContainer,
  createTestNetwork,
  docker,
  dockerApi,
  execInContainer,
  removeNetwork,
  runCommand,
} from '../support/engine.ts';
import { createNetwork, randomNet, randomNet6, tryCreateNetwork } from '../support/networks.ts';
import { testLabels, uniqueName } from '../support/run-id.ts';
import { waitFor } from '../support/wait-for.ts';

const server = await startApp({ after });

test('what daemon.json would shape docker0 with shapes a bridge, and its containers have it', async (t) => {
  const api = useApi(server, t);
  const [net, net6] = [randomNet(), randomNet6()];
  const wanted = {
    name: uniqueName('net'),
    bip: `${net}.1/24`,
    'fixed-cidr': `${net}.128/25`,
    'default-gateway': `${net}.9`,
    ipv6: true,
    'fixed-cidr-v6': `${net6}::/64`,
    'default-gateway-v6': `${net6}::9`,
    mtu: 1400,
    dns: ['9.9.9.9', '2620:fe::fe'],
    icc: false,
    'ip-masq': false,
    labels: { team: '7' },
    lab: 'red',
  };
  const made = await createNetwork(api, t, wanted);
  const raw = await callDocker('GET', `/networks/${made.id}`);
  assert.deepEqual(raw.IPAM.Config, [
    {
      Subnet: `${net}.0/24`,
      IPRange: `${net}.128/25`,
      Gateway: `${net}.1`,
      AuxiliaryAddresses: { DefaultGatewayIPv4: `${net}.9` },
    },
    { Subnet: `${net6}::/64`, Gateway: `${net6}::1`, AuxiliaryAddresses: { DefaultGatewayIPv6: `${net6}::9` } },
  ]);
  assert.deepEqual(raw.Options, {
    'com.docker.network.driver.mtu': '1400',
    'com.docker.network.bridge.enable_icc': 'false',
    'com.docker.network.bridge.enable_ip_masquerade': 'false',
  });
  const { body: shown } = await api.get(`/networks/${wanted.name}`);
  const { warnings, ...created } = made;
  assert.deepEqual([shown, warnings], [created, []]);
  for (const [field, value] of Object.entries(wanted)) assert.deepEqual(shown[field], value, field);
  assert.deepEqual([shown.managed, shown.owner, shown.bridge], [true, 'admin', `br-${made.id.slice(0, 12)}`]);

  const container = await api.create('bridged', { network: wanted.name });
  const inside = await execInContainer(
    container.id,
    ...['sh', '-c', 'ip -o address show eth0; ip route; ip -6 route; cat /etc/resolv.conf'],
  );
  assert.match(inside.stdout, new RegExp(`inet ${net.replaceAll('.', '\\.')}\\.(12[89]|1[3-9]\\d|2\\d\\d)/24`));
  assert.match(inside.stdout, new RegExp(`^default via ${net}.9 `, 'm'));
  assert.match(inside.stdout, new RegExp(`^default via ${net6}::9 `, 'm'));
  assert.match(inside.stdout, /ExtServers: \[9\.9\.9\.9 2620:fe::fe\]/);
  assert.equal((await execInContainer(container.id, 'cat', '/sys/class/net/eth0/mtu')).stdout, '1400\n');
  const own = await api.create('bridged', { network: wanted.name, dns: ['1.1.1.1'] });
  const { HostConfig } = await callDocker('GET', `/containers/${own.id}/json`);
  assert.deepEqual(HostConfig.Dns, ['1.1.1.1'], 'who names name servers has those');

  const members = (await api.get(`/networks/${made.id}`)).body.containers as Network['containers'];
  const [endpoint] = container.networks;
  assert.deepEqual(
    members.find(({ id }) => id === container.id),
    {
      id: container.id,
      name: container.name,
      engine: 'local',
      state: 'running',
      ipv4: endpoint?.ipv4,
      ipv6: endpoint?.ipv6,
      mac: endpoint?.mac,
    },
  );
});

test('what is shown of a network makes the same network again', async (t) => {
  const api = useApi(server, t);
  const [net, net6] = [randomNet(), randomNet6()];
  const name = uniqueName('net');
  const first = await createNetwork(api, t, {
    ...{ name, bip: `${net}.65/26`, 'fixed-cidr': `${net}.96/28`, 'default-gateway': `${net}.66`, mtu: 9000 },
    ...{ ipv6: true, 'fixed-cidr-v6': `${net6}::/64`, dns: ['9.9.9.9'], icc: false, labels: { a: 'b' } },
  });
  assert.equal((await api.delete(`/networks/${name}`)).status, 204);
  const fields = [
    'name',
    'driver',
    'bip',
    'fixed-cidr',
    'default-gateway',
    'mtu',
    'ipv6',
    'fixed-cidr-v6',
    'dns',
    'icc',
  ];
  const more = [...fields, 'ip-masq', 'internal', 'labels'] as (keyof typeof first)[];
  const wanted = Object.fromEntries(more.map((field) => [field, first[field]]));
  const second = await createNetwork(api, t, wanted);
  const { id, createdAt, bridge, ...rest } = first;
  assert.deepEqual({ ...second, id, createdAt, bridge }, { ...rest, id, createdAt, bridge });
  const { headers } = await api.get(`/networks/${second.name}`);
  assert.equal((await api.get(`/networks/${second.name}`).set('if-none-match', headers.etag ?? '')).status, 304);
  assert.notEqual(second.id, id);
});

test("docker0 is shown in daemon.json's names, as Docker and its host have it", async (t) => {
  const api = useApi(server, t);
  const raw = await callDocker('GET', '/networks/bridge');
  const { body } = await api.get('/networks/bridge');
  const [config] = raw.IPAM.Config;
  assert.equal(body.bip, `${config.Gateway}/${config.Subnet.split('/')[1]}`);
  assert.deepEqual([body.bridge, body.mtu, body.icc, body['ip-masq']], ['docker0', 1500, true, true]);
  assert.deepEqual([body.managed, body.dns, body.internal], [false, null, false]);
  const { body: all } = await api.get('/networks');
  const names = all.map(({ name }: Network) => name);
  for (const name of ['bridge', 'host', 'none']) assert.ok(names.includes(name), name);
  const { body: managed } = await api.get('/networks?scope=managed');
  assert.ok(managed.every((one: Network) => one.managed));
});

test('a dry run answers the exact body, and makes nothing', async (t) => {
  const api = useApi(server, t);
  const net = randomNet();
  const name = uniqueName('net');
  const wanted = { name, bip: `${net}.1/31`, 'fixed-cidr': `${net}.0/32`, 'fixed-cidr-v6': 'fd00:77::/64', mtu: 0 };
  const { status, body } = await tryCreateNetwork(api, t, wanted, '?dryRun=true');
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(body.request.IPAM, {
    Config: [{ Subnet: `${net}.0/31`, Gateway: `${net}.1`, IPRange: `${net}.0/32` }],
  });
  assert.deepEqual(body.warnings, ['fixed-cidr-v6 has no effect without ipv6: true.', 'mtu: 0 means the default.']);
  assert.equal((await dockerApi('GET', `/networks/${name}`)).status, 404);
  const made = await createNetwork(api, t, wanted);
  assert.deepEqual(made.warnings, body.warnings);
  const { Labels, ...sent } = body.request;
  const raw = await callDocker('GET', `/networks/${made.id}`);
  assert.deepEqual(
    { Name: raw.Name, Driver: raw.Driver, IPAM: { Config: raw.IPAM.Config } },
    {
      Name: sent.Name,
      Driver: sent.Driver,
      IPAM: sent.IPAM,
    },
  );
  assert.equal(Labels['io.terrarium.managed'], 'true');
});

test('bad input names the field and the way out, and makes nothing', async (t) => {
  const api = useApi(server, t);
  const net = randomNet();
  const bip = `${net}.1/24`;
  const cases: [Record<string, unknown>, string][] = [
    [{ bip: net }, 'bip'],
    [{ bip: `${net}.0/24` }, 'bip'],
    [{ bip: `${net}.255/24` }, 'bip'],
    [{ bip: '127.0.0.1/8' }, 'bip'],
    [{ bip: 'fd00::1/64' }, 'bip'],
    [{ bip, 'fixed-cidr': '10.1.0.0/24' }, 'fixed-cidr'],
    [{ bip, 'fixed-cidr': `${net}.0/23` }, 'fixed-cidr'],
    [{ bip, 'default-gateway': '10.1.0.1' }, 'default-gateway'],
    [{ bip, 'default-gateway': `${net}.1` }, 'default-gateway'],
    [{ bip, 'default-gateway': `${net}.255` }, 'default-gateway'],
    [{ bip, 'default-gateway': `${net}.5`, internal: true }, 'default-gateway'],
    [{ 'default-gateway': `${net}.5` }, 'default-gateway'],
    [{ bip, mtu: 67 }, 'mtu'],
    [{ bip, mtu: 65_536 }, 'mtu'],
    [{ bip, mtu: 1279, ipv6: true, 'fixed-cidr-v6': 'fd00:77::/64' }, 'mtu'],
    [{ bip, ipv6: true, 'fixed-cidr-v6': 'ff00::/64' }, 'fixed-cidr-v6'],
    [{ bip, ipv6: true, 'default-gateway-v6': 'fd00::9' }, 'default-gateway-v6'],
    [{ bip, dns: ['dns.google'] }, 'dns[0]'],
    [{ bip, labels: { 'io.terrarium.managed': 'no' } }, 'labels.io.terrarium.managed'],
    [{ bip, subnet: '10.0.0.0/8' }, 'subnet'],
    [{ name: 'default' }, 'name'],
    [{ name: 'a b' }, 'name'],
    [{ driver: 'macvlan' }, 'driver'],
    [{ driver: 'overlay', icc: false }, 'icc'],
  ];
  const names: string[] = [];
  for (const [body, field] of cases) {
    const name = uniqueName('net');
    names.push(name);
    const answer = await tryCreateNetwork(api, t, { name, ...body });
    assert.deepEqual(
      [answer.status, answer.body.code, answer.body.field],
      [400, 'invalid_request', field],
      JSON.stringify([body, answer.body]),
    );
    assert.ok(answer.body.hint.length > 0);
  }
  const elsewhere = await tryCreateNetwork(api, t, { engine: 'mars' });
  assert.deepEqual([elsewhere.status, elsewhere.body.code], [404, 'engine_not_found']);
  const overlay = await tryCreateNetwork(api, t, { driver: 'overlay' });
  assert.deepEqual([overlay.status, overlay.body.code, overlay.body.field], [422, 'engine_refused', 'driver']);
  const bodyless = await api.post('/networks');
  assert.equal(bodyless.status, 400);
  const made = await callDocker<{ Name: string }[]>('GET', '/networks');
  assert.deepEqual(
    made.map(({ Name }) => Name).filter((name) => names.includes(name)),
    [],
  );
});

test('a subnet in use is refused with the name of who has it, and the one that is offered is free', async (t) => {
  const api = useApi(server, t);
  const net = randomNet();
  const holder = await createTestNetwork(t, { body: { IPAM: { Config: [{ Subnet: `${net}.0/24` }] } } });
  const wanted = { bip: `${net}.193/26`, 'fixed-cidr': `${net}.224/27`, 'default-gateway': `${net}.200` };
  const { status, body } = await tryCreateNetwork(api, t, wanted);
  assert.deepEqual([status, body.code, body.field], [409, 'address_in_use', 'bip'], JSON.stringify(body));
  assert.match(body.detail, new RegExp(`"${holder.name}" \\(${net}\\.0/24\\)`));
  assert.deepEqual(body.overlaps, [{ kind: 'network', id: holder.id, name: holder.name, subnet: `${net}.0/24` }]);
  assert.match(body.free.bip, /\.(1|65|129|193)\/26$/);
  for (const value of Object.values(body.free)) assert.ok(body.hint.includes(String(value)), body.hint);
  const made = await createNetwork(api, t, { ...wanted, ...body.free });
  assert.equal(made.bip, body.free.bip);
  assert.equal(made['default-gateway'], body.free['default-gateway']);
});

test('of several that want one name, or one subnet, at a time one gets it', async (t) => {
  const api = useApi(server, t);
  const name = uniqueName('race');
  const named = await Promise.all(Array.from({ length: 4 }, () => tryCreateNetwork(api, t, { name })));
  assert.deepEqual(named.map(({ status }) => status).sort(), [201, 409, 409, 409]);
  for (const { body } of named.filter(({ status }) => status === 409)) {
    assert.deepEqual([body.code, body.field], ['name_taken', 'name']);
  }
  const bip = `${randomNet()}.1/24`;
  const placed = await Promise.all(Array.from({ length: 4 }, () => tryCreateNetwork(api, t, { bip })));
  assert.deepEqual(placed.map(({ status }) => status).sort(), [201, 409, 409, 409]);
  const winner = placed.find(({ status }) => status === 201)?.body;
  for (const { body } of placed.filter(({ status }) => status === 409)) {
    assert.deepEqual([body.code, body.field, body.overlaps[0].name], ['address_in_use', 'bip', winner.name]);
  }
});

test('a network is not removed while somebody uses it, or would at the next start', async (t) => {
  const api = useApi(server, t);
  const { name } = await createNetwork(api, t);
  const running = await api.create('bridged', { network: name });
  const stopped = await api.create('bridged', { network: name, command: ['true'] });
  const foreign = await createTestContainer(t, { start: false, body: { HostConfig: { NetworkMode: name } } });
  await waitFor(async (see) => see((await api.get(`/networks/${name}`)).body.containers).length === 3, {
    what: 'all three',
  });
  const refused = await api.delete(`/networks/${name}`);
  assert.deepEqual([refused.status, refused.body.code], [409, 'network_in_use']);
  const users = [running, stopped, foreign].map((one) => one.name).sort();
  assert.deepEqual(refused.body.users.map((user: { name: string }) => user.name).sort(), users);
  for (const user of users) assert.ok(refused.body.detail.includes(user), refused.body.detail);

  assert.equal((await api.post(`/networks/${name}/disconnect`, { container: running.name })).status, 200);
  assert.equal((await api.post(`/networks/${name}/disconnect`, { container: stopped.name })).status, 200);
  const still = await api.delete(`/networks/${name}`);
  assert.deepEqual([still.status, still.body.users.length], [409, 1]);
  await docker('rm', '-f', foreign.name);
  await waitFor(async (see) => see((await api.delete(`/networks/${name}`)).status) === 204, {
    what: 'the network to be free',
  });
  assert.equal((await dockerApi('GET', `/networks/${name}`)).status, 404);
  assert.equal((await api.get(`/networks/${name}`)).body.code, 'network_not_found');
  assert.equal((await api.delete(`/networks/${name}`)).status, 404);
  const started = await api.post(`/containers/${stopped.name}/start`);
  assert.equal(started.status, 200, 'what was taken off it starts without it');
});

test('what Docker itself counts as in use is not removed either, whatever the mirror knows', async (t) => {
  const api = useApi(server, t);
  const { name } = await createNetwork(api, t);
  const foreign = await createTestContainer(t);
  await callDocker('POST', `/networks/${name}/connect`, { Container: foreign.id });
  const { status, body } = await api.delete(`/networks/${name}`);
  assert.deepEqual([status, body.code, body.users[0].name], [409, 'network_in_use', foreign.name]);
});

test('what others made is shown and not removed; nor are the networks that Docker comes with', async (t) => {
  const api = useApi(server, t);
  const { name } = await createTestNetwork(t);
  for (const ref of [name, 'bridge', 'host', 'none']) {
    await waitFor(async (see) => see((await api.get(`/networks/${ref}`)).status) === 200, {
      what: `${ref} to be seen`,
    });
    const { status, body } = await api.delete(`/networks/${ref}`);
    assert.deepEqual([status, body.code], [403, 'not_managed']);
  }
  assert.equal((await dockerApi('GET', `/networks/${name}`)).status, 200);
});

test('what the docker command does is seen', async (t) => {
  const api = useApi(server, t);
  const name = uniqueName('cli');
  const net = randomNet();
  t.after(() => removeNetwork(name));
  const [label] = Object.entries(testLabels).map(([key, value]) => `${key}=${value}`);
  await docker(
    'network',
    'create',
    '--label',
    label ?? '',
    '--subnet',
    `${net}.0/24`,
    '--ip-range',
    `${net}.64/26`,
    name,
  );
  const show = () => api.get(`/networks/${name}`);
  await waitFor(async (see) => see((await show()).status) === 200, { what: 'the network' });
  const { body } = await show();
  // Without a gateway of the maker's choice Docker does not show the bridge's address; its host does.
  const inspected = await execHost('ip', '-o', '-4', 'address', 'show', 'dev', body.bridge);
  assert.equal(body.bip, /inet (\S+)/.exec(inspected)?.[1]);
  const { id } = await createTestContainer(t);
  await docker('network', 'connect', '--ip', `${net}.99`, name, id);
  await waitFor(async (see) => see((await show()).body.containers)[0]?.ipv4 === `${net}.99`, {
    what: 'the container on it',
  });
  await docker('network', 'disconnect', name, id);
  await waitFor(async (see) => see((await show()).body.containers).length === 0, { what: 'it to be empty' });
  await docker('network', 'rm', name);
  await waitFor(async (see) => see((await show()).status) === 404, { what: 'it to be gone' });
});

test('with several engines a network is ambiguous until the engine is named', async (t) => {
  const endpoint = process.env.DOCKER_HOST || 'unix:///var/run/docker.sock';
  const engines = ['left', 'right'].map((name) => ({ name, endpoint, insecure: false }));
  const api = useApi(await startApp(t, { config: { engines } }), t);
  const { status, body } = await api.get('/networks/bridge');
  assert.deepEqual([status, body.code, body.engines], [409, 'ambiguous', ['left', 'right']]);
  assert.match(body.hint, /\?engine=/);
  assert.equal((await api.get('/networks/bridge?engine=right')).body.engine, 'right');
  assert.equal((await api.delete('/networks/bridge')).body.code, 'ambiguous');
  assert.equal((await api.post('/networks/bridge/connect', { container: 'x' })).body.code, 'ambiguous');
  const name = uniqueName('net');
  const clash = await tryCreateNetwork(api, t, { name, engine: 'left' }, '?engine=right');
  assert.deepEqual([clash.status, clash.body.field], [400, 'engine']);
  assert.equal((await tryCreateNetwork(api, t, { name }, '?engine=right')).body.engine, 'right');
});

test('a client that leaves takes its network with it', async (t) => {
  const name = uniqueName('left');
  t.after(() => removeNetwork(name));
  const body = JSON.stringify({ name, bip: `${randomNet()}.1/24` });
  await new Promise<void>((resolve) => {
    const { hostname, port } = new URL(server.url);
    const headers = { ...server.headers, 'content-type': 'application/json', 'content-length': body.length };
    const call = request({ hostname, port, method: 'POST', path: '/api/v1/networks', headers, agent: false });
    call.on('error', () => resolve());
    // The routes of the host are being read now.
    call.end(body, () => setTimeout(() => call.destroy(new Error('left')), 100));
  });
  const api = useApi(server, t);
  // A create that comes later is done later: then what was left is done with as well.
  await createNetwork(api, t, { bip: `${randomNet()}.1/24` });
  await waitFor(async (see) => see((await dockerApi('GET', `/networks/${name}`)).status) === 404, {
    what: 'it to be gone',
  });
});

/** Runs a program where the engine's bridges are: on this machine. */
async function execHost(...command: string[]): Promise<string> {
  const [program = '', ...args] = command;
  return (await runCommand(program, args)).stdout;
}
