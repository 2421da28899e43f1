// `docker create -m` and `--restart` against our reading of the same strings: the same verdict of CLI and engine together, the same
// values sent. TERRARIUM_TEST_CASES=5000 makes it a sweep.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { parseMemoryLimit } from '../../src/domain/byte-size.ts';
import { parseRestartPolicy } from '../../src/domain/restart-policy.ts';
import { Failure } from '../../src/schemas/failure.ts';
import { type CliRecorder, findCliMismatch, startCliRecorder } from '../support/cli-recorder.ts';
import fc from '../support/fast-check.ts';
import { differentialRun, forEachParallel, sampleDistinct, withMistakes } from '../support/generated-strings.ts';

/** What is compared: how one text is read by us, how it is given to the CLI, and what of the CLI's HostConfig answers to it. */
interface Subject {
  read(text: string): unknown;
  options(text: string): string[];
  // biome-ignore lint/suspicious/noExplicitAny: the CLI's own JSON
  pick(hostConfig: any): unknown;
}

/** Ours as JSON, null where refused. */
function judge(subject: Subject, text: string): string | null {
  try {
    return JSON.stringify(subject.read(text));
  } catch (error) {
    if (error instanceof Failure && error.code === 'invalid_request') return null;
    throw error;
  }
}

async function compareAll(
  t: TestContext,
  recorder: CliRecorder,
  subject: Subject,
  texts: fc.Arbitrary<string>,
): Promise<void> {
  const run = differentialRun(150);
  const cases = sampleDistinct(texts, run);
  const disagreements: string[] = [];
  await forEachParallel(cases, async (text) => {
    const ours = judge(subject, text);
    const verdict = await recorder.create(subject.options(text));
    const theirs = verdict.accepted ? JSON.stringify(subject.pick(verdict.body.HostConfig)) : null;
    if (ours !== theirs) {
      disagreements.push(
        `${JSON.stringify(text)}: ours ${ours}, Docker's ${theirs ?? (verdict as { message: string }).message}`,
      );
    }
  });
  const taken = cases.filter((text) => judge(subject, text) !== null).length;
  t.diagnostic(`${taken} taken, ${cases.length - taken} refused, seed ${run.seed}`);
  assert.deepEqual(disagreements, [], `seed ${run.seed}`);
  assert.ok(taken > cases.length / 20 && taken < (cases.length * 19) / 20, 'only one kind would prove nothing');
}

const digits = fc.oneof(
  { weight: 4, arbitrary: fc.nat(5000).map(String) },
  { weight: 2, arbitrary: fc.nat(2 ** 31 - 1).map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('0', '00', '007', '6291455', '6291456', '9007199254740991', '9'.repeat(400)),
  },
);

test('memory', async (t) => {
  const mismatch = await findCliMismatch();
  if (mismatch !== undefined) return t.skip(mismatch);
  const recorder = await startCliRecorder(t);
  // Docker's own builds of the CLI read sizes by another version of a library, which differs in oddities such as this one.
  if (!(await recorder.create(['--memory=64mi'])).accepted) return t.skip('this CLI is built with a later go-units');
  const amount = fc.oneof(
    { weight: 4, arbitrary: digits },
    { weight: 2, arbitrary: fc.tuple(digits, digits).map(([whole, part]) => `${whole}.${part}`) },
    { weight: 1, arbitrary: fc.constantFrom('', '1.2.3', '.5', '5.', '-1', '+1', '1e3', '0x10', '1_0', 'Inf', '٣') },
  );
  const unit = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('', 'k', 'm', 'g', 'M', 'mb', 'MiB', 'GB', 'b', 'B') },
    { weight: 2, arbitrary: fc.constantFrom(' m', ' MiB', 't', 'p', 'T', 'P', 'kI', 'i', 'ib', 'mi') },
    { weight: 1, arbitrary: fc.constantFrom('  m', 'bm', 'mm', 'bytes', 'e', '\tm', 'm ', '\u212a') },
  );
  const texts = withMistakes(
    fc.tuple(amount, unit).map((parts) => parts.join('')),
    '0123456789..kmgtpiBKMG  -+e',
  );
  await compareAll(
    t,
    recorder,
    {
      read: (text) => parseMemoryLimit(text),
      options: (text) => [`--memory=${text}`],
      pick: ({ Memory }) => Memory,
    },
    texts,
  );
});

test('restart policy, with and without --rm', async (t) => {
  const mismatch = await findCliMismatch();
  if (mismatch !== undefined) return t.skip(mismatch);
  const recorder = await startCliRecorder(t);
  const name = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom('no', 'always', 'unless-stopped') },
    { weight: 9, arbitrary: fc.constant('on-failure') },
    { weight: 1, arbitrary: fc.constantFrom('', 'never', 'No', 'onfailure') },
  );
  const small = fc.nat(1_000_000).map(String);
  const count = fc.oneof(
    { weight: 4, arbitrary: fc.constant('') },
    { weight: 4, arbitrary: small.map((n) => `:${n}`) },
    { weight: 2, arbitrary: fc.constantFrom(':', ':0', ':00', ':+3', ':-0', ':007') },
    { weight: 1, arbitrary: fc.constantFrom(':-1', ':x', ':1:2', ':1_0', ':0x3', ': 3', ':1.0', '::') },
  );
  const policy = withMistakes(
    fc.tuple(name, count).map((parts) => parts.join('')),
    'nosalwyufr-:0123+ ',
  );
  await compareAll(
    t,
    recorder,
    {
      read: (text) => parseRestartPolicy(text.slice(1), text.startsWith('!')),
      options: (text) => [`--restart=${text.slice(1)}`, `--rm=${text.startsWith('!')}`],
      pick: ({ RestartPolicy }) => RestartPolicy,
    },
    fc.tuple(fc.constantFrom('!', '.', '.', '.', '.', '.'), policy).map((parts) => parts.join('')),
  );
});
