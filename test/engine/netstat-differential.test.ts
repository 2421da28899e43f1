// Random programs of socket calls in every kind of place: at each quiet point our text and our JSON are what the real program prints there, byte for
// byte, for every choice of letters, by the probe and by helpers. TERRARIUM_SWEEP=1 plays many more; a failure names its seed and its calls.
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { type RunningApp, startApp } from '../support/app.ts';
import {
  callDocker,
  createTestContainer,
  createTestNetwork,
  execInContainer,
  inspectContainer,
} from '../support/engine.ts';
import { differentialRun } from '../support/generated-strings.ts';
import {
  isSame,
  letterChoices,
  openRealReader,
  type RealNetstat,
  type RealReader,
  readSockets,
  withoutScopes,
} from '../support/real-netstat.ts';
import { createScratchImage } from '../support/scratch-image.ts';
import { playerImage, type SocketPlayer, startSocketPlayer } from '../support/socket-player.ts';
import { type SocketStep, SocketWorld, socketPrograms, type WorldOptions } from '../support/socket-program.ts';

const observers = {
  probe: await startApp({ after }, { env: { TERRARIUM_OBSERVER: 'probe' } }),
  helper: await startApp({ after }, { env: { TERRARIUM_OBSERVER: 'helper' } }),
};
const isSweep = process.env.TERRARIUM_SWEEP === '1';
const { seed } = differentialRun(0);
const programs = isSweep ? 30 : 2;
/** Points within one program at which all is compared. */
const pointsEach = 3;

const longAddress = '2001:db8:1234:5678:9abc:def0:1234:5678';
const ipv6 = { 'net.ipv6.conf.all.disable_ipv6': '0' };
const everywhere = {
  v4: ['0.0.0.0', '127.0.0.1', '127.77.3.200'],
  v6: ['::', '::1', longAddress, '::ffff:127.0.0.1'],
};

interface Place {
  /** Containers to ask about: all are in the one namespace. */
  readonly asked: readonly string[];
  readonly reader: RealReader;
  readonly world: WorldOptions;
  /** Of others, in a namespace that is not ours alone. */
  readonly isOurs?: (line: string) => boolean;
  /** Done when the calls are made, and undone when all is compared. */
  readonly still?: { begin(): Promise<void>; end(): Promise<void> };
}

/** A busybox in the namespace, which reads it, and gives it an address of full length. */
async function openReader(t: TestContext, target: string): Promise<RealReader> {
  const { id } = await createTestContainer(t, {
    body: { HostConfig: { NetworkMode: `container:${target}`, CapAdd: ['NET_ADMIN'], Init: false } },
  });
  const added = await execInContainer(id, 'ip', 'addr', 'add', `${longAddress}/128`, 'dev', 'lo');
  assert.equal(added.code, 0, added.stderr);
  return openRealReader(t, id);
}

const joinedTo = (target: string) => ({ HostConfig: { NetworkMode: `container:${target}` } });

/** The app learns of containers by the engine's events: it has to know of these now. */
async function learn(...ids: string[]): Promise<void> {
  for (const { app } of Object.values(observers))
    for (const mirror of app.services.catalogue.mirrors) for (const id of ids) await mirror.refresh(id);
}

async function get({ url, headers }: RunningApp, id: string, letters: string, accept: string): Promise<Response> {
  const answer = await fetch(`${url}/api/v1/containers/${id}/netstat?options=${letters}`, {
    headers: { ...headers, accept },
  });
  assert.equal(answer.status, 200);
  return answer;
}

interface Shown {
  readonly texts: ReadonlyMap<string, string>;
  readonly sockets: object[];
}

async function askAll(app: RunningApp, id: string): Promise<Shown> {
  const [sockets, ...texts] = await Promise.all([
    get(app, id, 'tuwa', 'application/json').then((answer) => answer.json() as Promise<{ sockets: object[] }>),
    ...letterChoices.map(
      async (letters) => [letters, withoutScopes(await (await get(app, id, letters, 'text/plain')).text())] as const,
    ),
  ]);
  return { texts: new Map(texts), sockets: sockets.sockets };
}

/** The rows of ours; of a heading everything. */
function onlyOurs(text: string, { isOurs }: Place): string {
  if (isOurs === undefined) return text;
  return text
    .split('\n')
    .filter((line, i) => i < 2 || line === '' || isOurs(line))
    .join('\n');
}

const show = (socket: object) => JSON.stringify(socket);

/** What differs between ours and the real one, in words; null where nothing does. */
function findDifference(real: RealNetstat, shown: Shown, place: Place): string | null {
  for (const letters of letterChoices) {
    const [theirs, ours] = [real.texts.get(letters), shown.texts.get(letters)].map((text) =>
      onlyOurs(text ?? '', place),
    );
    if (theirs !== ours) return `-${letters}\nreal:\n${theirs}\nours:\n${ours}`;
  }
  const { isOurs = () => true } = place;
  const [theirs, ours] = [readSockets(real), shown.sockets].map((sockets) => sockets.map(show).filter(isOurs));
  return theirs?.join('\n') === ours?.join('\n')
    ? null
    : `JSON\nreal:\n${theirs?.join('\n')}\nours:\n${ours?.join('\n')}`;
}

function mask(real: RealNetstat, place: Place): RealNetstat {
  return { ...real, texts: new Map([...real.texts].map(([letters, text]) => [letters, onlyOurs(text, place)])) };
}

/**
 * Asks between two real readings that are the same. What happens between two of them (a timer of the kernel's) is no difference: then it is asked
 * again. While others open and close sockets the kernel can leave out a row of a long table, in anybody's reading, so among others' it is asked more
 * often. Answers how many rows were compared.
 */
async function compare(place: Place, context: () => string): Promise<number> {
  let before = mask(await place.reader.read(), place);
  let rows = 0;
  for (const [observer, app] of Object.entries(observers)) {
    for (const id of place.asked) {
      const deadline = Date.now() + 30_000;
      for (let differences = 0; ; ) {
        const shown = await askAll(app, id);
        const real = await place.reader.read();
        const after = mask(real, place);
        const isQuiet = isSame(before, after);
        before = after;
        const difference = findDifference(real, shown, place);
        if (difference === null) {
          rows += shown.sockets.length;
          break;
        }
        if (isQuiet) differences += 1;
        assert.ok(
          differences < (place.isOurs === undefined ? 2 : 8),
          `${observer}, asked about ${id}: ${difference}\n${context()}`,
        );
        assert.ok(Date.now() < deadline, `${observer}: it does not come to rest\n${difference}\n${context()}`);
      }
    }
  }
  return rows;
}

async function prove(t: TestContext, place: Place): Promise<void> {
  const world = new SocketWorld(place.world);
  const plans = fc.sample(socketPrograms(60), { numRuns: programs, seed });
  let [calls, points, rows] = [0, 0, 0];
  for (const [number, plan] of plans.entries()) {
    const context = () => `seed ${seed}, program ${number}:\n${world.log.join('\n')}`;
    for (const part of cutInto(plan, pointsEach)) {
      for (const step of part) calls += await world.play(step);
      await place.still?.begin();
      rows += await compare(place, context);
      await place.still?.end();
      points += 1;
    }
    await world.clear();
  }
  t.diagnostic(`${calls} calls, ${points} quiet points, ${rows} rows compared, seed ${seed}`);
  assert.ok(rows > points, 'a program that opens nothing proves nothing');
}

function cutInto(plan: readonly SocketStep[], parts: number): SocketStep[][] {
  const size = Math.ceil(plan.length / parts);
  return Array.from({ length: parts }, (_, i) => plan.slice(i * size, (i + 1) * size));
}

async function makePlayer(t: TestContext, body: object): Promise<SocketPlayer> {
  return startSocketPlayer(t, { body });
}

test('closed: the target is busybox, and who plays is joined to it', async (t) => {
  const { id } = await createTestContainer(t, { body: { HostConfig: { NetworkMode: 'none', Sysctls: ipv6 } } });
  const inside = await makePlayer(t, joinedTo(id));
  const reader = await openReader(t, id);
  await learn(id, inside.id);
  await prove(t, { asked: [id], reader, world: { inside, ...everywhere } });
});

test('scratch: an image of one static binary', async (t) => {
  const image = await createScratchImage(t);
  const { id } = await createTestContainer(t, {
    body: { Image: image, Cmd: ['/bin/sleep', '3600'], HostConfig: { NetworkMode: 'none', Sysctls: ipv6 } },
  });
  const inside = await makePlayer(t, joinedTo(id));
  const reader = await openReader(t, id);
  await learn(id, inside.id);
  await prove(t, { asked: [id], reader, world: { inside, ...everywhere } });
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
  await learn(inside.id);
  const v4 = [...everywhere.v4, ...reach];
  await prove(t, { asked: [inside.id], reader, world: { inside, outside, ...everywhere, v4, reach, nobody } });
});

test('joined: asked about the one that is joined and about its target', async (t) => {
  const { id } = await createTestContainer(t, { body: { HostConfig: { Sysctls: ipv6 } } });
  const inside = await makePlayer(t, joinedTo(id));
  const reader = await openReader(t, id);
  await learn(id, inside.id);
  await prove(t, { asked: [id, inside.id], reader, world: { inside, ...everywhere } });
});

test('paused, both the target and who has played in it', async (t) => {
  const { id } = await createTestContainer(t, { body: { HostConfig: { Sysctls: ipv6 } } });
  const inside = await makePlayer(t, joinedTo(id));
  const reader = await openReader(t, id);
  await learn(id, inside.id);
  const both = (what: string) =>
    Promise.all([id, inside.id].map((one) => callDocker('POST', `/containers/${one}/${what}`)));
  const still = { begin: async () => void (await both('pause')), end: async () => void (await both('unpause')) };
  await prove(t, { asked: [id], reader, world: { inside, ...everywhere }, still });
});

test('host mode: the rows that are ours, among those of everybody', async (t) => {
  const inside = await makePlayer(t, { HostConfig: { NetworkMode: 'host' } });
  const { id } = await createTestContainer(t, { body: { HostConfig: { NetworkMode: 'host', Init: false } } });
  await learn(inside.id, id);
  const reader = openRealReader(t, id);
  // Nobody else has business at these addresses of the loopback interface.
  const net = `127.${100 + (process.pid % 100)}.${process.pid % 250}`;
  const v4 = [`${net}.1`, `${net}.2`, `${net}.3`];
  const v6 = v4.map((address) => `::ffff:${address}`);
  await prove(t, { asked: [id], reader, world: { inside, v4, v6 }, isOurs: (line) => line.includes(net) });
});

test('more sockets than one probe shows to everybody', async (t) => {
  const { id } = await createTestContainer(t, {
    body: { Image: playerImage, HostConfig: { NetworkMode: 'none', Sysctls: ipv6 } },
  });
  const inside = await makePlayer(t, {
    HostConfig: { ...joinedTo(id).HostConfig, Ulimits: [{ Name: 'nofile', Soft: 8192, Hard: 8192 }] },
  });
  const reader = await openReader(t, id);
  await learn(id, inside.id);
  await inside.must('many t 2600 tcp 127.0.0.1 10000');
  await inside.must('many u 1900 udp6 ::1 10000');
  const rows = await compare({ asked: [id], reader, world: { inside, ...everywhere } }, () => 'many sockets');
  assert.equal(rows, 2 * 4500);
});
