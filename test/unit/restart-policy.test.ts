// Restart policies, example by example. That they are what Docker says is the differential test's affair.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRestartPolicy } from '../../src/domain/restart-policy.ts';
import { Failure } from '../../src/schemas/failure.ts';

test('policies', () => {
  const cases: [string, string, number][] = [
    ['', '', 0],
    ['no', 'no', 0],
    ['always', 'always', 0],
    ['unless-stopped', 'unless-stopped', 0],
    ['on-failure', 'on-failure', 0],
    ['on-failure:5', 'on-failure', 5],
    ['on-failure:+05', 'on-failure', 5],
    ['on-failure:', 'on-failure', 0],
    ['always:0', 'always', 0],
    ['no:-0', 'no', 0],
  ];
  for (const [text, Name, MaximumRetryCount] of cases) {
    assert.deepEqual(parseRestartPolicy(text, false), { Name, MaximumRetryCount }, text);
  }
});

test('refused, naming the field', () => {
  const cases: [string, RegExp][] = [
    ['never', /no policy "never"/],
    ['Always', /no policy "Always"/],
    [' no', /no policy/],
    [':3', /no policy ""/],
    ['constructor', /no policy/],
    ['on-failure:x', /whole number/],
    ['on-failure:1.5', /whole number/],
    ['on-failure:-1', /whole number/],
    ['on-failure:3:4', /whole number/],
    ['on-failure: 3', /whole number/],
    [`on-failure:${'9'.repeat(30)}`, /whole number/],
    ['always:3', /only on-failure/],
    ['no:1', /only on-failure/],
  ];
  for (const [text, reason] of cases) {
    assert.throws(
      () => parseRestartPolicy(text, false),
      (error: unknown) =>
        error instanceof Failure &&
        error.code === 'invalid_request' &&
        error.field === 'restart' &&
        reason.test(error.message),
      text,
    );
  }
});

test('what is removed when it ends does not restart', () => {
  for (const text of ['no', 'no:0', '']) assert.ok(parseRestartPolicy(text, true));
  for (const text of ['always', 'unless-stopped', 'on-failure:3']) {
    assert.throws(() => parseRestartPolicy(text, true), /autoRemove/);
  }
});
