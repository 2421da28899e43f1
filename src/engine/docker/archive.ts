// Finds the one file in the tar archive that the engine answers when it is asked for a file (POSIX.1-2001, `pax` and `ustar`). Pure.

const blockSize = 512;
/** Where a header has the size (octal digits) and the type of its entry. */
const sizeField = { at: 124, length: 12 } as const;
const typeAt = 156;
/** `0`, and what old archives have in its place. */
const fileTypes = new Set(['0', '\0']);

/** The text of the first ordinary file; undefined where there is none. What describes it (`pax` headers) is skipped. */
export function readFirstFile(archive: Buffer): string | undefined {
  let at = 0;
  while (at + blockSize <= archive.length && archive[at] !== 0) {
    const { at: sizeAt, length } = sizeField;
    const size = Number.parseInt(archive.toString('latin1', at + sizeAt, at + sizeAt + length), 8);
    if (Number.isNaN(size)) return undefined;
    const content = at + blockSize;
    if (fileTypes.has(archive.toString('latin1', at + typeAt, at + typeAt + 1)))
      return archive.toString('utf8', content, content + size);
    at = content + Math.ceil(size / blockSize) * blockSize;
  }
  return undefined;
}
