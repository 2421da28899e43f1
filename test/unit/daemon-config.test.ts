// daemon.json as the check reads it, without an engine: the lecture's example, the messages, the warnings, and that no text whatever makes it throw. That its
// verdicts are dockerd's own is proved in test/engine/daemon-config-differential.test.ts.
import assert from 'node:assert/strict';
import test from 'node:test';
import { checkDaemonConfig, freshHost } from '../../src/domain/daemon-config/check.ts';
import { type DaemonConfigVerdict, problemCodes } from '../../src/schemas/daemon-config.ts';
import { lectureExample } from '../support/daemon-corpus.ts';
import fc from '../support/fast-check.ts';

function check(file: string | object, docker0?: string[]): DaemonConfigVerdict {
  const text = typeof file === 'string' ? file : JSON.stringify(file);
  const existing = docker0 === undefined ? null : { addresses: docker0, isOwn: false };
  return checkDaemonConfig(new TextEncoder().encode(text), { ...freshHost, docker0: existing });
}

/** `severity code key` of each problem. */
function summarize({ problems }: DaemonConfigVerdict): string[] {
  return problems.map(({ severity, code, key }) => `${severity} ${code} ${key}`);
}

test('the example of the lecture fails, and the message says which key is wrong and why', () => {
  const verdict = check(lectureExample);
  assert.equal(verdict.verdict, 'fails');
  assert.equal(verdict.validateSays, 'configuration OK');
  assert.equal(verdict.bridge, null);
  const [first] = verdict.problems;
  assert.equal(first?.severity, 'error');
  assert.equal(first.key, 'default-gateway');
  assert.equal(first.code, 'gateway_outside_subnet');
  assert.match(
    first.message,
    /"default-gateway" 10\.20\.1\.1 does not lie in docker0's subnet 192\.168\.1\.0\/24, which "bip" gives it/,
  );
  assert.match(first.fix, /192\.168\.1\.0\/24/);
  assert.match(first.says ?? '', /must belong to the master pool: 192\.168\.1\.0\/24$/);
  // What else is odd in it: the fixed range lies elsewhere too, and IPv6 is not switched on.
  assert.deepEqual(summarize(verdict).slice(1), [
    'warning no_effect fixed-cidr-v6',
    'warning no_effect default-gateway-v6',
    'warning range_outside_subnet fixed-cidr',
  ]);
});

test('the example, mended', () => {
  const verdict = check({
    bip: '192.168.1.5/24',
    'fixed-cidr': '192.168.1.128/25',
    'fixed-cidr-v6': '2001:db8::/64',
    ipv6: true,
    mtu: 1400,
    'default-gateway': '192.168.1.1',
    'default-gateway-v6': '2001:db8::89',
    dns: ['10.20.1.2', '10.20.1.3'],
  });
  assert.deepEqual(verdict, {
    verdict: 'boots',
    problems: [],
    bridge: {
      address: '192.168.1.5/24',
      subnet: '192.168.1.0/24',
      ipRange: '192.168.1.128/25',
      gateway: '192.168.1.5',
      mtu: 1400,
      ipv6: true,
    },
    bridgeV6: { address: '2001:db8::1/64', subnet: '2001:db8::/64' },
    defaultRoute: { ipv4: '192.168.1.1', ipv6: '2001:db8::89' },
    validateSays: 'configuration OK',
  });
});

test('an empty file gives what dockerd has of its own', () => {
  const { bridge, problems } = check('');
  assert.deepEqual(problems, []);
  assert.deepEqual(bridge, {
    address: '172.17.0.1/16',
    subnet: '172.17.0.0/16',
    ipRange: null,
    gateway: '172.17.0.1',
    mtu: 1500,
    ipv6: false,
  });
});

test('what is there already decides: an old docker0', () => {
  const gateway = { 'default-gateway': '172.17.0.254' };
  assert.equal(check(gateway).verdict, 'boots');
  const refused = check(gateway, ['192.168.1.9/24']);
  assert.equal(refused.verdict, 'fails');
  assert.match(refused.problems[0]?.message ?? '', /192\.168\.1\.0\/24, which the docker0 that is there has/);

  const kept = check({ 'fixed-cidr': '10.20.0.0/16' }, ['192.168.1.9/24']);
  assert.equal(kept.bridge?.subnet, '192.168.1.0/24');
  assert.equal(kept.bridge.ipRange, '10.20.0.0/16');
  assert.deepEqual(summarize(kept), [
    'warning range_outside_subnet fixed-cidr',
    'info existing_bridge_kept fixed-cidr',
  ]);

  const moved = check({ bip: '192.168.1.5/24' }, ['172.17.0.1/16']);
  assert.equal(moved.bridge?.address, '192.168.1.5/24');
  assert.deepEqual(summarize(moved), ['info bridge_readdressed bip']);
});

test('with address pools dockerd makes anew what it made itself, and keeps what others made', () => {
  const file = new TextEncoder().encode('{"default-address-pools":[{"base":"10.10.0.0/16","size":24}]}');
  const on = (isOwn: boolean) =>
    checkDaemonConfig(file, { ...freshHost, docker0: { addresses: ['172.17.0.1/16'], isOwn } }).bridge?.subnet;
  assert.equal(on(true), '10.10.0.0/24');
  assert.equal(on(false), '172.17.0.0/16');
});

test('a message names the key, and where in the file', () => {
  const cases: [string | object, string, RegExp][] = [
    ['{\n  "mtu": 1500,\n}', 'malformed_json', /"}" cannot stand at line 3, column 1/],
    ['\n\n{ "mtu": 1500', 'malformed_json', /ends too early, at line 3/],
    [{ MTU: 1500 }, 'unknown_key', /"MTU"/],
    [{ mtu: '1500' }, 'wrong_type', /"mtu" wants a whole number, not a string/],
    [{ dns: ['dns.google'] }, 'invalid_address', /"dns" wants an IP address, and "dns.google" is none/],
    [{ bip: '192.168.1.5' }, 'invalid_subnet', /"bip".*an address without a prefix length/],
    [
      { bip: '192.168.1.0/24' },
      'address_reserved',
      /"bip" gives docker0 192\.168\.1\.0, which.*stands for the network itself/,
    ],
    [{ mtu: 67 }, 'out_of_range', /68 to 65535/],
    [{ bridge: 'docker0', bip: '10.0.0.1/24' }, 'conflicting_keys', /"bridge".*"bip"/],
    [{ bridge: 'br0' }, 'bridge_missing', /"br0"/],
    [{ ipv6: true }, 'subnet_missing', /no subnet of IPv6/],
    [{ ip6tables: true }, 'needs_experimental', /experimental/],
    [{ icc: false, iptables: false }, 'conflicting_keys', /"icc": false is done with iptables/],
    [{ hosts: ['http://127.0.0.1:2375'] }, 'invalid_host', /unsupported proto 'http'/],
    [{ hosts: ['tcp://[::1%25lo]:2375'] }, 'invalid_host', /zone/],
    [{ validate: true }, 'stops_at_once', /end, each time/],
    [{ tlsverify: false }, 'file_missing', /because "tlsverify" stands there/],
    [
      { 'default-address-pools': [{ base: '10.10.0.0/16', size: 8 }] },
      'pool_invalid',
      /default-address-pools\[0\] is 8/,
    ],
  ];
  for (const [file, code, message] of cases) {
    const { verdict, problems } = check(file);
    assert.equal(verdict, 'fails', JSON.stringify(file));
    assert.equal(problems[0]?.code, code, JSON.stringify(file));
    assert.match(problems[0].message, message);
    assert.ok(problems[0].fix.length > 0);
  }
});

test('a suggestion for a key that is not quite right', () => {
  const fixOf = (key: string) => check({ [key]: [] }).problems[0]?.fix;
  assert.match(fixOf('Dns') ?? '', /"dns"/);
  assert.match(fixOf('default_gateway') ?? '', /"default-gateway"/);
  assert.match(fixOf('regsitry-mirrors') ?? '', /"registry-mirrors"/);
  assert.equal(fixOf('nosuch'), 'Remove "nosuch"');
});

test('every mistake is found, not only the one that dockerd would tell first', () => {
  const verdict = check({ nosuch: 1, mtu: 'x', 'log-level': 'loud', bip: 'foo', 'storage-driver': 'aufs' });
  assert.deepEqual(
    verdict.problems.map(({ key }) => key),
    ['nosuch', 'mtu', 'log-level', 'storage-driver', 'bip'],
  );
  assert.match(verdict.validateSays, /directives don't match any configuration option: nosuch$/);
});

test('what starts, and does not do what was meant', () => {
  const cases: [string | object, string[]][] = [
    [{ bip: '192.168.1.5/24', 'fixed-cidr': '10.20.0.0/16' }, ['warning range_outside_subnet fixed-cidr']],
    [{ bip: '192.168.1.5/24', 'fixed-cidr': '192.168.0.0/16' }, ['warning range_outside_subnet fixed-cidr']],
    [{ mtu: 0 }, ['warning no_effect mtu']],
    ['{"mtu":1400,\n"mtu":1300}', ['warning duplicate_key mtu']],
    [{ host: ['tcp://127.0.0.1:2375'] }, ['warning no_effect host']],
    [{ 'http-proxy': 'http://proxy:3128' }, ['warning no_effect http-proxy']],
    [{ network: { mtu: 1400 } }, ['warning misplaced_key network.mtu']],
    [{ 'fixed-cidr-v6': '2001:db8::/64' }, ['warning no_effect fixed-cidr-v6']],
    [{ bridge: 'none', mtu: 1400 }, ['warning no_effect mtu', 'info bridge_removed bridge']],
    [{ iptables: false }, ['warning no_effect iptables']],
    [{ 'log-driver': 'nosuch' }, ['warning name_not_found log-driver']],
    ['\ufeff{}', ['info byte_order_mark null']],
  ];
  for (const [file, summary] of cases) {
    const verdict = check(file);
    assert.equal(verdict.verdict, 'boots', JSON.stringify(file));
    assert.deepEqual(summarize(verdict), summary, JSON.stringify(file));
  }
});

test('the dangers of listening', () => {
  const codes = (file: object) => check(file).problems.map(({ code }) => code);
  const everywhere = { hosts: ['tcp://0.0.0.0:2375', 'unix:///var/run/docker.sock'] };
  assert.deepEqual(codes(everywhere), ['flag_conflict', 'open_to_the_network', 'slow_start']);
  assert.match(check(everywhere).problems[1]?.message ?? '', /every container, through the address of docker0/);
  assert.deepEqual(codes({ ...everywhere, tls: false }), ['flag_conflict', 'open_to_the_network']);
  assert.deepEqual(codes({ hosts: ['tcp://127.0.0.1:2375'] }), ['flag_conflict', 'unauthenticated_tcp']);
  assert.deepEqual(codes({ hosts: ['unix:///var/run/docker.sock'] }), ['flag_conflict']);
  assert.deepEqual(codes({ 'metrics-addr': '0.0.0.0:9323' }), ['open_to_the_network']);
});

test('for another engine it says that it knows this one', () => {
  const { problems } = checkDaemonConfig(new TextEncoder().encode('{}'), { docker0: null, engineVersion: '29.0.1' });
  assert.deepEqual(
    problems.map(({ code }) => code),
    ['other_engine_version'],
  );
});

test('any bytes get an answer, with codes of the list, and errors exactly where it fails', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.json().map((text) => new TextEncoder().encode(text)),
    fc
      .dictionary(
        fc.constantFrom('bip', 'mtu', 'hosts', 'dns', 'fixed-cidr', 'tls', 'runtimes', 'builder', 'x'),
        fc.jsonValue(),
      )
      .map((value) => new TextEncoder().encode(JSON.stringify(value))),
  );
  fc.assert(
    fc.property(bytes, (file) => {
      const { verdict, problems, bridge } = checkDaemonConfig(file);
      assert.equal(
        verdict === 'fails',
        problems.some(({ severity }) => severity === 'error'),
      );
      if (verdict === 'fails') assert.equal(bridge, null);
      for (const { code, message, fix } of problems) {
        assert.ok(problemCodes.includes(code), code);
        assert.ok(message !== '' && fix !== '');
      }
    }),
    { numRuns: 2_000 },
  );
});

test('no file of the greatest size keeps it long, or makes it say more than can be read', { timeout: 60_000 }, () => {
  const size = 256 * 1024;
  const fill = (piece: string) => piece.repeat(Math.floor(size / piece.length));
  const many = (member: (i: number) => string) =>
    `{${Array.from({ length: 16_000 }, (_, i) => member(i)).join(',\n')}}`;
  const files = [
    many((i) => `"nosuch${i}":1`),
    many((i) => `"label":{"x${i}":1}`),
    many((i) => `"mtu":${i}`),
    `{"labels":[${fill('"x",').slice(0, -1)}]}`,
    `{"dns":[${fill('1,').slice(0, -1)}]}`,
    `{"dns-search":["${fill(' ').slice(0, -100)}a b"]}`,
    `{"dns-search":["${fill('a.').slice(0, -100)}!"]}`,
    `{"mtu":${fill('9').slice(0, -100)}}`,
    `{"default-shm-size":${'['.repeat(9_000)}${']'.repeat(9_000)}}`,
    `{"hosts":[${fill('"tcp://127.0.0.1:2375",').slice(0, -1)}]}`,
    `{"insecure-registries":["${fill('a-').slice(0, -100)}_"]}`,
    `${fill(' ')}x${fill(' ')}`,
    `{"node-generic-resources":[${fill('"a=1",').slice(0, -1)}]}`,
    `{"default-address-pools":[${fill('{"base":"10.0.0.0/8","size":24},').slice(0, -1)}]}`,
    `{"a":{${Array.from({ length: 16_000 }, (_, i) => `"mtu${i}":1`).join(',')}}}`,
    fill('{"a":'),
    fill('\n'),
  ];
  for (const file of files) {
    const verdict = check(file);
    assert.ok(verdict.problems.length <= 202, `${verdict.problems.length} problems`);
    assert.ok(JSON.stringify(verdict).length < 12 * size, file.slice(0, 40));
  }
});
