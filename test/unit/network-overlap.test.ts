// What a subnet is in the way of, what is free instead, and where the addresses of a request go then.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findFreeSubnet } from '../../src/domain/network/free-subnet.ts';
import { moveSubnet } from '../../src/domain/network/moved-subnet.ts';
import { describeOccupant, findOverlaps, type Occupant, routeOccupants } from '../../src/domain/network/overlap.ts';
import { planIpv4 } from '../../src/domain/network/subnet-plan.ts';
import { formatSubnet, overlaps, parseSubnet, type Subnet } from '../../src/domain/subnet.ts';
import type { Route } from '../../src/schemas/ifconfig.ts';
import fc from '../support/fast-check.ts';

function read(text: string): Subnet {
  const parsed = parseSubnet(text);
  assert.ok(parsed !== null, text);
  return parsed.subnet;
}

const route = (destination: string, prefix: number, more: Partial<Route> = {}): Route => ({
  ...{ destination, prefix, gateway: null, interface: 'eth0', metric: 0, reject: false },
  ...more,
});
const network = (subnet: string, name = 'net'): Occupant => ({ kind: 'network', subnet: read(subnet), id: name, name });

test('default routes and link-local ones are in nobody’s way; halves of everything are', () => {
  const routes = routeOccupants([
    route('0.0.0.0', 0, { gateway: '192.0.2.1' }),
    route('::', 0),
    route('fe80::', 64),
    route('0.0.0.0', 1, { interface: 'tun0' }),
    route('10.0.0.0', 8, { gateway: '192.0.2.9' }),
  ]);
  assert.deepEqual(
    routes.map(({ subnet }) => formatSubnet(subnet)),
    ['0.0.0.0/1', '10.0.0.0/8'],
  );
  assert.deepEqual(findOverlaps(read('10.1.0.0/16'), routes).map(describeOccupant), [
    "the host's route to 0.0.0.0/1 on tun0",
    "the host's route to 10.0.0.0/8 via 192.0.2.9 on eth0",
  ]);
});

test('a network is named, and the route of its own bridge is not', () => {
  const routes = routeOccupants([route('172.18.0.0', 16, { interface: 'br-1' }), route('172.18.9.0', 24)]);
  const found = findOverlaps(read('172.18.9.0/25'), [...routes, network('172.18.0.0/16', 'web')]);
  assert.deepEqual(found.map(describeOccupant), [
    'the network "web" (172.18.0.0/16)',
    "the host's route to 172.18.9.0/24 on eth0",
  ]);
});

test('the free subnet is the first of that length in the pools, else of the size of a pool', () => {
  const find = (wanted: string, taken: string[], pools: { base: string; size: number }[] = []) => {
    const found = findFreeSubnet(read(wanted), pools, taken.map(read));
    return found === null ? null : formatSubnet(found);
  };
  assert.equal(find('10.0.0.0/16', ['172.17.0.0/16']), '172.18.0.0/16');
  assert.equal(find('10.0.0.0/24', ['172.17.0.0/16', '172.18.0.0/25']), '172.18.1.0/24');
  assert.equal(find('10.0.0.0/8', ['172.17.0.0/16']), '172.18.0.0/16');
  assert.equal(find('10.0.0.0/24', ['172.0.0.0/8', '192.168.0.0/17']), '192.168.128.0/24');
  assert.equal(find('10.0.0.0/24', ['0.0.0.0/1', '128.0.0.0/1']), null);
  assert.equal(find('10.0.0.0/24', ['10.9.0.0/24'], [{ base: '10.9.0.0/23', size: 25 }]), '10.9.1.0/24');
  assert.equal(find('fd12::/64', ['fd12::/63']), 'fd12:0:0:2::/64');
  assert.equal(find('2001:db8::/64', ['2001:db8::/64']), 'fd00::/64');
});

test('what is offered overlaps with nothing that is taken', () => {
  const subnet = fc
    .tuple(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 12, max: 32 }), fc.constantFrom('172.', '192.168.'))
    .map(([bits, prefix, start]) => {
      const [high, low] = [bits >> 8, bits & 255];
      return read(start === '172.' ? `172.${16 + (high & 15)}.${low}.0/${prefix}` : `192.168.${high}.${low}/${prefix}`);
    });
  fc.assert(
    fc.property(fc.integer({ min: 8, max: 32 }), fc.array(subnet, { maxLength: 40 }), (prefix, taken) => {
      const wanted = { family: 'ipv4', base: 0x0a00_0000n, prefix } as const;
      const free = findFreeSubnet(wanted, [], taken);
      if (free === null) return;
      assert.ok(taken.every((one) => !overlaps(one, free)));
      assert.ok(overlaps(free, read('172.16.0.0/12')) || overlaps(free, read('192.168.0.0/16')));
    }),
  );
});

test('the addresses of a request keep their places in the subnet that is offered', () => {
  const request = { name: 'net', bip: '10.0.0.5/24', 'fixed-cidr': '10.0.0.130/25', 'default-gateway': '10.0.0.9' };
  const wanted = planIpv4(request);
  assert.ok(wanted !== null);
  assert.deepEqual(moveSubnet(request, wanted, read('172.18.3.0/24')), {
    bip: '172.18.3.5/24',
    'fixed-cidr': '172.18.3.128/25',
    'default-gateway': '172.18.3.9',
  });
  assert.deepEqual(moveSubnet(request, wanted, read('172.18.0.0/16')), { bip: '172.18.0.1/16' });
});
