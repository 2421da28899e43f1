// Content negotiation.
import assert from 'node:assert/strict';
import test from 'node:test';
import { chooseMediaType } from '../../src/domain/http/accept.ts';
import fc from '../support/fast-check.ts';

const offers = ['application/json', 'text/plain', 'application/x-ndjson'] as const;

test('the best liked offer, of equals the first', () => {
  const cases: [string | undefined, string | null][] = [
    [undefined, 'application/json'],
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['text/plain', 'text/plain'],
    ['TEXT/Plain; charset=utf-8', 'text/plain'],
    ['text/*', 'text/plain'],
    ['application/*', 'application/json'],
    ['application/x-ndjson', 'application/x-ndjson'],
    ['application/json;q=0.5, text/plain;q=0.9', 'text/plain'],
    ['*/*;q=0.1, application/x-ndjson', 'application/x-ndjson'],
    ['application/json;q=0, */*', 'text/plain'],
    ['text/html', null],
    ['text/html, */*;q=0', null],
    ['application/json;q=7', null],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'application/json'],
  ];
  for (const [accept, expected] of cases) assert.equal(chooseMediaType(accept, offers), expected, accept);
});

test('any header has an answer', () => {
  fc.assert(
    fc.property(fc.string(), (accept) => {
      const chosen = chooseMediaType(accept, offers);
      assert.ok(chosen === null || offers.includes(chosen));
    }),
  );
});
