import assert from 'node:assert/strict';
import test from 'node:test';
import { type PathClientChoice, tracePath } from '../../src/domain/packet-path/path.ts';
import type { World } from '../../src/domain/reachability/world.ts';
import type { ReachabilityCode } from '../../src/schemas/reachability-codes.ts';
import { hostAddress, type MadeWorld, makeWorld } from '../support/made-world.ts';

const made: MadeWorld = {
  networks: [
    { name: 'bridge', at: '172.30.0' },
    { name: 'apart', at: '172.30.1' },
    { name: 'quiet', at: '172.30.2', icc: false },
  ],
  containers: [
    {
      name: 'web',
      on: ['bridge'],
      listens: ['80', '127.0.0.1:81', 'udp 53'],
      publishes: [
        '0.0.0.0:8080:80',
        '0.0.0.0:8081:81',
        '0.0.0.0:8082:82',
        '0.0.0.0:8053:53/udp',
        `${hostAddress}:8090:80`,
      ],
    },
    { name: 'local', on: ['apart'], listens: ['80'], publishes: ['127.0.0.1:8083:80'] },
    { name: 'bare', on: ['apart'], listens: ['80'] },
    { name: 'closed', listens: ['80'] },
    { name: 'joined', joins: 'web' },
    { name: 'onhost', isInHost: true, listens: ['9000'] },
    { name: 'user', on: ['bridge'] },
    { name: 'quiet1', on: ['quiet'], listens: ['80'], publishes: ['0.0.0.0:8084:80'] },
    { name: 'quiet2', on: ['quiet'] },
    { name: 'stopped', on: ['bridge'], state: 'exited' },
  ],
};
const world = makeWorld(made);
const outside: PathClientChoice = { kind: 'outside' };
const onHost: PathClientChoice = { kind: 'host' };
const from = (id: string): PathClientChoice => ({ kind: 'container', id });

function trace(
  place: World,
  container: string,
  port: number,
  client: PathClientChoice,
  protocol: 'tcp' | 'udp' = 'tcp',
) {
  return tracePath([place], { container, port, protocol, client });
}

/** For each address at which one would try: where, by what, and with which verdict. */
function sumUp(...question: Parameters<typeof trace>): string[] {
  return trace(...question).paths.map(
    ({ destination, carriedBy, verdict }) => `${destination.address}:${destination.port} ${carriedBy} ${verdict.code}`,
  );
}

function kinds(...question: Parameters<typeof trace>): string[] {
  const [path] = trace(...question).paths;
  return (path?.hops ?? []).map(({ kind, status }) => (status === 'pass' ? kind : `${kind} ${status}`));
}

test('from beyond the host a rule carries it', () => {
  assert.deepEqual(sumUp(world, 'web', 80, outside), [
    `${hostAddress}:8080 dnat reaches`,
    `${hostAddress}:8090 dnat reaches`,
  ]);
  assert.deepEqual(kinds(world, 'web', 80, outside), [
    'client',
    'host-address',
    'dnat',
    'docker-proxy skipped',
    'docker-user',
    'forward',
    'bridge',
    'veth',
    'interface',
    'socket',
    'reply',
  ]);
  assert.deepEqual(sumUp(world, 'web', 53, outside, 'udp'), [`${hostAddress}:8053 dnat reaches`]);
});

test('a client that is not named is the way out to the world, or else a neighbour of the host', () => {
  const clients = (place: World) => trace(place, 'web', 80, outside).paths.map(({ client }) => client.address);
  assert.deepEqual(new Set(clients(world)), new Set(['192.0.2.1']));
  const host = world.namespaces.get(world.host.namespace);
  assert.ok(host !== undefined);
  const routes = host.routes.filter(({ prefix }) => prefix > 0);
  const alone = { ...world, namespaces: new Map([...world.namespaces, [host.id, { ...host, routes }]]) };
  assert.deepEqual(new Set(clients(alone)), new Set(['192.0.2.1']));
  assert.deepEqual(sumUp(alone, 'web', 80, outside)[0], `${hostAddress}:8080 dnat reaches`);
});

test('from the host docker-proxy carries what is for its loopback address', () => {
  assert.deepEqual(sumUp(world, 'web', 80, onHost), [
    '127.0.0.1:8080 docker-proxy reaches',
    `${hostAddress}:8080 dnat reaches`,
    `${hostAddress}:8090 dnat reaches`,
    '172.30.0.2:80 direct reaches',
  ]);
  const hops = kinds(world, 'web', 80, onHost);
  assert.ok(hops.includes('docker-proxy') && hops.includes('dnat skipped'), hops.join());
});

test('from containers: the same bridge, another one, and the same namespace', () => {
  assert.deepEqual(sumUp(world, 'web', 80, from('user')), [
    `${hostAddress}:8080 docker-proxy reaches`,
    `${hostAddress}:8090 docker-proxy reaches`,
    '172.30.0.2:80 direct reaches',
  ]);
  assert.deepEqual(sumUp(world, 'web', 80, from('bare')), [
    `${hostAddress}:8080 docker-proxy reaches`,
    `${hostAddress}:8090 docker-proxy reaches`,
    '172.30.0.2:80 null networks_isolated',
  ]);
  assert.equal(sumUp(world, 'web', 80, from('joined')).at(-1), '127.0.0.1:80 direct reaches');
  assert.equal(sumUp(world, 'web', 81, from('joined')).at(-1), '127.0.0.1:81 direct reaches');
  assert.equal(sumUp(world, 'quiet1', 80, from('quiet2')).at(-1), '172.30.2.2:80 null icc_off');
});

test('a joined container has the ports of its target', () => {
  assert.equal(trace(world, 'joined', 80, outside).published, true);
  assert.deepEqual(sumUp(world, 'joined', 80, outside)[0], `${hostAddress}:8080 dnat reaches`);
});

test('on the loopback address of the host only', () => {
  assert.deepEqual(sumUp(world, 'local', 80, onHost)[0], '127.0.0.1:8083 docker-proxy reaches');
  assert.deepEqual(sumUp(world, 'local', 80, outside), [`${hostAddress}:8083 null published_on_another_address`]);
});

test('in host mode a port needs no publication', () => {
  assert.deepEqual(sumUp(world, 'onhost', 9000, outside), [`${hostAddress}:9000 direct reaches`]);
  assert.equal(trace(world, 'onhost', 9000, outside).published, true);
});

function verdictOf(...question: Parameters<typeof trace>): [ReachabilityCode | undefined, string | undefined] {
  const [path] = trace(...question).paths;
  return [path?.verdict.code, path?.verdict.sentence];
}

test('each fault has its verdict, in a sentence', () => {
  assert.deepEqual(verdictOf(world, 'web', 82, outside), [
    'nothing_listens',
    'nothing listens on tcp 82 in web (it listens on 80, 81)',
  ]);
  assert.deepEqual(verdictOf(world, 'web', 81, outside), [
    'listens_on_loopback_only',
    'web listens on tcp 81 at 127.0.0.1 only, not at 172.30.0.2',
  ]);
  assert.deepEqual(verdictOf(world, 'bare', 80, outside), [
    'not_published',
    'tcp 80 of bare is not published on the host',
  ]);
  assert.deepEqual(verdictOf(world, 'closed', 80, outside), [
    'not_on_network',
    'closed is on no network: it has no interface but lo',
  ]);
  assert.deepEqual(verdictOf(world, 'stopped', 80, outside), ['target_not_running', 'stopped does not run (exited)']);
  const dropped = makeWorld({
    ...made,
    changeRules: (rules) =>
      rules.replace('-A DOCKER-USER -j RETURN', '-A DOCKER-USER -p tcp -j DROP\n-A DOCKER-USER -j RETURN'),
  });
  assert.deepEqual(verdictOf(dropped, 'web', 80, outside), [
    'dropped_in_docker_user',
    'dropped in DOCKER-USER rule 1: -A DOCKER-USER -p tcp -j DROP',
  ]);
  assert.equal(kinds(dropped, 'web', 80, outside).at(-1), 'docker-user stop');
  const without: World = { ...world, host: { ...world.host, proxies: { known: true, value: [] } } };
  const namespaces = new Map(without.namespaces);
  const host = namespaces.get('local~host');
  assert.ok(host !== undefined);
  namespaces.set('local~host', { ...host, listeners: { known: true, value: [] } });
  assert.deepEqual(verdictOf({ ...without, namespaces }, 'web', 80, onHost), [
    'nothing_carries',
    'neither a rule nor a docker-proxy takes 127.0.0.1:8080 to web',
  ]);
  assert.equal(verdictOf({ ...without, namespaces }, 'web', 80, outside)[0], 'reaches');
});

test('a port that another process of the host took is not the container', () => {
  const taken = makeWorld({ ...made, hostListens: ['8080'], changeRules: (rules) => rules.replace(/.*DNAT.*\n/g, '') });
  const free: World = { ...taken, host: { ...taken.host, proxies: { known: true, value: [] } } };
  assert.equal(verdictOf(free, 'web', 80, outside)[0], 'held_by_another');
});
