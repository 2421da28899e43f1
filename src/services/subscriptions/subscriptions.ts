// Many topics on one connection: what each subscription is about, and how long it lasts. What is said over the socket is client-frames.ts.

import { isHelper, isManaged } from '../../domain/container/managed.ts';
import { label } from '../../domain/labels.ts';
import { defaultNetstatOptions, parseNetstatOptions } from '../../domain/observation/netstat-options.ts';
import { Failure } from '../../schemas/failure.ts';
import { intervalLimits } from '../../schemas/stream.ts';
import { type SubscribeFrame, tailLimits } from '../../schemas/subscription.ts';
import { encodeError, encodeSubscribed } from '../../streams/frames.ts';
import type { Session } from '../../streams/session.ts';
import { maySee, OutOfSight, type Principal } from '../access.ts';
import type { AuditLog } from '../audit-log.ts';
import type { Catalogue, Located } from '../catalogue.ts';
import type { Containers } from '../containers/containers.ts';
import type { Replacement } from '../containers/replacements.ts';
import { type EventsService, readResumePoint } from '../events/events.ts';
import type { LogsService } from '../logs/logs.ts';
import type { ObservationService } from '../observation/observation-service.ts';
import type { StreamQuota } from '../stream-quota.ts';
import { readClientFrame } from './client-frames.ts';
import { tellEngineStates } from './engine-states.ts';
import { HeldStreams, type Stream } from './held-streams.ts';
import { logStream } from './log-stream.ts';
import { MessageRate } from './message-rate.ts';

export interface SubscriptionParts {
  readonly catalogue: Catalogue;
  readonly containers: Pick<Containers, 'onReplaced'>;
  readonly observation: ObservationService;
  readonly events: EventsService;
  readonly logs: LogsService;
  readonly streamQuota: StreamQuota;
  readonly audit: AuditLog;
  now(): number;
}

/** Whose connection it is, and what the books say of it. */
export interface Caller {
  readonly principal: Principal;
  readonly requestId: string;
  readonly address: string;
}

export interface Subscriptions {
  /** Begins to listen to a client; the answer takes each message, null for a binary one. */
  open(caller: Caller, session: Session): (text: string | null) => void;
}

/** Subscriptions of one connection at most. */
export const maxSubscriptions = 128;

export function createSubscriptions(parts: SubscriptionParts): Subscriptions {
  return {
    open(caller, session) {
      const connection = new Connection(parts, caller, session);
      session.onEnd(() => connection.close());
      return (text) => connection.receive(text);
    },
  };
}

/** One subscription: how to end it, and how to follow a container that took the place of its own. */
interface Subscription {
  end(): void;
  replace?(replacement: Replacement): void;
}

class Connection {
  readonly #parts: SubscriptionParts;
  readonly #caller: Caller;
  readonly #principal: Principal;
  readonly #session: Session;
  readonly #streams: HeldStreams;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #rate = new MessageRate(performance.now());
  readonly #unlisten: readonly (() => void)[];
  #feed: ReturnType<EventsService['openFeed']> | undefined;
  #closed = false;

  constructor(parts: SubscriptionParts, caller: Caller, session: Session) {
    this.#parts = parts;
    this.#caller = caller;
    this.#principal = caller.principal;
    this.#session = session;
    this.#streams = new HeldStreams(session);
    this.#unlisten = [
      parts.containers.onReplaced((replacement) => {
        for (const subscription of this.#subscriptions.values()) subscription.replace?.(replacement);
      }),
      tellEngineStates(parts.catalogue.mirrors, session),
    ];
  }

  receive(text: string | null): void {
    if (this.#closed) return;
    if (!this.#rate.take(performance.now())) {
      this.#session.fail(
        new Failure('rate_limited', 'Too many messages', { hint: 'One subscription takes a whole lab' }),
      );
      return;
    }
    const said = readClientFrame(text);
    if ('failure' in said) {
      this.#session.push(encodeError(said.failure, said.id));
      return;
    }
    const { frame } = said;
    this.#attempt(frame.id, () => (frame.type === 'subscribe' ? this.#subscribe(frame) : this.#unsubscribe(frame.id)));
  }

  close(): void {
    this.#closed = true;
    for (const unlisten of this.#unlisten) unlisten();
    for (const subscription of this.#subscriptions.values()) subscription.end();
    this.#subscriptions.clear();
    this.#streams.close();
  }

  /** What fails is said to the client, with the subscription that it is about. */
  #attempt(id: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#book(error);
      this.#session.push(encodeError(error, id));
    }
  }

  #book({ code, cause }: Failure): void {
    const isRefusal = ['forbidden', 'not_managed', 'quota_exceeded'].includes(code) || cause instanceof OutOfSight;
    if (!isRefusal) return;
    const { principal, requestId, address } = this.#caller;
    const { name, role } = principal;
    const what = { action: 'subscribe', object: null, engine: null, outcome: 'refused', code } as const;
    this.#parts.audit.record({ principal: name, role, ...what, requestId, address });
  }

  #subscribe(frame: SubscribeFrame): void {
    const { id } = frame;
    if (this.#subscriptions.has(id))
      throw new Failure('invalid_request', `The id "${id}" is a subscription of this connection already`, {
        field: 'id',
        hint: 'Choose another, or unsubscribe first',
      });
    if (this.#subscriptions.size >= maxSubscriptions)
      throw new Failure('rate_limited', `A connection has at most ${maxSubscriptions} subscriptions`, {
        hint: 'Subscribe to whole labs, or open another connection',
      });
    const release = this.#parts.streamQuota.take(this.#principal);
    try {
      const { end, ...subscription } = this.#begin(frame);
      this.#subscriptions.set(id, {
        ...subscription,
        end() {
          release();
          end();
        },
      });
    } catch (error) {
      release();
      throw error;
    }
  }

  #unsubscribe(id: string): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined)
      throw new Failure('invalid_request', `"${id}" is no subscription of this connection`, { field: 'id' });
    this.#subscriptions.delete(id);
    subscription.end();
  }

  #begin(frame: SubscribeFrame): Subscription {
    if (frame.topic === 'events') return this.#followEvents(frame);
    return frame.lab === undefined ? this.#followContainer(frame) : this.#followLab(frame, frame.lab);
  }

  #followEvents(frame: SubscribeFrame): Subscription {
    const { events, catalogue } = this.#parts;
    const { id, engine, lab, scope } = frame;
    const resume = readResumePoint(frame);
    const container =
      frame.container === undefined ? undefined : catalogue.find(this.#principal, frame.container, engine).facts.id;
    const { key, selection } = events.select(this.#principal, {
      ...(engine !== undefined && { engine }),
      ...(lab !== undefined && { lab }),
      ...(scope !== undefined && { scope }),
      ...(container !== undefined && { container }),
    });
    this.#feed ??= events.openFeed(this.#session);
    const feed = this.#feed;
    this.#session.push(encodeSubscribed(id, key));
    feed.add(id, selection, resume);
    return { end: () => feed.remove(id) };
  }

  #followContainer(frame: SubscribeFrame): Subscription {
    const { catalogue } = this.#parts;
    const located = catalogue.find(this.#principal, frame.container ?? '', frame.engine);
    let stream = this.#makeStream(frame, located);
    let containerId = located.facts.id;
    this.#hold(frame, stream);
    return {
      end: () => this.#streams.release(frame.id, stream.key),
      replace: ({ engine, from, to }) => {
        if (from.id !== containerId || engine !== located.mirror.engine.name) return;
        this.#streams.release(frame.id, stream.key);
        this.#attempt(frame.id, () => {
          stream = this.#makeStream(frame, catalogue.find(this.#principal, to.id, engine));
          containerId = to.id;
          this.#hold(frame, stream);
        });
      },
    };
  }

  #followLab(frame: SubscribeFrame, lab: string): Subscription {
    const { catalogue } = this.#parts;
    const mirrors = frame.engine === undefined ? catalogue.mirrors : [catalogue.mirror(frame.engine)];
    const members = new Map<string, Stream>();
    const enter = (located: Located) => {
      const { facts } = located;
      if (members.has(facts.id) || facts.labels[label.lab] !== lab || !isManaged(facts) || isHelper(facts)) return;
      if (!maySee(this.#principal, { kind: 'container', facts })) return;
      this.#attempt(frame.id, () => {
        const stream = this.#makeStream(frame, located);
        this.#hold(frame, stream);
        members.set(facts.id, stream);
      });
    };
    const leave = (id: string) => {
      const stream = members.get(id);
      members.delete(id);
      if (stream !== undefined) this.#streams.release(frame.id, stream.key);
    };
    const unlisten = mirrors.map((mirror) =>
      mirror.onContainer(({ id, after }) => {
        if (after !== null) enter({ mirror, facts: after });
        // The stream itself is about to say that it has ended.
        else if (members.has(id)) setImmediate(() => leave(id));
      }),
    );
    for (const mirror of mirrors) for (const facts of mirror.containers()) enter({ mirror, facts });
    return {
      end: () => {
        for (const stop of unlisten) stop();
        for (const id of [...members.keys()]) leave(id);
      },
    };
  }

  #hold(frame: SubscribeFrame, stream: Stream): void {
    this.#streams.hold(frame.id, stream, frame.intervalMs ?? intervalLimits.default);
  }

  #makeStream({ topic, options, format = 'json', tail }: SubscribeFrame, located: Located): Stream {
    const { observation, logs, now } = this.#parts;
    const session = this.#session;
    if (topic === 'logs')
      return logStream({ principal: this.#principal, session, logs, located, tail: tail ?? tailLimits.default, now });
    const question =
      topic === 'ifconfig'
        ? { topic, options: readIfconfigOptions(options) }
        : { topic: 'netstat' as const, options: parseNetstatOptions(options ?? defaultNetstatOptions) };
    const subject = observation.follow(this.#principal, located, question, format);
    return {
      key: subject.key,
      begin: (intervalMs) => session.subscribe(subject, { intervalMs }),
      end: () => session.unsubscribe(subject),
    };
  }
}

function readIfconfigOptions(options = ''): string {
  if (options === '' || options === 'a') return options;
  throw new Failure('invalid_request', `options is ${JSON.stringify(options)}; ifconfig has only "a"`, {
    field: 'options',
  });
}
