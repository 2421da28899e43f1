// An HTTP answer with one frame a line (application/x-ndjson).
import { type BodyWire, bodyWire } from './body-wire.ts';

const lineBreak = Buffer.from('\n');

export function ndjsonWire(): BodyWire {
  return bodyWire((frame) => Buffer.concat([frame, lineBreak]));
}
