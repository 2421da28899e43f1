// The frame that tells of a whole engine, rather than of one stream, whether it answers.
import type { EngineStateFrame } from '../schemas/stream.ts';

export function encodeEngineState(state: Omit<EngineStateFrame, 'type'>): Buffer {
  const frame: EngineStateFrame = { type: 'state', ...state };
  return Buffer.from(JSON.stringify(frame));
}
