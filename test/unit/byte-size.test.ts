// Memory limits, example by example. That they are what Docker says is the differential test's affair.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMemoryLimit } from '../../src/domain/byte-size.ts';
import { Failure } from '../../src/schemas/failure.ts';

const MIB = 1024 ** 2;

test('sizes', () => {
  const cases: [string | number, number][] = [
    ['64m', 64 * MIB],
    ['1g', 1024 * MIB],
    ['1G', 1024 * MIB],
    ['64MB', 64 * MIB],
    ['64 MiB', 64 * MIB],
    ['1.5g', 1536 * MIB],
    ['65536k', 64 * MIB],
    ['1t', MIB ** 2],
    ['1p', 1024 * MIB ** 2],
    ['67108864', 64 * MIB],
    ['67108864b', 64 * MIB],
    [67_108_864, 64 * MIB],
    ['6.0000001m', 6 * MIB],
    ['0', 0],
    [0, 0],
  ];
  for (const [value, bytes] of cases) assert.equal(parseMemoryLimit(value), bytes, String(value));
});

test('refused, naming the field', () => {
  const cases: [string | number, RegExp][] = [
    ['', /not a size/],
    ['m', /not a size/],
    ['64x', /not a size/],
    ['-64m', /not a size/],
    ['+64m', /not a size/],
    ['64  m', /not a size/],
    [' 64m', /not a size/],
    ['64m ', /not a size/],
    ['1.2.3m', /not a size/],
    ['.5g', /not a size/],
    ['1e9', /not a size/],
    ['64\u212a', /not a size/],
    [-1, /not a size/],
    [Number.NaN, /not a size/],
    [1e30, /not a size/],
    ['5m', /nothing below 6m/],
    [1, /nothing below 6m/],
    ['8192p', /larger than any memory/],
    ['9'.repeat(400), /larger than any memory/],
  ];
  for (const [value, reason] of cases) {
    assert.throws(
      () => parseMemoryLimit(value),
      (error: unknown) =>
        error instanceof Failure &&
        error.code === 'invalid_request' &&
        error.field === 'limits.memory' &&
        reason.test(error.message) &&
        error.message.length < 200,
      String(value),
    );
  }
});
