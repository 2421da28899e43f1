// Our plans of networks against a real engine of this test's own: what we plan it makes, as we said it would, down to the bridge on its host; what it
// refuses we have refused; and what we refuse though it would make it is one of the few things that are said to be so.
// TERRARIUM_TEST_CASES=1000 makes it a sweep.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { planNetwork } from '../../src/domain/network/network-planner.ts';
import { toNetworkBody } from '../../src/domain/network/network-spec.ts';
import { showNetwork } from '../../src/domain/network/network-view.ts';
import { findOverlaps, networkOccupants } from '../../src/domain/network/overlap.ts';
import { isSameAddress } from '../../src/domain/ports/ip-address.ts';
import { contains, overlaps, parseSubnet, type Subnet } from '../../src/domain/subnet.ts';
import { connectEngine } from '../../src/engine/docker/docker-engine.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { Failure } from '../../src/schemas/failure.ts';
import type { CreateNetwork } from '../../src/schemas/network.ts';
import { runCommand } from '../support/engine.ts';
import fc from '../support/fast-check.ts';
import { differentialRun, withMistakes } from '../support/generated-strings.ts';
import { type PrivateEngine, startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';

const skip = whyNoPrivateEngine();
let host: PrivateEngine;
let engine: Engine;

async function startEngine(t: TestContext): Promise<void> {
  refused = [];
  host = await startPrivateEngine(t, { image: 'busybox:latest' });
  engine = connectEngine({ name: 'private', endpoint: host.host });
  t.after(() => engine.close());
  // Neighbours to be in the way.
  for (const subnet of ['10.64.0.0/16', '10.65.0.128/25', 'fd00:64::/64']) {
    await engine.createNetwork({
      name: `neighbour-${subnet.replaceAll(/[^0-9a-f]/g, '-')}`,
      driver: 'bridge',
      labels: {},
      ipv6: subnet.includes(':'),
      subnets: [{ subnet }],
    });
  }
}

interface Answer {
  readonly status: number;
  readonly id: string;
  readonly message: string;
}

/** Subnets of requests that this engine has refused: it keeps some of them until it is restarted, and makes no other network there. */
let refused: Subnet[] = [];

/** Docker's own answer to a body, which is sent as it is. It is a fresh engine's: what an earlier refusal has kept is in nobody's way. */
async function create(body: PlacedBody): Promise<Answer> {
  const subnets = (body.IPAM?.Config ?? []).flatMap(({ Subnet: text }) => parseSubnet(text ?? '')?.subnet ?? []);
  const isAmong = (others: readonly Subnet[]) => subnets.some((subnet) => others.some((one) => overlaps(one, subnet)));
  let answer = await ask(body);
  if (answer.status !== 201 && /overlap|in use/i.test(answer.message) && isAmong(refused)) {
    const occupants = networkOccupants(await engine.listNetworks());
    if (!isAmong(occupants.map(({ subnet }) => subnet))) {
      refused = [];
      await host.restart();
      answer = await ask(body);
    }
  }
  if (answer.status !== 201) refused.push(...subnets);
  return answer;
}

/** The part of a body that says where its network is to be. */
interface PlacedBody {
  readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string | undefined }[] } | undefined;
}

function ask(body: PlacedBody): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { Host: 'docker', 'Content-Type': 'application/json' };
    const call = request({ socketPath: host.socket, method: 'POST', path: '/networks/create', headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => {
        const { Id: id = '', message = '' } = JSON.parse(text);
        resolve({ status: answer.statusCode ?? 0, id, message });
      });
    });
    call.on('error', reject).end(JSON.stringify(body));
  });
}

function onHost(...command: string[]): ReturnType<typeof runCommand> {
  return runCommand('nsenter', ['--target', String(host.pid), '--net', '--', ...command]);
}

const octets = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');

/** Near what matters: around a base, and at the edges of a subnet there. */
const ipv4Near = (base: number, size: number) =>
  fc
    .oneof(
      { weight: 6, arbitrary: fc.constantFrom(1, 2, 3, size - 2, Math.floor(size / 2)) },
      { weight: 6, arbitrary: fc.nat(Math.max(0, size - 1)) },
      { weight: 1, arbitrary: fc.constantFrom(0, size - 1, size, size + 1, -1) },
    )
    .map((offset) => octets((base + offset) >>> 0));

/** Once in `often` times something. */
const orNothing = <T extends object>(some: fc.Arbitrary<T>, often: number) =>
  fc.oneof({ weight: 1, arbitrary: some }, { weight: often - 1, arbitrary: fc.constant({}) });

const ipv4Network = fc
  .record({
    // 10.64 to 10.66 with the neighbours, 172.17 with docker0, and places where no container can be.
    base: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 0x0a42_0000, max: 0x0a50_0000 }) },
      { weight: 4, arbitrary: fc.integer({ min: 0x0a40_0000, max: 0x0a41_ffff }) },
      { weight: 1, arbitrary: fc.integer({ min: 0xac10_0000, max: 0xac12_0000 }) },
      { weight: 1, arbitrary: fc.constantFrom(0x7f00_0000, 0xe000_0000, 0, 0xf000_0000, 0xffff_ff00, 0xa9fe_0000) },
    ),
    prefix: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 16, max: 30 }) },
      { weight: 2, arbitrary: fc.constantFrom(31, 32) },
      { weight: 1, arbitrary: fc.constantFrom(0, 1, 7, 8, 12, 33) },
    ),
  })
  .chain(({ base: raw, prefix }) => {
    const size = prefix >= 32 ? 1 : 2 ** (32 - prefix);
    const base = Math.floor(raw / size) * size;
    const longer = fc.integer({ min: Math.max(prefix - 1, 0), max: prefix > 32 ? 33 : 32 });
    return fc.record(
      {
        bip: ipv4Near(base, size).map((address) => `${address}/${prefix}`),
        'fixed-cidr': fc.tuple(ipv4Near(base, size), longer).map(([address, length]) => `${address}/${length}`),
        'default-gateway': ipv4Near(base, size),
      },
      { requiredKeys: [] },
    );
  });

const ipv6Network = fc
  .record({
    base: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('fd00:20:', 'fd00:21:', '2001:db8:') },
      { weight: 1, arbitrary: fc.constantFrom('fd00:64:', 'fe80:', 'ff02:', '::ffff:10.9.0.0', '') },
    ),
    prefix: fc.constantFrom(8, 32, 48, 63, 64, 65, 80, 96, 120, 126, 127, 128, 129),
    tail: fc.constantFrom('0', '1', '2', '3', 'fe', 'ff', 'ffff:ffff:ffff:ffff', '5:0:0:0:9'),
    gateway: fc.constantFrom('0', '1', '2', '3', 'fe', 'ff', 'ffff:ffff:ffff:ffff', '5:0:0:0:9'),
  })
  .chain(({ base, prefix, tail, gateway }) => {
    const whole = base.includes('.') ? base : `${base}:${tail}`;
    return fc.record(
      {
        ipv6: fc.constantFrom(true, true, true, false),
        'fixed-cidr-v6': fc.constant(`${whole}/${prefix}`),
        'default-gateway-v6': fc.constant(`${base}:${gateway}`),
      },
      { requiredKeys: ['ipv6'] },
    );
  });

const settings = fc.record(
  {
    mtu: fc.constantFrom(0, 1, 67, 68, 576, 1279, 1280, 1500, 9000, 65_535),
    icc: fc.boolean(),
    'ip-masq': fc.boolean(),
    internal: fc.constantFrom(true, false, false),
    dns: fc.subarray(['9.9.9.9', '2620:fe::fe', '10.0.0.1']),
  },
  { requiredKeys: [] },
);

const wish: fc.Arbitrary<CreateNetwork> = fc
  .tuple(
    ipv4Network,
    orNothing(ipv6Network, 2),
    settings,
    orNothing(
      fc.constantFrom('bip', 'fixed-cidr', 'default-gateway', 'fixed-cidr-v6').chain((field) =>
        withMistakes(fc.constantFrom('10.66.1.1/24', '10.66.2.9', 'fd00:22::/64'), '0123456789./:f ').map((text) => ({
          [field]: text,
        })),
      ),
      9,
    ),
  )
  .map(([ipv4, ipv6, rest, spoiled]) => ({ name: 'planned', ...ipv4, ...ipv6, ...rest, ...spoiled }));

/** Docker's body as somebody would write it who knows what daemon.json's names mean there, without any check. */
function writeNaively(wanted: CreateNetwork) {
  const canonical = (text: string) => {
    const [address = '', prefix = ''] = text.split('/');
    const parts = address.split('.').map(Number);
    if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part <= 255)) || !/^\d+$/.test(prefix)) return text;
    const value = parts.reduce((sum, part) => sum * 256 + part, 0);
    const size = 2 ** (32 - Number(prefix));
    return `${octets(Math.floor(value / size) * size)}/${prefix}`;
  };
  const { bip, 'fixed-cidr': range, 'default-gateway': gateway } = wanted;
  const ipv4 = bip ?? range;
  const ipv6 = wanted['fixed-cidr-v6'];
  return {
    Name: wanted.name,
    EnableIPv6: wanted.ipv6 ?? false,
    Internal: wanted.internal ?? false,
    Options: wanted.mtu ? { 'com.docker.network.driver.mtu': String(wanted.mtu) } : {},
    IPAM: {
      Config: [
        ...(ipv4 === undefined
          ? []
          : [
              {
                Subnet: canonical(ipv4),
                ...(bip !== undefined && { Gateway: bip.split('/')[0] }),
                ...(range !== undefined && { IPRange: canonical(range) }),
                ...(gateway !== undefined && { AuxiliaryAddresses: { DefaultGatewayIPv4: gateway } }),
              },
            ]),
        ...(ipv6 === undefined
          ? []
          : [
              {
                Subnet: ipv6,
                ...(wanted['default-gateway-v6'] !== undefined && {
                  AuxiliaryAddresses: { DefaultGatewayIPv6: wanted['default-gateway-v6'] },
                }),
              },
            ]),
      ],
    },
  };
}

/** What Docker makes and we do not. */
const strictness: readonly RegExp[] = [
  /holds (?:addresses of "this network"|every host's own|multicast|the unspecified|IPv4 addresses in|link-local)/,
  // It drops the wish in silence, with the subnet that it belongs to.
  /Without bip the engine chooses|no fixed-cidr-v6 names one/,
  /is no address of a host in/,
  // It makes another one of it, in silence.
  /Docker counts 2⁶⁴ addresses/,
  // It takes any subnet for a bridge's, an IPv6 one too, and an empty string for nothing.
  /is an IPv6 (?:address, and bip is of IPv4|subnet)|^"" is no /,
  // Of what has no effect without ipv6 Docker reads nothing.
  /fixed-cidr-v6|default-gateway-v6|is one address/,
];

async function compare(wanted: CreateNetwork): Promise<string | null> {
  const text = JSON.stringify(wanted);
  let plan: ReturnType<typeof planNetwork>;
  try {
    plan = planNetwork(wanted, { owner: 'test', creation: 'c', choosesIpv6: false });
  } catch (error) {
    assert.ok(error instanceof Failure && error.code === 'invalid_request', text);
    assert.ok(error.field !== undefined && error.hint !== undefined, `${text}: ${error.message}`);
    const theirs = await create(writeNaively(wanted));
    if (theirs.status !== 201) return null;
    await engine.removeNetwork(theirs.id);
    const isKnown = strictness.some((pattern) => pattern.test(`${error.message} ${error.field}`));
    return isKnown ? null : `${text}: refused by us only: ${error.message}`;
  }
  const occupants = networkOccupants(await engine.listNetworks());
  const inTheWay = plan.wanted.flatMap(({ subnet }) => findOverlaps(subnet, occupants));
  const { status, id, message } = await create(toNetworkBody(plan.spec));
  if (inTheWay.length > 0) {
    if (status === 201) await engine.removeNetwork(id);
    return status >= 400 && /overlap|already in use/i.test(message)
      ? null
      : `${text}: ours overlaps, Docker ${status} ${message}`;
  }
  if (status !== 201) return `${text}: refused by Docker only: ${message}`;
  try {
    return await inspect(wanted, id);
  } finally {
    await engine.removeNetwork(id);
  }
}

/** Is what Docker made, as we show it and as its host has it, what was asked for? */
async function inspect(wanted: CreateNetwork, id: string): Promise<string | null> {
  const facts = await engine.inspectNetwork(id);
  const shown = showNetwork(facts, { engine: 'private', stale: false, places: [] });
  for (const [field, value] of Object.entries(wanted)) {
    if (['name', 'mtu'].includes(field) || (wanted.ipv6 !== true && field.endsWith('-v6'))) continue;
    const given = shown[field as keyof typeof shown];
    // A range and an IPv6 subnet are shown without host bits.
    if (!isSame(value, given)) return `${JSON.stringify(wanted)}: ${field} is shown as ${JSON.stringify(given)}`;
  }
  if (shown.mtu !== (wanted.mtu || 1500)) return `${JSON.stringify(wanted)}: mtu is shown as ${shown.mtu}`;
  const { stdout } = await onHost('ip', '-json', 'address', 'show', 'dev', shown.bridge ?? '');
  const [link] = JSON.parse(stdout) as [
    { mtu: number; addr_info: { local: string; prefixlen: number; scope: string }[] },
  ];
  const addresses = link.addr_info
    .filter(({ scope }) => scope !== 'link')
    .map(({ local, prefixlen }) => `${local}/${prefixlen}`);
  const expected = shown.subnets.map(({ bridge, subnet }) => `${bridge}/${subnet.split('/')[1]}`);
  assert.deepEqual(addresses.sort(), expected.sort(), JSON.stringify(wanted));
  return null;
}

function isSame(wanted: unknown, shown: unknown): boolean {
  if (typeof wanted !== 'string' || typeof shown !== 'string') return JSON.stringify(wanted) === JSON.stringify(shown);
  const [, prefix] = wanted.split('/');
  if (wanted === shown || isSameAddress(wanted, shown)) return true;
  // Another spelling of the same: the length has to be the same, and Docker has accepted ours.
  return prefix !== undefined && shown.split('/')[1] === String(Number(prefix));
}

/** Runs a container on the network, and answers what it has there. */
async function lookFromInside(name: string) {
  const script =
    'ip -4 -o address show dev eth0; ip -6 -o address show dev eth0 scope global; cat /sys/class/net/eth0/mtu; ip route; ip -6 route';
  const ran = await host.docker('run', '--name', name, '--network', name, 'busybox', 'sh', '-c', script);
  // Who ends at once may be gone before the command has listened; the log has it all.
  const { stdout } = await host.docker('logs', name);
  await host.docker('rm', name);
  assert.equal(ran.code, 0, ran.stderr);
  const [, ipv4 = ''] = /inet (\S+)/.exec(stdout) ?? [];
  const [, ipv6 = null] = /inet6 (\S+)/.exec(stdout) ?? [];
  const gateways = [...stdout.matchAll(/^default via (\S+)/gm)].map(([, gateway]) => gateway);
  return { ipv4, ipv6, mtu: Number(/^\d+$/m.exec(stdout)?.[0]), gateways };
}

test('a container on a planned network has what was planned', { skip }, async (t) => {
  await startEngine(t);
  const { cases, seed } = differentialRun(8);
  const occupants = networkOccupants(await engine.listNetworks());
  let seen = 0;
  for (const wanted of fc.sample(wish, { numRuns: cases * 20, seed })) {
    if (seen === cases) break;
    let plan: ReturnType<typeof planNetwork>;
    try {
      plan = planNetwork(wanted, { owner: 'test', creation: 'c', choosesIpv6: false });
    } catch {
      continue;
    }
    const isFree = plan.wanted.every(({ subnet, room }) => room > 0n && findOverlaps(subnet, occupants).length === 0);
    if (!isFree || plan.wanted.length === 0) continue;
    seen += 1;
    const id = await engine.createNetwork(plan.spec);
    try {
      const shown = showNetwork(await engine.inspectNetwork(id), { engine: 'private', stale: false, places: [] });
      const inside = await lookFromInside(wanted.name);
      const text = JSON.stringify({ seed, wanted, inside });
      assert.equal(inside.mtu, shown.mtu, text);
      assert.deepEqual(
        inside.gateways,
        shown.subnets.flatMap(({ gateway }) => gateway ?? []),
        text,
      );
      for (const [address, one] of [
        [inside.ipv4, shown.subnets[0]],
        [inside.ipv6, shown.subnets[1]],
      ] as const) {
        assert.equal(address === null, one === undefined, text);
        if (address === null || one === undefined) continue;
        const range = parseSubnet(one.range ?? one.subnet);
        const found = parseSubnet(address);
        assert.ok(range !== null && found !== null && contains(range.subnet, found.address), text);
        assert.equal(String(found.subnet.prefix), one.subnet.split('/')[1], text);
      }
    } finally {
      await engine.removeNetwork(id);
    }
  }
  assert.equal(seen, cases);
});

test('what we plan the engine makes, and what it refuses we have refused', { skip }, async (t) => {
  await startEngine(t);
  const { cases, seed } = differentialRun(250);
  const wishes = fc.sample(wish, { numRuns: cases, seed });
  const counts = { planned: 0, refused: 0 };
  const mismatches: string[] = [];
  for (const wanted of wishes) {
    const mismatch = await compare(wanted);
    if (mismatch !== null) mismatches.push(mismatch);
    try {
      planNetwork(wanted, { owner: 'test', creation: 'c', choosesIpv6: false });
      counts.planned += 1;
    } catch {
      counts.refused += 1;
    }
  }
  assert.deepEqual(mismatches, [], `seed ${seed}`);
  assert.ok(counts.planned > cases / 10 && counts.refused > cases / 10, JSON.stringify(counts));
});
