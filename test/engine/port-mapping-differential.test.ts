// Our reading of port mappings against the real Docker CLI's: the same generated strings, the same verdict, the same create body.
// TERRARIUM_TEST_CASES=5000 makes it a sweep; a disagreement names the seed that repeats it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePortMappings, toDockerPorts } from '../../src/domain/ports/port-mapping.ts';
import { Failure } from '../../src/schemas/failure.ts';
import { type CliRecorder, findCliMismatch, startCliRecorder } from '../support/cli-recorder.ts';
import fc from '../support/fast-check.ts';
import { differentialRun, forEachParallel, sampleDistinct, withMistakes } from '../support/generated-strings.ts';

/** Ours on one string: Docker's JSON, or why not. */
function judge(
  ...specs: string[]
): { accepted: true; json: string; size: number } | { accepted: false; message: string } {
  try {
    const bindings = parsePortMappings(specs);
    return { accepted: true, json: JSON.stringify(toDockerPorts(bindings)), size: bindings.length };
  } catch (error) {
    if (error instanceof Failure && error.code === 'invalid_request')
      return { accepted: false, message: error.message };
    throw error;
  }
}

/** The CLI's on all of them in one `docker create`: its JSON, or null where it refuses. */
async function askCli(recorder: CliRecorder, ...specs: string[]): Promise<string | null> {
  const verdict = await recorder.create(specs.map((spec) => `--publish=${spec}`));
  if (!verdict.accepted) {
    // The engine refuses nothing that the CLI lets pass; if it ever did, our word on which side refuses would be wrong.
    assert.equal(verdict.by, 'cli', verdict.message);
    return null;
  }
  const { ExposedPorts = {}, HostConfig } = verdict.body;
  return JSON.stringify({ ExposedPorts, PortBindings: HostConfig.PortBindings });
}

/** Compares one string; answers the disagreement in words, or null. */
async function compare(recorder: CliRecorder, spec: string, cliTakesBareIpv6: boolean): Promise<string | null> {
  const ours = judge(spec);
  const theirs = await askCli(recorder, spec);
  if (ours.accepted)
    return ours.json === theirs ? null : `${JSON.stringify(spec)}: ours ${ours.json}, the CLI ${theirs ?? 'refuses'}`;
  if (/container port 0/.test(ours.message)) {
    // The deliberate refusal: the CLI has to take it, with a port 0 among its bindings.
    return theirs?.includes('"0/')
      ? null
      : `${JSON.stringify(spec)}: refused for its port 0, the CLI ${theirs ?? 'refuses'}`;
  }
  if (cliTakesBareIpv6 && /not in brackets/.test(ours.message)) return null;
  return theirs === null
    ? null
    : `${JSON.stringify(spec)}: ours refuses (${ours.message}), the CLI takes it: ${theirs}`;
}

const small = fc.integer({ min: 1, max: 65_535 });
const portNumber = fc.oneof(
  { weight: 8, arbitrary: small.map(String) },
  { weight: 1, arbitrary: small.map((port) => `0${port}`) },
  { weight: 1, arbitrary: fc.constantFrom('0', '00', '1', '65535', '65536', '99999', '18446744073709551617') },
);
const portRange = fc.tuple(small, fc.integer({ min: -1, max: 4 })).map(([port, more]) => `${port}-${port + more}`);
const port = fc.oneof({ weight: 5, arbitrary: portNumber }, { weight: 2, arbitrary: portRange });
const hostPort = fc.oneof({ weight: 6, arbitrary: port }, { weight: 1, arbitrary: fc.constant('') });
const protocol = fc.constantFrom(
  '',
  '',
  '',
  '/tcp',
  '/udp',
  '/sctp',
  '/',
  '/TCP',
  '/Udp',
  '/tcp/udp',
  '/icmp',
  '/tcp6',
);
const address = fc.oneof(
  { weight: 2, arbitrary: fc.ipV4() },
  { weight: 2, arbitrary: fc.ipV6().map((ip) => `[${ip}]`) },
  fc.constantFrom(
    '0.0.0.0',
    '127.0.0.1',
    '255.255.255.255',
    '[::]',
    '[::1]',
    '[127.0.0.1]',
    '[]',
    '',
    '[fe80::1%lo]',
    '[::ffff:10.0.0.1]',
  ),
  fc.constantFrom(
    '::1',
    '::',
    'localhost',
    '127.1',
    '127.0.0.01',
    '256.1.1.1',
    '1.2.3.4/24',
    '0x7f.0.0.1',
    '[1::2:3:4:5:6:7:8]',
    '[1::]',
    '[12345::]',
  ),
);
const join = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((all) => all.join(''));
const colon = fc.constant(':');
/** Ranges of one size on both sides, which chance alone would rarely make. */
const matchingRanges = fc
  .tuple(
    fc.integer({ min: 1, max: 65_000 }),
    fc.integer({ min: 1, max: 65_000 }),
    fc.integer({ min: 0, max: 5 }),
    fc.constantFrom(0, 0, 0, 1),
  )
  .map(([host, container, more, off]) => `${host}-${host + more + off}:${container}-${container + more}`);
const named = fc
  .array(
    fc.tuple(
      fc.constantFrom('published', 'target', 'target', 'protocol', 'mode', ''),
      fc.oneof(port, fc.constantFrom('tcp', 'UDP', '', '127.0.0.1:80', 'a=b')),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join(','));
const spec = withMistakes(
  fc.oneof(
    join(port, protocol),
    join(hostPort, colon, port, protocol),
    join(address, colon, hostPort, colon, port, protocol),
    join(matchingRanges, protocol),
    join(address, colon, matchingRanges, protocol),
    join(address, colon, port, protocol),
    named,
  ),
  '0123456789::::--//[].=,abcfdtupsTCx%+_ \t\n٨é',
);

test('generated strings: our verdict and bindings are the CLI’s', async (t) => {
  const mismatch = await findCliMismatch();
  if (mismatch !== undefined) return t.skip(mismatch);
  const recorder = await startCliRecorder(t);
  const cliTakesBareIpv6 = (await askCli(recorder, '::1:80:80')) !== null;
  const run = differentialRun(600);

  const cases = sampleDistinct(spec, run).map((text) => ({ text, verdict: judge(text) }));
  const disagreements: string[] = [];
  const compareAlone = async (text: string) => {
    const found = await compare(recorder, text, cliTakesBareIpv6);
    if (found !== null) disagreements.push(found);
  };

  // What we take is asked for ten at a time, one by one only where that fails; a huge range (an edit may make one) is left out.
  const taken = cases.flatMap(({ text, verdict }) => (verdict.accepted && verdict.size <= 500 ? [text] : []));
  const batches = Array.from({ length: Math.ceil(taken.length / 10) }, (_, i) => taken.slice(i * 10, i * 10 + 10));
  await forEachParallel(batches, async (batch) => {
    const ours = judge(...batch);
    assert.ok(ours.accepted);
    if ((await askCli(recorder, ...batch)) !== ours.json) {
      const before = disagreements.length;
      for (const text of batch) await compareAlone(text);
      if (disagreements.length === before) disagreements.push(`only together: ${JSON.stringify(batch)}`);
    }
  });

  const refused = cases.flatMap(({ text, verdict }) => (verdict.accepted ? [] : [text]));
  await forEachParallel(refused, compareAlone);

  t.diagnostic(`${taken.length} taken, ${refused.length} refused, seed ${run.seed}`);
  assert.deepEqual(disagreements, [], `seed ${run.seed}`);
  // A generator that makes only one kind would prove nothing.
  assert.ok(taken.length > run.cases / 5 && refused.length > run.cases / 5);
});

test('every port of both sides in one string', async (t) => {
  const mismatch = await findCliMismatch();
  if (mismatch !== undefined) return t.skip(mismatch);
  const recorder = await startCliRecorder(t);
  assert.equal(await compare(recorder, '1-65535:1-65535/udp', false), null);
});
