// A WebSocket as a wire. How one comes about (its subprotocol, the size of a message) is the plugin's business.
import type { WebSocket } from 'ws';
import type { Wire } from './wire.ts';

/** RFC 6455 §5.5: a close reason has at most 123 bytes. */
const maxReasonBytes = 123;

export function websocketWire(socket: WebSocket): Wire {
  let pingedAt: number | undefined;
  socket.on('pong', () => {
    pingedAt = undefined;
  });
  return {
    send(frame, done) {
      socket.send(frame, { binary: false }, () => done());
    },
    ping() {
      if (socket.readyState !== socket.OPEN) return;
      pingedAt ??= performance.now();
      socket.ping();
    },
    unansweredMs: () => (pingedAt === undefined ? 0 : performance.now() - pingedAt),
    close(code, reason) {
      socket.close(code, cutReason(reason));
    },
    onClose(listener) {
      socket.once('close', listener);
    },
  };
}

function cutReason(reason: string): string {
  let cut = reason;
  while (Buffer.byteLength(cut) > maxReasonBytes) cut = cut.slice(0, -1);
  return cut;
}
