// What a terminal's client may say as text, and that nothing else passes.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Failure } from '../../src/schemas/failure.ts';
import { readClientFrame } from '../../src/services/terminal/frames.ts';
import fc from '../support/fast-check.ts';

const isRefusal = (error: unknown) => error instanceof Failure && error.code === 'invalid_request' && !!error.hint;

test('the frames of a client are read as they are', () => {
  const size = fc.integer({ min: 1, max: 1_000 });
  const frame = fc.oneof(
    fc.record({ type: fc.constant('resize'), cols: size, rows: size }),
    fc.record({ type: fc.constantFrom('pause', 'resume') }),
  );
  fc.assert(fc.property(frame, (one) => assert.deepEqual(readClientFrame(JSON.stringify(one)), { ...one })));
});

test('any other text is refused with the way out', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => assert.throws(() => readClientFrame(text), isRefusal)),
  );
  const wrong = [
    { type: 'resize', cols: 80 },
    { type: 'resize', cols: 0, rows: 24 },
    { type: 'resize', cols: 80, rows: 1_001 },
    { type: 'resize', cols: 80.5, rows: 24 },
    { type: 'resize', cols: '80', rows: 24 },
    { type: 'pause', now: true },
    { type: 'exit', exitCode: 0 },
  ];
  for (const one of wrong) assert.throws(() => readClientFrame(JSON.stringify(one)), isRefusal, JSON.stringify(one));
});
