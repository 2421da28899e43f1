// A text message as the bytes of one WebSocket frame, made once for all clients that get it. It sends nothing.

/** RFC 6455 §5.2: the last frame of a message (FIN), and it is text. */
const finalText = 0x81;
/** The longest payload whose length is in the second byte, and in the two bytes after it. */
const lengthLimits = { short: 125, middle: 0xffff } as const;

/** What was framed already. An entry lives as long as its payload. */
const framed = new WeakMap<Buffer, Buffer>();

/** @param payload UTF-8; it must not change afterwards */
export function textFrame(payload: Buffer): Buffer {
  let frame = framed.get(payload);
  if (frame === undefined) {
    frame = Buffer.concat([header(payload.byteLength), payload]);
    framed.set(payload, frame);
  }
  return frame;
}

/** A server does not mask. */
function header(length: number): Buffer {
  if (length <= lengthLimits.short) return Buffer.from([finalText, length]);
  if (length <= lengthLimits.middle) {
    const bytes = Buffer.from([finalText, 126, 0, 0]);
    bytes.writeUInt16BE(length, 2);
    return bytes;
  }
  const bytes = Buffer.from([finalText, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
  bytes.writeBigUInt64BE(BigInt(length), 2);
  return bytes;
}
