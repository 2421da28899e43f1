// An HTTP answer as a wire. There is nobody to ping; a reader that is gone ends the answer.
import { PassThrough, type Readable } from 'node:stream';
import type { Wire } from './wire.ts';

/** The wire, and the stream to send as the body of the answer. Destroying the body, as an aborted request does, ends the wire. */
export interface BodyWire {
  readonly wire: Wire;
  readonly body: Readable;
}

/** @param wrap makes of a frame what goes into the body */
export function bodyWire(wrap: (frame: Buffer) => Buffer): BodyWire {
  const body = new PassThrough();
  body.on('error', () => body.destroy());
  const wire: Wire = {
    send(frame, done) {
      body.write(wrap(frame), () => done());
    },
    ping() {},
    unansweredMs: () => 0,
    close(code) {
      // An answer has no close code. One whose reader does not read is cut: its end would never be read either.
      if (code === 1013) body.destroy();
      else body.end();
    },
    onClose(listener) {
      body.once('close', listener);
    },
  };
  return { wire, body };
}
