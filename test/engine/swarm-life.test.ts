// Containers on an overlay of two real engines: what is seen inside, the way to their published ports, and what is shown when one of the nodes is away.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Reachability } from '../../src/schemas/verification.ts';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { connectFrom, containerPlace, hostPlace, must } from '../support/outside-client.ts';
import { whyNoPrivateEngine } from '../support/private-engine.ts';
import { outsideAddress, startSwarm } from '../support/swarm.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
const swarm = skip === false ? await startSwarm({ after }) : undefined;
const app = swarm === undefined ? undefined : await startApp({ after }, { config: { engines: swarm.engines } });

function given() {
  if (swarm === undefined || app === undefined) assert.fail();
  return { swarm, api: useApi(app, { after: () => {} }) };
}

async function create(engine: string, name: string, body: object = {}, mode = 'bridged') {
  const { status, body: container } = await given().api.post(`/containers/${mode}`, {
    ...{ name, engine, lab: 'life', network: 'life', command: ['httpd', '-f', '-p', '80'] },
    ...body,
  });
  assert.equal(status, 201, JSON.stringify(container));
  return container;
}

if (skip === false)
  test('the lab of the others', async () => {
    const { api } = given();
    const made = await api.post('/networks', {
      name: 'life',
      driver: 'overlay',
      engine: 'manager',
      subnet: '10.70.0.0/24',
    });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    await create('manager', 'near');
    await create('worker', 'far', { ports: ['8090:80'] }, 'open');
  });

test('what is seen inside is what the programs there print', { skip }, async () => {
  const { api, swarm: real } = given();
  for (const [node, name] of [
    [real.manager, 'near'],
    [real.worker, 'far'],
  ] as const) {
    const { body } = await api.get(`/containers/${name}/ifconfig`);
    const { stdout } = await node.engine.docker(
      'exec',
      name,
      'sh',
      '-c',
      'for d in eth0 eth1; do cat /sys/class/net/$d/address /sys/class/net/$d/mtu; done',
    );
    const [mac, mtu, mac1, mtu1] = stdout.trim().split('\n');
    const shown = body.interfaces.map((one: { name: string; mac: string | null; mtu: number }) => [
      one.name,
      one.mac,
      one.mtu,
    ]);
    assert.deepEqual(shown, [
      ['eth0', mac, Number(mtu)],
      ['eth1', mac1, Number(mtu1)],
      ['lo', null, 65_536],
    ]);
    assert.equal(Number(mtu), 1450);
    const netstat = await api.get(`/containers/${name}/netstat`);
    assert.ok(
      netstat.body.sockets.some(
        ({ state, local }: { state: string; local: { port: number } }) => state === 'LISTEN' && local.port === 80,
      ),
    );
    const { body: spaces } = await api.get(`/containers/${name}/namespaces`);
    const inode = await node.engine.docker('exec', name, 'readlink', '/proc/self/ns/net');
    assert.ok(JSON.stringify(spaces).includes(inode.stdout.replace(/\D/g, '')), JSON.stringify(spaces));
  }
});

test('the way to a published port goes by docker_gwbridge, by the real rules', { skip }, async () => {
  const { api, swarm: real } = given();
  const path = async (from: string) => {
    const { status, body } = await api.get(`/containers/far/ports/80/path?from=${from}`);
    assert.equal(status, 200, JSON.stringify(body));
    return body.paths;
  };
  const connect = () => connectFrom(real.outside, { address: real.worker.address, port: 8090, seconds: 2 });
  const [open] = await path(outsideAddress);
  assert.deepEqual([open.verdict.reaches, open.carriedBy], [true, 'dnat'], open.verdict.sentence);
  assert.ok(
    open.hops.some(({ kind, name }: Record<string, string>) => kind === 'bridge' && name === 'docker_gwbridge'),
  );
  assert.equal(await connect(), 'open');
  const host = hostPlace(real.worker.engine);
  await must(host, 'iptables -I DOCKER-USER -p tcp --dport 80 -j DROP');
  try {
    const [shut] = await path(outsideAddress);
    assert.deepEqual([shut.verdict.reaches, shut.verdict.code], [false, 'dropped_in_docker_user']);
    assert.equal(await connect(), 'timeout');
  } finally {
    await must(host, 'iptables -D DOCKER-USER -p tcp --dport 80 -j DROP');
  }
  // From the other engine: by the overlay, and by the address of the node.
  const ways = await path('near');
  const overlay = ways.find((way: { destination: { address: string } }) =>
    way.destination.address.startsWith('10.70.'),
  );
  assert.equal(overlay.verdict.reaches, true, overlay.verdict.sentence);
  const place = await containerPlace(real.manager.engine, 'near');
  assert.equal(await connectFrom(place, { address: overlay.destination.address, port: 80 }), 'open');
  const node = ways.find(
    (way: { destination: { address: string } }) => way.destination.address === real.worker.address,
  );
  assert.deepEqual([node.verdict.reaches, node.verdict.code], [null, 'leaves_the_host'], node.verdict.sentence);
  assert.match(node.verdict.sentence, /worker would let it reach/);
});

test('hosts that do not let overlays through keep containers apart, as predicted', { skip }, async () => {
  const { swarm: real } = given();
  const host = hostPlace(real.worker.engine);
  await must(host, 'iptables -I INPUT -p udp --dport 4789 -j DROP');
  try {
    const { entries, nodes, verification } = await readMatrix('lab=life&verify=true');
    assert.deepEqual(verification?.disagreements, []);
    const idOf = (name: string) => nodes.find((node) => node.name === name)?.id;
    const across = entries.filter(
      ({ from, to, address }) => from === idOf('near') && to === idOf('far') && address.startsWith('10.70.'),
    );
    assert.deepEqual(
      across.map(({ code, verified }) => [code, verified]),
      [['dropped_by_rule', 'timeout']],
    );
  } finally {
    await must(host, 'iptables -D INPUT -p udp --dport 4789 -j DROP');
  }
});

test('a node that is away is shown as it was, the others go on, and it heals', { skip }, async () => {
  const { api, swarm: real } = given();
  const stateOf = async () => (await api.get('/engines/worker')).body.state;
  const before = await readMatrix('lab=life&verify=true');
  assert.deepEqual(before.verification?.disagreements, []);
  assert.deepEqual(pairOf(before, 'near', 'far'), ['reaches', false]);
  await real.worker.engine.kill();
  await waitFor(async (see) => see(await stateOf()) === 'stale', { what: 'the worker to be found away' });

  const { body: network } = await api.get('/networks/life');
  assert.deepEqual([network.stale, network.engines], [true, ['manager', 'worker']]);
  assert.deepEqual(network.containers.map(({ name }: { name: string }) => name).sort(), ['far', 'near']);
  const during = await readMatrix('lab=life&verify=true');
  assert.deepEqual(pairOf(during, 'near', 'far'), ['unknown', true]);
  assert.equal(pairOf(during, 'far', 'near')[0], 'unknown');
  assert.equal(pairOf(during, 'the host of manager', 'near')[0], pairOf(before, 'the host of manager', 'near')[0]);
  assert.match(during.unknown.join('\n'), /worker is away/);
  assert.deepEqual(during.verification?.disagreements, []);
  assert.ok((during.verification?.connections ?? 0) > 0, 'the others are connected from');
  assert.equal((await api.get('/reachability?engine=worker')).status, 503);
  const inUse = await api.delete('/networks/life');
  assert.deepEqual([inUse.status, inUse.body.code], [409, 'network_in_use']);
  assert.match(inUse.body.detail, /"far" on worker/);
  await create('manager', 'meanwhile');
  assert.equal((await api.delete('/containers/meanwhile')).status, 204);

  await real.worker.engine.restart();
  await waitFor(async (see) => see(await stateOf()) === 'live', {
    what: 'the worker to be live again',
  });
  // Its containers ended with the engine that was killed.
  const again = await api.post('/containers/far/start');
  assert.equal(again.status, 200, JSON.stringify(again.body));
  await waitFor(async (see) => see(pairOf(await readMatrix('lab=life'), 'near', 'far')[0]) === 'reaches', {
    what: 'the listener to be there again',
  });
  const after = await readMatrix('lab=life&verify=true');
  assert.deepEqual(after.verification?.disagreements, []);
  assert.deepEqual(after.unknown, []);
  for (const path of ['/containers/near', '/containers/far', '/networks/life'])
    assert.equal((await api.delete(path)).status, 204, path);
});

async function readMatrix(query: string): Promise<Reachability> {
  const { status, body } = await given().api.get(`/reachability?${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

/** The outcome of a pair, and whether its target is shown as it was. */
function pairOf({ nodes, pairs }: Reachability, from: string, to: string): [outcome: string | null, stale: boolean] {
  const idOf = (name: string) => nodes.find((node) => node.name === name)?.id ?? assert.fail(`no node ${name}`);
  const pair = pairs.find((one) => one.from === idOf(from) && one.to === idOf(to));
  return [pair?.outcome ?? null, nodes.find(({ id }) => id === idOf(to))?.stale ?? false];
}
