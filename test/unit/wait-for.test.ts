// How tests wait: until it is there, or until the deadline, with an error that tells what was seen.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type See, waitFor } from '../support/wait-for.ts';

const soon = { timeoutMs: 30, intervalMs: 1 };

test('it returns the first answer that is not false, null or undefined', async () => {
  const answers = [false, null, undefined, 0];
  assert.equal(await waitFor(() => answers.shift(), { what: 'a number', intervalMs: 1 }), 0);
  assert.deepEqual(answers, []);
});

test('a look that throws counts as not yet', async () => {
  let looks = 0;
  const look = () => {
    looks += 1;
    if (looks < 3) throw new Error('not there');
    return 'there';
  };
  assert.equal(await waitFor(look, { what: 'the third look', intervalMs: 1 }), 'there');
});

const errors: [what: string, look: Parameters<typeof waitFor>[0], seen: RegExp][] = [
  ['the answer', () => null, /for the end; seen last: null$/],
  [
    'the values that the look notes',
    (see) => see(String('exited')) === 'running' || see(7) > 8,
    /seen last: exited; 7$/,
  ],
  [
    'an object with its fields',
    (see) => see({ state: String('dead') }).state === 'running',
    /seen last: \{ state: 'dead' \}$/,
  ],
  [
    'the error',
    () => {
      throw new Error('connection refused');
    },
    /seen last: Error: connection refused$/,
  ],
  ['the end of a long text', (see) => see(`${'a'.repeat(5_000)}z`) === '', /seen last: …a{1999}z$/],
];
for (const [what, look, seen] of errors)
  test(`the error tells ${what}`, async () => {
    await assert.rejects(waitFor(look, { what: 'the end', ...soon }), seen);
  });

test('the error tells the last look alone', async () => {
  let looks = 0;
  const look = (see: See) => {
    looks += 1;
    return see(looks) < 0;
  };
  await assert.rejects(waitFor(look, { what: 'the end', ...soon }), (error: Error) => {
    assert.equal(error.message, `waited 30 ms for the end; seen last: ${looks}`);
    return true;
  });
});

test('TERRARIUM_TEST_PATIENCE multiplies the deadline', async () => {
  const module = pathToFileURL(path.join(import.meta.dirname, '../support/wait-for.ts')).href;
  const program = `const { waitFor } = await import('${module}');
    await waitFor(() => false, { what: 'the end', timeoutMs: 20 }).catch(({ message }) => console.log(message));`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', program],
    { env: { ...process.env, TERRARIUM_TEST_PATIENCE: '3' } },
  );
  assert.equal(stdout.trim(), 'waited 60 ms for the end; seen last: false');
});
