// Turns the bytes of an attached connection into two readable streams, with back-pressure. Both have to be read, or resumed: an output
// that nobody reads holds up the other one. The outputs never emit an error, they end; the splitter itself reports what broke.
import { Readable, Writable } from 'node:stream';
import type { OutputName, PieceParser } from './demultiplexer.ts';

/** Writable side: the connection. Readable sides: `stdout` and `stderr`. */
export class OutputSplitter extends Writable {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly #parser: PieceParser;
  readonly #full = new Set<OutputName>();
  #proceed: (() => void) | undefined;

  constructor(parser: PieceParser) {
    super();
    this.#parser = parser;
    this.stdout = this.#output('stdout');
    this.stderr = this.#output('stderr');
  }

  #output(name: OutputName): Readable {
    const drained = () => {
      this.#full.delete(name);
      if (this.#full.size > 0) return;
      const proceed = this.#proceed;
      this.#proceed = undefined;
      proceed?.();
    };
    // A reader that has gone away is not waited for: what comes for it is dropped.
    return new Readable({ read: drained }).on('close', drained);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    try {
      this.#parser.push(chunk, (name, bytes) => {
        const output = this[name];
        if (!output.destroyed && !output.push(bytes)) this.#full.add(name);
      });
    } catch (error) {
      callback(error as Error);
      return;
    }
    if (this.#full.size === 0) callback();
    else this.#proceed = callback;
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#endOutputs();
    try {
      this.#parser.end();
      callback();
    } catch (error) {
      callback(error as Error);
    }
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#endOutputs();
    callback(error);
  }

  #endOutputs(): void {
    for (const output of [this.stdout, this.stderr]) if (!output.readableEnded && !output.destroyed) output.push(null);
  }
}
