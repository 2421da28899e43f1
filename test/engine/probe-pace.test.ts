// What the probe sees when it goes on looking by itself, spoken to in its own words: whatever a container does, and whatever reaches it, ends that with a
// word; nothing else does; and nothing that a server says meanwhile is lost, however it is cut.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, type TestContext, test } from 'node:test';
import { readConfig } from '../../src/config.ts';
import {
  defineWord,
  lookWord,
  type ProbeTarget,
  pacedWord,
  paceWord,
  readFinding,
  sortByKey,
} from '../../src/domain/observation/probe-protocol.ts';
import { connectEngine } from '../../src/engine/docker/docker-engine.ts';
import { type Helper, startHelper } from '../../src/services/observation/helper.ts';
import { buildProbeBody } from '../../src/services/observation/probe/probe-body.ts';
import {
  callDocker,
  createTestContainer,
  createTestNetwork,
  execInContainer,
  inspectContainer,
} from '../support/engine.ts';
import { runId, testLabels } from '../support/run-id.ts';
import { startIntruder, startSocketPlayer } from '../support/socket-player.ts';
import { letTimePass, type See, waitFor } from '../support/wait-for.ts';

const [local] = readConfig({ DOCKER_HOST: process.env.DOCKER_HOST }).engines;
const engine = connectEngine(local ?? assert.fail());
after(() => engine.close());
const { id: image } = await engine.inspectImage('busybox:latest');

/** Longer than any of these tests, so that what is seen is what the probe saw by itself. */
const often = { intervalMs: 100, times: 3_000 };

class PacedProbe {
  readonly #helper: Helper;
  #stirs = 0;

  constructor(helper: Helper) {
    this.#helper = helper;
    helper.heed(() => {
      this.#stirs += 1;
    });
  }

  get stirs(): number {
    return this.#stirs;
  }

  tick(...words: string[]) {
    return this.#helper.tick(['99', ...words]);
  }

  async finds(key: number) {
    return readFinding(sortByKey(await this.tick(look(key))).get(key)).kind;
  }

  /** Looks until the target has settled and the probe goes on by itself. */
  async rest(key: number, pace = often): Promise<void> {
    await waitFor(async (see) => see(await this.tick(look(key), paceWord(pace, [key]))).has(pacedWord), {
      what: 'the namespace to come to rest',
      timeoutMs: 60_000,
      intervalMs: 200,
    });
    this.#stirs = 0;
  }

  /** Who comes to a network and who is there tell each other so for a while. */
  async restQuietly(key: number): Promise<void> {
    const isQuiet = async (see: See) => {
      await this.rest(key);
      await letTimePass(4_000, 'those who are there are asked for their address again some seconds later');
      return see(this.#stirs) === 0;
    };
    await waitFor(isQuiet, { what: 'the network to be quiet', timeoutMs: 60_000 });
  }

  async stir(what: string): Promise<void> {
    await waitFor((see) => see(this.#stirs) > 0, { what: `a word about ${what}` });
  }
}

const look = (key: number) => lookWord({ key, forced: false, urgent: true });

async function startProbe(t: TestContext): Promise<PacedProbe> {
  const helper = await startHelper({
    engine,
    kind: 'probe',
    body: (boundary) => {
      const body = buildProbeBody({ image, serverId: runId, boundary });
      return { ...body, Labels: { ...body.Labels, ...testLabels } };
    },
  });
  t.after(() => helper.dispose());
  return new PacedProbe(helper);
}

async function targetOf(...ids: [string, ...string[]]): Promise<ProbeTarget> {
  const members = await Promise.all(ids.map(async (id) => ({ id, pid: (await inspectContainer(id)).State.Pid })));
  return { pid: members[0]?.pid ?? 0, container: ids[0], members };
}

/** Without an init, which wakes up each second, and without a bridge, whose others' packets arrive. */
const still = { Init: false, NetworkMode: 'none' };

async function makeStill(t: TestContext): Promise<string> {
  return (await createTestContainer(t, { body: { HostConfig: still } })).id;
}

test('what a container does is noticed, and nothing is noticed where nothing is done', async (t) => {
  const probe = await startProbe(t);
  const [id, joined] = [await makeStill(t), await makeStill(t)];
  const { id: member } = await createTestContainer(t, {
    body: { HostConfig: { Init: false, NetworkMode: `container:${id}` } },
  });
  await probe.tick(defineWord(1, await targetOf(id, member)), defineWord(2, await targetOf(joined)));
  await probe.rest(1);
  await letTimePass(1_500, 'the probe looks fifteen times, and finds nothing');
  assert.equal(probe.stirs, 0);
  await execInContainer(id, 'httpd', '-p', '80');
  await probe.stir('a listener');
  await letTimePass(500, 'a probe that went on looking would say it again');
  assert.equal(probe.stirs, 1, 'it is said once');
  assert.equal(await probe.finds(1), 'read');
  await probe.rest(1);
  await execInContainer(member, 'httpd', '-p', '81');
  await probe.stir('a listener of a member');
  await probe.rest(1);
  await execInContainer(joined, 'httpd', '-p', '80');
  await letTimePass(500, 'the probe looks five times, and not at the other namespace');
  assert.equal(probe.stirs, 0, 'another namespace was not asked about');
  await callDocker('POST', `/containers/${member}/kill`);
  await probe.stir('the end of a member');
});

/** Of which no device of the host counts: neighbours speak to each other without the device that it stands on. */
async function createMacvlan(t: TestContext): Promise<{ name: string }> {
  const bridge = `tm${runId.slice(-8)}`;
  const { name } = await createTestNetwork(t, { body: { Options: { 'com.docker.network.bridge.name': bridge } } });
  // A bridge without a port carries nothing.
  await createTestContainer(t, { body: { HostConfig: { Init: false, NetworkMode: name } } });
  const subnet = `10.213.${randomInt(256)}.0/24`;
  return createTestNetwork(t, {
    body: { Driver: 'macvlan', Options: { parent: bridge }, IPAM: { Config: [{ Subnet: subnet }] } },
  });
}

for (const { where, makeNetwork } of [
  { where: 'over a bridge', makeNetwork: (t: TestContext) => createTestNetwork(t) },
  { where: 'over a network of which no device of the host counts', makeNetwork: createMacvlan },
])
  test(`a connection from outside is noticed, though nobody in the container wakes up for it: ${where}`, async (t) => {
    const probe = await startProbe(t);
    const { name: network } = await makeNetwork(t);
    const inside = await startSocketPlayer(t, { body: { HostConfig: { NetworkMode: network } } });
    const outside = await startSocketPlayer(t, { body: { HostConfig: { NetworkMode: network } } });
    await inside.must('serve a tcp 0.0.0.0 80 5');
    const address = (await inspectContainer(inside.id)).NetworkSettings.Networks[network].IPAddress;
    await probe.tick(defineWord(1, await targetOf(inside.id)));
    // So that they know each other's address: a question for it would be heard by all.
    for (const call of ['open a tcp', `connect a ${address} 80`, 'open b tcp']) await outside.must(call);
    await probe.restQuietly(1);
    await outside.must(`connect b ${address} 80`);
    await probe.stir('a connection');
    assert.equal(await probe.finds(1), 'read');
  });

test('among busy neighbours it is silent about who rests, and speaks of who does not', async (t) => {
  const probe = await startProbe(t);
  const [{ name: network }, { name: quiet }] = [await createTestNetwork(t), await createTestNetwork(t)];
  const resting = await createTestContainer(t, { body: { HostConfig: { Init: false, NetworkMode: quiet } } });
  await probe.tick(defineWord(1, await targetOf(resting.id)));
  await probe.restQuietly(1);
  const busy = await startSocketPlayer(t, { body: { HostConfig: { NetworkMode: network } } });
  const peer = await startSocketPlayer(t, { body: { HostConfig: { NetworkMode: network } } });
  await busy.must('serve a tcp 0.0.0.0 80 5');
  const address = (await inspectContainer(busy.id)).NetworkSettings.Networks[network].IPAddress;
  const play = async (name: string) => {
    await peer.must(`open ${name} tcp`);
    await peer.must(`connect ${name} ${address} 80`);
  };
  await probe.rest(1);
  for (const name of ['b', 'c', 'd', 'e']) {
    await play(name);
    await letTimePass(200, 'the probe looks twice after each connection');
  }
  assert.equal(probe.stirs, 0, 'its neighbours were asked about by nobody');
  await play('f');
  await execInContainer(resting.id, 'httpd', '-p', '80');
  await probe.stir('a listener');
});

test('a network that comes or goes is noticed', async (t) => {
  const probe = await startProbe(t);
  const [{ name: first }, { name: second }] = [await createTestNetwork(t), await createTestNetwork(t)];
  const { id } = await createTestContainer(t, { body: { HostConfig: { Init: false, NetworkMode: first } } });
  await probe.tick(defineWord(1, await targetOf(id)));
  for (const action of ['connect', 'disconnect']) {
    await probe.rest(1);
    await callDocker('POST', `/networks/${second}/${action}`, { Container: id });
    await probe.stir(action);
  }
});

test('what somebody does who has entered from the host is seen by the next question, if by nothing else', async (t) => {
  const probe = await startProbe(t);
  const id = await makeStill(t);
  const target = await targetOf(id);
  const intruder = await startIntruder(t, target.pid);
  await probe.tick(defineWord(1, target));
  for (const call of ['serve a tcp 127.0.0.1 80 5', 'serve b udp 127.0.0.1 53 0', 'close a', 'close b']) {
    await probe.rest(1);
    await intruder.must(call);
    await letTimePass(300, 'the probe looks three times by itself before it is asked');
    assert.equal(await probe.finds(1), 'read', call);
  }
});

test('it looks so often as it was told, and not at what has not come to rest', async (t) => {
  const probe = await startProbe(t);
  const [id, other] = [await makeStill(t), await makeStill(t)];
  await probe.tick(defineWord(1, await targetOf(id)), defineWord(2, await targetOf(other)));
  await probe.rest(1, { intervalMs: 20, times: 3 });
  await letTimePass(500, 'the probe makes its three looks of 20 ms, and ends');
  await execInContainer(id, 'httpd', '-p', '80');
  await letTimePass(500, 'a probe that went on looking would find the listener');
  assert.equal(probe.stirs, 0);
  assert.equal(await probe.finds(1), 'read');
  await probe.rest(1);
  const both = await probe.tick(look(1), look(2), paceWord(often, [1, 2]));
  assert.equal(both.has(pacedWord), false, 'one of them was looked at for the first time');
  await execInContainer(id, 'httpd', '-p', '81');
  await letTimePass(500, 'a probe that went on looking would find the second listener');
  assert.equal(probe.stirs, 0, 'what it refuses ends what it did before');
});

test('what it is told at the very moment of a wake-up is heard', async (t) => {
  const probe = await startProbe(t);
  const id = await makeStill(t);
  await probe.tick(defineWord(1, await targetOf(id)));
  for (let round = 0; round < 20; round += 1) {
    await probe.rest(1, { intervalMs: 20, times: 3 });
    await letTimePass(58 + (round % 5), 'the last of three looks of 20 ms is made about now');
    await probe.rest(1);
    await execInContainer(id, 'true');
    await probe.stir(`round ${round}`);
  }
});

test('a line that is cut in two by a wake-up is read as it was said', async (t) => {
  const probe = await startProbe(t);
  const id = await makeStill(t);
  const target = await targetOf(id);
  await probe.tick(defineWord(1, target));
  await probe.rest(1, { intervalMs: 1, times: 1_000_000 });
  // Longer than what a pipe holds, so that it is written in pieces, with wake-ups between them.
  const many = Array.from({ length: 3_000 }, (_, i) => defineWord(i + 10, target));
  for (let round = 0; round < 40; round += 1) {
    const answer = await probe.tick(...many, look(10 + round), look(9_999));
    const byKey = sortByKey(answer);
    assert.deepEqual([...byKey.keys()], [10 + round, 9_999], `round ${round}`);
    assert.equal(readFinding(byKey.get(10 + round)).kind, 'read');
    assert.equal(readFinding(byKey.get(9_999)).kind, 'gone');
  }
  assert.equal(probe.stirs, 0);
  await execInContainer(id, 'httpd', '-p', '80');
  await probe.stir('a listener');
});
