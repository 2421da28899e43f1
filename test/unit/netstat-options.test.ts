// The letters of netstat: one canonical spelling, and the rows that each letter shows.
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  defaultNetstatOptions,
  parseNetstatOptions,
  selectSockets,
} from '../../src/domain/observation/netstat-options.ts';
import { Failure } from '../../src/schemas/failure.ts';
import type { Socket } from '../../src/schemas/netstat.ts';
import fc from '../support/fast-check.ts';

test('letters in any order and number have one spelling', () => {
  const cases: Record<string, string> = {
    tan: 'tan',
    nat: 'tan',
    ttt: 'tn',
    lnt: 'tln',
    la: 'tuwan',
    wl: 'wln',
    ut: 'tun',
    '': 'tuwn',
    n: 'tuwn',
    tuwlan: 'tuwan',
  };
  for (const [given, canonical] of Object.entries(cases)) assert.equal(parseNetstatOptions(given), canonical, given);
  assert.equal(parseNetstatOptions(defaultNetstatOptions), defaultNetstatOptions);
});

test('a spelling is its own canonical spelling, and only the seven times three that there are occur', () => {
  const letters = fc.array(fc.constantFrom('t', 'u', 'w', 'l', 'a', 'n')).map((list) => list.join(''));
  fc.assert(
    fc.property(letters, (text) => {
      const canonical = parseNetstatOptions(text);
      assert.equal(parseNetstatOptions(canonical), canonical);
      assert.match(canonical, /^(?=.)t?u?w?[al]?n$/);
      assert.doesNotMatch(canonical, /^[al]?n$/);
    }),
  );
});

test('anything else is refused by name, and never reaches a program', () => {
  const strange = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => /[^tuwlan]/u.test(text));
  fc.assert(
    fc.property(strange, (text) => {
      assert.throws(
        () => parseNetstatOptions(text),
        (error) => error instanceof Failure && error.code === 'invalid_request' && error.field === 'options',
      );
    }),
  );
  assert.throws(() => parseNetstatOptions('-tan'), /"-" is not one of its letters/);
});

test('each letter shows what busybox shows', () => {
  const socket = (protocol: Socket['protocol'], remotePort: number, remoteAddress = '0.0.0.0'): Socket => ({
    id: `${protocol}/${remotePort}${remoteAddress}`,
    protocol,
    recvQ: 0,
    sendQ: 0,
    local: { address: '0.0.0.0', port: 80 },
    remote: { address: remoteAddress, port: remotePort },
    state: null,
  });
  const listener = socket('tcp', 0);
  const connected = socket('tcp6', 4000, '::1');
  const receiver = socket('udp', 0);
  const peer = socket('udp6', 53, '2001:db8::1');
  const raw = socket('raw', 0);
  const rawPeer = socket('raw', 0, '10.0.0.1');
  const all = [listener, connected, receiver, peer, raw, rawPeer];
  assert.deepEqual(selectSockets(all, 'tuwan'), all);
  assert.deepEqual(selectSockets(all, 'tuwln'), [listener, receiver, raw]);
  assert.deepEqual(selectSockets(all, 'tuwn'), [connected, peer, rawPeer]);
  assert.deepEqual(selectSockets(all, 'tan'), [listener, connected]);
  assert.deepEqual(selectSockets(all, 'uln'), [receiver]);
  assert.deepEqual(selectSockets(all, 'wn'), [rawPeer]);
});
