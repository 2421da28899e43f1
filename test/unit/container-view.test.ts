// How a container is shown: mode and effective of every kind of attachment, namespaces and their members, ports, networks, ownership.
import assert from 'node:assert/strict';
import test from 'node:test';
import { viewContainers } from '../../src/domain/container/container-view.ts';
import type { ContainerFacts, NetworkFacts } from '../../src/domain/container/facts.ts';
import { deriveEffectiveMode, deriveMode } from '../../src/domain/container/mode.ts';
import { formatHostNamespaceId, formatNamespaceId } from '../../src/domain/container/namespace-id.ts';
import { label } from '../../src/domain/labels.ts';
import { containerFacts, endpointFacts, idOf, lookupIn } from '../support/container-facts.ts';

const bridge: NetworkFacts = {
  id: idOf('net-bridge'),
  name: 'bridge',
  driver: 'bridge',
  scope: 'local',
  internal: false,
  attachable: false,
  ingress: false,
  ipv6: false,
  createdAt: '2026-01-01T00:00:00Z',
  labels: {},
  options: { 'com.docker.network.driver.mtu': '1400' },
  subnets: [],
};
const binding = { containerPort: 80, protocol: 'tcp', hostIp: '', hostPort: '' } as const;
const live = { containerPort: 80, protocol: 'tcp', hostIp: '0.0.0.0', hostPort: 32768 } as const;

const viewOf = (...all: ContainerFacts[]) => {
  const viewer = viewContainers({
    engine: 'local',
    stale: false,
    containers: () => all,
    container: (id) => all.find((one) => one.id === id),
    network: (ref) => (ref === bridge.id || ref === bridge.name ? bridge : undefined),
    inode: (id) => (id === 'local~host' ? 4026531840 : null),
  });
  return { viewer, show: (name: string) => viewer.show(all.find((one) => one.name === name) ?? assert.fail(name)) };
};

test('the mode is read from the configuration, also of a stopped container', () => {
  const mode = (more: Partial<ContainerFacts>) => deriveMode(containerFacts('a', { state: 'exited', ...more }));
  assert.equal(mode({ networkMode: 'none' }), 'closed');
  assert.equal(mode({ networkMode: 'none', portBindings: [binding] }), 'closed');
  assert.equal(mode({ networkMode: 'default' }), 'bridged');
  assert.equal(mode({ networkMode: 'bridge' }), 'bridged');
  assert.equal(mode({ networkMode: 'some-network' }), 'bridged');
  assert.equal(mode({ networkMode: 'default', portBindings: [binding] }), 'open');
  assert.equal(mode({ networkMode: 'some-network', publishAll: true }), 'open');
  assert.equal(mode({ networkMode: 'host' }), 'open');
  assert.equal(mode({ networkMode: `container:${idOf('b')}` }), 'joined');
});

test('effective is what it really has, through the join chain', () => {
  const effective = (name: string, ...all: ContainerFacts[]) => {
    const lookup = lookupIn(all);
    return deriveEffectiveMode(lookup(name) ?? assert.fail(name), lookup);
  };
  const none = { networkMode: 'none', endpoints: [endpointFacts({ network: 'none', ipv4: '', mac: '' })] };
  const joins = (target: string, more = {}) => ({
    networkMode: `container:${idOf(target)}`,
    endpoints: [],
    startedAt: '2026-01-01T00:00:02Z',
    ...more,
  });
  assert.equal(effective('a', containerFacts('a', none)), 'closed');
  assert.equal(effective('a', containerFacts('a')), 'bridged');
  assert.equal(effective('a', containerFacts('a', { endpoints: [] })), 'closed', 'disconnected from its last network');
  assert.equal(
    effective('a', containerFacts('a', { endpoints: [endpointFacts({ ipv4: '', ipv6: 'fd00::2' })] })),
    'bridged',
  );
  assert.equal(effective('a', containerFacts('a', { portBindings: [binding], ports: [live] })), 'open');
  assert.equal(
    effective('a', containerFacts('a', { publishAll: true })),
    'bridged',
    'nothing is exposed, so nothing is published',
  );
  assert.equal(effective('a', containerFacts('a', { networkMode: 'host', endpoints: [] })), 'host');
  assert.equal(effective('a', containerFacts('a', { state: 'paused' })), 'bridged');
  assert.equal(effective('a', containerFacts('a', { state: 'exited' })), null);
  assert.equal(
    effective('b', containerFacts('a', { portBindings: [binding], ports: [live] }), containerFacts('b', joins('a'))),
    'open',
  );
  assert.equal(effective('b', containerFacts('a', none), containerFacts('b', joins('a'))), 'closed');
  assert.equal(
    effective('b', containerFacts('a', { state: 'exited' }), containerFacts('b', joins('a'))),
    'closed',
    'lo is all that is left',
  );
  const chain = [
    containerFacts('h', { networkMode: 'host' }),
    containerFacts('b', joins('h')),
    containerFacts('c', joins('b')),
  ];
  assert.equal(effective('c', ...chain), 'host');
});

test('a namespace is named by its engine, its owner and the start of its owner', () => {
  const owner = containerFacts('a', { startedAt: '2026-01-01T00:00:01.123Z' });
  assert.equal(formatNamespaceId('local', owner), `local~${owner.id}~2026-01-01T00:00:01.123Z`);
  assert.equal(formatHostNamespaceId('local'), 'local~host');
});

test('members of a namespace are found through whole chains, without helpers and without the stranded', () => {
  const later = { networkMode: `container:${idOf('a')}`, endpoints: [], startedAt: '2026-01-01T00:00:02Z' };
  const { show, viewer } = viewOf(
    containerFacts('a'),
    containerFacts('b', later),
    containerFacts('c', { ...later, networkMode: `container:${idOf('b')}`, startedAt: '2026-01-01T00:00:03Z' }),
    containerFacts('helper', { ...later, labels: { [label.role]: 'helper' } }),
    containerFacts('stranded', { ...later, startedAt: '2026-01-01T00:00:00Z' }),
    containerFacts('stopped', { ...later, state: 'exited' }),
    containerFacts('h1', { networkMode: 'host' }),
    containerFacts('h2', { networkMode: 'host' }),
  );
  const names = (name: string) => show(name).namespace?.members.map((member) => member.name);
  for (const name of ['a', 'b', 'c']) assert.deepEqual(names(name), ['a', 'b', 'c']);
  assert.equal(show('c').namespace?.id, `local~${idOf('a')}~2026-01-01T00:00:01Z`);
  assert.deepEqual(names('stranded'), ['stranded']);
  assert.equal(show('stranded').namespace?.id, `local~${idOf('stranded')}~2026-01-01T00:00:00Z`);
  assert.deepEqual(show('h1').namespace, {
    id: 'local~host',
    inode: 4026531840,
    members: [
      { id: idOf('h1'), name: 'h1' },
      { id: idOf('h2'), name: 'h2' },
    ],
  });
  assert.equal(show('stopped').namespace, null);
  assert.deepEqual(viewer.members('local~nobody~x'), []);
});

test('a joined container names its target, also one that is gone', () => {
  const member = containerFacts('b', {
    networkMode: `container:${idOf('a')}`,
    startedAt: '2026-01-01T00:00:02Z',
    labels: { [label.managed]: 'true', [label.target]: 'a' },
  });
  assert.deepEqual(viewOf(containerFacts('a'), member).show('b').joinedTo, { id: idOf('a'), name: 'a' });
  const alone = viewOf(member).show('b');
  assert.deepEqual(alone.joinedTo, { id: idOf('a'), name: 'a' });
  assert.deepEqual([alone.orphaned, alone.orphanReason], [true, 'target_removed']);
  assert.deepEqual(viewOf({ ...member, labels: {} }).show('b').joinedTo, { id: idOf('a'), name: null });
});

test('ports are the live ones while it runs, else what it asks for', () => {
  const open = { portBindings: [binding, { ...binding, containerPort: 81, hostIp: '127.0.0.1', hostPort: '8081' }] };
  assert.deepEqual(viewOf(containerFacts('a', { ...open, ports: [live] })).show('a').ports, [live]);
  assert.deepEqual(viewOf(containerFacts('a', { ...open, state: 'exited' })).show('a').ports, [
    { containerPort: 80, protocol: 'tcp', hostIp: '0.0.0.0', hostPort: null },
    { containerPort: 81, protocol: 'tcp', hostIp: '127.0.0.1', hostPort: 8081 },
  ]);
  const range = { portBindings: [{ ...binding, hostPort: '8000-8010' }], state: 'created' as const };
  assert.equal(viewOf(containerFacts('a', range)).show('a').ports[0]?.hostPort, null);
  assert.deepEqual(viewOf(containerFacts('a', { ...range, networkMode: 'host' })).show('a').ports, []);
});

test('networks show addresses where there are some; none and host are not networks it is on', () => {
  assert.deepEqual(viewOf(containerFacts('a')).show('a').networks, [
    {
      name: 'bridge',
      driver: 'bridge',
      ipv4: '172.17.0.2',
      prefix: 16,
      ipv6: null,
      mac: '02:42:ac:11:00:02',
      gateway: '172.17.0.1',
      mtu: 1400,
    },
  ]);
  const stopped = endpointFacts({ network: 'gone', networkId: 'x', ipv4: '', prefix: 0, mac: '', gateway: '' });
  assert.deepEqual(viewOf(containerFacts('a', { state: 'exited', endpoints: [stopped] })).show('a').networks, [
    { name: 'gone', driver: null, ipv4: null, prefix: null, ipv6: null, mac: null, gateway: null, mtu: null },
  ]);
  assert.deepEqual(
    viewOf(containerFacts('a', { endpoints: [endpointFacts({ network: 'none' })] })).show('a').networks,
    [],
  );
});

test('lab, owner and expiry are believed of managed containers only', () => {
  const labels = { [label.lab]: 'l1', [label.owner]: 'admin', [label.expiresAt]: '2026-01-02T00:00:00Z' };
  const foreign = viewOf(containerFacts('a', { labels })).show('a');
  assert.deepEqual([foreign.managed, foreign.lab, foreign.owner, foreign.expiresAt], [false, null, null, null]);
  const ours = viewOf(containerFacts('a', { labels: { ...labels, [label.managed]: 'true' } })).show('a');
  assert.deepEqual([ours.managed, ours.lab, ours.owner, ours.expiresAt], [true, 'l1', 'admin', '2026-01-02T00:00:00Z']);
});

test('the exit code belongs to a container that ended', () => {
  assert.equal(
    viewOf(containerFacts('a', { finishedAt: '2026-01-01T00:00:00Z', exitCode: 3 })).show('a').exitCode,
    null,
  );
  assert.equal(viewOf(containerFacts('a', { state: 'created', startedAt: null })).show('a').exitCode, null);
  assert.equal(
    viewOf(containerFacts('a', { state: 'exited', finishedAt: '2026-01-01T00:00:00Z', exitCode: 3 })).show('a')
      .exitCode,
    3,
  );
});
