// The adapter against a real engine, method by method; the raw API and the docker command are the second opinion.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import type { CreateBody } from '../../src/domain/container/create-body.ts';
import { connectEngine } from '../../src/engine/docker/docker-engine.ts';
import type { Engine, EngineEvent } from '../../src/engine/engine.ts';
import {
  callDocker,
  createTestContainer,
  createTestNetwork,
  docker,
  inspectContainer,
  localEndpoint,
  removeContainer,
  removeNetwork,
} from '../support/engine.ts';
import { testLabels, uniqueName } from '../support/run-id.ts';
import { waitFor } from '../support/wait-for.ts';

function connect(t: TestContext): Engine {
  const engine = connectEngine({ name: 'local', endpoint: localEndpoint() });
  t.after(() => engine.close());
  return engine;
}

/** The first three numbers of a /24 that no other run is likely to use. */
const randomSubnet = () => `10.${randomInt(180, 220)}.${randomInt(256)}`;

const sleeper: CreateBody = {
  Image: 'busybox:latest',
  Cmd: ['sleep', '3600'],
  Labels: testLabels,
  HostConfig: { NetworkMode: 'none', Init: true },
};

test('info tells what the engine says of itself, with the negotiated version', async (t) => {
  const engine = connect(t);
  await engine.ping();
  const [info, raw, version] = await Promise.all([
    engine.info(),
    callDocker('GET', '/info'),
    callDocker('GET', '/version'),
  ]);
  assert.equal(info.id, raw.ID);
  assert.equal(info.version, version.Version);
  assert.equal(info.hostname, raw.Name);
  assert.equal(info.cpus, raw.NCPU);
  assert.equal(info.memory, raw.MemTotal);
  assert.equal(info.kernel, raw.KernelVersion);
  assert.equal(info.cgroupVersion, raw.CgroupVersion);
  assert.deepEqual(info.securityOptions, raw.SecurityOptions);
  assert.equal(info.liveRestore, raw.LiveRestoreEnabled);
  assert.ok(Math.abs(Date.parse(info.systemTime) - Date.now()) < 60_000, info.systemTime);
  const [, minor = 0] = info.apiVersion.split('.').map(Number);
  assert.ok(minor >= 44 && minor <= 47, info.apiVersion);
  assert.ok(minor <= Number(version.ApiVersion.split('.')[1]));
});

test('a container is created, started, inspected, paused, stopped, restarted, killed and removed', async (t) => {
  const engine = connect(t);
  const name = uniqueName('adapter');
  t.after(() => removeContainer(name));
  const { id, warnings } = await engine.createContainer(name, sleeper);
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.ok(Array.isArray(warnings));
  assert.equal((await inspectContainer(id)).Name, `/${name}`);
  assert.ok((await engine.listContainerIds()).includes(id), 'a created container is listed, running or not');

  const created = await engine.inspectContainer(name);
  assert.equal(created.state, 'created');
  assert.equal(created.startedAt, null);
  assert.equal(created.pid, 0);

  await engine.startContainer(id);
  await engine.startContainer(id); // 304
  const running = await engine.inspectContainer(id);
  const raw = await inspectContainer(id);
  assert.equal(running.state, 'running');
  assert.equal(running.pid, raw.State.Pid);
  assert.equal(running.startedAt, raw.State.StartedAt);
  assert.equal(running.finishedAt, null);

  await engine.pauseContainer(id);
  assert.equal((await inspectContainer(id)).State.Status, 'paused');
  await engine.unpauseContainer(id);
  assert.equal((await inspectContainer(id)).State.Status, 'running');

  await engine.restartContainer(id, { timeoutSeconds: 1 });
  const restarted = await engine.inspectContainer(id);
  assert.equal(restarted.state, 'running');
  assert.notEqual(restarted.startedAt, running.startedAt);

  await engine.stopContainer(id, { timeoutSeconds: 1 });
  await engine.stopContainer(id); // 304
  const stopped = await engine.inspectContainer(id);
  assert.equal(stopped.state, 'exited');
  assert.equal(stopped.exitCode, 143, 'ended by TERM, which the init passed on');
  assert.notEqual(stopped.finishedAt, null);

  await engine.startContainer(id);
  await engine.killContainer(id, 'SIGKILL');
  await waitFor(async (see) => see((await inspectContainer(id)).State.ExitCode) === 137, { what: 'the kill to show' });

  await engine.startContainer(id);
  await engine.removeContainer(id, { force: true });
  assert.equal((await engine.listContainerIds()).includes(id), false);
});

test('removing a container takes its anonymous volumes along', async (t) => {
  const engine = connect(t);
  const { id } = await createTestContainer(t, { start: false, body: { Volumes: { '/data': {} } } });
  const volume = (await inspectContainer(id)).Mounts[0].Name;
  await engine.removeContainer(id);
  assert.equal((await docker('volume', 'inspect', volume)).code, 1);
});

test('the facts of a container are what the engine reports', async (t) => {
  const engine = connect(t);
  const net = randomSubnet();
  const network = await createTestNetwork(t, { body: { IPAM: { Config: [{ Subnet: `${net}.0/24` }] } } });
  const { id, name } = await createTestContainer(t, {
    body: {
      Cmd: ['sleep', '3600'],
      Tty: true,
      OpenStdin: true,
      Hostname: 'marvin',
      Labels: { 'io.terrarium.owner': 'alice' },
      ExposedPorts: { '80/tcp': {}, '53/udp': {} },
      HostConfig: {
        NetworkMode: network.name,
        CapAdd: ['NET_ADMIN'],
        PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] },
      },
      NetworkingConfig: {
        EndpointsConfig: { [network.name]: { IPAMConfig: { IPv4Address: `${net}.9` }, Aliases: ['web'] } },
      },
    },
  });
  const [facts, raw] = await Promise.all([engine.inspectContainer(id), inspectContainer(id)]);
  const livePort = Number(raw.NetworkSettings.Ports['80/tcp'][0].HostPort);
  assert.equal(facts.name, name);
  assert.equal(facts.image, 'busybox:latest');
  assert.equal(facts.imageId, raw.Image);
  assert.deepEqual(facts.command, ['sleep', '3600']);
  assert.equal(facts.createdAt, raw.Created);
  assert.equal(facts.networkMode, network.name);
  assert.equal(facts.sandboxKey, raw.NetworkSettings.SandboxKey);
  assert.equal(facts.hostname, 'marvin');
  assert.equal(facts.tty, true);
  assert.equal(facts.openStdin, true);
  assert.equal(facts.autoRemove, false);
  assert.equal(facts.privileged, false);
  assert.equal(facts.pidMode, '');
  assert.deepEqual(facts.capAdd, raw.HostConfig.CapAdd);
  assert.deepEqual(facts.labels, { 'io.terrarium.owner': 'alice', ...testLabels });
  assert.deepEqual(facts.portBindings, [{ containerPort: 80, protocol: 'tcp', hostIp: '127.0.0.1', hostPort: '' }]);
  assert.deepEqual(facts.ports, [{ containerPort: 80, protocol: 'tcp', hostIp: '127.0.0.1', hostPort: livePort }]);
  assert.deepEqual(facts.exposedPorts.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`).sort(), [
    '53/udp',
    '80/tcp',
  ]);
  assert.equal(facts.endpoints.length, 1);
  const [endpoint] = facts.endpoints;
  assert.equal(endpoint?.network, network.name);
  assert.equal(endpoint?.networkId, network.id);
  assert.equal(endpoint?.ipv4, `${net}.9`);
  assert.equal(endpoint?.prefix, 24);
  assert.equal(endpoint?.gateway, `${net}.1`);
  assert.equal(endpoint?.mac, raw.NetworkSettings.Networks[network.name].MacAddress);
  assert.ok(endpoint?.aliases.includes('web'));
});

test('a file of a container is read whole, while it runs and while it does not', async (t) => {
  const engine = connect(t);
  const { id } = await createTestContainer(t, {
    body: { Cmd: ['sh', '-c', 'seq 100000 > /long; : > /empty; ln -s /long /link; exec sleep 3600'] },
  });
  const long = `${Array.from({ length: 100_000 }, (_, i) => i + 1).join('\n')}\n`;
  await waitFor(async (see) => see(await engine.readFile(id, '/long')) === long, { what: 'all of the long one' });
  assert.equal(await engine.readFile(id, '/empty'), '');
  assert.match(await engine.readFile(id, '/etc/resolv.conf'), /^nameserver /m);
  await engine.killContainer(id, 'SIGKILL');
  assert.equal(await engine.readFile(id, '/long'), long);
  const refused = async (ref: string, path: string) =>
    (
      await engine.readFile(ref, path).then(
        () => assert.fail(),
        (failure) => failure,
      )
    ).code;
  assert.equal(await refused(id, '/no-such-file'), 'engine_refused');
  assert.equal(await refused('no-such-container', '/long'), 'container_not_found');
  assert.equal(await refused(id, '/link'), 'engine_refused', 'a link is not followed');
});

test('networks are created, listed, inspected and removed', async (t) => {
  const engine = connect(t);
  const name = uniqueName('adapter');
  const net = randomSubnet();
  t.after(() => removeNetwork(name));
  const id = await engine.createNetwork({
    name,
    driver: 'bridge',
    labels: testLabels,
    options: { 'com.docker.network.driver.mtu': '1400' },
    internal: true,
    subnets: [
      { subnet: `${net}.0/24`, gateway: `${net}.254`, ipRange: `${net}.128/25`, auxiliary: { router: `${net}.9` } },
    ],
  });
  const [facts, raw] = await Promise.all([engine.inspectNetwork(name), callDocker('GET', `/networks/${id}`)]);
  assert.deepEqual(facts, {
    id,
    name,
    driver: 'bridge',
    scope: 'local',
    internal: true,
    attachable: false,
    ingress: false,
    ipv6: false,
    createdAt: raw.Created,
    labels: testLabels,
    options: { 'com.docker.network.driver.mtu': '1400' },
    subnets: [
      { subnet: `${net}.0/24`, gateway: `${net}.254`, ipRange: `${net}.128/25`, auxiliary: { router: `${net}.9` } },
    ],
  });
  assert.deepEqual(
    (await engine.listNetworks()).find((network) => network.id === id),
    facts,
  );
  await engine.removeNetwork(name);
  assert.equal(
    (await engine.listNetworks()).some((network) => network.id === id),
    false,
  );
});

test('a container is connected to a network with an address and names, and disconnected', async (t) => {
  const engine = connect(t);
  const net = randomSubnet();
  const network = await createTestNetwork(t, { body: { IPAM: { Config: [{ Subnet: `${net}.0/24` }] } } });
  const { id } = await createTestContainer(t);
  await engine.connectNetwork(network.name, id, { ip: `${net}.77`, aliases: ['seven'] });
  const endpoint = (await engine.inspectContainer(id)).endpoints.find((one) => one.network === network.name);
  assert.equal(endpoint?.ipv4, `${net}.77`);
  assert.ok(endpoint.aliases.includes('seven'));
  await assert.rejects(engine.connectNetwork(network.id, id, {}), /already exists in network/);
  await engine.disconnectNetwork(network.id, id);
  const left = (await engine.inspectContainer(id)).endpoints.map((one) => one.network);
  assert.deepEqual(left, ['bridge']);
  await assert.rejects(engine.disconnectNetwork(network.id, id, { force: true }), /is not connected to/);
});

test('images are listed and inspected alike', async (t) => {
  const engine = connect(t);
  const image = await engine.inspectImage('busybox:latest');
  const raw = await callDocker('GET', '/images/busybox:latest/json');
  assert.equal(image.id, raw.Id);
  assert.ok(image.tags.includes('busybox:latest'));
  assert.equal(image.size, raw.Size);
  const listed = (await engine.listImages()).find(({ id }) => id === image.id);
  assert.deepEqual(listed?.tags, image.tags);
  assert.equal(Math.floor(Date.parse(listed?.createdAt ?? '') / 1000), Math.floor(Date.parse(image.createdAt) / 1000));
});

test('names that a path would swallow are names like any other, and name nothing', async (t) => {
  const engine = connect(t);
  for (const ref of ['', '.', '..', '../json', 'a/../../info', '%2e%2e', 'ü', 'a b?c#d']) {
    await assert.rejects(engine.inspectContainer(ref), { code: 'container_not_found' }, ref);
  }
  await assert.rejects(engine.removeNetwork('..'), { code: 'network_not_found' });
  await assert.rejects(engine.inspectImage('..'), { code: 'image_not_found' });
});

test('the event feed tells from when it was asked on, in order, and ends when it is told to', async (t) => {
  const engine = connect(t);
  const from = BigInt(Date.parse((await engine.info()).systemTime)) * 1_000_000n;
  const { id } = await createTestContainer(t);
  const controller = new AbortController();
  const seen: EngineEvent[] = [];
  let isOpen = false;
  const onOpen = () => {
    isOpen = true;
  };
  const feed = (async () => {
    for await (const event of engine.events({ since: from, signal: controller.signal, onOpen })) {
      if (event.id === id) seen.push(event);
    }
  })();
  await waitFor((see) => see(seen).some(({ action }) => action === 'start'), {
    what: 'what happened before it was asked',
  });
  assert.equal(isOpen, true);
  await docker('kill', id);
  await waitFor((see) => see(seen).some(({ action }) => action === 'die'), { what: 'what happens while it is open' });
  controller.abort();
  await feed;
  const actions = seen.map(({ action }) => action);
  assert.deepEqual(
    actions.filter((action) => ['create', 'start', 'kill', 'die'].includes(action)),
    ['create', 'start', 'kill', 'die'],
  );
  for (const { timeNano, type } of seen) {
    assert.equal(type, 'container');
    assert.ok(timeNano >= from && timeNano > 2n ** 53n);
  }
});

test('a closed engine ends what is under way and begins nothing', async () => {
  const engine = connectEngine({ name: 'local', endpoint: localEndpoint() });
  await engine.ping();
  let isOpen = false;
  const onOpen = () => {
    isOpen = true;
  };
  const feed = (async () => {
    for await (const _ of engine.events({ signal: new AbortController().signal, onOpen }));
  })();
  const ended = assert.rejects(feed, { code: /shutting_down|engine_unavailable/ });
  await waitFor((see) => see(isOpen), { what: 'the feed to open' });
  await engine.close();
  await ended;
  await assert.rejects(engine.ping(), { code: 'shutting_down' });
});
