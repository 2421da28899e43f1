// From daemon.json's names to Docker's body, and back to what is shown. The engine's own verdict is asked in test/engine/network-plan-differential.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planNetwork } from '../../src/domain/network/network-planner.ts';
import { toNetworkBody } from '../../src/domain/network/network-spec.ts';
import { bridgeAddress } from '../../src/domain/network/network-view.ts';
import { Failure } from '../../src/schemas/failure.ts';
import type { CreateNetwork } from '../../src/schemas/network.ts';

const context = { owner: 'alice', creation: 'abc', choosesIpv6: false };
const plan = (request: Omit<CreateNetwork, 'name'>) => planNetwork({ name: 'net', ...request }, context);
const subnets = (request: Omit<CreateNetwork, 'name'>) => plan(request).spec.subnets;

function refuses(request: Omit<CreateNetwork, 'name'>, field: string, words: RegExp): void {
  assert.throws(
    () => plan(request),
    (error) =>
      error instanceof Failure && error.field === field && words.test(error.message) && error.hint !== undefined,
    JSON.stringify(request),
  );
}

test("the lecture's own daemon.json is refused as a network for the reason that its dockerd does not start", () => {
  const lecture = { bip: '192.168.1.5/24', 'fixed-cidr': '192.168.1.5/25', mtu: 1500, dns: ['10.20.1.2', '10.20.1.3'] };
  refuses(
    { ...lecture, 'default-gateway': '10.20.1.1' },
    'default-gateway',
    /10\.20\.1\.1 does not lie in 192\.168\.1\.0\/24/,
  );
  assert.deepEqual(subnets(lecture), [{ subnet: '192.168.1.0/24', gateway: '192.168.1.5', ipRange: '192.168.1.0/25' }]);
});

test('bip is the bridge and its subnet, fixed-cidr the range, default-gateway an address kept free', () => {
  assert.deepEqual(subnets({ bip: '10.20.0.1/24' }), [{ subnet: '10.20.0.0/24', gateway: '10.20.0.1' }]);
  assert.deepEqual(subnets({ 'fixed-cidr': '10.20.0.77/25' }), [
    { subnet: '10.20.0.0/25', gateway: '10.20.0.1', ipRange: '10.20.0.0/25' },
  ]);
  assert.deepEqual(subnets({ bip: '10.20.0.1/24', 'default-gateway': '10.20.0.254' }), [
    { subnet: '10.20.0.0/24', gateway: '10.20.0.1', auxiliary: { DefaultGatewayIPv4: '10.20.0.254' } },
  ]);
  assert.deepEqual(subnets({}), []);
  assert.equal(toNetworkBody(plan({}).spec).IPAM, undefined, 'the engine chooses');
});

test('IPv6 has its subnet by fixed-cidr-v6, and none without ipv6', () => {
  const wish = { 'fixed-cidr-v6': 'fd00:20::5/64', 'default-gateway-v6': 'fd00:20::fe' };
  assert.deepEqual(subnets({ ipv6: true, ...wish }), [
    { subnet: 'fd00:20::/64', gateway: 'fd00:20::1', auxiliary: { DefaultGatewayIPv6: 'fd00:20::fe' } },
  ]);
  const without = plan(wish);
  assert.deepEqual([without.spec.subnets, without.spec.ipv6, without.warnings.length], [[], false, 1]);
  refuses({ ipv6: true }, 'fixed-cidr-v6', /finds no IPv6 subnet by itself/);
  assert.deepEqual(planNetwork({ name: 'net', ipv6: true }, { ...context, choosesIpv6: true }).spec.subnets, []);
  refuses(
    { ipv6: true, 'fixed-cidr-v6': 'fd00::/48', 'default-gateway-v6': 'fd00:0:0:5::9' },
    'default-gateway-v6',
    /2⁶⁴/,
  );
});

test('options are sent where they are given, and what has no effect is said', () => {
  const { spec, warnings } = plan({ mtu: 1400, icc: false, 'ip-masq': true, internal: true, dns: ['9.9.9.9', '::1'] });
  assert.deepEqual(spec.options, {
    'com.docker.network.driver.mtu': '1400',
    'com.docker.network.bridge.enable_icc': 'false',
    'com.docker.network.bridge.enable_ip_masquerade': 'true',
  });
  assert.equal(spec.labels['io.terrarium.dns'], '9.9.9.9,::1');
  assert.deepEqual(warnings, ['ip-masq has no effect: nothing leaves an internal network.']);
  assert.deepEqual(plan({}).spec.options, {});
  assert.deepEqual(plan({ mtu: 0 }).spec.options, {});
  assert.deepEqual(plan({ bip: '10.0.0.1/32' }).warnings, ['bip leaves no address for a container.']);
  assert.deepEqual(plan({ bip: '10.0.0.1/24', 'fixed-cidr': '10.0.0.1/32' }).warnings.length, 1);
  assert.deepEqual(plan({ bip: '10.0.0.1/31' }).warnings, []);
});

test('an overlay takes what is not a setting of bridges', () => {
  const { spec } = plan({ driver: 'overlay', bip: '10.0.9.1/24', mtu: 1300, internal: true });
  assert.deepEqual([spec.attachable, spec.internal, spec.subnets?.length], [true, true, 1]);
  for (const field of ['icc', 'ip-masq', 'ipv6'] as const)
    refuses({ driver: 'overlay', [field]: false }, field, /bridges/);
  refuses({ driver: 'overlay', bip: '10.0.9.1/24', 'default-gateway': '10.0.9.2' }, 'default-gateway', /bridges/);
});

test('where Docker shows no gateway the bridge has the first address that is free', () => {
  const address = (subnet: string, ipRange = '', gateway = '') =>
    bridgeAddress({ subnet, ipRange, gateway, auxiliary: {} });
  assert.equal(address('10.1.0.0/16'), '10.1.0.1');
  assert.equal(address('10.1.0.0/24', '10.1.0.128/25'), '10.1.0.128');
  assert.equal(address('10.1.0.0/24', '10.1.0.0/28'), '10.1.0.1');
  assert.equal(address('10.1.0.0/31'), '10.1.0.0');
  assert.equal(address('fd00::/64'), 'fd00::1');
  assert.equal(address('fd00::/64', '', 'fd00::7/64'), 'fd00::7');
  assert.equal(address('nonsense'), null);
});
