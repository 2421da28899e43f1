// `/stream` reads a valid message as it is, and refuses any other with a failure of bounded length.
import assert from 'node:assert/strict';
import test from 'node:test';
import { readClientFrame } from '../../src/services/subscriptions/client-frames.ts';
import { joinMembers, nestedJson, nestingKinds } from '../support/schema-values.ts';

/** The failure that a message is refused with. */
function refusalOf(text: string) {
  const said = readClientFrame(text);
  assert.ok('failure' in said, `accepted: ${text.slice(0, 200)}`);
  return said;
}
const detailOf = (text: string) => refusalOf(text).failure.message;
const detailOfType = (type: unknown) => detailOf(JSON.stringify({ type, id: 's' }));

test('a message that fits the schema is read as it is', () => {
  const frame = { type: 'subscribe', id: 's', topic: 'netstat', container: 'web', intervalMs: 500 };
  assert.deepEqual(readClientFrame(JSON.stringify(frame)), { frame });
});

test('the type of a message is quoted if it is a primitive, and named otherwise', () => {
  const must = 'it must be "subscribe" or "unsubscribe"';
  assert.equal(detailOfType('watch'), `type is "watch"; ${must}`);
  assert.equal(detailOfType(7), `type is 7; ${must}`);
  assert.equal(detailOfType(null), `type is null; ${must}`);
  assert.equal(detailOfType(false), `type is false; ${must}`);
  assert.equal(detailOfType(undefined), `type is missing; ${must}`);
  assert.equal(detailOfType(['watch']), `type is an array; ${must}`);
  assert.equal(detailOfType({ a: 1 }), `type is an object; ${must}`);
});

test('a long text is cut before it is quoted, and never within a character', () => {
  assert.match(detailOfType('x'.repeat(60_000)), /^type is "x{39}…";/);
  assert.match(detailOfType('🐚'.repeat(40)), /^type is "(?:🐚){19}…";/u);
  assert.match(detailOfType('x'.repeat(40)), /^type is "x{40}";/);
});

test('an unknown field is named, in at most 40 characters', () => {
  const subscribe = { type: 'subscribe', id: 's', topic: 'events' };
  const short = refusalOf(JSON.stringify({ ...subscribe, colour: 'red' }));
  assert.deepEqual(
    [short.failure.message, short.failure.field, short.id],
    ['The subscribe message has no field "colour"', 'colour', 's'],
  );
  const long = refusalOf(JSON.stringify({ ...subscribe, ['k'.repeat(60_000)]: 1 }));
  assert.equal(long.failure.message, `The subscribe message has no field "${'k'.repeat(39)}…"`);
  assert.equal(long.failure.field, `${'k'.repeat(39)}…`);
  assert.equal(
    detailOf('{"type":"unsubscribe","id":"s","__proto__":1}'),
    'The unsubscribe message has no field "__proto__"',
  );
});

test('a message with thousands of unknown fields is refused for the first one', () => {
  const many = Object.fromEntries(Array.from({ length: 8_000 }, (_, index) => [`k${index}`, 0]));
  const text = JSON.stringify({ type: 'subscribe', id: 's', topic: 'events', ...many });
  assert.equal(detailOf(text), 'The subscribe message has no field "k0"');
});

test('a value nested 30,000 levels deep is refused in every field', () => {
  const valid = { type: '"subscribe"', id: '"s"', topic: '"events"' };
  const fields = ['type', 'id', 'topic', 'container', 'lab', 'engine', 'options', 'intervalMs', 'format', 'tail'];
  for (const field of [...fields, 'scope', 'bootId', 'seq', 'unknown'])
    for (const kind of nestingKinds) {
      const { failure } = refusalOf(joinMembers({ ...valid, [field]: nestedJson(kind, 30_000) }));
      assert.deepEqual([failure.code, failure.field], ['invalid_request', field]);
      assert.ok(failure.message.length < 200, failure.message);
    }
});
