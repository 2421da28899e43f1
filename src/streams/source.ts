// What a stream is about, as the streams see it: something that can be opened and then gives readings and states. Where they come from is a
// service's business.
import type { Failure } from '../schemas/failure.ts';
import type { StreamKey, StreamState } from '../schemas/stream.ts';
import type { Json, RowShape } from './delta.ts';

/** One observation. `data` is null where the format is text, `text` is null where it is json. Times are ISO 8601. */
export interface Reading {
  readonly at: string;
  readonly asOf: string;
  readonly data: Json | null;
  readonly text: string | null;
}

export interface SourceState {
  readonly state: StreamState;
  readonly reason: string | null;
  readonly since: string;
}

export interface SourceListener {
  reading(reading: Reading): void;
  state(state: SourceState): void;
  /** Something went wrong that a person should read; the source goes on by itself. */
  failure(failure: Failure): void;
}

/** An opened source. It calls its listener until it is closed. */
export interface Source {
  /** Readings are wanted at least this often, in milliseconds. */
  setInterval(intervalMs: number): void;
  /** When the last reading was last seen to be still true; null where it was not since it came. */
  seenAgain(): SeenAgain | null;
  close(): void;
}

/** Milliseconds since the epoch, because most of these are never shown: when it was seen, and as of when it is known to be so. */
export interface SeenAgain {
  readonly at: number;
  readonly asOf: number;
}

/** A stream that can be subscribed to. Subjects with equal keys are the same stream. */
export interface Subject {
  readonly key: StreamKey;
  readonly rows: RowShape;
  /** The listener is never called before this has returned. */
  open(intervalMs: number, listener: SourceListener): Source;
}
