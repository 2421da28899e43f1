// Newline-delimited JSON, read incrementally off a stream of bytes. It parses no line: the caller knows what a line is.

/** Nothing the engine sends on one line is longer (events and pull progress are below 100 kB). */
const longestLine = 8 * 1024 * 1024;

/**
 * The lines of a byte stream, without their ends and without blank ones. A last line without its newline is a line too: the caller's
 * parser finds out whether it is whole.
 *
 * @throws {Error} when a line grows beyond 8 MB, and whatever the source throws.
 */
export async function* readLines(source: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  let pending: Buffer[] = [];
  let pendingLength = 0;
  for await (const chunk of source) {
    let start = 0;
    for (;;) {
      const newline = chunk.indexOf(0x0a, start);
      if (newline === -1) break;
      const line = Buffer.concat([...pending, chunk.subarray(start, newline)])
        .toString()
        .trim();
      pending = [];
      pendingLength = 0;
      start = newline + 1;
      if (line !== '') yield line;
    }
    if (start < chunk.length) {
      pending.push(chunk.subarray(start));
      pendingLength += chunk.length - start;
      if (pendingLength > longestLine) throw new Error(`a line of the stream is longer than ${longestLine} bytes`);
    }
  }
  const rest = Buffer.concat(pending).toString().trim();
  if (rest !== '') yield rest;
}
