// The reader of Docker's stream format: whatever the bytes and wherever they are cut, each output gets its own, in order.
import assert from 'node:assert/strict';
import test from 'node:test';
import { FrameParser, type OutputName, RawParser, StreamFormatError } from '../../src/engine/docker/demultiplexer.ts';
import fc from '../support/fast-check.ts';

interface Frame {
  type: 0 | 1 | 2;
  payload: Uint8Array;
}

function encode({ type, payload }: { type: number; payload: Uint8Array }): Buffer {
  const header = Buffer.from([type, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

const frames: fc.Arbitrary<Frame[]> = fc.array(
  fc.record({ type: fc.constantFrom(0 as const, 1 as const, 2 as const), payload: fc.uint8Array({ maxLength: 40 }) }),
  { maxLength: 30 },
);
/** Lengths of the pieces that the wire is cut into, used round and round. */
const cuts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 });

function* chop(bytes: Buffer, lengths: readonly number[]): Generator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

/** The pieces on the wire as runs: one text an uninterrupted stretch of one output. */
function toRuns(pieces: Iterable<[OutputName, Uint8Array]>): [OutputName, string][] {
  const runs: [OutputName, string][] = [];
  for (const [stream, bytes] of pieces) {
    if (bytes.length === 0) continue;
    const last = runs.at(-1);
    const hex = Buffer.from(bytes).toString('hex');
    if (last?.[0] === stream) last[1] += hex;
    else runs.push([stream, hex]);
  }
  return runs;
}

const outputOf = ({ type, payload }: Frame): [OutputName, Uint8Array] => [type === 2 ? 'stderr' : 'stdout', payload];

function readAll(chunks: Iterable<Buffer>): { pieces: [OutputName, Buffer][]; parser: FrameParser } {
  const parser = new FrameParser();
  const pieces: [OutputName, Buffer][] = [];
  for (const chunk of chunks) parser.push(chunk, (stream, bytes) => pieces.push([stream, bytes]));
  return { pieces, parser };
}

test('any frames, cut anywhere, come out whole and in the order of the wire', () => {
  fc.assert(
    fc.property(frames, cuts, (sent, lengths) => {
      const { pieces, parser } = readAll(chop(Buffer.concat(sent.map(encode)), lengths));
      parser.end();
      assert.deepEqual(toRuns(pieces), toRuns(sent.map(outputOf)));
    }),
    { numRuns: 500 },
  );
});

test('a wire that ends early delivers what came, and says whether it ended inside a frame', () => {
  fc.assert(
    fc.property(frames, cuts, fc.nat(), (sent, lengths, at) => {
      const encoded = sent.map(encode);
      const wire = Buffer.concat(encoded);
      const end = at % (wire.length + 1);
      const { pieces, parser } = readAll(chop(wire.subarray(0, end), lengths));

      const expected: [OutputName, Uint8Array][] = [];
      let offset = 0;
      let isBorder = end === 0;
      for (const frame of sent) {
        const [stream, payload] = outputOf(frame);
        if (end > offset + 8) expected.push([stream, payload.subarray(0, end - offset - 8)]);
        offset += 8 + payload.length;
        if (end === offset) isBorder = true;
      }
      assert.deepEqual(toRuns(pieces), toRuns(expected));
      if (isBorder) parser.end();
      else assert.throws(() => parser.end(), StreamFormatError);
    }),
    { numRuns: 500 },
  );
});

test('what is no frame header is refused, after everything before it was delivered', () => {
  const badHeader = fc
    .uint8Array({ minLength: 8, maxLength: 8 })
    .filter(([type = 0, a, b, c]) => type > 3 || a !== 0 || b !== 0 || c !== 0);
  fc.assert(
    fc.property(frames, badHeader, cuts, (sent, header, lengths) => {
      const wire = Buffer.concat([...sent.map(encode), header]);
      const parser = new FrameParser();
      const pieces: [OutputName, Buffer][] = [];
      assert.throws(() => {
        for (const chunk of chop(wire, lengths)) parser.push(chunk, (stream, bytes) => pieces.push([stream, bytes]));
      }, StreamFormatError);
      assert.deepEqual(toRuns(pieces), toRuns(sent.map(outputOf)));
    }),
  );
});

test("a frame of type 3 is the engine's own error, and carries its words", () => {
  const words = encode({ type: 3, payload: Buffer.from('container is gone: ü') });
  for (const lengths of [[1], [8], [1000]]) {
    assert.throws(() => readAll(chop(words, lengths)), /reported an error in the stream: container is gone: ü/);
  }
  // A length of four gigabytes is no error text: the stream is not what it was taken for, and nothing is collected.
  assert.throws(() => readAll([Buffer.from([3, 0, 0, 0, 255, 255, 255, 255])]), /not multiplexed/);
});

test('payload is handed on as it comes: a frame that claims four gigabytes is not waited for', () => {
  const { pieces } = readAll([Buffer.from([1, 0, 0, 0, 255, 255, 255, 255]), Buffer.from('abc')]);
  assert.deepEqual(toRuns(pieces), [['stdout', Buffer.from('abc').toString('hex')]]);
});

test('frames that arrive together are joined, and a piece never changes afterwards', () => {
  const chunk = Buffer.concat(['a', 'b', 'c'].map((text) => encode({ type: 1, payload: Buffer.from(text) })));
  const { pieces, parser } = readAll([chunk]);
  assert.deepEqual(
    pieces.map(([, bytes]) => bytes.toString()),
    ['abc'],
  );
  parser.push(encode({ type: 1, payload: Buffer.from('XYZ') }), () => {});
  assert.deepEqual(
    pieces.map(([, bytes]) => bytes.toString()),
    ['abc'],
  );
});

test('with a TTY everything is stdout, untouched', () => {
  const pieces: [OutputName, Buffer][] = [];
  const parser = new RawParser();
  for (const chunk of [Buffer.from([1, 0, 0, 0, 0, 0, 0, 9]), Buffer.alloc(0)]) {
    parser.push(chunk, (stream, bytes) => pieces.push([stream, bytes]));
  }
  parser.end();
  assert.deepEqual(pieces, [['stdout', Buffer.from([1, 0, 0, 0, 0, 0, 0, 9])]]);
});

test('frames of 80 bytes are read at 100 MB/s or more', () => {
  const frame = encode({ type: 1, payload: Buffer.alloc(80, 'x') });
  const chunk = Buffer.concat(Array.from({ length: 745 }, () => frame)); // about 64 kB, what a socket hands over at once
  let read = 0;
  const rate = () => {
    const parser = new FrameParser();
    const startedAt = process.cpuUsage().user;
    for (let turn = 0; turn < 300; turn += 1) {
      parser.push(chunk, (_, bytes) => {
        read += bytes.length;
      });
    }
    return (300 * chunk.length) / (process.cpuUsage().user - startedAt); // bytes a microsecond are MB/s
  };
  const best = Math.max(...Array.from({ length: 5 }, rate));
  assert.equal(read, 5 * 300 * 745 * 80);
  assert.ok(best >= 100, `${best.toFixed(0)} MB/s of CPU time`);
});
