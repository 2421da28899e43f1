// Writes ustar archives in memory: enough for a small root file system, nothing more.

const blockSize = 512;
const types = { file: '0', link: '2', folder: '5' };

/**
 * @typedef {{ path: string, type: 'file', mode: number, content: Buffer | string }
 *   | { path: string, type: 'link', target: string }
 *   | { path: string, type: 'folder', mode: number }} Entry
 *   `path` is relative and at most 100 bytes; everything belongs to root and has no time
 */

/** @param {Entry[]} entries @returns {Buffer} */
export function packTar(entries) {
  const blocks = [];
  for (const entry of entries) {
    const content = entry.type === 'file' ? Buffer.from(entry.content) : Buffer.alloc(0);
    blocks.push(
      makeHeader(entry, content.length),
      content,
      Buffer.alloc((blockSize - (content.length % blockSize)) % blockSize),
    );
  }
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockSize)]);
}

function makeHeader(entry, size) {
  const header = Buffer.alloc(blockSize);
  const name = entry.type === 'folder' ? `${entry.path}/` : entry.path;
  if (Buffer.byteLength(name) > 100) throw new RangeError(`path too long for a ustar header: ${name}`);
  header.write(name, 0);
  writeOctal(header, 100, 8, entry.mode ?? 0o777);
  writeOctal(header, 108, 8, 0);
  writeOctal(header, 116, 8, 0);
  writeOctal(header, 124, 12, size);
  writeOctal(header, 136, 12, 0);
  header.write(types[entry.type], 156);
  if (entry.type === 'link') header.write(entry.target, 157, 100);
  header.write('ustar\x0000', 257);
  // The checksum is taken with its own field full of blanks.
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

function writeOctal(header, offset, width, value) {
  header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, offset);
}
