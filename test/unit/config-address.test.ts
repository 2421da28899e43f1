// Host and Origin headers: one spelling for one address, and nothing else gets through.
import assert from 'node:assert/strict';
import test from 'node:test';
import { formatOrigin, isLoopback, normalizeHost, normalizeOrigin } from '../../src/domain/http/address.ts';
import fc from '../support/fast-check.ts';

test('a host is lower case, without the last dot, its IPv6 address short', () => {
  assert.deepEqual(normalizeHost('LOCALHOST'), { name: 'localhost', port: null });
  assert.deepEqual(normalizeHost('localhost.:4242'), { name: 'localhost', port: 4242 });
  assert.deepEqual(normalizeHost('127.0.0.1:1'), { name: '127.0.0.1', port: 1 });
  assert.deepEqual(normalizeHost('[0:0:0:0:0:0:0:1]:80'), { name: '[::1]', port: 80 });
  assert.deepEqual(normalizeHost('my_service:80'), { name: 'my_service', port: 80 });
});

test('what is no host is refused', () => {
  const wrong = [
    '',
    ':',
    ':80',
    'a b',
    'a@b',
    'a/b',
    'a?b',
    'a#b',
    'a:',
    'a:0',
    'a:65536',
    'a:1:2',
    '::1',
    '[::1',
    '[zz]',
    'a..',
    'http://a',
    'a,b',
    'a\u0000',
    '-',
    'ä',
  ];
  for (const host of wrong) assert.equal(normalizeHost(host), undefined, JSON.stringify(host));
});

test('an origin is as browsers write it', () => {
  assert.equal(normalizeOrigin('HTTP://Localhost:80'), 'http://localhost');
  assert.equal(normalizeOrigin('https://a.example:443'), 'https://a.example');
  assert.equal(normalizeOrigin('https://a.example:80'), 'https://a.example:80');
  for (const wrong of [
    'null',
    '',
    'a.example',
    'file://',
    'http://',
    'http://a/',
    'http://a?',
    'http://u@a',
    'ftp://a',
    'http://a http://b',
    'http://a, http://b',
  ])
    assert.equal(normalizeOrigin(wrong), undefined, JSON.stringify(wrong));
});

test('the origin of a host is read back as itself', () => {
  const hosts = fc.record({
    name: fc.constantFrom('localhost', '127.0.0.1', '[::1]', 'a-b.example'),
    port: fc.option(fc.integer({ min: 1, max: 65535 })),
  });
  fc.assert(
    fc.property(hosts, fc.constantFrom('http', 'https'), (host, scheme) => {
      const origin = formatOrigin(scheme, host);
      assert.equal(normalizeOrigin(origin), origin);
    }),
  );
});

test('only loopback is loopback', () => {
  for (const host of ['127.0.0.1', '127.255.0.3', '::1', '[::1]', 'localhost', 'LOCALHOST'])
    assert.equal(isLoopback(host), true, host);
  for (const host of [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '128.0.0.1',
    'localhost.example',
    '127.0.0.1.nip.io',
    'lab',
    '',
    '::ffff:10.0.0.1',
  ])
    assert.equal(isLoopback(host), false, host);
});
