// Reads the text frames of a terminal's client. It decides nothing.
import { Compile } from 'typebox/schema';
import { Failure } from '../../schemas/failure.ts';
import { TerminalClientFrame } from '../../schemas/terminal.ts';

const validator = Compile(TerminalClientFrame);

/** Fails with `invalid_request` for text that is no frame of a client. */
export function readClientFrame(text: string): TerminalClientFrame {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    throw refuse('A text frame is not JSON');
  }
  if (!validator.Check(frame)) throw refuse('A text frame is none that a client may send');
  return frame;
}

function refuse(detail: string): Failure {
  return new Failure('invalid_request', detail, {
    hint: 'Send input as binary frames; text frames are { "type": "resize", "cols", "rows" } (1 to 1000), { "type": "pause" } and { "type": "resume" }',
  });
}
