// The four models are what they are called: proved from inside, from the host, and through real connections.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import type { Container } from '../../src/schemas/container.ts';
import { type Api, useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import {
  type Cleanup,
  callDocker,
  createTestContainer,
  createTestNetwork,
  docker,
  execInContainer,
  findFreePort,
} from '../support/engine.ts';
import { readNamespaces } from '../support/namespaces.ts';
import { waitFor } from '../support/wait-for.ts';

const server = await startApp({ after });
const apiOf = (t: Cleanup): Api => useApi(server, t);

/** Serves its own host name, the first digits of its id, so that an answer tells who gave it. */
const web = { command: ['httpd', '-f', '-p', '2222', '-h', '/etc'] };

async function fetchHostname(port: number, host = '127.0.0.1'): Promise<string> {
  return waitFor(
    async (see) => {
      const answer = await fetch(`http://${host}:${port}/hostname`, { signal: AbortSignal.timeout(2_000) });
      return see((await answer.text()).trim());
    },
    { what: `an answer at ${host}:${port}` },
  );
}

async function interfacesOf(container: Container): Promise<string[]> {
  return (await execInContainer(container.id, 'ls', '/sys/class/net')).stdout
    .split(/\s+/)
    .filter((name) => name !== '');
}

/** What the server shows, once it has seen what another client did. */
function shown(t: Cleanup, id: string, isSo: (container: Container) => boolean, what: string): Promise<Container> {
  return waitFor(
    async (see) => {
      const { status, body } = await apiOf(t).get(`/containers/${id}`);
      see(body);
      return status === 200 && isSo(body) ? (body as Container) : undefined;
    },
    { what },
  );
}

test('closed: lo only, and no route out', async (t) => {
  const container = await apiOf(t).create('closed');
  assert.deepEqual(
    [container.mode, container.effective, container.state, container.networks, container.ports, container.managed],
    ['closed', 'closed', 'running', [], [], true],
  );
  assert.deepEqual(await interfacesOf(container), ['lo']);
  assert.equal((await execInContainer(container.id, 'ip', 'route')).stdout, '');
  const out = await execInContainer(container.id, 'wget', '-T', '2', '-O', '-', 'http://172.17.0.1:1/');
  assert.match(out.stderr, /unreachable/);
});

test('bridged: eth0 with an address of its bridge, by which a neighbour reaches it', async (t) => {
  const api = apiOf(t);
  const [one, other] = await Promise.all([api.create('bridged', web), api.create('bridged')]);
  const [network] = one.networks;
  assert.ok(network);
  assert.deepEqual([one.mode, one.effective, network.name, network.driver], ['bridged', 'bridged', 'bridge', 'bridge']);
  assert.deepEqual((await interfacesOf(one)).sort(), ['eth0', 'lo']);

  const { IPAM } = await callDocker('GET', '/networks/bridge');
  assert.equal(Number(IPAM.Config[0].Subnet.split('/')[1]), network.prefix);
  assert.equal(IPAM.Config[0].Gateway, network.gateway);
  const { stdout } = await execInContainer(one.id, 'ifconfig', 'eth0');
  assert.match(stdout, new RegExp(`inet addr:${network.ipv4?.replaceAll('.', '\\.')} `));
  assert.match(stdout.toLowerCase(), new RegExp(`hwaddr ${network.mac} `));
  assert.match(stdout, new RegExp(`MTU:${network.mtu} `));

  await waitFor(
    async (see) => {
      const reply = await execInContainer(
        other.id,
        'wget',
        '-q',
        '-T',
        '2',
        '-O',
        '-',
        `http://${network.ipv4}:2222/hostname`,
      );
      return see(reply.stdout.trim()) === one.id.slice(0, 12);
    },
    { what: 'the neighbour to be reached' },
  );
});

test('bridged on a network of its own: address, alias, and no one else', async (t) => {
  const api = apiOf(t);
  const subnet = `10.${100 + (process.pid % 100)}.${process.pid % 250}.0/24`;
  const network = await createTestNetwork(t, { body: { IPAM: { Config: [{ Subnet: subnet }] } } });
  const ip = subnet.replace('.0/24', '.77');
  const one = await api.create('bridged', { ...web, network: network.name, ip, aliases: ['shop'] });
  assert.deepEqual(
    one.networks.map(({ name, ipv4, prefix }) => [name, ipv4, prefix]),
    [[network.name, ip, 24]],
  );
  const inside = await api.create('bridged', { network: network.id });
  const reply = await execInContainer(inside.id, 'wget', '-q', '-T', '5', '-O', '-', 'http://shop:2222/hostname');
  assert.equal(reply.stdout.trim(), one.id.slice(0, 12), reply.stderr);

  const taken = await api.tryCreate('bridged', { network: network.name, ip });
  assert.deepEqual([taken.status, taken.body.code, taken.body.field], [409, 'address_in_use', 'ip']);
  const outside = await api.tryCreate('bridged', { network: network.name, ip: '192.0.2.1' });
  assert.deepEqual([outside.status, outside.body.code, outside.body.field], [422, 'engine_refused', 'ip']);
});

test("joined: its target's network namespace, and nothing else of it", async (t) => {
  const api = apiOf(t);
  const target = await api.create('bridged', web);
  const member = await api.create('joined', { target: target.name });
  assert.deepEqual(
    [member.mode, member.effective, member.joinedTo, member.orphaned, member.networks],
    ['joined', 'bridged', { id: target.id, name: target.name }, false, []],
  );
  assert.equal(member.namespace?.id, target.namespace?.id);
  const members = [target, member].map(({ id, name }) => ({ id, name }));
  assert.deepEqual(member.namespace?.members, members);
  assert.deepEqual((await api.get(`/containers/${target.id}`)).body.namespace.members, members);

  const [ofTarget, ofMember] = await Promise.all([readNamespaces(target.id), readNamespaces(member.id)]);
  assert.equal(ofMember.net, ofTarget.net);
  for (const kind of ['mnt', 'pid', 'uts', 'ipc'] as const) assert.notEqual(ofMember[kind], ofTarget[kind], kind);

  const listeners = await execInContainer(member.id, 'netstat', '-tln');
  assert.match(listeners.stdout, /:2222 .*LISTEN/);
  const second = await execInContainer(member.id, 'nc', '-l', '-p', '2222');
  assert.notEqual(second.code, 0);
  assert.match(second.stderr, /Address already in use/);
});

test('joined to a joined one, by a prefix of the id: still the same namespace', async (t) => {
  const api = apiOf(t);
  const owner = await api.create('closed');
  const first = await api.create('joined', { target: owner.id });
  const second = await api.create('joined', { target: first.id.slice(0, 16) });
  assert.deepEqual([second.effective, second.namespace?.id], ['closed', owner.namespace?.id]);
  assert.equal((await readNamespaces(second.id)).net, (await readNamespaces(owner.id)).net);
});

test('open: each of the four forms answers at the host port it promised', async (t) => {
  const api = apiOf(t);
  const [fixed, local] = await Promise.all([findFreePort(), findFreePort()]);
  const ports = ['2222', `${fixed}:2222`, '127.0.0.1::2222', `127.0.0.1:${local}:2222`];
  for (const spec of ports) {
    const container = await api.create('open', { ...web, ports: [spec] });
    assert.deepEqual([container.mode, container.effective], ['open', 'open']);
    const [port] = container.ports;
    assert.ok(port?.hostPort, spec);
    assert.deepEqual([port.containerPort, port.protocol], [2222, 'tcp']);
    assert.equal(port.hostIp, spec.startsWith('127.') ? '127.0.0.1' : '0.0.0.0', spec);
    if (spec.includes(`${fixed}:`)) assert.equal(port.hostPort, fixed);
    if (spec.includes(`${local}:`)) assert.equal(port.hostPort, local);
    assert.equal(await fetchHostname(port.hostPort), container.id.slice(0, 12), spec);

    const cli = await docker('port', container.name);
    assert.equal((await api.get(`/containers/${container.id}/ports`).set('accept', 'text/plain')).text, cli.stdout);
    assert.deepEqual((await api.get(`/containers/${container.id}/ports`)).body, container.ports);
  }
});

test('open: udp, a range and publishAll publish what they say', async (t) => {
  const api = apiOf(t);
  const container = await api.create('open', { ports: ['53/udp', '127.0.0.1::8000-8001'] });
  assert.deepEqual(
    container.ports
      .filter(({ hostIp }) => hostIp !== '::')
      .map(({ containerPort, protocol, hostIp }) => [containerPort, protocol, hostIp]),
    [
      [53, 'udp', '0.0.0.0'],
      [8000, 'tcp', '127.0.0.1'],
      [8001, 'tcp', '127.0.0.1'],
    ],
  );
  const all = await api.create('open', { publishAll: true });
  assert.deepEqual([all.mode, all.effective, all.ports], ['open', 'bridged', []], 'busybox exposes nothing');
});

test("open with host: the host's own namespace, and none else of the host's", async (t) => {
  const api = apiOf(t);
  const port = await findFreePort();
  const container = await api.create('open', {
    host: true,
    command: ['httpd', '-f', '-p', `127.0.0.1:${port}`, '-h', '/etc'],
  });
  assert.deepEqual(
    [container.mode, container.effective, container.ports, container.networks],
    ['open', 'host', [], []],
  );
  assert.equal(container.namespace?.id, 'local~host');
  const [host, inside] = await Promise.all([readNamespaces(), readNamespaces(container.id)]);
  assert.equal(inside.net, host.net);
  for (const kind of ['mnt', 'pid', 'uts', 'ipc'] as const) assert.notEqual(inside[kind], host[kind], kind);
  const served = await waitFor(async (see) => see(await (await fetch(`http://127.0.0.1:${port}/passwd`)).text()), {
    what: 'an answer',
  });
  assert.match(served, /^root:/);

  const member = await api.create('joined', { target: container.name });
  assert.deepEqual([member.effective, member.namespace?.id], ['host', 'local~host']);
});

/** The engine publishes what is bound and exposed; a binding alone it ignores. */
const published = { ExposedPorts: { '80/tcp': {} }, HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '' }] } } };

test('the models of containers that others made are told too', async (t) => {
  const name = (container: { name: string }) => container.name;
  const made = await Promise.all([
    createTestContainer(t, { body: { HostConfig: { NetworkMode: 'none' } } }),
    createTestContainer(t),
    createTestContainer(t, { body: published }),
    createTestContainer(t, { body: { ExposedPorts: { '81/tcp': {} }, HostConfig: { PublishAllPorts: true } } }),
    createTestContainer(t, { body: { HostConfig: { NetworkMode: 'host' } } }),
    createTestContainer(t, { body: { HostConfig: { NetworkMode: 'none' } }, start: false }),
    createTestContainer(t, { body: published, start: false }),
  ]);
  const joined = await Promise.all(
    [made[2], made[4]].map((target) =>
      createTestContainer(t, { body: { HostConfig: { NetworkMode: `container:${target?.id}` } } }),
    ),
  );
  const expected = [
    ['closed', 'closed'],
    ['bridged', 'bridged'],
    ['open', 'open'],
    ['open', 'open'],
    ['open', 'host'],
    ['closed', null],
    ['open', null],
    ['joined', 'open'],
    ['joined', 'host'],
  ];
  const all = [...made, ...joined];
  for (const [index, { id }] of all.entries()) {
    const wanted = index === 5 || index === 6 ? 'created' : 'running';
    const container = await shown(t, id, ({ state }) => state === wanted, `${id} to be shown ${wanted}`);
    assert.deepEqual(
      [container.mode, container.effective, container.managed],
      [...(expected[index] ?? []), false],
      `no. ${index}`,
    );
  }
  const listed = async (query: string) => (await apiOf(t).get(`/containers?${query}`)).body.map(name) as string[];
  const [everything, managed, joinedOnes] = await Promise.all([
    listed('scope=all'),
    listed(''),
    listed('scope=all&mode=joined'),
  ]);
  assert.deepEqual(
    all.filter((one) => !everything.includes(one.name)),
    [],
  );
  assert.deepEqual(
    all.filter((one) => managed.includes(one.name)),
    [],
  );
  assert.deepEqual(all.filter((one) => joinedOnes.includes(one.name)).map(name), joined.map(name));
});

test('what another client does to a target is seen: stopped, started again, removed', async (t) => {
  const api = apiOf(t);
  const target = await createTestContainer(t);
  const member = await api.create('joined', { target: target.id });
  const sees = (reason: string | null, effective: string | null) =>
    shown(t, member.id, (one) => one.orphanReason === reason && one.effective === effective, `${reason} ${effective}`);
  await sees(null, 'bridged');
  await callDocker('POST', `/containers/${target.id}/stop`);
  await sees('target_stopped', 'closed');
  assert.deepEqual(await interfacesOf(member), ['lo']);
  await callDocker('POST', `/containers/${target.id}/start`);
  await sees('target_restarted', 'closed');
  assert.deepEqual(await interfacesOf(member), ['lo']);
  await callDocker('DELETE', `/containers/${target.id}?force=1`);
  const orphan = await sees('target_removed', 'closed');
  assert.deepEqual([orphan.orphaned, orphan.joinedTo], [true, target]);
});
