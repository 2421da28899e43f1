// The frames of terrarium.v1, encoded. Each function makes the bytes of one frame; nothing here decides when one is sent.
import type { EventFrame, GapFrame } from '../schemas/events.ts';
import type { Failure } from '../schemas/failure.ts';
import type { LogLine } from '../schemas/logs.ts';
import { type ServerFrame, type StreamKey, streamProtocol } from '../schemas/stream.ts';
import type { Json, RowDelta } from './delta.ts';
import type { Reading, SourceState } from './source.ts';

/** A stream key as one string: what makes two subscriptions the same stream. */
export function spellKey({ topic, container, options, format }: StreamKey): string {
  return [topic, container, options, format].join(' ');
}

function encode(frame: ServerFrame): Buffer {
  return Buffer.from(JSON.stringify(frame));
}

export function encodeHello(bootId: string, heartbeatMs: number): Buffer {
  return encode({ type: 'hello', version: streamProtocol, bootId, heartbeatMs });
}

export function encodeSnapshot(key: StreamKey, seq: number, { at, data, text }: Reading): Buffer {
  return encode({ type: 'snapshot', key, seq, at, data, ...(text !== null && { text }) });
}

export function encodeDelta(key: StreamKey, base: number, seq: number, { at, asOf }: Reading, rows: RowDelta): Buffer {
  const { added, removed, changed } = rows;
  return encode({
    type: 'delta',
    key,
    base,
    seq,
    at,
    asOf,
    added: added as Json[],
    removed: [...removed],
    changed: changed as Json[],
  });
}

export function encodeState(key: StreamKey, { state, reason, since }: SourceState): Buffer {
  return encode({ type: 'state', key, state, reason, since });
}

/** `id` is the client's own word for the subscription. */
export function encodeSubscribed(id: string, key: StreamKey): Buffer {
  return encode({ type: 'subscribed', id, key });
}

export function encodeLog(key: StreamKey, lines: LogLine[]): Buffer {
  return encode({ type: 'log', key, lines });
}

export function encodeEvent(event: EventFrame): Buffer {
  return encode(event);
}

export function encodeGap(from: number, to: number, reason: GapFrame['reason']): Buffer {
  return encode({ type: 'gap', from, to, reason });
}

export function encodeHeartbeat(at: string): Buffer {
  return encode({ type: 'heartbeat', at });
}

/** `id` is the client's own word for the subscription that failed. */
export function encodeError(failure: Failure, id?: string): Buffer {
  const { code, message: detail, hint } = failure;
  return encode({ type: 'error', code, detail, ...(hint !== undefined && { hint }), ...(id !== undefined && { id }) });
}
