// Random programs of socket calls in every kind of place but the host's: text and JSON are what the real program prints there, for every choice of
// letters, by the probe and by helpers. TERRARIUM_SWEEP=1 plays many more; a failure names its seed and its calls.
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { callDocker, createTestContainer, createTestNetwork, inspectContainer } from '../support/engine.ts';
import { compare, everywhere, learn, openReader, prove, startObservers } from '../support/netstat-comparison.ts';
import { createScratchImage } from '../support/scratch-image.ts';
import { playerImage, type SocketPlayer, startSocketPlayer } from '../support/socket-player.ts';

const observers = await startObservers({ after });
const ipv6 = { 'net.ipv6.conf.all.disable_ipv6': '0' };
const joinedTo = (target: string) => ({ HostConfig: { NetworkMode: `container:${target}` } });
const makePlayer = (t: TestContext, body: object): Promise<SocketPlayer> => startSocketPlayer(t, { body });

test('closed: the target is busybox, and who plays is joined to it', async (t) => {
  const { id } = await createTestContainer(t, { body: { HostConfig: { NetworkMode: 'none', Sysctls: ipv6 } } });
  const inside = await makePlayer(t, joinedTo(id));
  const reader = await openReader(t, id);
  await learn(observers, id, inside.id);
  await prove(t, { observers, asked: [id], reader, world: { inside, ...everywhere } });
});

test('scratch: an image of one static binary', async (t) => {
  const image = await createScratchImage(t);
  const { id } = await createTestContainer(t, {
    body: { Image: image, Cmd: ['/bin/sleep', '3600'], HostConfig: { NetworkMode: 'none', Sysctls: ipv6 } },
  });
  const inside = await makePlayer(t, joinedTo(id));
  const reader = await openReader(t, id);
  await learn(observers, id, inside.id);
  await prove(t, { observers, asked: [id], reader, world: { inside, ...everywhere } });
});

test('bridged, with several networks: the target itself plays, with one across the bridge', async (t) => {
  const networks = [await createTestNetwork(t), await createTestNetwork(t)];
  const [one, two] = networks.map(({ name }) => name);
  const inside = await makePlayer(t, { HostConfig: { NetworkMode: one, Sysctls: ipv6 } });
  const outside = await makePlayer(t, { HostConfig: { NetworkMode: one } });
  for (const { id } of [inside, outside]) await callDocker('POST', `/networks/${two}/connect`, { Container: id });
  const { Networks } = (await inspectContainer(inside.id)).NetworkSettings;
  const reach = [one, two].map((name) => String(Networks[name ?? ''].IPAddress));
  const nobody = (reach[0] ?? '').replace(/\d+$/, '222');
  const reader = await openReader(t, inside.id);
  await learn(observers, inside.id);
  const v4 = [...everywhere.v4, ...reach];
  await prove(t, {
    observers,
    asked: [inside.id],
    reader,
    world: { inside, outside, ...everywhere, v4, reach, nobody },
  });
});

test('joined: asked about the one that is joined and about its target', async (t) => {
  const { id } = await createTestContainer(t, { body: { HostConfig: { Sysctls: ipv6 } } });
  const inside = await makePlayer(t, joinedTo(id));
  const reader = await openReader(t, id);
  await learn(observers, id, inside.id);
  await prove(t, { observers, asked: [id, inside.id], reader, world: { inside, ...everywhere } });
});

test('paused, both the target and who has played in it', async (t) => {
  const { id } = await createTestContainer(t, { body: { HostConfig: { Sysctls: ipv6 } } });
  const inside = await makePlayer(t, joinedTo(id));
  const reader = await openReader(t, id);
  await learn(observers, id, inside.id);
  const both = (what: string) =>
    Promise.all([id, inside.id].map((one) => callDocker('POST', `/containers/${one}/${what}`)));
  const still = { begin: async () => void (await both('pause')), end: async () => void (await both('unpause')) };
  await prove(t, { observers, asked: [id], reader, world: { inside, ...everywhere }, still });
});

test('more sockets than one probe shows to everybody', async (t) => {
  const { id } = await createTestContainer(t, {
    body: { Image: playerImage, HostConfig: { NetworkMode: 'none', Sysctls: ipv6 } },
  });
  const inside = await makePlayer(t, {
    HostConfig: { ...joinedTo(id).HostConfig, Ulimits: [{ Name: 'nofile', Soft: 8192, Hard: 8192 }] },
  });
  const reader = await openReader(t, id);
  await learn(observers, id, inside.id);
  await inside.must('many t 2600 tcp 127.0.0.1 10000');
  await inside.must('many u 1900 udp6 ::1 10000');
  const states = await compare(
    { observers, asked: [id], reader, world: { inside, ...everywhere } },
    () => 'many sockets',
  );
  assert.equal(states.length, 2 * 4500);
});
