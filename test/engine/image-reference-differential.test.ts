// Our reading of image references against the real CLI and engine: the same generated strings, the same verdict, and the same familiar
// form, which the engine says when it has no such image. TERRARIUM_TEST_CASES=5000 makes it a sweep.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFamiliar, parseImageReference } from '../../src/domain/image-reference.ts';
import { Failure } from '../../src/schemas/failure.ts';
import { type CliRecorder, findCliMismatch, startCliRecorder } from '../support/cli-recorder.ts';
import fc from '../support/fast-check.ts';
import { differentialRun, forEachParallel, sampleDistinct, withMistakes } from '../support/generated-strings.ts';

/** Ours: the familiar form, or null where refused. */
function judge(text: string): string | null {
  try {
    return formatFamiliar(parseImageReference(text));
  } catch (error) {
    if (error instanceof Failure && error.code === 'invalid_request') return null;
    throw error;
  }
}

/** Compares one reference; answers the disagreement in words, or null. */
async function compare(recorder: CliRecorder, text: string): Promise<string | null> {
  const ours = judge(text);
  const theirs = await recorder.create([], text);
  if (!theirs.accepted && theirs.by === 'cli') {
    return ours === null ? null : `${JSON.stringify(text)}: ours ${ours}, the CLI: ${theirs.message}`;
  }
  // The engine was asked, so the reference is well-formed. Where it has an image by that name, or an id that begins so, it says no more.
  const familiar = theirs.accepted ? ours : (/No such image: (.*)/.exec(theirs.message)?.[1] ?? ours);
  return ours !== null && ours === familiar ? null : `${JSON.stringify(text)}: ours ${ours}, the engine: ${familiar}`;
}

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
const word = fc.oneof(
  { weight: 5, arbitrary: fc.string({ unit: fc.constantFrom(...'abcxyz019'), minLength: 1, maxLength: 6 }) },
  { weight: 2, arbitrary: fc.constantFrom('a.b', 'a_b', 'a__b', 'a-b', 'a---b', 'library', 'docker.io', 'localhost') },
  { weight: 1, arbitrary: fc.constantFrom('a___b', 'a..b', 'a.-b', '_a', 'a-', 'Ab', 'index.docker.io') },
);
const path = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join('/'));
const host = fc.oneof(
  { weight: 2, arbitrary: fc.constant('') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...['docker.io/', 'index.docker.io/', 'localhost/', 'localhost:5000/', 'registry.example:5000/', 'Registry/'],
      ...['a-b.c-d/', '127.0.0.1/', '[::1]:5000/', 'a_b.c/', 'DOCKER.IO/', 'docker.io:443/', 'library/'],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...['[fe80::1%1]/', '::1/', '-a.b/', 'a.b-/', 'a..b/', 'host:/', 'host:x/', 'https://', 'docker.io//'],
    ),
  },
);
const tag = fc.oneof(
  { weight: 2, arbitrary: fc.constant('') },
  { weight: 4, arbitrary: fc.constantFrom(':latest', ':1.36', ':V1_x-y.z', ':_') },
  { weight: 1, arbitrary: fc.constantFrom(':', ':-a', ':.a', ':a/b') },
  { weight: 1, arbitrary: fc.integer({ min: 127, max: 130 }).map((length) => `:${'t'.repeat(length)}`) },
);
const digest = fc.oneof(
  { weight: 12, arbitrary: fc.constant('') },
  { weight: 3, arbitrary: hex(64).map((digits) => `@sha256:${digits}`) },
  { weight: 1, arbitrary: hex(96).map((digits) => `@sha384:${digits}`) },
  { weight: 1, arbitrary: hex(128).map((digits) => `@sha512:${digits}`) },
  { weight: 1, arbitrary: hex(64).map((digits) => `@sha256:${digits.toUpperCase()}`) },
  { weight: 1, arbitrary: hex(32).map((digits) => `@md5:${digits}`) },
  { weight: 1, arbitrary: fc.constantFrom('@', '@sha256:', `@sha256:${'0'.repeat(63)}`, `@sha-x+y:${'0'.repeat(64)}`) },
);
const ids = fc.oneof(
  hex(64),
  hex(64).map((digits) => `sha256:${digits}`),
  hex(96).map((digits) => `sha384:${digits}`),
  hex(63),
);
const long = fc.integer({ min: 244, max: 258 }).map((length) => 'n'.repeat(length));
const reference = withMistakes(
  fc.oneof(
    { weight: 12, arbitrary: fc.tuple(host, path, tag, digest).map((parts) => parts.join('')) },
    { weight: 1, arbitrary: ids },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('', 'a/', 'docker.io/', 'registry.example/'), long)
        .map((parts) => parts.join('')),
    },
  ),
  'abcxyzABC0189::@@//..__--[] \té%+',
);

test('generated references: our verdict and familiar form are the CLI’s and the engine’s', async (t) => {
  const mismatch = await findCliMismatch();
  if (mismatch !== undefined) return t.skip(mismatch);
  const recorder = await startCliRecorder(t);
  const run = differentialRun(400);
  const cases = sampleDistinct(reference, run);
  const disagreements: string[] = [];
  await forEachParallel(cases, async (text) => {
    const found = await compare(recorder, text);
    if (found !== null) disagreements.push(found);
  });
  const taken = cases.filter((text) => judge(text) !== null).length;
  t.diagnostic(`${taken} taken, ${cases.length - taken} refused, seed ${run.seed}`);
  assert.deepEqual(disagreements, [], `seed ${run.seed}`);
  assert.ok(
    taken > run.cases / 5 && taken < (run.cases * 4) / 5,
    'a generator that makes only one kind would prove nothing',
  );
});
