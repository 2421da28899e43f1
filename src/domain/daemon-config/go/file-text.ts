// daemon.json as bytes, read as dockerd does: UTF-8, or what a byte-order mark says, and then without the white space around it.

/** The text; or that it is none, and the first byte that is wrong. */
export type FileText = { readonly text: string } | { readonly badOffset: number };

const utf8Mark = [0xef, 0xbb, 0xbf];
const utf16LittleMark = [0xff, 0xfe];
const utf16BigMark = [0xfe, 0xff];

/** Decodes a file. In UTF-16 a wrong character becomes U+FFFD; in UTF-8 it is an error, and dockerd does not start. */
export function decodeFile(bytes: Uint8Array): FileText {
  if (startsWith(bytes, utf16LittleMark)) return { text: decodeUtf16(bytes.subarray(2)) };
  if (startsWith(bytes, utf16BigMark)) return { text: decodeUtf16(swapPairs(bytes.subarray(2))) };
  const content = startsWith(bytes, utf8Mark) ? bytes.subarray(3) : bytes;
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content) };
  } catch {
    return { badOffset: bytes.length - content.length + findBadByte(content) };
  }
}

/** Does it begin with a byte-order mark? */
export function hasByteOrderMark(bytes: Uint8Array): boolean {
  return [utf8Mark, utf16LittleMark, utf16BigMark].some((mark) => startsWith(bytes, mark));
}

/** Go's bytes.TrimSpace: Unicode's white space, which is not quite that of JavaScript (U+0085 is, U+FEFF is not). */
export function trimSpace(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isSpace(text[start])) start += 1;
  while (end > start && isSpace(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

function isSpace(char: string | undefined): boolean {
  return /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/.test(char ?? '');
}

function startsWith(bytes: Uint8Array, mark: readonly number[]): boolean {
  return mark.every((byte, i) => bytes[i] === byte);
}

function decodeUtf16(bytes: Uint8Array): string {
  return new TextDecoder('utf-16le', { ignoreBOM: true }).decode(bytes);
}

function swapPairs(bytes: Uint8Array): Uint8Array {
  const swapped = new Uint8Array(bytes);
  for (let i = 0; i + 1 < swapped.length; i += 2) {
    swapped[i] = bytes[i + 1] ?? 0;
    swapped[i + 1] = bytes[i] ?? 0;
  }
  return swapped;
}

/** Where the first character that is not UTF-8 begins: everything before it can be decoded. */
function findBadByte(bytes: Uint8Array): number {
  let [good, bad] = [0, bytes.length];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (isUtf8Start(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

/** May more follow that makes it UTF-8? */
function isUtf8Start(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
