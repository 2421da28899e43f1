// Durations of `ttl`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxDuration, minDuration, parseDuration } from '../../src/domain/duration.ts';
import { Failure } from '../../src/schemas/failure.ts';
import fc from '../support/fast-check.ts';

const refusedWith = (reason: RegExp) => (error: unknown) =>
  error instanceof Failure && error.code === 'invalid_request' && error.field === 'ttl' && reason.test(error.message);

test('what a person writes', () => {
  const cases: Record<string, number> = {
    '1s': 1000,
    '30s': 30_000,
    '45m': 2_700_000,
    '2h': 7_200_000,
    '1h30m': 5_400_000,
    '7d': 604_800_000,
    '1d2h3m4s': 93_784_000,
    '90m': 5_400_000,
    '0d1s': 1000,
    '30d': 2_592_000_000,
    '720h': 2_592_000_000,
  };
  for (const [text, milliseconds] of Object.entries(cases)) assert.equal(parseDuration(text), milliseconds, text);
});

test('bounds', () => {
  assert.equal(minDuration, 1000);
  assert.equal(maxDuration, 2_592_000_000);
  for (const text of ['0s', '0m', '0d0h']) assert.throws(() => parseDuration(text), refusedWith(/shorter than 1s/));
  for (const text of ['30d1s', '31d', '721h', `${'9'.repeat(400)}d`]) {
    assert.throws(() => parseDuration(text), refusedWith(/longer than 30d/));
  }
});

test('nothing is guessed', () => {
  const wrong = [
    '',
    ' ',
    '30',
    '2 h',
    ' 2h',
    '2h ',
    '2H',
    '1.5h',
    '-1h',
    '+1h',
    '1m1h',
    '1h1h',
    '1w',
    '1y',
    '500ms',
    'h',
    'P1D',
    '1h30',
    '٣s',
    '1e3s',
  ];
  for (const text of wrong) assert.throws(() => parseDuration(text), refusedWith(/number with a unit/), text);
});

test('the field is the one given, and a long text is not repeated whole', () => {
  assert.throws(
    () => parseDuration('x'.repeat(10_000), 'extend'),
    (error: unknown) => error instanceof Failure && error.field === 'extend' && error.message.length < 200,
  );
});

test('every duration in whole seconds can be written, and is read back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: maxDuration / 1000 }), (seconds) => {
      const [d, h, m, s] = [
        Math.floor(seconds / 86_400),
        Math.floor(seconds / 3600) % 24,
        Math.floor(seconds / 60) % 60,
        seconds % 60,
      ];
      assert.equal(parseDuration(`${d}d${h}h${m}m${s}s`), seconds * 1000);
      assert.equal(parseDuration(`${seconds}s`), seconds * 1000);
    }),
  );
});
