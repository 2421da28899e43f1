// Our check of daemon.json against dockerd itself, booted for each file on a host of its own: the same verdict, the same docker0, the same words of
// `dockerd --validate`, and, where it does not start, the reason that it gives. TERRARIUM_SWEEP=1 boots it thousands of times; random files name their seed.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { checkDaemonConfig, freshHost } from '../../src/domain/daemon-config/check.ts';
import type { DaemonConfigVerdict } from '../../src/schemas/daemon-config.ts';
import { type Boot, type BootCase, startBootBench } from '../support/daemon-boots.ts';
import { describeCase, randomCase, smallCorpus, wholeCorpus } from '../support/daemon-corpus.ts';
import fc from '../support/fast-check.ts';
import { differentialRun, forEachParallel } from '../support/generated-strings.ts';
import { whyNoPrivateEngine } from '../support/private-engine.ts';

const skip = whyNoPrivateEngine();
const isSweep = process.env.TERRARIUM_SWEEP === '1';
const { seed } = differentialRun(0);
const bench = skip === false ? await startBootBench({ after }) : undefined;

function judge({ file, docker0, before }: BootCase): DaemonConfigVerdict {
  const bytes = typeof file === 'string' ? new TextEncoder().encode(file) : new Uint8Array(file);
  const addresses = before === undefined ? docker0 : leftBy(before);
  const existing = addresses === undefined ? null : { addresses, isOwn: before !== undefined };
  return checkDaemonConfig(bytes, { ...freshHost, docker0: existing });
}

/** The addresses of the docker0 that a run with that file leaves. */
function leftBy(file: string): string[] {
  const { bridge, bridgeV6 } = checkDaemonConfig(new TextEncoder().encode(file));
  return [bridge?.address, bridgeV6?.address].filter((address) => typeof address === 'string');
}

/** What dockerd says with what is no matter of the file: the order in which Go visits a map, the file system of the bench, white space at the end. */
function normalize(words: string): string {
  return words
    .replace(/option: (.*)$/, (_, names: string) => `option: ${names.split(', ').toSorted().join(', ')}`)
    .replace(/Found \w+/, 'Found FS')
    .trim();
}

/** Both spellings of an address are one: the kernel writes the end of some with dots. */
function sameAddress(one: string | null, others: readonly string[]): boolean {
  const canonical = (cidr: string) =>
    new URL(`http://[${cidr.split('/')[0]}]`).hostname + cidr.slice(cidr.indexOf('/'));
  if (one === null) return true;
  return others.some(
    (other) => other === one || (other.includes(':') && one.includes(':') && canonical(other) === canonical(one)),
  );
}

/** In what ours and theirs differ, in words; empty where they agree. */
function compare(ours: DaemonConfigVerdict, theirs: Boot): string[] {
  const differences: string[] = [];
  const differ = (what: string, mine: unknown, other: unknown) => {
    if (mine !== other) differences.push(`${what}: ours ${JSON.stringify(mine)}, dockerd ${JSON.stringify(other)}`);
  };
  differ('verdict', ours.verdict, theirs.boots ? 'boots' : 'fails');
  // With the key "validate" the flag of that name, which we add to ask, is given twice.
  if (!theirs.validate.includes('both as a flag and in the configuration file: validate'))
    differ('validate', normalize(ours.validateSays), normalize(theirs.validate));
  if (ours.verdict === 'fails' && !theirs.boots) {
    const says = normalize(ours.problems[0]?.says ?? '');
    // Where a program of the host's is asked (iptables), its own words follow.
    if (!normalize(theirs.failure).startsWith(says)) differ('reason', says, normalize(theirs.failure));
  }
  if (ours.verdict === 'boots' && theirs.boots) differences.push(...compareBridge(ours, theirs));
  return differences;
}

function compareBridge({ bridge, bridgeV6 }: DaemonConfigVerdict, { link, network }: Boot): string[] {
  if (bridge === null || link === null)
    return bridge === null && link === null
      ? []
      : [`docker0: ours ${JSON.stringify(bridge)}, theirs ${JSON.stringify(link)}`];
  const mine: Record<string, unknown> = { mtu: bridge.mtu, hasAddress: true, hasAddress6: true };
  const other: Record<string, unknown> = {
    mtu: link.mtu,
    hasAddress: sameAddress(bridge.address, [...link.ipv4, ...link.ipv6]),
    hasAddress6: sameAddress(bridgeV6?.address ?? null, link.ipv6),
  };
  if (network !== null) {
    const configs = network.IPAM.Config;
    const config = configs.find(({ Subnet }) => Subnet === bridge.subnet);
    Object.assign(mine, {
      subnet: bridge.subnet,
      ipRange: bridge.ipRange,
      gateway: bridge.gateway,
      ipv6: bridge.ipv6,
      subnet6: bridgeV6?.subnet,
    });
    Object.assign(other, {
      subnet: config?.Subnet,
      ipRange: config?.IPRange ?? null,
      // Not shown where it was not asked for: it is the address of the bridge then.
      gateway: config?.Gateway ?? bridge.address?.split('/')[0],
      ipv6: network.EnableIPv6,
      subnet6: bridgeV6 === null ? undefined : configs.find((found) => found !== config)?.Subnet,
    });
  }
  try {
    assert.deepEqual(mine, other);
    return [];
  } catch {
    return [`docker0: ours ${JSON.stringify(mine)}, theirs ${JSON.stringify(other)}`];
  }
}

/** Boots dockerd on each, and tells every disagreement. */
async function bootAll(cases: readonly BootCase[]): Promise<{ disagreements: string[]; booted: number }> {
  const disagreements: string[] = [];
  let booted = 0;
  const ask = async (one: BootCase) => {
    const theirs = await bench?.boot(one);
    if (theirs === undefined) return;
    if (theirs.boots) booted += 1;
    const differences = compare(judge(one), theirs);
    if (differences.length > 0) disagreements.push(`${describeCase(one).slice(0, 400)}\n  ${differences.join('\n  ')}`);
  };
  await forEachParallel(cases, ask, 3);
  return { disagreements, booted };
}

test('the check says of each file what dockerd does with it', { skip, timeout: 3_600_000 }, async (t) => {
  const cases = isSweep ? wholeCorpus() : smallCorpus();
  const { disagreements, booted } = await bootAll(cases);
  t.diagnostic(`${cases.length} files, ${booted} of them started`);
  assert.deepEqual(disagreements, []);
  // Both verdicts have to be among them, or the comparison shows nothing.
  assert.ok(booted > cases.length / 5 && booted < (cases.length * 4) / 5, `${booted} of ${cases.length} started`);
});

test('and of random files about docker0', { skip, timeout: 3_600_000 }, async (t) => {
  const count = isSweep ? 600 : 8;
  const cases = fc.sample(randomCase, { numRuns: count, seed });
  const { disagreements, booted } = await bootAll(cases);
  t.diagnostic(`seed ${seed}: ${count} files, ${booted} of them started`);
  assert.deepEqual(disagreements, [], `seed ${seed}`);
});

test('and of what it meets when it is started again', { skip, timeout: 600_000 }, async () => {
  const before = '{"bip":"192.168.1.5/24","ipv6":true,"fixed-cidr-v6":"fd00::/64"}';
  const files = [
    '{}',
    '{"bip":"192.168.1.9/24"}',
    '{"fixed-cidr":"10.20.0.0/16"}',
    '{"default-gateway":"172.17.0.254"}',
    '{"default-address-pools":[{"base":"10.10.0.0/16","size":24}]}',
    '{"default-address-pools":[{"base":"10.10.0.0/16","size":24}],"live-restore":true}',
    '{"ipv6":true,"fixed-cidr-v6":"fd00::/80"}',
    '{"bridge":"none"}',
  ];
  const { disagreements, booted } = await bootAll(files.map((file) => ({ file, before })));
  assert.deepEqual(disagreements, []);
  assert.equal(booted, files.length - 1);
});
