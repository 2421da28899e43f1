// Docker's stream format without a TTY, read incrementally: frames of an 8-byte header (stream type, three zeros, big-endian length)
// and a payload. It keeps no payload back, copies a frame only to join it with its neighbours, and knows no sockets.

/** Which output a piece belongs to. */
export type OutputName = 'stdout' | 'stderr';

/** Receives the pieces of both outputs in the order of the wire. */
export type PieceSink = (stream: OutputName, bytes: Buffer) => void;

/** Reads one connection's bytes. `end` throws when they stop in the middle of a frame. */
export interface PieceParser {
  push(chunk: Buffer, sink: PieceSink): void;
  end(): void;
}

/** The bytes are not what Docker's stream format promises, or the engine reported an error inside it. */
export class StreamFormatError extends Error {
  override readonly name: string = 'StreamFormatError';
}

/** The engine's own words, in place of what it was to send: "Error grabbing logs: …". */
export class EngineStreamError extends StreamFormatError {
  override readonly name = 'EngineStreamError';
  readonly words: string;

  constructor(words: string) {
    super(`the engine reported an error in the stream: ${words}`);
    this.words = words;
  }
}

const headerLength = 8;
/** Stream types of the header: 0 (stdin) is shown as stdout, as Docker's own reader does. */
const outputs = ['stdout', 'stdout', 'stderr'] as const;
/** Type 3: the payload is the engine's own error text. */
const systemError = 3;
/** No error text is longer; a frame that says otherwise is not one. */
const longestErrorText = 64 * 1024;

/**
 * Reads frames over arbitrary chunk borders. Consecutive frames of one output that arrive together are handed on as one piece:
 * borders of frames mean nothing, and a program that writes short lines makes a million of them a second.
 */
export class FrameParser implements PieceParser {
  readonly #header = Buffer.alloc(headerLength);
  #headerFilled = 0;
  #type = 0;
  /** Payload bytes of the current frame that have not arrived yet. */
  #missing = 0;
  readonly #errorText: Buffer[] = [];

  push(chunk: Buffer, sink: PieceSink): void {
    const run = new Run(chunk, sink);
    try {
      this.#read(chunk, run);
    } finally {
      run.flush();
    }
  }

  #read(chunk: Buffer, run: Run): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#missing > 0) {
        const end = Math.min(chunk.length, at + this.#missing);
        this.#missing -= end - at;
        this.#take(run, at, end, chunk);
        at = end;
      } else if (this.#headerFilled === 0 && chunk.length - at >= headerLength) {
        this.#readHeader(chunk, at);
        at += headerLength;
      } else {
        const end = Math.min(chunk.length, at + headerLength - this.#headerFilled);
        chunk.copy(this.#header, this.#headerFilled, at, end);
        this.#headerFilled += end - at;
        at = end;
        if (this.#headerFilled === headerLength) {
          this.#headerFilled = 0;
          this.#readHeader(this.#header, 0);
        }
      }
    }
  }

  end(): void {
    if (this.#headerFilled > 0 || this.#missing > 0) {
      throw new StreamFormatError('the stream ended in the middle of a frame');
    }
  }

  #readHeader(bytes: Buffer, at: number): void {
    const type = bytes[at] ?? 0;
    if (type > systemError || bytes[at + 1] !== 0 || bytes[at + 2] !== 0 || bytes[at + 3] !== 0) {
      const shown = bytes.toString('hex', at, at + headerLength);
      throw new StreamFormatError(`the stream is not multiplexed: ${shown} is no frame header`);
    }
    const length = bytes.readUInt32BE(at + 4);
    if (type === systemError && length > longestErrorText) {
      throw new StreamFormatError('the stream is not multiplexed: an error text of this length makes no sense');
    }
    this.#type = type;
    this.#missing = length;
  }

  #take(run: Run, start: number, end: number, chunk: Buffer): void {
    const output = outputs[this.#type];
    if (output !== undefined) {
      run.add(output, start, end);
      return;
    }
    this.#errorText.push(chunk.subarray(start, end));
    if (this.#missing > 0) return;
    const words = Buffer.concat(this.#errorText).toString().trim();
    throw new EngineStreamError(words);
  }
}

/** The payloads of one chunk that belong to the same output and follow each other. */
class Run {
  readonly #chunk: Buffer;
  readonly #sink: PieceSink;
  #stream: OutputName = 'stdout';
  #start = 0;
  #end = 0;
  /** Set once there is more than one payload to join. */
  #joined: Buffer | undefined;
  #length = 0;

  constructor(chunk: Buffer, sink: PieceSink) {
    this.#chunk = chunk;
    this.#sink = sink;
  }

  add(stream: OutputName, start: number, end: number): void {
    if (stream !== this.#stream) {
      this.flush();
      this.#stream = stream;
    }
    if (this.#length === 0) {
      this.#start = start;
      this.#end = end;
    } else {
      if (this.#joined === undefined) {
        // What is left of the chunk is room enough for all that can follow.
        this.#joined = Buffer.allocUnsafe(this.#chunk.length - this.#start);
        this.#chunk.copy(this.#joined, 0, this.#start, this.#end);
      }
      this.#chunk.copy(this.#joined, this.#length, start, end);
    }
    this.#length += end - start;
  }

  flush(): void {
    if (this.#length === 0) return;
    const bytes = this.#joined?.subarray(0, this.#length) ?? this.#chunk.subarray(this.#start, this.#end);
    this.#joined = undefined;
    this.#length = 0;
    this.#sink(this.#stream, bytes);
  }
}

/** With a TTY there are no frames: everything is stdout. */
export class RawParser implements PieceParser {
  push(chunk: Buffer, sink: PieceSink): void {
    if (chunk.length > 0) sink('stdout', chunk);
  }

  end(): void {}
}
