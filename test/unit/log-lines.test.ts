// Lines of a log out of arbitrary chunks: no byte is lost, doubled or put on another line.
import assert from 'node:assert/strict';
import test from 'node:test';
import { LogLines, type LogRecord, pieceSize } from '../../src/services/logs/log-lines.ts';
import fc from '../support/fast-check.ts';

const time = '2026-01-31T12:00:00.000000001Z';

/** What the engine sends for lines: long ones in pieces, each with the line's time. */
function writeAsEngine(lines: readonly Buffer[], lastEnds: boolean): Buffer {
  return Buffer.concat(
    lines.flatMap((line, index) => {
      const pieces: Buffer[] = [];
      let from = 0;
      for (; line.length - from >= pieceSize; from += pieceSize) pieces.push(line.subarray(from, from + pieceSize));
      const ends = lastEnds || index < lines.length - 1;
      if (ends || from < line.length) pieces.push(Buffer.concat([line.subarray(from), Buffer.from(ends ? '\n' : '')]));
      return pieces.flatMap((piece) => [Buffer.from(`${time} `), piece]);
    }),
  );
}

function cut(bytes: Buffer, borders: readonly number[]): Buffer[] {
  const at = [0, ...borders.map((border) => border % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

function readAll(chunks: readonly Buffer[]): LogRecord[] {
  const lines = new LogLines();
  // Copied at once: what push answers is valid until the next push.
  const copy = (record: LogRecord) => ({ ...record, bytes: Buffer.from(record.bytes) });
  return [...chunks.flatMap((chunk) => lines.push(chunk).map(copy)), ...lines.end().map(copy)];
}

/** Lines of bytes without line breaks, some longer than a piece, some exactly as long. */
const line = fc.oneof(
  fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes.map((byte) => (byte === 10 ? 32 : byte)))),
  fc
    .constantFrom(pieceSize - 1, pieceSize, pieceSize + 1, 2 * pieceSize, 40_000)
    .map((size) => Buffer.alloc(size, 'x')),
  fc.constant(Buffer.from(`${time} looks like a time`)),
);

test('lines come out as they went in, however the chunks are cut', () => {
  const borders = fc.array(fc.nat(200_000), { maxLength: 30 });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), borders, fc.boolean(), (given, at, lastEnds) => {
      const records = readAll(cut(writeAsEngine(given, lastEnds), at));
      const lines: Buffer[] = [];
      let pieces: Buffer[] = [];
      for (const { at: recordTime, bytes, complete } of records) {
        assert.equal(recordTime, time);
        assert.ok(bytes.length <= pieceSize);
        pieces.push(bytes);
        if (!complete) continue;
        lines.push(Buffer.concat(pieces));
        pieces = [];
      }
      const rest = Buffer.concat(pieces);
      if (rest.length > 0) lines.push(rest);
      const expected = lastEnds || given.at(-1)?.length !== 0 ? given : given.slice(0, -1);
      assert.deepEqual(lines.map(String), expected.map(String));
    }),
  );
});

test('a log without times is read all the same', () => {
  const records = readAll([Buffer.from('one\ntwo words\nthree')]);
  assert.deepEqual(
    records.map(({ at, bytes, complete }) => [at, bytes.toString(), complete]),
    [
      [undefined, 'one', true],
      [undefined, 'two words', true],
      [undefined, 'three', false],
    ],
  );
});

test('a flood without a line break keeps one piece at most', () => {
  const lines = new LogLines();
  let sizes = 0;
  for (let chunk = 0; chunk < 100; chunk += 1)
    for (const { bytes } of lines.push(Buffer.alloc(50_000, 'y'))) sizes += bytes.length;
  assert.ok(5_000_000 - sizes < pieceSize);
  assert.equal(lines.end()[0]?.bytes.length, 5_000_000 - sizes);
});
