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

export class Hub {
  readonly #channels = new Map<string, Channel>();
  readonly #sessions = new Set<Session>();
  readonly #options: HubOptions;
  readonly #heartbeat: NodeJS.Timeout;
  /** The highest sequence number of any channel that has ended: a channel made anew goes on above it, so no key's numbers ever repeat. */
  #retiredSeq = 0;
  #closed = false;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#heartbeat = setInterval(() => this.#beat(), options.heartbeatMs);
    this.#heartbeat.unref();
  }

  /** How many clients are connected, and how many streams they share. */
  get size(): { readonly sessions: number; readonly channels: number } {
    return { sessions: this.#sessions.size, channels: this.#channels.size };
  }

  /** Greets a client. The session ends with its wire. */
  connect(wire: Wire): Session {
    const { bootId, heartbeatMs, limits = outboxLimits } = this.#options;
    const session = new Session(wire, this, limits);
    session.push(encodeHello(bootId, heartbeatMs));
    this.#sessions.add(session);
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

  unsubscribe(subject: Subject, subscriber: Subscriber): void {
    const name = spellKey(subject.key);
    const channel = this.#channels.get(name);
    if (channel === undefined || channel.remove(subscriber)) return;
    this.#channels.delete(name);
    this.#retiredSeq = Math.max(this.#retiredSeq, channel.seq);
  }

  /** Tells every client that the server goes, and ends every session. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#heartbeat);
    for (const session of this.#sessions) session.close(errorKinds.shutting_down.close, 'the server is shutting down');
  }

  #beat(): void {
    const frame = encodeHeartbeat(new Date().toISOString());
    for (const session of this.#sessions) session.beat(frame);
  }
}
