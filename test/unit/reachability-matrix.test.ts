import assert from 'node:assert/strict';
import test from 'node:test';
import { predictConnection } from '../../src/domain/reachability/connection.ts';
import { outsideName, predictMatrix } from '../../src/domain/reachability/matrix.ts';
import { hostAddress, makeWorld } from '../support/made-world.ts';

const world = makeWorld({
  networks: [
    { name: 'bridge', at: '172.30.0' },
    { name: 'named', at: '172.30.1' },
    { name: 'inner', at: '172.30.2', internal: true },
  ],
  containers: [
    {
      name: 'web',
      on: ['named'],
      listens: ['80', ':::80', '127.0.0.1:81', '127.0.0.11:4000', 'udp 53'],
      publishes: ['0.0.0.0:8080:80'],
    },
    { name: 'user', on: ['named', 'inner'] },
    { name: 'joined', joins: 'web' },
    { name: 'default1', on: ['bridge'], listens: ['80'] },
    { name: 'default2', on: ['bridge'] },
    { name: 'closed', listens: ['80'] },
    { name: 'db', on: ['inner'], listens: ['5432'] },
    { name: 'stopped', on: ['named'], state: 'exited' },
  ],
  hostListens: ['22'],
});

const { entries, pairs } = predictMatrix([world]);

function entriesOf(from: string, to: string): string[] {
  return entries
    .filter((entry) => entry.from === from && entry.to === to)
    .map(({ protocol, address, port, at, code }) => `${protocol} ${address}:${port} ${at} ${code}`);
}

function pairOf(from: string, to: string) {
  const pair = pairs.find((one) => one.from === from && one.to === to);
  assert.ok(pair !== undefined);
  return pair;
}

test('every ordered pair is there, and no node is its own', () => {
  assert.equal(pairs.length, 9 * 8);
  assert.ok(pairs.every(({ from, to }) => from !== to));
});

test('each address and port at which one could try, once', () => {
  assert.deepEqual(entriesOf('user', 'web'), [
    'tcp 172.30.1.2:80 own reaches',
    'tcp 172.30.1.2:81 own listens_on_loopback_only',
    'tcp 172.30.1.2:4000 own listens_on_loopback_only',
    'udp 172.30.1.2:53 own reaches',
    `tcp ${hostAddress}:8080 published reaches`,
  ]);
  assert.deepEqual(entriesOf('joined', 'web'), [
    'tcp 127.0.0.1:80 loopback reaches',
    'tcp 127.0.0.1:81 loopback reaches',
    'tcp 127.0.0.11:4000 loopback reaches',
    'udp 127.0.0.1:53 loopback reaches',
    'tcp 172.30.1.2:80 own reaches',
    'tcp 172.30.1.2:81 own listens_on_loopback_only',
    'tcp 172.30.1.2:4000 own listens_on_loopback_only',
    'udp 172.30.1.2:53 own reaches',
    `tcp ${hostAddress}:8080 published reaches`,
  ]);
  assert.deepEqual(entriesOf('host', 'default1'), ['tcp 172.30.0.2:80 own reaches']);
  assert.deepEqual(entriesOf('default2', 'host'), [
    'tcp 172.30.0.1:22 host reaches',
    `tcp ${hostAddress}:22 host reaches`,
  ]);
  assert.deepEqual(entriesOf(outsideName, 'web'), [`tcp ${hostAddress}:8080 published reaches`]);
  assert.deepEqual(entriesOf('user', 'closed'), []);
  assert.deepEqual(entriesOf('user', 'stopped'), []);
});

test('each entry is what is predicted for it alone', () => {
  const rules = [
    '-A DOCKER-USER -s 172.30.1.3/32 -p tcp -j REJECT --reject-with tcp-reset',
    '-A DOCKER-USER -d 172.30.0.3/32 -m conntrack --ctstate RELATED,ESTABLISHED -j DROP',
    '-A DOCKER-USER -m iprange --src-range 172.30.0.4-172.30.0.5 -j DROP',
  ];
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const crowd = makeWorld({
    networks: [
      { name: 'bridge', at: '172.30.0' },
      { name: 'named', at: '172.30.1' },
      { name: 'inner', at: '172.30.2', internal: true },
    ],
    containers: ['bridge', 'named', 'inner'].flatMap((network, n) =>
      names.map((name, i) => ({
        name: `${name}-${network}`,
        on: i === 5 ? [network, 'inner'].filter((one, at, all) => all.indexOf(one) === at) : [network],
        listens: i % 2 === 0 ? ['80'] : ['127.0.0.1:80', '81'],
        publishes: i % 3 === 0 ? [`0.0.0.0:${8000 + 10 * n + i}:80`] : [],
      })),
    ),
    hostListens: ['22'],
    changeRules: (text) => text.replace('-A DOCKER-USER -j RETURN', `${rules.join('\n')}\n-A DOCKER-USER -j RETURN`),
  });
  const all = predictMatrix([crowd]).entries.filter(({ from }) => from !== outsideName);
  assert.ok(all.length > 500);
  for (const { from, address, port, protocol, outcome, code, seenAs, carriedBy, sentence } of all) {
    const to = { address, port, protocol: protocol === 'udp' ? ('udp' as const) : ('tcp' as const) };
    const alone = predictConnection(crowd, { from, to });
    assert.deepEqual(
      { outcome, code, seenAs, carriedBy, sentence },
      {
        outcome: alone.outcome,
        code: alone.code,
        seenAs: alone.seenAs,
        carriedBy: alone.carriedBy,
        sentence: alone.sentence,
      },
      `${from} to ${address}:${port}`,
    );
  }
});

test('UDP, and what comes from beyond the host, cannot be verified', () => {
  for (const { from, protocol, verifiable } of entries)
    assert.equal(verifiable, protocol === 'tcp' && from !== outsideName);
});

test('a pair is summed up', () => {
  assert.equal(pairOf('user', 'web').outcome, 'reaches');
  assert.deepEqual(pairOf('default1', 'web').reachable, [`tcp/${hostAddress}:8080`]);
  assert.equal(pairOf('web', 'db').outcome, 'fails');
  assert.equal(pairOf('user', 'closed').outcome, null);
});

test('only the nodes that were asked about', () => {
  const some = predictMatrix([world], { nodes: new Set(['user', 'web']) });
  assert.deepEqual(
    some.pairs.map(({ from, to }) => `${from} ${to}`),
    ['web user', 'user web'],
  );
  assert.ok(some.entries.every(({ from, to }) => from !== 'host' && to !== 'host'));
});

test('names are those of a network that both are on and that resolves names', () => {
  const names = (from: string, to: string) => pairOf(from, to).names;
  assert.deepEqual(names('user', 'web'), ['web']);
  assert.deepEqual(names('user', 'db'), ['db']);
  assert.deepEqual(names('user', 'joined'), ['web']);
  assert.deepEqual(names('joined', 'user'), ['user']);
  assert.deepEqual(names('web', 'db'), []);
  assert.deepEqual(names('default1', 'default2'), []);
  assert.deepEqual(names('host', 'web'), []);
  assert.deepEqual(names('closed', 'web'), []);
  assert.deepEqual(names('user', 'stopped'), []);
  assert.match(pairOf('default1', 'default2').namesReason, /default bridge resolves no names/);
});
