// Two made engines of one swarm: who reaches whom across them, and what is said where nobody can know.
import assert from 'node:assert/strict';
import test from 'node:test';
import { areInOneSwarm, type SwarmFacts } from '../../src/domain/network/swarm.ts';
import { tracePath } from '../../src/domain/packet-path/path.ts';
import { predictMatrix } from '../../src/domain/reachability/matrix.ts';
import type { World } from '../../src/domain/reachability/world.ts';
import type { ReachabilityCode } from '../../src/schemas/reachability-codes.ts';
import { type MadeWorld, makeWorld } from '../support/made-world.ts';

const addresses = { left: '192.0.2.2', right: '192.0.2.3' };

function swarmOf(nodeId: 'left' | 'right'): SwarmFacts {
  return {
    state: nodeId === 'left' ? 'manager' : 'worker',
    error: '',
    nodeId,
    address: addresses[nodeId],
    clusterId: nodeId === 'left' ? 'cluster' : '',
    managers: [{ nodeId: 'left', address: `${addresses.left}:2377` }],
    dataPort: null,
  };
}

const overlay = { name: 'over', at: '172.30.5', driver: 'overlay' };
const bridge = { name: 'bridge', at: '172.30.0' };
const left: MadeWorld = {
  engine: 'left',
  address: addresses.left,
  swarm: swarmOf('left'),
  networks: [bridge, overlay],
  containers: [
    { name: 'near', on: ['over'], listens: ['80', '127.0.0.1:81'] },
    { name: 'plain', on: ['bridge'], listens: ['80'] },
    { name: 'closed', listens: ['80'] },
  ],
  hostListens: ['22'],
};
/** The first addresses of the overlay are given on the other engine. */
const right: MadeWorld = {
  engine: 'right',
  address: addresses.right,
  swarm: swarmOf('right'),
  networks: [bridge, overlay],
  containers: [
    { name: 'spare', on: ['over'], state: 'exited' },
    { name: 'far', on: ['over'], listens: ['80', '127.0.0.1:81'] },
    { name: 'remote', on: ['bridge'], listens: ['80'], publishes: ['0.0.0.0:8080:80', '127.0.0.1:8081:80'] },
    { name: 'mute', on: ['bridge'], publishes: ['0.0.0.0:8082:80'] },
  ],
};

function predict(worlds: readonly World[]) {
  const { entries, pairs } = predictMatrix(worlds);
  return {
    entries,
    pairs,
    of: (from: string, to: string) =>
      entries
        .filter((entry) => entry.from === from && entry.to === to)
        .map(({ address, port, code, outcome, verifiable }) => ({
          door: `${address}:${port}`,
          ...{ code, outcome, verifiable },
        })),
  };
}

function codesOf(worlds: readonly World[], from: string, to: string): Record<string, ReachabilityCode> {
  return Object.fromEntries(
    predict(worlds)
      .of(from, to)
      .map(({ door, code }) => [door, code]),
  );
}

const worlds = [makeWorld(left), makeWorld(right)];

test('engines are in one swarm where they know a manager in common', () => {
  const none = { ...swarmOf('left'), state: 'inactive', nodeId: '', managers: [] } as const;
  assert.equal(areInOneSwarm(swarmOf('left'), swarmOf('right')), true);
  assert.equal(areInOneSwarm(swarmOf('right'), { ...swarmOf('right'), nodeId: 'other' }), true);
  const elsewhere = [{ nodeId: 'third', address: '' }];
  assert.equal(areInOneSwarm(swarmOf('right'), { ...swarmOf('right'), nodeId: 'other', managers: elsewhere }), false);
  assert.equal(areInOneSwarm(none, none), false);
});

test('an overlay carries from one engine to the other', () => {
  assert.deepEqual(codesOf(worlds, 'near', 'far'), {
    '172.30.5.3:80': 'reaches',
    '172.30.5.3:81': 'listens_on_loopback_only',
  });
  assert.deepEqual(codesOf(worlds, 'far', 'near'), {
    '172.30.5.2:80': 'reaches',
    '172.30.5.2:81': 'listens_on_loopback_only',
  });
  const pair = predict(worlds).pairs.find(({ from, to }) => from === 'near' && to === 'far');
  assert.deepEqual(pair?.names, ['far']);
});

test('engines of different swarms share no overlay, whatever its id', () => {
  const strange = { ...swarmOf('right'), managers: [{ nodeId: 'third', address: '' }] };
  const apart = [makeWorld(left), makeWorld({ ...right, swarm: strange })];
  assert.equal(codesOf(apart, 'near', 'far')['172.30.5.3:80'], 'nobody_known_has_address');
});

test('an address of a bridge is one on its own engine only', () => {
  const [entry] = predict(worlds).of('plain', 'remote');
  assert.deepEqual(entry, { door: '172.30.0.2:80', code: 'address_of_another', outcome: 'fails', verifiable: false });
});

test('what leaves one host for another is known to fail, and never to arrive', () => {
  const found = predict(worlds).of('plain', 'remote');
  const published = found.find(({ door }) => door === `${addresses.right}:8080`);
  assert.deepEqual(published, {
    door: `${addresses.right}:8080`,
    code: 'leaves_the_host',
    outcome: 'unknown',
    verifiable: true,
  });
  assert.ok(
    found.every(({ door }) => !door.endsWith(':8081')),
    'what is published on loopback is no door from elsewhere',
  );
  const mute = predict(worlds)
    .of('plain', 'mute')
    .find(({ door }) => door.endsWith(':8082'));
  assert.equal(mute?.outcome, 'fails');
  assert.deepEqual(new Set(Object.values(codesOf(worlds, 'closed', 'remote'))), new Set(['no_route']));
  assert.equal(codesOf(worlds, 'remote', 'left~host')[`${addresses.left}:22`], 'leaves_the_host');
});

test('hosts that do not let through what overlays carry keep containers apart', () => {
  const dropping = (rules: string) => rules.replace('COMMIT', '-A INPUT -p udp -m udp --dport 4789 -j DROP\nCOMMIT');
  const shut = [makeWorld(left), makeWorld({ ...right, changeRules: dropping })];
  const entry = predictMatrix(shut).entries.find(
    ({ from, to, port }) => from === 'near' && to === 'far' && port === 80,
  );
  assert.deepEqual([entry?.outcome, entry?.code, entry?.seenAs], ['fails', 'dropped_by_rule', 'timeout']);
  assert.match(entry?.sentence ?? '', /what overlays carry to right \(udp 4789\) is stopped on right/);
  const back = predictMatrix(shut).entries.find(({ from, to, port }) => from === 'far' && to === 'near' && port === 80);
  assert.deepEqual([back?.outcome, back?.code], ['fails', 'reply_dropped'], 'the answer does not come back');
});

test('the rules for encrypted overlays are in the way of no others, and whether those work is unknown', () => {
  const program = '7,32 0 0 4294963252,7 0 0 0,64 0 0 4,116 0 0 8,21 1 0 4098,6 0 0 0,6 0 0 4294967295';
  const encrypting = (rules: string) =>
    rules.replace(
      'COMMIT',
      `-A INPUT -p udp -m policy --dir in --pol none -m udp --dport 4789 -m bpf --bytecode "${program}" -j DROP\nCOMMIT`,
    );
  const ruled = [makeWorld({ ...left, changeRules: encrypting }), makeWorld({ ...right, changeRules: encrypting })];
  assert.equal(codesOf(ruled, 'near', 'far')['172.30.5.3:80'], 'reaches');
  const other = (rules: string) => encrypting(rules).replace('4098', '4098,0 0 0 0');
  const doubtful = [makeWorld({ ...left, changeRules: other }), makeWorld({ ...right, changeRules: other })];
  assert.equal(
    codesOf(doubtful, 'near', 'far')['172.30.5.3:80'],
    'rule_not_decidable',
    'a program that is none of these',
  );
  const secret = { networks: [bridge, { ...overlay, encrypted: true }] };
  const encrypted = [makeWorld({ ...left, ...secret }), makeWorld({ ...right, ...secret })];
  assert.equal(codesOf(encrypted, 'near', 'far')['172.30.5.3:80'], 'encryption_not_known');
});

test('of an engine that is away nothing is known', () => {
  const [here, there] = worlds as [World, World];
  const gone = { ...there, away: 'The engine right is away', namespaces: new Map() };
  const { entries, pairs } = predict([here, gone]);
  const of = (from: string, to: string) => pairs.find((pair) => pair.from === from && pair.to === to);
  assert.equal(of('near', 'far')?.outcome, 'unknown');
  assert.equal(of('far', 'near')?.outcome, 'unknown');
  assert.match(of('far', 'near')?.namesReason ?? '', /right is away/);
  assert.equal(
    of('plain', 'near')?.outcome,
    predict(worlds).pairs.find((pair) => pair.from === 'plain' && pair.to === 'near')?.outcome,
  );
  assert.ok(entries.filter(({ from }) => from === 'far').every(({ outcome }) => outcome === 'unknown'));
});

test('the way to a port on another engine is told as one', () => {
  const path = (container: string, port: number, id: string) =>
    tracePath(worlds, { container, port, protocol: 'tcp', client: { kind: 'container', id } }).paths;
  const [own] = path('far', 80, 'near');
  assert.equal(own?.verdict.reaches, true, own?.verdict.sentence);
  assert.ok(own?.hops.some(({ detail }) => detail === 'over carries it to far on right'));
  const [published] = path('remote', 80, 'plain');
  assert.deepEqual([published?.destination.address, published?.verdict.reaches], [addresses.right, null]);
  assert.match(published?.verdict.sentence ?? '', /nobody here sees; right would let it reach/);
});
