// One client: its subscriptions, each at its own pace, and its outbox. It neither knows what the streams are about nor what carries them.
import { type ErrorCode, errorKinds } from '../schemas/error-codes.ts';
import type { Failure } from '../schemas/failure.ts';
import type { Channel, Subscriber } from './channel.ts';
import { encodeError, spellKey } from './frames.ts';
import type { Hub } from './hub.ts';
import { Outbox, type OutboxLimits, type OutboxOwner, type Produce } from './outbox.ts';
import type { SourceState, Subject } from './source.ts';
import type { Wire } from './wire.ts';

export interface SubscribeOptions {
  /** Not more than one sample in this time, in milliseconds. */
  readonly intervalMs: number;
  /** The session has no other purpose: it ends with the subject. */
  readonly closeAtEnd?: boolean;
}

/** A sample that is due within a tenth of the interval is not held back for that: ticks are never quite even. */
const earliness = 0.1;

export class Session implements OutboxOwner {
  readonly #wire: Wire;
  readonly #hub: Hub;
  readonly #limits: OutboxLimits;
  readonly #outbox: Outbox;
  /** Few for most clients, and one for nearly all: a map would be larger than what is in it. */
  #subscriptions: Subscription[] = [];
  #onEnd: (() => void)[] | undefined;
  #ended = false;
  /** It does not keep up and was told so; it may take a while until the wire has ended too. */
  #dropped = false;

  constructor(wire: Wire, hub: Hub, limits: OutboxLimits) {
    this.#wire = wire;
    this.#hub = hub;
    this.#limits = limits;
    this.#outbox = new Outbox(wire, this, limits);
  }

  /** Sends a frame in order. */
  push(frame: Buffer): void {
    this.#outbox.push(frame);
  }

  /** Says that `produce` has a frame to give under `name`; it is asked when the client is ready for it. See {@link Outbox.mark}. */
  offer(name: string, produce: Produce): boolean {
    return this.#outbox.mark(name, produce);
  }

  /** The client was overtaken by events and is told so. */
  noteGap(): void {
    this.#hub.counts.gaps += 1;
  }

  /** Takes back what was offered. */
  withdraw(name: string): void {
    this.#outbox.unmark(name);
  }

  /** Calls back once when the session ends, at once where it has ended. */
  onEnd(listener: () => void): void {
    if (this.#ended) {
      listener();
      return;
    }
    this.#onEnd ??= [];
    this.#onEnd.push(listener);
  }

  /** Begins to send the subject's samples and states. A connection holds a key once: subscribing again changes nothing and answers false. */
  subscribe(subject: Subject, options: SubscribeOptions): boolean {
    const name = spellKey(subject.key);
    if (this.#ended || this.#subscriptions.some((one) => one.name === name)) return false;
    const subscription = new Subscription(this, this.#hub, name, options);
    // Not pushed: that makes room for sixteen more.
    this.#subscriptions = [...this.#subscriptions, subscription];
    subscription.begin(subject);
    return true;
  }

  unsubscribe(subject: Subject): void {
    const name = spellKey(subject.key);
    this.#subscriptions.find((one) => one.name === name)?.end();
    this.#subscriptions = this.#subscriptions.filter((one) => one.name !== name);
  }

  /** Says what went wrong and ends the connection with the code's close code. */
  fail(failure: Failure): void {
    this.push(encodeError(failure));
    this.close(errorKinds[failure.code].close, failure.message);
  }

  /** Ends the connection after what waits to be sent. */
  close(code: number, reason: string): void {
    if (this.#ended) return;
    this.#hub.noteClose(code);
    this.#endSubscriptions();
    this.#outbox.finish(() => this.#wire.close(code, reason));
  }

  /** Lets the client go where it has taken nothing, or answered no ping, for too long. @param now on the clock of `performance.now` */
  checkStall(now: number): void {
    if (this.#wire.unansweredMs() >= this.#limits.stallMs)
      this.stalled(`no answer to a ping for ${this.#limits.stallMs} ms`);
    else this.#outbox.checkStall(now);
  }

  /** A heartbeat: the frame for the client, and a ping for its carrier. */
  beat(frame: Buffer): void {
    this.#wire.ping();
    this.#outbox.mark('heartbeat', () => frame);
  }

  /** The wire has ended: lets go of everything. */
  destroy(): void {
    this.#endSubscriptions();
    this.#outbox.destroy();
  }

  /** It does not keep up: lets go of it with 1013. */
  stalled(reason: string): void {
    if (this.#dropped) return;
    this.#dropped = true;
    this.destroy();
    const { close } = errorKinds['overloaded' satisfies ErrorCode];
    this.#hub.noteClose(close);
    this.#wire.close(close, reason);
  }

  #endSubscriptions(): void {
    this.#ended = true;
    for (const subscription of this.#subscriptions) subscription.end();
    this.#subscriptions = [];
    const listeners = this.#onEnd ?? [];
    this.#onEnd = undefined;
    for (const listener of listeners) listener();
  }
}

/** One key of one session. Knows the last frame that went out, so a delta is only ever sent to one who holds its base. */
class Subscription implements Subscriber {
  readonly intervalMs: number;
  readonly #session: Session;
  readonly #hub: Hub;
  readonly name: string;
  readonly #closeAtEnd: boolean;
  #channel: Channel | undefined;
  #lastSeq: number | null = null;
  #changedAt = 0;
  #notBefore = 0;
  #timer: NodeJS.Timeout | undefined;
  #failureSaid: string | undefined;

  constructor(session: Session, hub: Hub, name: string, { intervalMs, closeAtEnd = false }: SubscribeOptions) {
    this.#session = session;
    this.#hub = hub;
    this.name = name;
    this.#closeAtEnd = closeAtEnd;
    this.intervalMs = intervalMs;
  }

  begin(subject: Subject): void {
    this.#channel = this.#hub.subscribe(subject, this);
    // What the channel knew already was announced before there was a channel to ask.
    this.#offer();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#session.withdraw(this.name);
    this.#hub.unsubscribe(this.name, this);
  }

  changed(): void {
    this.#changedAt = performance.now();
    const wait = this.#notBefore - this.#changedAt;
    if (wait <= this.intervalMs * earliness) this.#offer();
    else this.#timer ??= setTimeout(() => this.#offer(), wait);
  }

  state(frame: Buffer, { state, reason }: SourceState): void {
    this.#session.push(frame);
    if (state === 'live') this.#failureSaid = undefined;
    // What the client has is nobody's state any more: the first sample of the next life need not wait.
    else this.#notBefore = 0;
    if (state === 'ended' && this.#closeAtEnd)
      this.#session.close(errorKinds.container_not_found.close, reason ?? 'ended');
  }

  /** The same failure at each attempt is said once. */
  failed(failure: Failure): void {
    const said = `${failure.code} ${failure.message}`;
    if (this.#failureSaid === said) return;
    this.#failureSaid = said;
    this.#session.push(encodeError(failure));
  }

  #offer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#session.offer(this.name, this.#produce)) this.#hub.counts.superseded += 1;
  }

  /**
   * The interval counts from when the sample came, not from when it went out. A client that came in the middle of one would otherwise get each
   * sample late by as much, for ever, and a thousand clients the same one spread over the whole interval.
   */
  readonly #produce: Produce = () => {
    const frame = this.#channel?.frameAfter(this.#lastSeq) ?? null;
    if (frame === null) return null;
    this.#lastSeq = frame.seq;
    this.#notBefore = this.#changedAt + this.intervalMs;
    return frame.bytes;
  };
}
