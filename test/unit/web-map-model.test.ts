// What the map shows: who shares a box, which group it stands in, and which ports of the host lead to it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, Network } from '../../src/client/index.ts';
import { buildMap, type MapFilter } from '../../web/src/views/map/model.ts';
import { attach, makeContainer, makeEngine, makeJoined, makeNetwork } from '../support/made-map.ts';

const everything: MapFilter = { withOthers: true, lab: null, engine: null };
const lan = makeNetwork('lan', '10.1.0');
const docker0 = makeNetwork('bridge', '172.17.0', { managed: false, bridge: 'docker0' });

const build = (
  containers: Container[],
  { networks = [lan, docker0], filter = everything }: { networks?: Network[]; filter?: MapFilter } = {},
) => buildMap({ engines: [makeEngine()], containers, networks }, filter);

/** `group: box (member, member)` for all. */
const describe = (model: ReturnType<typeof build>) =>
  model.hosts
    .flatMap(({ groups }) => groups)
    .flatMap(({ kind, network, boxes }) =>
      boxes.map(({ members }) => `${network?.name ?? kind}: ${members.map(({ name }) => name).join(', ')}`),
    );

test("joined containers share the box of their target, through a chain too; its interfaces are the target's", () => {
  const web = makeContainer('web', { networks: [attach('lan', '10.1.0.2')] });
  const mate = makeJoined('mate', web);
  const third = makeJoined('a-third', mate, { namespace: web.namespace });
  const model = build([third, mate, web, makeContainer('other', { networks: [attach('lan', '10.1.0.3')] })]);
  assert.deepEqual(describe(model), ['lan: other', 'lan: web, a-third, mate']);
  const box = model.hosts[0]?.groups[0]?.boxes[1];
  assert.deepEqual(
    box?.networks.map(({ ipv4 }) => ipv4),
    ['10.1.0.2'],
  );
  assert.equal(model.count, 4);
});

test("closed ones stand apart, host-mode ones in the host's own namespace, docker0 is the first bridge", () => {
  const model = build([
    makeContainer('shut', { mode: 'closed', effective: 'closed', networks: [attach('none', '', { ipv4: null })] }),
    makeContainer('open', { mode: 'open', effective: 'host', networks: [attach('host', '', { ipv4: null })] }),
    makeContainer('b', { networks: [attach('lan', '10.1.0.2')] }),
    makeContainer('a', { networks: [attach('bridge', '172.17.0.2')] }),
  ]);
  assert.deepEqual(describe(model), ['host: open', 'bridge: a', 'lan: b', 'apart: shut']);
});

test('what does not run keeps its place: in its network, or with whom it would join', () => {
  const web = makeContainer('web', {
    state: 'exited',
    namespace: null,
    effective: null,
    networks: [attach('lan', '', { ipv4: null })],
  });
  const mate = makeJoined('mate', web, { state: 'exited', namespace: null, effective: null });
  const [box] = build([web, mate]).hosts[0]?.groups[0]?.boxes ?? [];
  assert.deepEqual(describe(build([web, mate])), ['lan: web, mate']);
  assert.equal(box?.witness, null);
  const running = build([makeContainer('web', { networks: [attach('lan', '10.1.0.2')] })]).hosts[0]?.groups[0]
    ?.boxes[0];
  assert.equal(running?.key, box?.key, 'a restart does not move it');
});

test('who is stranded holds a namespace alone, and has a box of its own', () => {
  const web = makeContainer('web', { networks: [attach('lan', '10.1.0.2')] });
  const alone = makeContainer('mate').namespace;
  const mate = makeJoined('mate', web, { namespace: alone, orphaned: true, orphanReason: 'target_restarted' });
  const model = build([web, mate]);
  assert.deepEqual(describe(model), ['lan: web', 'apart: mate']);
  assert.equal(model.hosts[0]?.groups[1]?.boxes[0]?.isStranded, true);
  const stopped = makeJoined('mate', web, { namespace: null, state: 'exited', orphaned: true });
  assert.deepEqual(describe(build([web, stopped])), ['lan: web, mate'], 'what does not run is nowhere yet');
});

test('a container on several networks stands where its way out is', () => {
  const backend = makeNetwork('backend', '10.2.0', { internal: true });
  const both = makeContainer('both', {
    networks: [attach('backend', '10.2.0.2', { gateway: null }), attach('lan', '10.1.0.2')],
  });
  assert.deepEqual(describe(build([both], { networks: [backend, lan] })), ['lan: both']);
});

test('published ports: one mark for both families, none of what does not run', () => {
  const port = (hostIp: string, hostPort: number | null) => ({
    containerPort: 80,
    protocol: 'tcp' as const,
    hostIp,
    hostPort,
  });
  const web = makeContainer('web', {
    networks: [attach('lan', '10.1.0.2')],
    ports: [
      port('0.0.0.0', 8080),
      port('::', 8080),
      port('127.0.0.1', 8081),
      port('0.0.0.0', 32_768),
      port('::', 32_769),
    ],
  });
  const off = makeContainer('off', {
    state: 'exited',
    namespace: null,
    ports: [port('0.0.0.0', 9090), port('0.0.0.0', null)],
  });
  const ports = build([web, off]).hosts[0]?.ports ?? [];
  assert.deepEqual(
    ports.map(({ hostIp, hostPort, hostPort6 }) => [hostIp, hostPort, hostPort6]),
    [
      ['0.0.0.0', 8080, 8080],
      ['127.0.0.1', 8081, null],
      ['0.0.0.0', 32_768, 32_769],
    ],
  );
});

test('a filter shows a box where any of its members fits, and networks of the lab that are empty', () => {
  const web = makeContainer('web', { managed: false, networks: [attach('bridge', '172.17.0.2')] });
  const mate = makeJoined('mate', web, { lab: 'demo' });
  const other = makeContainer('other', { lab: 'else', networks: [attach('lan', '10.1.0.2')] });
  const networks = [
    makeNetwork('lan', '10.1.0', { lab: 'else' }),
    makeNetwork('own', '10.3.0', { lab: 'demo' }),
    docker0,
  ];
  const model = build([web, mate, other], { networks, filter: { withOthers: false, lab: 'demo', engine: null } });
  assert.deepEqual(describe(model), ['bridge: web, mate']);
  assert.deepEqual(
    model.hosts[0]?.groups.map(({ network }) => network?.name),
    ['bridge', 'own'],
  );
  assert.deepEqual(describe(build([web, other], { filter: { ...everything, withOthers: false } })), ['lan: other']);
  assert.deepEqual(build([web], { filter: { ...everything, engine: 'nowhere' } }).hosts, []);
});

test('a chain that leads in a circle ends', () => {
  const one = makeContainer('one', { state: 'exited', namespace: null, joinedTo: { id: 'id-two', name: 'two' } });
  const two = makeContainer('two', { state: 'exited', namespace: null, joinedTo: { id: 'id-one', name: 'one' } });
  assert.equal(build([one, two]).count, 2);
});
