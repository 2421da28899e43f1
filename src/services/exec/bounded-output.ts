// Collects one output of a command up to a limit, and reads the rest without keeping it: the command is never held up, and its exit code
// stays true, however much it says. It knows no engine.
import type { Readable } from 'node:stream';

export interface BoundedOutput {
  /** True when there was more than the limit. */
  readonly truncated: boolean;
  /** What was kept, as UTF-8: a byte that is none becomes U+FFFD, and a character that the limit cut in two is left out. */
  text(): string;
}

const firstSize = 4096;

/** @param limit in bytes */
export function collectOutput(stream: Readable, limit: number): BoundedOutput {
  // A buffer of our own: a short piece is a view of a long chunk, and keeping it would keep the whole chunk.
  let kept = Buffer.alloc(0);
  let length = 0;
  let truncated = false;
  stream.on('data', (piece: Buffer) => {
    const wanted = Math.min(length + piece.length, limit);
    if (length + piece.length > limit) truncated = true;
    if (wanted > kept.length) {
      const grown = Buffer.alloc(Math.min(limit, Math.max(firstSize, wanted, kept.length * 2)));
      kept.copy(grown, 0, 0, length);
      kept = grown;
    }
    length += piece.copy(kept, length, 0, wanted - length);
  });
  return {
    get truncated() {
      return truncated;
    },
    text: () => new TextDecoder('utf-8', { ignoreBOM: true }).decode(kept.subarray(0, length), { stream: truncated }),
  };
}
