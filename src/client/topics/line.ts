// A connection to `/api/v1/stream` that heals itself: dialled when somebody subscribes, dialled anew after a cut, given up when the server refuses.
// What is said on it is conversation.ts.
import { errorKinds } from '../../schemas/error-codes.ts';
import type { ServerFrame } from '../../schemas/stream.ts';
import { TerrariumError } from '../error.ts';
import { type Pace, pause, waitBefore } from '../pace.ts';
import type { Dial, Socket, SocketEnd } from '../sockets/socket.ts';
import { Conversation } from './conversation.ts';
import { BrokenStream } from './copy.ts';
import type { Subscriber } from './subscriber.ts';

/** How a connection stands, for who shows it. */
export type Connection =
  | { readonly state: 'connecting' }
  | { readonly state: 'open'; readonly bootId: string }
  /** It was cut; another attempt is made in `retryMs`. */
  | { readonly state: 'waiting'; readonly error: TerrariumError; readonly retryMs: number };

export interface LineOptions {
  readonly dial: Dial;
  /** Resolves when a server that was started anew knows its engines; before, it would deny what is there. */
  awaitReady(signal: AbortSignal): Promise<void>;
  onConnection(connection: Connection): void;
  /** This subscriber needs a connection of its own. */
  onCollision(subscriber: Subscriber): void;
  readonly pace: Pace;
}

/** Subscriptions of one connection at most: the server takes no more. */
const capacity = 128;
/** Milliseconds in which a server that took the connection has to say hello. */
const helloMs = 10_000;
/** After so many missing heartbeats a connection is dead; and the milliseconds that the last may be late. */
const silence = { beats: 2, graceMs: 1_000, lookMs: 500 } as const;
/** Milliseconds that a connection without subscriptions is kept for the next one. */
const lingerMs = 1_000;
const stream = { path: '/api/v1/stream', protocol: 'terrarium.v1' } as const;

export class Line {
  readonly #options: LineOptions;
  readonly #subscribers = new Map<string, Subscriber>();
  readonly #ending = new AbortController();
  #socket: Socket | null = null;
  /** Once a server said hello on the present connection, and is ready. */
  #conversation: Conversation | null = null;
  /** Ends the present connection. */
  #drop: (end: SocketEnd) => void = () => {};
  #count = 0;
  #isRunning = false;
  #linger: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#ending.signal.aborted;
  }

  hasRoomFor({ topic }: Subscriber): boolean {
    if (this.isClosed || this.#subscribers.size >= capacity) return false;
    return topic !== 'events' || ![...this.#subscribers.values()].some((one) => one.topic === 'events');
  }

  add(subscriber: Subscriber): void {
    clearTimeout(this.#linger);
    this.#count += 1;
    const id = String(this.#count);
    this.#subscribers.set(id, subscriber);
    this.#conversation?.ask(id, subscriber);
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#run();
  }

  remove(subscriber: Subscriber): void {
    for (const [id, one] of this.#subscribers) if (one === subscriber) this.#remove(id);
  }

  /** Ends it and every subscription, with the error where there is one. */
  close(error?: unknown): void {
    if (this.isClosed) return;
    clearTimeout(this.#linger);
    this.#socket?.close();
    this.#ending.abort();
    const subscribers = [...this.#subscribers.values()];
    this.#subscribers.clear();
    for (const subscriber of subscribers) subscriber.end(error);
  }

  #remove(id: string): void {
    this.#subscribers.delete(id);
    this.#conversation?.leave(id);
    if (this.#subscribers.size === 0 && !this.isClosed) this.#linger = setTimeout(() => this.close(), lingerMs);
  }

  async #run(): Promise<void> {
    const { onConnection, pace } = this.#options;
    let bootId = '';
    let attempt = 0;
    try {
      while (!this.isClosed) {
        onConnection({ state: 'connecting' });
        const { error, heard } = await this.#connect(bootId);
        if (this.isClosed) return;
        if (heard !== '') {
          bootId = heard;
          attempt = 0;
        }
        // Whoever never had a connection may have the address wrong, and wants to know.
        if (bootId === '' || isFinal(error)) return this.close(error);
        for (const subscriber of [...this.#subscribers.values()]) subscriber.cut();
        const retryMs = Math.max(waitBefore(attempt, pace), (error.retryAfter ?? 0) * 1_000);
        attempt += 1;
        onConnection({ state: 'waiting', error, retryMs });
        await pause(retryMs, this.#ending.signal);
      }
    } catch (error) {
      this.close(error);
    }
  }

  /** One connection, from dialling to its end: why it ended, and which run of the server was heard (empty: none). */
  async #connect(before: string): Promise<{ error: TerrariumError; heard: string }> {
    const { dial, awaitReady, onConnection } = this.#options;
    const { signal } = this.#ending;
    const over = new AbortController();
    const ended = new Promise<SocketEnd>((resolve) => {
      this.#drop = (end) => {
        over.abort();
        resolve(end);
      };
    });
    const close = () => this.#drop({ code: 1000, reason: '' });
    signal.addEventListener('abort', close, { once: true });

    let greet: (conversation: Conversation) => void = () => {};
    const greeted = new Promise<Conversation>((resolve) => {
      greet = resolve;
    });
    let heardAt = Date.now();
    let patienceMs = helloMs;
    let heard: Conversation | null = null;
    const message = (data: string | Uint8Array) => {
      heardAt = Date.now();
      try {
        const frame = JSON.parse(String(data)) as ServerFrame;
        if (frame.type !== 'hello') return heard?.take(frame);
        patienceMs = frame.heartbeatMs * silence.beats + silence.graceMs;
        heard = this.#converse(frame.bootId);
        greet(heard);
      } catch (error) {
        if (!(error instanceof BrokenStream || error instanceof SyntaxError)) throw error;
        this.#cut(); // a new connection begins with whole states
      }
    };
    const watch = setInterval(() => {
      if (Date.now() - heardAt > patienceMs) this.#cut();
    }, silence.lookMs);

    try {
      const stop = AbortSignal.any([signal, over.signal]);
      this.#socket = await dial({ ...stream, listener: { message, close: this.#drop }, signal: stop });
      const conversation = await Promise.race([greeted, ended]);
      if (conversation instanceof Conversation) {
        const { bootId } = conversation;
        if (before !== '' && before !== bootId) await awaitReady(stop);
        if (!over.signal.aborted) {
          this.#conversation = conversation;
          onConnection({ state: 'open', bootId });
          for (const [id, subscriber] of [...this.#subscribers]) conversation.ask(id, subscriber);
        }
      }
      const end = await ended;
      return { error: explainEnd(end, readLastError(heard)), heard: readBootId(heard) };
    } catch (error) {
      if (signal.aborted || !(error instanceof TerrariumError || over.signal.aborted)) throw error;
      return {
        error: error instanceof TerrariumError ? error : explainEnd(await ended, null),
        heard: readBootId(heard),
      };
    } finally {
      clearInterval(watch);
      signal.removeEventListener('abort', close);
      this.#conversation = null;
      this.#socket = null;
    }
  }

  #converse(bootId: string): Conversation {
    return new Conversation({
      bootId,
      send: (frame) => this.#socket?.send(JSON.stringify(frame)),
      onRefused: (id, error) => {
        const subscriber = this.#subscribers.get(id);
        this.#remove(id);
        subscriber?.end(error);
      },
      onCollision: (id) => {
        const subscriber = this.#subscribers.get(id);
        this.#remove(id);
        if (subscriber !== undefined) this.#options.onCollision(subscriber);
      },
    });
  }

  /** As a network would. */
  #cut(): void {
    this.#socket?.terminate();
    this.#drop({ code: 1006, reason: '' });
  }
}

/** Functions of their own: what a listener has assigned meanwhile the compiler takes for null. */
function readBootId(conversation: Conversation | null): string {
  return conversation?.bootId ?? '';
}

function readLastError(conversation: Conversation | null): TerrariumError | null {
  return conversation?.lastError ?? null;
}

function explainEnd({ code, reason }: SocketEnd, lastError: TerrariumError | null): TerrariumError {
  if (code >= 4000 && lastError !== null) return lastError;
  const kind = Object.entries(errorKinds).find(([, { close }]) => close === code);
  const told = reason === '' ? '' : `: ${reason}`;
  if (kind !== undefined && code >= 4000)
    return new TerrariumError(kind[0] as keyof typeof errorKinds, reason || kind[1].title, { status: kind[1].status });
  return new TerrariumError('unreachable', `The connection was cut (${code}${told})`);
}

/** Trying again would be answered the same. */
function isFinal({ status, code }: TerrariumError): boolean {
  if (code === 'unexpected_answer') return status < 500;
  return [400, 401, 403, 404].includes(status);
}
