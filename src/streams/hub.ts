// All streams and all sessions of the server: one channel a key, made with its first subscriber and ended with its last.
import { errorKinds } from '../schemas/error-codes.ts';
import { Channel, type Subscriber } from './channel.ts';
import { encodeHeartbeat, encodeHello, spellKey } from './frames.ts';
import { type OutboxLimits, outboxLimits } from './outbox.ts';
import { Session } from './session.ts';
import type { Subject } from './source.ts';
import type { Wire } from './wire.ts';

export interface HubOptions {
  /** Names this run of the server. */
  readonly bootId: string;
  readonly heartbeatMs: number;
  readonly limits?: OutboxLimits;
}

/** What has happened since the start, for whoever counts. */
export interface HubCounts {
  /** Clients that connected. */
  sessions: number;
  /** Samples that a client never got, because a newer one came before it was ready. */
  superseded: number;
  /** Clients that were told that they missed events. */
  gaps: number;
}

/** How often it is looked, within the time that a client has to take a frame, whether one has not. */
const stallChecks = 30;

export class Hub {
  readonly #channels = new Map<string, Channel>();
  readonly #sessions = new Set<Session>();
  readonly #options: HubOptions;
  readonly #hello: Buffer;
  readonly #timers: readonly NodeJS.Timeout[];
  /** The highest sequence number of any channel that has ended: a channel made anew goes on above it, so no key's numbers ever repeat. */
  #retiredSeq = 0;
  #closed = false;
  readonly counts: HubCounts = { sessions: 0, superseded: 0, gaps: 0 };
  /** Sessions that the server ended, by close code. */
  readonly closes = new Map<number, number>();

  constructor(options: HubOptions) {
    this.#options = options;
    const { bootId, heartbeatMs, limits = outboxLimits } = options;
    this.#hello = encodeHello(bootId, heartbeatMs);
    this.#timers = [
      setInterval(() => this.#beat(), heartbeatMs),
      setInterval(() => this.#checkStalls(), limits.stallMs / stallChecks),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  /** How many clients are connected, how many streams they share, and how often those are followed. */
  get size(): { readonly sessions: number; readonly channels: number; readonly subscriptions: number } {
    let subscriptions = 0;
    for (const { subscribers } of this.#channels.values()) subscriptions += subscribers;
    return { sessions: this.#sessions.size, channels: this.#channels.size, subscriptions };
  }

  /** The server ends a session with this code. */
  noteClose(code: number): void {
    this.closes.set(code, (this.closes.get(code) ?? 0) + 1);
  }

  /** Greets a client. The session ends with its wire. */
  connect(wire: Wire): Session {
    const session = new Session(wire, this, this.#options.limits ?? outboxLimits);
    session.push(this.#hello);
    this.#sessions.add(session);
    this.counts.sessions += 1;
    wire.onClose(() => {
      this.#sessions.delete(session);
      session.destroy();
    });
    if (this.#closed) session.close(errorKinds.shutting_down.close, 'the server is shutting down');
    return session;
  }

  /** Joins the channel of the subject's key. The subscriber hears nothing before this has returned, except what the channel knows already. */
  subscribe(subject: Subject, subscriber: Subscriber): Channel {
    const name = spellKey(subject.key);
    const known = this.#channels.get(name);
    if (known !== undefined) {
      known.add(subscriber);
      return known;
    }
    const channel = new Channel(subject, this.#retiredSeq, subscriber);
    this.#channels.set(name, channel);
    return channel;
  }

  /** Leaves the channel of the key so spelled. */
  unsubscribe(name: string, subscriber: Subscriber): void {
    const channel = this.#channels.get(name);
    if (channel === undefined || channel.remove(subscriber)) return;
    this.#channels.delete(name);
    this.#retiredSeq = Math.max(this.#retiredSeq, channel.seq);
  }

  /** Tells every client that the server goes, and ends every session. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    for (const session of this.#sessions) session.close(errorKinds.shutting_down.close, 'the server is shutting down');
  }

  #beat(): void {
    const frame = encodeHeartbeat(new Date().toISOString());
    for (const session of this.#sessions) session.beat(frame);
  }

  #checkStalls(): void {
    const now = performance.now();
    for (const session of this.#sessions) session.checkStall(now);
  }
}
