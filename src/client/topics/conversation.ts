// What is said on one connection to `/api/v1/stream` after the hello: who asked for what, and whose the frames are. It ends with its connection.
import { type ErrorCode, errorKinds } from '../../schemas/error-codes.ts';
import type { ServerFrame, StreamKey } from '../../schemas/stream.ts';
import { TerrariumError } from '../error.ts';
import { Copy, type StreamStanding, spellKey } from './copy.ts';
import type { Subscriber } from './subscriber.ts';

export interface ConversationOptions {
  readonly bootId: string;
  send(frame: object): void;
  /** The server refused what this subscription asked for. */
  onRefused(id: string, error: TerrariumError): void;
  /** The server counts this one to a log that another subscription has already, and tells it nothing of the past. */
  onCollision(id: string): void;
}

interface HeldStream {
  readonly copy: Copy | null;
  readonly holders: Set<Subscriber>;
}

/** Ends the id of what is no subscription. */
const fence = '.end';

type Frame = Exclude<ServerFrame, { type: 'hello' }>;

export class Conversation {
  readonly bootId: string;
  readonly #options: ConversationOptions;
  /** By the id under which they asked. */
  readonly #subscribers = new Map<string, Subscriber>();
  readonly #streams = new Map<string, HeldStream>();
  /** Asked, and not answered yet. */
  readonly #pending = new Set<string>();
  /** Those whose container is not known, while an engine is away that may know it. */
  readonly #waiting = new Set<string>();
  readonly #staleEngines = new Set<string>();
  /** The last error that belongs to no subscription: why the connection ends, if it does. */
  lastError: TerrariumError | null = null;

  constructor(options: ConversationOptions) {
    this.bootId = options.bootId;
    this.#options = options;
  }

  ask(id: string, subscriber: Subscriber): void {
    this.#subscribers.set(id, subscriber);
    this.#pending.add(id);
    const wish = subscriber.wish();
    this.#options.send({ type: 'subscribe', id, ...wish });
    // The server does not say which member of a lab is the last. It answers in order, and it answers this with an error.
    if (wish.lab !== undefined && subscriber.isUnderWay)
      this.#options.send({ type: 'unsubscribe', id: `${id}${fence}` });
  }

  /** Unsubscribes. */
  leave(id: string): void {
    if (this.#forget(id)) this.#options.send({ type: 'unsubscribe', id });
  }

  /** Fails with `BrokenStream` where the frame cannot follow what came before. */
  take(frame: Frame): void {
    switch (frame.type) {
      case 'subscribed':
        this.#takeSubscribed(frame.id, frame.key);
        break;
      case 'snapshot':
        if (frame.key.topic === 'events') this.#follower?.news(frame, this.bootId);
        else this.#change(frame.key, (copy) => copy.takeSnapshot(frame));
        break;
      case 'delta':
        this.#change(frame.key, (copy) => copy.takeDelta(frame));
        break;
      case 'state':
        if ('engine' in frame) this.#takeEngineState(frame.engine, frame.state === 'stale');
        else this.#takeState(frame.key, frame);
        break;
      case 'log':
        for (const holder of this.#holders(frame.key)) holder.lines(frame);
        break;
      case 'event':
      case 'gap':
        this.#follower?.news(frame, this.bootId);
        break;
      case 'error':
        this.#takeError(frame);
        break;
      // Of heartbeats, and of types that are not known yet, it is enough that something was heard.
    }
  }

  /**
   * Events name no subscription: a connection has one at most. What comes before it is answered was on its way to one that has left; the server answers
   * in order.
   */
  get #follower(): Subscriber | undefined {
    for (const [id, subscriber] of this.#subscribers)
      if (subscriber.topic === 'events' && !this.#pending.has(id)) return subscriber;
    return undefined;
  }

  #holders(key: StreamKey): Subscriber[] {
    return [...(this.#streams.get(spellKey(key))?.holders ?? [])];
  }

  #takeSubscribed(id: string, key: StreamKey): void {
    this.#pending.delete(id);
    const subscriber = this.#subscribers.get(id);
    const name = spellKey(key);
    const known = this.#streams.get(name);
    if (subscriber === undefined) {
      this.#tidy();
      return;
    }
    if (key.topic === 'logs' && known?.holders.has(subscriber) === false) {
      this.#options.onCollision(id);
      return;
    }
    const isCopied = key.topic === 'netstat' || key.topic === 'ifconfig';
    const stream = known ?? { copy: isCopied ? new Copy(key) : null, holders: new Set<Subscriber>() };
    this.#streams.set(name, stream);
    stream.holders.add(subscriber);
    subscriber.begun(key, stream.copy, this.bootId);
    this.#tidy();
  }

  /** A frame of a stream that nobody holds was on its way when it was unsubscribed. */
  #change(key: StreamKey, change: (copy: Copy) => void): void {
    const stream = this.#streams.get(spellKey(key));
    if (stream === undefined || stream.copy === null) return;
    change(stream.copy);
    for (const holder of [...stream.holders]) holder.moved(stream.copy);
  }

  #takeState(key: StreamKey, standing: StreamStanding): void {
    const stream = this.#streams.get(spellKey(key));
    stream?.copy?.stand(standing);
    for (const holder of this.#holders(key)) {
      if (stream?.copy) holder.moved(stream.copy);
      else holder.stood(key, standing);
    }
  }

  #takeEngineState(engine: string, isStale: boolean): void {
    if (isStale) {
      this.#staleEngines.add(engine);
      return;
    }
    this.#staleEngines.delete(engine);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const id of waiting) {
      const subscriber = this.#subscribers.get(id);
      if (subscriber !== undefined) this.ask(id, subscriber);
    }
  }

  #takeError({ code, detail, hint, id }: Extract<Frame, { type: 'error' }>): void {
    const error = new TerrariumError(code, detail, { hint, status: statusOf(code) });
    if (id === undefined) {
      this.lastError = error;
      return;
    }
    if (id.endsWith(fence)) {
      this.#subscribers.get(id.slice(0, -fence.length))?.complete();
      return;
    }
    this.#pending.delete(id);
    const subscriber = this.#subscribers.get(id);
    if (subscriber === undefined) {
      this.#tidy();
      return;
    }
    // A server that was started while its engine is away knows no container of it; it may be there all the same.
    if (code === 'container_not_found' && this.#staleEngines.size > 0 && subscriber.isUnderWay) {
      this.#waiting.add(id);
      return;
    }
    this.#forget(id);
    this.#options.onRefused(id, error);
  }

  #forget(id: string): boolean {
    const subscriber = this.#subscribers.get(id);
    if (subscriber === undefined) return false;
    this.#subscribers.delete(id);
    this.#pending.delete(id);
    this.#waiting.delete(id);
    for (const { holders } of this.#streams.values()) holders.delete(subscriber);
    this.#tidy();
    return true;
  }

  /**
   * Drops the streams that nobody holds; not while an answer is awaited. Who asked for the same stream before the last holder left is that stream's
   * holder to the server, and is sent no snapshot.
   */
  #tidy(): void {
    if (this.#pending.size > 0) return;
    for (const [name, { holders }] of this.#streams) if (holders.size === 0) this.#streams.delete(name);
  }
}

function statusOf(code: ErrorCode): number {
  // A newer server may have codes that are not known here.
  return (errorKinds[code] as { status: number } | undefined)?.status ?? 0;
}
