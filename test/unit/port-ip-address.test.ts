// Literal addresses, with node:net as the second opinion.
import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import { isIpv4, isSameAddress, parseIpAddress } from '../../src/domain/ports/ip-address.ts';
import fc from '../support/fast-check.ts';

test('bytes', () => {
  assert.deepEqual(parseIpAddress('127.0.0.1'), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1]);
  assert.deepEqual(parseIpAddress('2001:db8::1:ff'), [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 255]);
  assert.deepEqual(parseIpAddress('::'), Array(16).fill(0));
  assert.equal(parseIpAddress('fe80::1%eth0'), null);
  assert.equal(parseIpAddress(''), null);
});

test('one address in several spellings', () => {
  assert.ok(isSameAddress('::1', '0:0:0:0:0:0:0:1'));
  assert.ok(isSameAddress('127.0.0.1', '::ffff:127.0.0.1'));
  assert.ok(isSameAddress('FE80::A', 'fe80:0::000a'));
  assert.ok(!isSameAddress('::1', '127.0.0.1'));
  assert.ok(!isSameAddress('', ''));
  assert.ok(isIpv4(parseIpAddress('::ffff:7f00:1') ?? []));
  assert.ok(!isIpv4(parseIpAddress('::7f00:1') ?? []));
});

test('generated text, whole and spoiled: an address exactly where node:net sees one', () => {
  const spoiled = fc
    .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(40), fc.nat(2), fc.constantFrom(...'0159afAF:.:. [g'))
    .map(([text, at, remove, insert]) => text.slice(0, at) + insert + text.slice(at + remove));
  const pieces = fc.array(fc.constantFrom('0', '1', 'ffff', '00001', ':', '::', '.', '1.2.3.4', '256'), {
    maxLength: 12,
  });
  const texts = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    spoiled,
    pieces.map((all) => all.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => assert.equal(parseIpAddress(text) !== null, isIP(text) !== 0)),
    { numRuns: 5000 },
  );
});
