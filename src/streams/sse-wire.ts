// An HTTP answer of server-sent events (text/event-stream). Every frame is an unnamed event; those that one can go on after have an id, which
// a client sends back as Last-Event-ID when it connects again.
import type { ServerFrame } from '../schemas/stream.ts';
import { type BodyWire, bodyWire } from './body-wire.ts';
import type { ResumePoint } from './event-feed.ts';

/** Milliseconds after which a client whose connection was cut comes back. */
const retryMs = 1_000;

export function sseWire(bootId: string): BodyWire {
  let preamble = `retry: ${retryMs}\n`;
  return bodyWire((frame) => {
    const text = frame.toString();
    const parsed = JSON.parse(text) as ServerFrame;
    const id = parsed.type === 'event' || parsed.type === 'snapshot' ? `id: ${bootId}:${parsed.seq}\n` : '';
    const message = Buffer.from(`${preamble}${id}data: ${text}\n\n`);
    preamble = '';
    return message;
  });
}

/** Reads a Last-Event-ID back. What is none of ours is as good as one of another run: null would hide that something was missed. */
export function readLastEventId(id: string): ResumePoint {
  const [bootId = '', seq = ''] = id.split(':');
  return /^\d{1,15}$/.test(seq) ? { bootId, seq: Number(seq) } : { bootId: '', seq: 0 };
}
