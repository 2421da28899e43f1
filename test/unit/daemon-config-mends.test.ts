// What the check of daemon.json offers to change: applied to the text, each makes its problem go, and leaves the rest of the file as it was written.
import assert from 'node:assert/strict';
import test from 'node:test';
import { checkDaemonConfig } from '../../src/domain/daemon-config/check.ts';
import type { DaemonConfigProblem, DaemonConfigVerdict } from '../../src/schemas/daemon-config.ts';
import { applyEdits } from '../../web/src/views/daemon/apply-edits.ts';
import { lectureExample, randomCase, wholeCorpus } from '../support/daemon-corpus.ts';
import fc from '../support/fast-check.ts';

const check = (text: string): DaemonConfigVerdict => checkDaemonConfig(new TextEncoder().encode(text));

/** Applies the first mend of the first problem that has one, until there is none. */
function mendAll(text: string): string {
  let mended = text;
  for (let turn = 0; turn < 20; turn += 1) {
    const mend = check(mended).problems.find(({ mends }) => mends.length > 0)?.mends[0];
    if (mend === undefined) return mended;
    mended = applyEdits(mended, mend.edits);
  }
  return assert.fail(`no end of mending:\n${mended}`);
}

test("the lecture's example is mended in place", () => {
  const { problems } = check(lectureExample);
  const [gateway] = problems;
  assert.deepEqual(gateway?.place, { line: 6, column: 24, endLine: 6, endColumn: 35 });
  assert.deepEqual(
    gateway.mends.map(({ action, key, value }) => [action, key, value]),
    [
      ['replace', 'default-gateway', '"192.168.1.1"'],
      ['remove', 'default-gateway', null],
    ],
  );
  const mended = mendAll(lectureExample);
  assert.equal(check(mended).verdict, 'boots');
  assert.deepEqual(check(mended).problems, []);
  assert.equal(
    mended,
    `{
    "bip": "192.168.1.5/24",
    "fixed-cidr": "192.168.1.128/25",
    "ipv6": true,
    "fixed-cidr-v6": "2001:db8::/64",
    "mtu": 1500,
    "default-gateway": "192.168.1.1",
    "default-gateway-v6": "2001:db8::2",
    "dns": ["10.20.1.2","10.20.1.3"]
} 
`,
  );
});

for (const [what, text, mended] of [
  ['a comma after the last member', '{\n  "mtu": 1400,\n}', '{\n  "mtu": 1400\n}'],
  ['a comma that is missing', '{\n  "mtu": 1400\n  "icc": true\n}', '{\n  "mtu": 1400,\n  "icc": true\n}'],
  ['a comma that is missing in a list', '{"dns": ["1.1.1.1" "8.8.8.8"]}', '{"dns": ["1.1.1.1", "8.8.8.8"]}'],
  ['a comment', '\n{\n  // the bridge\n  "mtu": 1400\n}', '\n{\n  \n  "mtu": 1400\n}'],
  ['a key in capitals', '{ "MTU": 1400 }', '{ "mtu": 1400 }'],
  ['a key that nobody knows, alone', '{ "nonsense": 1 }', '{  }'],
  ['a key that nobody knows, last', '{\n  "icc": true,\n  "nonsense": 1\n}', '{\n  "icc": true\n}'],
  ['a key twice', '{"mtu": 1300, "icc": true, "mtu": 1400}', '{"icc": true, "mtu": 1400}'],
  ['a number in quotes', '{"mtu": "1400"}', '{"mtu": 1400}'],
  ['a list that is none', '{"dns": "1.1.1.1"}', '{"dns": ["1.1.1.1"]}'],
  ['an address without its prefix', '{"bip": "192.168.1.5"}', '{"bip": "192.168.1.5/24"}'],
] as const)
  test(`mended: ${what}`, () => {
    const { problems } = check(text);
    assert.ok(problems[0]?.place !== null, 'it has a place');
    assert.equal(mendAll(text), mended);
    assert.equal(check(mended).verdict, 'boots');
  });

test('a place counts lines and columns as an editor does', () => {
  const [mistake] = check('\n\n  {"mtu": 1400,\n "dns" ["x"]}').problems;
  assert.deepEqual(mistake?.place, { line: 4, column: 8, endLine: 4, endColumn: 9 });
  assert.match(mistake.message, /line 4, column 8/);
  const [indented] = check('   {x}').problems;
  assert.deepEqual(indented?.place, { line: 1, column: 5, endLine: 1, endColumn: 6 });
  assert.match(indented.message, /line 1, column 5/);
});

const isSame = (one: DaemonConfigProblem) => (other: DaemonConfigProblem) =>
  one.code === other.code && one.key === other.key && one.message === other.message;

/** Every mend of every problem of a file. */
function judgeMends(file: string | Uint8Array): void {
  if (typeof file !== 'string') return;
  for (const problem of check(file).problems)
    for (const { edits, action, key } of problem.mends) {
      const mended = applyEdits(file, edits);
      assert.notEqual(mended, file);
      const { problems } = check(mended);
      assert.ok(!problems.some(isSame(problem)), `${action} ${key} leaves "${problem.message}" of ${file}`);
      if (problem.code !== 'malformed_json')
        assert.ok(!problems.some(({ code }) => code === 'malformed_json'), `${action} ${key} breaks ${file}`);
    }
}

test('each mend makes its problem go, in files of every sort', () => {
  for (const { file } of wholeCorpus()) judgeMends(file);
});

test('each mend makes its problem go, in random files', () => {
  fc.assert(
    fc.property(randomCase, ({ file }) => judgeMends(file)),
    { numRuns: 1_000 },
  );
});
