import assert from 'node:assert/strict';
import test from 'node:test';
import { type ConnectionAttempt, predictConnection } from '../../src/domain/reachability/connection.ts';
import type { World } from '../../src/domain/reachability/world.ts';
import type { ReachabilityCode, SeenAs } from '../../src/schemas/reachability-codes.ts';
import { hostAddress, type MadeWorld, makeWorld, outsideAddress } from '../support/made-world.ts';

/** One of everything; addresses are given in order, from `.2`. */
const made: MadeWorld = {
  networks: [
    { name: 'bridge', at: '172.30.0' },
    { name: 'apart', at: '172.30.1' },
    { name: 'inner', at: '172.30.2', internal: true },
    { name: 'quiet', at: '172.30.3', icc: false },
    { name: 'far', at: '172.30.4', driver: 'macvlan' },
    { name: 'over', at: '172.30.5', driver: 'overlay' },
  ],
  containers: [
    {
      name: 'web',
      on: ['bridge'],
      listens: ['80', '127.0.0.1:81', 'udp 53'],
      publishes: ['0.0.0.0:8080:80', '0.0.0.0:8081:82'],
    },
    { name: 'user', on: ['bridge'] },
    { name: 'other', on: ['apart'], listens: ['80'], publishes: ['127.0.0.1:8082:80'] },
    { name: 'both', on: ['bridge', 'apart'], listens: ['172.30.0.4:80'] },
    { name: 'hidden', on: ['inner'], listens: ['80'], publishes: ['0.0.0.0:8083:80'] },
    { name: 'hidden2', on: ['inner'] },
    { name: 'quiet1', on: ['quiet'], listens: ['80'] },
    { name: 'quiet2', on: ['quiet'] },
    { name: 'closed', listens: ['80'] },
    { name: 'joined', joins: 'web' },
    { name: 'onhost', isInHost: true, listens: ['9000'] },
    { name: 'stopped', on: ['bridge'], state: 'exited' },
    { name: 'paused', on: ['bridge'], state: 'paused', listens: ['80'] },
    { name: 'mac', on: ['far'], listens: ['80'] },
    { name: 'mac2', on: ['far'] },
    { name: 'over1', on: ['over'], listens: ['80'] },
    { name: 'over2', on: ['over'] },
  ],
  hostListens: ['22', '127.0.0.1:631', ':::7000'],
};
const world = makeWorld(made);

type Row = [from: ConnectionAttempt['from'], to: string, code: ReachabilityCode, seenAs?: SeenAs];

const outside = { outside: outsideAddress };

function predict(place: World, from: ConnectionAttempt['from'], to: string) {
  const [, udp, address = '', port] = /^(udp )?(.*):(\d+)$/.exec(to) ?? [];
  return predictConnection(place, {
    from,
    to: { address, port: Number(port), protocol: udp === undefined ? 'tcp' : 'udp' },
  });
}

function check(place: World, rows: readonly Row[]): void {
  for (const [from, to, code, seenAs = null] of rows) {
    const found = predict(place, from, to);
    const context = `${JSON.stringify(from)} to ${to}: ${found.sentence}`;
    assert.equal(found.code, code, context);
    assert.equal(found.seenAs, seenAs, context);
    const last = found.hops.findLast(({ status }) => status !== 'skipped');
    const isRefusedBeforehand = found.hops.length === 0;
    if (!isRefusedBeforehand && found.outcome === 'reaches')
      assert.ok(
        found.hops.every(({ status }) => status === 'pass'),
        context,
      );
    else if (!isRefusedBeforehand)
      assert.ok(
        found.hops.some(({ status }) => status === 'stop' || status === 'unknown'),
        context,
      );
    assert.ok(isRefusedBeforehand || last !== undefined, context);
  }
}

test('within a namespace', () =>
  check(world, [
    ['joined', '127.0.0.1:80', 'reaches'],
    ['joined', '127.0.0.1:81', 'reaches'],
    ['joined', '172.30.0.2:81', 'listens_on_loopback_only', 'refused'],
    ['closed', '127.0.0.1:80', 'reaches'],
    ['onhost', '127.0.0.1:22', 'reaches'],
    ['host', '127.0.0.1:9000', 'reaches'],
    ['web', '127.0.0.1:8080', 'nothing_listens', 'refused'],
  ]));

test('on one bridge', () =>
  check(world, [
    ['user', '172.30.0.2:80', 'reaches'],
    ['user', '172.30.0.2:81', 'listens_on_loopback_only', 'refused'],
    ['user', '172.30.0.2:82', 'nothing_listens', 'refused'],
    ['user', '172.30.0.99:80', 'nobody_has_address', 'unreachable'],
    ['user', '172.30.0.4:80', 'reaches'],
    ['other', '172.30.1.3:80', 'listens_on_another_address', 'refused'],
    ['user', '172.30.0.5:80', 'nobody_has_address', 'unreachable'],
    ['hidden2', '172.30.2.2:80', 'reaches'],
    ['quiet2', '172.30.3.2:80', 'icc_off', 'timeout'],
    ['user', 'udp 172.30.0.2:53', 'reaches'],
    ['user', 'udp 172.30.0.2:54', 'nothing_listens', 'refused'],
  ]));

test('a container that has another address of the bridge answers for all of its own', () => {
  const { outcome, sentence } = predict(world, 'both', '172.30.1.2:80');
  assert.equal(outcome, 'reaches', sentence);
  // `both` has 172.30.1.3 on the other bridge, and `user` asks for it by the gateway: the networks are kept apart.
  check(world, [['user', '172.30.1.3:80', 'networks_isolated', 'timeout']]);
});

test('between bridges, and out', () =>
  check(world, [
    ['user', '172.30.1.2:80', 'networks_isolated', 'timeout'],
    ['other', '172.30.2.2:80', 'networks_isolated', 'timeout'],
    ['hidden2', '172.30.0.2:80', 'no_route', 'unreachable'],
    ['closed', '172.30.0.2:80', 'no_route', 'unreachable'],
    ['user', '203.0.113.9:80', 'leaves_the_host'],
  ]));

test('to the host', () =>
  check(world, [
    ['user', '172.30.0.1:22', 'reaches'],
    ['user', `${hostAddress}:22`, 'reaches'],
    ['user', '172.30.1.1:22', 'reaches'],
    ['hidden2', '172.30.2.1:22', 'reaches'],
    ['hidden2', `${hostAddress}:22`, 'no_route', 'unreachable'],
    ['user', '172.30.0.1:631', 'listens_on_loopback_only', 'refused'],
    ['user', '172.30.0.1:7000', 'reaches'],
    ['user', '172.30.0.1:9000', 'reaches'],
  ]));

test('from the host', () =>
  check(world, [
    ['host', '172.30.0.2:80', 'reaches'],
    ['host', '172.30.2.2:80', 'reaches'],
    ['onhost', '172.30.3.2:80', 'reaches'],
    ['host', '172.30.0.99:80', 'nobody_has_address', 'unreachable'],
    ['host', '203.0.113.9:80', 'leaves_the_host'],
  ]));

test('published ports', () => {
  check(world, [
    ['host', '127.0.0.1:8080', 'reaches'],
    ['host', `${hostAddress}:8080`, 'reaches'],
    ['user', `${hostAddress}:8080`, 'reaches'],
    ['web', `${hostAddress}:8080`, 'reaches'],
    ['other', `${hostAddress}:8080`, 'reaches'],
    [outside, `${hostAddress}:8080`, 'reaches'],
    // Nothing listens on 82 in web.
    ['host', '127.0.0.1:8081', 'proxy_without_backend', 'closed'],
    [outside, `${hostAddress}:8081`, 'nothing_listens', 'refused'],
    // On the host's loopback address only.
    ['host', '127.0.0.1:8082', 'reaches'],
    ['user', `${hostAddress}:8082`, 'listens_on_loopback_only', 'refused'],
    [outside, `${hostAddress}:8082`, 'listens_on_loopback_only', 'refused'],
    // An internal network gets no rules, but a docker-proxy.
    ['host', '127.0.0.1:8083', 'reaches'],
    [outside, `${hostAddress}:8083`, 'reaches'],
    ['hidden2', '172.30.2.1:8083', 'reaches'],
  ]);
  assert.equal(predict(world, 'other', `${hostAddress}:8080`).carriedBy, 'docker-proxy');
  assert.equal(predict(world, outside, `${hostAddress}:8080`).carriedBy, null);
});

test('from beyond the host, without a published port', () =>
  check(world, [
    [outside, '172.30.0.2:80', 'reaches'],
    [outside, '172.30.0.2:81', 'dropped_by_policy', 'timeout'],
    [outside, '172.30.3.2:80', 'dropped_by_policy', 'timeout'],
    [outside, '172.30.2.2:80', 'networks_isolated', 'timeout'],
    [outside, `${hostAddress}:22`, 'reaches'],
  ]));

test('who does not run, who is paused, and what is not modelled', () => {
  check(world, [
    ['stopped', '172.30.0.2:80', 'source_not_running'],
    ['paused', '172.30.0.2:80', 'source_paused'],
    ['user', '172.30.0.5:80', 'nobody_has_address', 'unreachable'],
    ['user', '172.30.0.6:80', 'reaches'],
    ['mac2', '172.30.4.2:80', 'driver_not_modelled'],
    ['over2', '172.30.5.2:80', 'reaches'],
    ['over2', '172.30.5.9:80', 'nobody_known_has_address'],
  ]);
});

test('a paused target accepts, and answers nothing', () => {
  const { notes } = predict(
    makeWorld({ ...made, containers: made.containers.filter(({ name }) => name !== 'stopped') }),
    'user',
    '172.30.0.5:80',
  );
  assert.match(notes.join(), /paused is paused/);
});

test('with userland-proxy off, rules carry what docker-proxy would', () => {
  const routeLocalnet = new Set(['docker0', 'br-apart', 'br-quiet']);
  const settings = { routeLocalnet };
  const without = makeWorld({ ...made, userlandProxy: false, settings });
  check(without, [
    ['host', '127.0.0.1:8080', 'reaches'],
    ['web', `${hostAddress}:8080`, 'reaches'],
    ['user', `${hostAddress}:8080`, 'reaches'],
    // Rewritten on its way, it is between two bridges.
    ['other', `${hostAddress}:8080`, 'networks_isolated', 'timeout'],
    ['host', '127.0.0.1:8081', 'nothing_listens', 'refused'],
    // An internal network has no way back to an address of the host that is not on it.
    ['host', '127.0.0.1:8083', 'nothing_listens', 'refused'],
  ]);
  const blind = makeWorld({
    ...made,
    userlandProxy: false,
    settings: { routeLocalnet, bridgedPacketsMeetRules: { ipv4: false, ipv6: false } },
  });
  check(blind, [
    ['user', `${hostAddress}:8080`, 'reply_bypasses_nat', 'timeout'],
    ['quiet2', '172.30.3.2:80', 'reaches'],
  ]);
});

/** Puts a rule before the others of its chain. */
function withRule(table: string, rule: string): World {
  return makeWorld({
    ...made,
    changeRules: (rules) => rules.replace(new RegExp(`(\\*${table}\\n(?::.*\\n)*)`), `$1${rule}\n`),
  });
}

test('rules of others', () => {
  check(withRule('filter', '-A DOCKER-USER -s 172.30.0.3/32 -j DROP'), [
    ['user', '172.30.0.2:80', 'dropped_in_docker_user', 'timeout'],
    // Nor does what it answers come back.
    ['both', '172.30.0.3:80', 'nothing_listens', 'timeout'],
    ['user', '172.30.0.1:22', 'reaches'],
  ]);
  check(withRule('filter', '-A DOCKER-USER -s 172.30.0.2/32 -j DROP'), [
    ['user', '172.30.0.2:80', 'reply_dropped', 'timeout'],
  ]);
  check(withRule('filter', '-A FORWARD -d 172.30.0.2/32 -j REJECT --reject-with tcp-reset'), [
    ['user', '172.30.0.2:80', 'rejected_by_rule', 'refused'],
    ['host', '127.0.0.1:8080', 'reaches'],
  ]);
  check(withRule('filter', '-A FORWARD -j REJECT --reject-with icmp-host-unreachable'), [
    [outside, `${hostAddress}:8080`, 'rejected_by_rule', 'unreachable'],
  ]);
  check(withRule('filter', '-A DOCKER-USER -d 172.30.0.2/32 -m set --match-set bad src -j DROP'), [
    ['user', '172.30.0.2:80', 'rule_not_decidable'],
    ['user', '172.30.0.4:80', 'reaches'],
    ['quiet2', '172.30.3.2:80', 'icc_off', 'timeout'],
  ]);
  assert.match(
    predict(withRule('filter', '-A DOCKER-USER -d 172.30.0.2/32 -j DROP'), 'user', '172.30.0.2:80').sentence,
    /^dropped in DOCKER-USER rule 1: -A DOCKER-USER -d 172\.30\.0\.2\/32 -j DROP$/,
  );
});

test('what was deleted or is down', () => {
  const withoutDnat = makeWorld({ ...made, changeRules: (rules) => rules.replace(/.*--dport 8080 -j DNAT.*\n/, '') });
  assert.equal(predict(withoutDnat, outside, `${hostAddress}:8080`).carriedBy, 'docker-proxy');
  const withoutAccept = makeWorld({
    ...made,
    changeRules: (rules) => rules.replace(/-A DOCKER -d 172.30.0.2.*\n/, ''),
  });
  check(withoutAccept, [[outside, `${hostAddress}:8080`, 'dropped_by_policy', 'timeout']]);
  const still = makeWorld({ ...made, settings: { forwarding: { ipv4: false, ipv6: false } } });
  check(still, [
    [outside, `${hostAddress}:8080`, 'forwarding_off', 'timeout'],
    ['user', '172.30.0.2:80', 'reaches'],
    ['host', '127.0.0.1:8080', 'reaches'],
  ]);
  const { links } = world.host;
  assert.ok(links.known);
  const unplugged = links.value.map((link) => (link.name.startsWith('veth-web') ? { ...link, up: false } : link));
  const broken: World = { ...world, host: { ...world.host, links: { known: true, value: unplugged } } };
  check(broken, [
    ['user', '172.30.0.2:80', 'link_down'],
    ['user', '172.30.0.4:80', 'reaches'],
  ]);
});

test('what was not read is not guessed', () => {
  const reason = 'switched off';
  const unknown = { known: false, reason } as const;
  const withoutRules: World = { ...world, host: { ...world.host, rules: { ipv4: unknown, ipv6: unknown } } };
  check(withoutRules, [
    ['user', '172.30.0.2:80', 'rules_not_known'],
    ['joined', '127.0.0.1:80', 'reaches'],
    ['closed', '172.30.0.2:80', 'no_route', 'unreachable'],
  ]);
  assert.match(predict(withoutRules, 'user', '172.30.0.2:80').sentence, /switched off/);
  const withoutSettings: World = { ...world, host: { ...world.host, settings: unknown } };
  check(withoutSettings, [
    // Whether rules see it or not, they let it pass.
    ['user', '172.30.0.2:80', 'reaches'],
    ['quiet2', '172.30.3.2:80', 'settings_not_known'],
    [outside, `${hostAddress}:8080`, 'settings_not_known'],
  ]);
  const withoutProxies: World = { ...world, host: { ...world.host, proxies: unknown } };
  check(withoutProxies, [
    ['host', '127.0.0.1:8080', 'proxies_not_known'],
    [outside, `${hostAddress}:8080`, 'reaches'],
  ]);
  const namespaces = new Map(world.namespaces);
  namespaces.delete('local~web');
  check({ ...world, namespaces }, [
    ['user', '172.30.0.2:80', 'namespace_not_known'],
    ['web', '172.30.0.3:80', 'namespace_not_known'],
  ]);
});
