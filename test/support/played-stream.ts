// A subject whose states a test makes, and a wire whose other end a test plays. Neither stands in for anything of Docker.
import type { RowShape } from '../../src/streams/delta.ts';
import type { SeenAgain, Source, SourceListener, Subject } from '../../src/streams/source.ts';
import type { Wire } from '../../src/streams/wire.ts';
import { StreamReader } from './stream-client.ts';

const rows: RowShape = { list: 'sockets', id: 'id' };

export type Row = { id: string; value: number };

/** A subject that says what it is told to. */
export class PlayedSubject implements Subject {
  readonly key: Subject['key'];
  readonly rows = rows;
  listener: SourceListener | undefined;
  intervals: number[] = [];
  seen: SeenAgain | null = null;
  opened = 0;
  closed = 0;

  constructor(key: Partial<Subject['key']> = {}) {
    this.key = { topic: 'netstat', container: 'c0ffee', options: 'tan', format: 'json', ...key };
  }

  open(intervalMs: number, listener: SourceListener): Source {
    this.opened += 1;
    this.listener = listener;
    this.intervals.push(intervalMs);
    return {
      setInterval: (ms) => this.intervals.push(ms),
      seenAgain: () => this.seen,
      close: () => {
        this.closed += 1;
        this.listener = undefined;
      },
    };
  }

  publish(sockets: readonly Row[], { rest = 'same', text = null }: { rest?: string; text?: string | null } = {}): void {
    const asOf = new Date().toISOString();
    const data = this.key.format === 'text' ? null : { rest, asOf, sockets };
    this.listener?.reading({ at: asOf, asOf, data, text });
  }

  say(state: 'live' | 'stale' | 'stopped' | 'ended', reason: string | null = null): void {
    this.listener?.state({ state, reason, since: new Date().toISOString() });
  }
}

/** A wire that takes frames when its reader wants to: at once, or one by one by `read`. */
export class PlayedWire extends StreamReader implements Wire {
  readonly sent: Buffer[] = [];
  readonly #unread: (() => void)[] = [];
  #onClose: () => void = () => {};
  isReading = true;
  pings = 0;
  silentMs = 0;
  end: { code: number; reason: string } | undefined;

  send(frame: Buffer, done: () => void): void {
    const read = () => {
      this.sent.push(frame);
      this.take(JSON.parse(String(frame)));
      done();
    };
    if (this.isReading) read();
    else this.#unread.push(read);
  }

  /** Takes what was sent and not read yet; answers whether there was anything. */
  read(): boolean {
    const waiting = this.#unread.splice(0);
    for (const one of waiting) one();
    return waiting.length > 0;
  }

  ping(): void {
    this.pings += 1;
  }

  unansweredMs(): number {
    return this.silentMs;
  }

  close(code: number, reason: string): void {
    this.end = { code, reason };
    this.#onClose();
  }

  onClose(listener: () => void): void {
    this.#onClose = listener;
  }

  /** The client goes away. */
  leave(): void {
    this.#onClose();
  }
}
