// No way of creating a container leads to a mount, a device, a privilege, a capability beyond two, or a namespace of the host's but the one
// that was asked for: read off the real containers, and off the kernel's own books.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test, { after } from 'node:test';
import type { Container, Mode } from '../../src/schemas/container.ts';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { startChaosProxy } from '../support/chaos-proxy.ts';
import { createTestContainer, dockerApi, inspectContainer } from '../support/engine.ts';
import { readNamespaces } from '../support/namespaces.ts';
import { uniqueName } from '../support/run-id.ts';
import { waitFor } from '../support/wait-for.ts';

const server = await startApp({ after });

/** Bits of Linux capabilities (linux/capability.h): Docker's default ones less the four that we drop. */
const allowedCapabilities = {
  CHOWN: 0,
  DAC_OVERRIDE: 1,
  FOWNER: 3,
  FSETID: 4,
  KILL: 5,
  SETGID: 6,
  SETUID: 7,
  SETPCAP: 8,
  NET_BIND_SERVICE: 10,
  NET_RAW: 13,
};
const netAdmin = 12;
const maskOf = (bits: readonly number[]) => bits.reduce((mask, bit) => mask | (1n << BigInt(bit)), 0n);
const allowed = maskOf(Object.values(allowedCapabilities));

const everything = {
  tty: true,
  stdin: true,
  env: { A: 'b' },
  user: '0',
  labels: { team: 'x' },
  restart: 'on-failure:1',
  capabilities: ['NET_ADMIN', 'NET_RAW'],
  limits: { memory: '1g', cpus: 2, pids: 1000 },
  ttl: '1h',
};

async function assertContained(
  { id, name }: Container,
  { shares = [] as string[], adds = [] as string[] } = {},
): Promise<void> {
  const { HostConfig: host, Mounts, Config } = await inspectContainer(id);
  const nothing = [null, undefined, '', false];
  const empty = (value: unknown) => nothing.includes(value as null) || (Array.isArray(value) && value.length === 0);
  for (const field of [
    'Binds',
    'Mounts',
    'Devices',
    'DeviceRequests',
    'DeviceCgroupRules',
    'VolumesFrom',
    'Privileged',
    'PidMode',
    'UTSMode',
    'UsernsMode',
    'Tmpfs',
    'Links',
    'GroupAdd',
    'ExtraHosts',
    'Sysctls',
    'CgroupParent',
    'VolumeDriver',
    'StorageOpt',
  ]) {
    assert.ok(empty(host[field]), `${name}: HostConfig.${field} is ${JSON.stringify(host[field])}`);
  }
  assert.deepEqual([Mounts, Config.Volumes ?? null, host.IpcMode, host.Runtime], [[], null, 'private', 'runc']);
  assert.deepEqual(host.SecurityOpt, ['no-new-privileges']);
  assert.ok(host.MaskedPaths.includes('/proc/kcore') && host.ReadonlyPaths.includes('/proc/sys'));
  assert.ok(host.Memory > 0 && host.NanoCpus > 0 && host.PidsLimit > 0, 'it has limits');
  assert.deepEqual(host.LogConfig, { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '2' } });
  assert.deepEqual((host.CapAdd ?? []).map((one: string) => one.replace(/^CAP_/, '')).sort(), adds);
  assert.deepEqual(host.CapDrop.map((one: string) => one.replace(/^CAP_/, '')).sort(), [
    'AUDIT_WRITE',
    'MKNOD',
    'SETFCAP',
    'SYS_CHROOT',
  ]);

  // What the kernel has of its first process.
  const status = await readFile(`/proc/${(await inspectContainer(id)).State.Pid}/status`, 'utf8');
  const read = (field: string) => new RegExp(`^${field}:\\s*(\\S+)$`, 'm').exec(status)?.[1] ?? '';
  assert.equal(read('NoNewPrivs'), '1');
  assert.equal(read('Seccomp'), '2');
  const bound = allowed | (adds.includes('NET_ADMIN') ? maskOf([netAdmin]) : 0n);
  for (const field of ['CapBnd', 'CapPrm', 'CapEff', 'CapInh', 'CapAmb']) {
    assert.equal(BigInt(`0x${read(field)}`) & ~bound, 0n, `${name}: ${field} is ${read(field)}`);
  }
  const [inside, outside] = await Promise.all([readNamespaces(id), readNamespaces()]);
  for (const kind of ['mnt', 'pid', 'uts', 'ipc', 'net'] as const) {
    assert.equal(inside[kind] === outside[kind], shares.includes(kind), `${name}: its ${kind} namespace`);
  }
}

test('what each model makes, asked for all it gives, is contained', async (t) => {
  const api = useApi(server, t);
  const bridged = await api.create('bridged', everything);
  await assertContained(bridged, { adds: ['NET_ADMIN', 'NET_RAW'] });
  await assertContained(await api.create('closed', everything), { adds: ['NET_ADMIN', 'NET_RAW'] });
  await assertContained(await api.create('open', { ...everything, ports: ['2222'] }), {
    adds: ['NET_ADMIN', 'NET_RAW'],
  });
  await assertContained(await api.create('joined', { ...everything, target: bridged.id }), {
    adds: ['NET_ADMIN', 'NET_RAW'],
  });
  await assertContained(await api.create('closed'));
});

test("the host's network namespace comes with nothing else of the host's, through a chain as well", async (t) => {
  const api = useApi(server, t);
  const { capabilities, ...harmless } = everything;
  const host = await api.create('open', { ...harmless, host: true });
  const joined = await api.create('joined', { ...harmless, target: host.name });
  const chained = await api.create('joined', { ...harmless, target: joined.name });
  for (const container of [host, joined, chained]) await assertContained(container, { shares: ['net'] });

  for (const target of [host, joined, chained]) {
    for (const one of capabilities) {
      const { status, body } = await api.tryCreate('joined', { target: target.id, capabilities: [one] });
      assert.deepEqual(
        [status, body.code, body.field],
        [400, 'invalid_request', 'capabilities'],
        `${one} on ${target.name}`,
      );
    }
  }
  const direct = await api.tryCreate('open', { host: true, capabilities });
  assert.deepEqual([direct.status, direct.body.field], [400, 'capabilities']);
});

test('what others run on the host, or with privileges, lends nothing to what joins it', async (t) => {
  const api = useApi(server, t);
  const foreign = await createTestContainer(t, {
    body: { HostConfig: { NetworkMode: 'host', Privileged: true, PidMode: 'host', Binds: ['/:/host:ro'] } },
  });
  const { status, body } = await api.tryCreate('joined', { target: foreign.id, capabilities: ['NET_ADMIN'] });
  assert.deepEqual([status, body.field], [400, 'capabilities']);
  await assertContained(await api.create('joined', { target: foreign.id }), { shares: ['net'] });
});

test('a chain that lost its middle may end in the host, so it takes no capability', async (t) => {
  const api = useApi(server, t);
  const host = await createTestContainer(t, { body: { HostConfig: { NetworkMode: 'host' } } });
  const middle = await createTestContainer(t, { body: { HostConfig: { NetworkMode: `container:${host.id}` } } });
  const end = await createTestContainer(t, { body: { HostConfig: { NetworkMode: `container:${middle.id}` } } });
  await dockerApi('DELETE', `/containers/${middle.id}?force=1`);
  const readReason = async () => (await api.get(`/containers/${end.id}`)).body.orphanReason;
  await waitFor(async (see) => see(await readReason()) === 'target_removed', { what: 'the loss to be seen' });
  const { status, body } = await api.tryCreate('joined', { target: end.id, capabilities: ['NET_ADMIN'] });
  assert.deepEqual([status, body.field], [400, 'capabilities'], JSON.stringify(body));
});

test('a target that was replaced by one on the host gives its members no capability there', async (t) => {
  const api = useApi(server, t);
  const name = uniqueName('swap');
  await api.create('bridged', { name });
  const member = await api.create('joined', { target: name, capabilities: ['NET_ADMIN'] });
  assert.equal((await api.delete(`/containers/${name}`)).status, 204);
  await api.create('open', { name, host: true });
  const { status, body } = await api.post(`/containers/${member.id}/rejoin`);
  assert.deepEqual([status, body.field], [400, 'capabilities']);
  assert.equal((await inspectContainer(member.name)).Id, member.id, 'the member is still what it was');
});

test("over plain tcp the host's namespace is not to be had, by no chain, unless the engine's entry allows it", async (t) => {
  const line = await startChaosProxy(t, { over: 'tcp' });
  const host = await createTestContainer(t, { body: { HostConfig: { NetworkMode: 'host' } } });
  const member = await createTestContainer(t, { body: { HostConfig: { NetworkMode: `container:${host.id}` } } });
  const far = useApi(await startApp(t, { env: { DOCKER_HOST: line.endpoint } }), t);
  const direct = await far.tryCreate('open', { host: true });
  assert.deepEqual([direct.status, direct.body.code, direct.body.field], [403, 'forbidden', 'host']);
  for (const target of [host.id, member.id]) {
    const { status, body } = await far.tryCreate('joined', { target });
    assert.deepEqual([status, body.code, body.field], [403, 'forbidden', 'target']);
    assert.ok(body.hint.includes('insecure'));
  }
  assert.equal((await far.create('open', { ports: ['127.0.0.1::80'] })).mode, 'open');
  const allowed = await startApp(t, { env: { DOCKER_HOST: line.endpoint, TERRARIUM_INSECURE_ENGINE: 'true' } });
  assert.equal((await useApi(allowed, t).create('open', { host: true })).effective, 'host');
});

test("Docker's own fields have no way in: every one is refused by name, and makes nothing", async (t) => {
  const api = useApi(server, t);
  const fields: Record<string, unknown> = {
    HostConfig: { Privileged: true },
    hostConfig: { privileged: true },
    Privileged: true,
    privileged: true,
    Binds: ['/:/host'],
    binds: ['/:/host'],
    volumes: ['/:/host'],
    mounts: [{ type: 'bind', source: '/', target: '/host' }],
    Mounts: [{ Type: 'bind', Source: '/', Target: '/host' }],
    volumesFrom: ['other'],
    tmpfs: { '/x': '' },
    devices: ['/dev/sda'],
    deviceRequests: [{ count: -1 }],
    gpus: 'all',
    capAdd: ['SYS_ADMIN'],
    CapAdd: ['ALL'],
    capDrop: [],
    securityOpt: ['seccomp=unconfined'],
    pid: 'host',
    pidMode: 'host',
    ipc: 'host',
    uts: 'host',
    userns: 'host',
    cgroupns: 'host',
    cgroupParent: '/',
    sysctls: { 'net.ipv4.ip_forward': '1' },
    runtime: 'io.containerd.runc.v2',
    networkMode: 'host',
    NetworkMode: 'host',
    groupAdd: ['docker'],
    extraHosts: ['a:1.2.3.4'],
    logDriver: 'none',
    oomKillDisable: true,
    stopSignal: 'SIGKILL',
    healthcheck: { test: ['CMD', 'true'] },
    init: true,
    readonlyRootfs: false,
  };
  const bodies: Record<Mode, object> = { closed: {}, bridged: {}, joined: { target: 'x1' }, open: { ports: ['80'] } };
  for (const [mode, body] of Object.entries(bodies) as [Mode, object][]) {
    for (const [field, value] of Object.entries(fields)) {
      const attempt = api.tryCreate(mode, { ...body, [field]: value });
      const answer = await attempt;
      assert.deepEqual(
        [answer.status, answer.body.code, answer.body.field],
        [400, 'invalid_request', field],
        `${mode} ${field}`,
      );
      assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/);
    }
  }
});

test('capabilities, networks, targets and modes cannot be talked into more', async (t) => {
  const api = useApi(server, t);
  const refused: [Mode, Record<string, unknown>, string][] = [
    ['closed', { capabilities: ['SYS_ADMIN'] }, 'capabilities[0]'],
    ['closed', { capabilities: ['ALL'] }, 'capabilities[0]'],
    ['closed', { capabilities: ['CAP_NET_ADMIN'] }, 'capabilities[0]'],
    ['closed', { capabilities: ['net_admin'] }, 'capabilities[0]'],
    ['closed', { mode: 'open' }, 'mode'],
    ['closed', { labels: { 'io.terrarium.managed': 'false' } }, 'labels.io.terrarium.managed'],
    ['closed', { labels: { 'io.terrarium.role': 'helper' } }, 'labels.io.terrarium.role'],
    ['bridged', { network: 'host' }, 'network'],
    ['bridged', { network: 'none' }, 'network'],
    ['bridged', { network: 'container:x' }, 'network'],
    ['open', { ports: ['80'], network: 'host' }, 'network'],
    ['joined', { target: '' }, 'target'],
  ];
  for (const [mode, body, field] of refused) {
    const answer = await api.tryCreate(mode, body);
    assert.deepEqual([answer.status, answer.body.field], [400, field], JSON.stringify(body));
  }
  for (const target of [
    'host',
    'none',
    'bridge',
    'container:x',
    '../../etc',
    'a b',
    '%2e%2e',
    '.',
    '..',
    '-1',
    '\u0000',
    '🐚',
  ]) {
    const answer = await api.tryCreate('joined', { target });
    assert.deepEqual(
      [answer.status, answer.body.code, answer.body.field],
      [404, 'container_not_found', 'target'],
      target,
    );
  }
});

test('a helper of ours cannot be joined, changed or removed', async (t) => {
  const api = useApi(server, t);
  const helper = await createTestContainer(t, {
    body: { Labels: { 'io.terrarium.role': 'helper', 'io.terrarium.managed': 'true' } },
  });
  await waitFor(async (see) => see((await api.get(`/containers/${helper.id}`)).status) === 200, {
    what: 'the helper to be known',
  });
  const answers = [
    await api.tryCreate('joined', { target: helper.id }),
    await api.delete(`/containers/${helper.id}`),
    await api.post(`/containers/${helper.id}/stop`),
  ];
  for (const { status, body } of answers) assert.deepEqual([status, body.code], [403, 'not_managed']);
  for (const scope of ['managed', 'all']) {
    const { body } = await api.get(`/containers?scope=${scope}`);
    assert.ok(!body.some(({ id }: Container) => id === helper.id), `not in a list of ${scope}`);
  }
});
