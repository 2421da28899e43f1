// Cuts the bytes of one output of a log into lines with their times. It keeps at most one piece of a line, and knows no engine.

/** A line of a log, or a piece of one. */
export interface LogRecord {
  /** RFC 3339 with nanoseconds; undefined where the log gives none. */
  readonly at: string | undefined;
  /** Without the line's end. */
  readonly bytes: Buffer;
  /** False for a piece that the line goes on after, and for the end of an output that has no line break. */
  readonly complete: boolean;
}

/** The engine's log drivers keep a longer line in pieces of this size, each with the line's time. */
export const pieceSize = 16 * 1024;

const lineBreak = 0x0a;
const blank = 0x20;
/** `2026-01-31T12:00:00.123456789Z`, or with an offset. */
const longestTime = 35;
const timePattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** Reads a log with timestamps, over arbitrary borders of chunks. */
export class LogLines {
  #rest: Buffer = Buffer.alloc(0);

  /** The lines that are whole now. Their bytes are views of `chunk`: use them before the next one. */
  push(chunk: Buffer): LogRecord[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const records: LogRecord[] = [];
    let from = 0;
    for (;;) {
      const piece = readPiece(bytes, from);
      if (piece === undefined) break;
      records.push(piece.record);
      from = piece.end;
    }
    // A copy, since a view would keep the whole chunk.
    this.#rest = Buffer.from(bytes.subarray(from));
    return records;
  }

  /** What is left when the output ends without a line break. */
  end(): LogRecord[] {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    if (rest.length === 0) return [];
    const { at, start } = readTime(rest, 0);
    return [{ at, bytes: rest.subarray(start), complete: false }];
  }
}

function readPiece(bytes: Buffer, from: number): { record: LogRecord; end: number } | undefined {
  const lineEnd = bytes.indexOf(lineBreak, from);
  const { at, start } = readTime(bytes, from);
  const longest = start + pieceSize;
  if (lineEnd >= 0 && lineEnd < longest)
    return { record: { at, bytes: bytes.subarray(start, lineEnd), complete: true }, end: lineEnd + 1 };
  if (bytes.length < longest) return undefined;
  return { record: { at, bytes: bytes.subarray(start, longest), complete: false }, end: longest };
}

/** The time that a piece begins with, and where its content starts. */
function readTime(bytes: Buffer, from: number): { at: string | undefined; start: number } {
  const end = bytes.subarray(from, from + longestTime + 1).indexOf(blank);
  const time = end < 0 ? '' : bytes.toString('latin1', from, from + end);
  return timePattern.test(time) ? { at: time, start: from + end + 1 } : { at: undefined, start: from };
}
