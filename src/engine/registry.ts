// The mirror of one engine: subscribes to its events, lists and inspects, replays, and says so when the engine is away. It decides
// nothing about containers and writes nothing to the engine.
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerFacts, NetworkFacts } from '../domain/container/facts.ts';
import { Failure } from '../schemas/failure.ts';
import { chooseDelay } from './backoff.ts';
import type { Engine, EngineEvent, EngineInfo } from './engine.ts';
import { pingDeadlineMs, watchEngine } from './engine-watch.ts';
import { findEffects, isShown } from './event-effects.ts';
import { EventMemory } from './event-memory.ts';
import { Listeners } from './listeners.ts';
import type { ContainerChange, EngineMirror, MirrorState, MirrorStatus } from './mirror.ts';
import { MirrorReader } from './mirror-reader.ts';
import { MirrorStore } from './mirror-store.ts';

/** The part of a logger that the registry needs (pino's and Fastify's fit). */
export interface RegistryLog {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
}

/** What a registry is made of. */
export interface RegistryParts {
  readonly engine: Engine;
  /** Milliseconds since the epoch. */
  readonly clock?: { now(): number };
  readonly log?: RegistryLog;
  /** How often everything is read again, in milliseconds: the engine drops events for a slow listener, and never says so. */
  readonly reconcileMs?: number;
}

const defaultReconcileMs = 60_000;
const infoDeadlineMs = 5_000;
/** Our clock and the monotonic one are further apart than this after one of them was set, or stood still. */
const clockSetMs = 1_000;

/** One subscription to the engine's events. */
interface Subscription {
  /** Aborted when it is over. */
  readonly signal: AbortSignal;
  readonly opened: Promise<void>;
  /** Rejects when the engine is away. */
  readonly away: Promise<void>;
  end(): void;
}

/** Makes a registry. It asks nothing before `start()`. */
export function createRegistry(parts: RegistryParts): Registry {
  return new Registry(parts);
}

/** See {@link EngineMirror}. */
export class Registry implements EngineMirror {
  readonly engine: Engine;
  readonly #now: () => number;
  readonly #log: RegistryLog | undefined;
  readonly #reconcileMs: number;
  readonly #closing = new AbortController();
  readonly #store: MirrorStore;
  readonly #memory = new EventMemory();
  readonly #reader: MirrorReader;
  readonly #changes: Listeners<ContainerChange>;
  readonly #statuses: Listeners<MirrorStatus>;
  readonly #events: Listeners<EngineEvent>;
  readonly #arrivals: Listeners<EngineEvent>;
  #info: EngineInfo | null = null;
  /** When the engine was last asked what time it is: its answer, and the monotonic clock's and ours then. */
  #toldTime: { readonly engine: number; readonly monotonic: number; readonly ours: number } | undefined;
  #revision = 0;
  #state: MirrorState = 'connecting';
  #reason: string | null = null;
  #since: number;
  #failures = 0;
  #retryAt: number | null = null;
  /** When the mirror was last known to be right, by our clock. */
  #rightAt: number;
  /** The engine's clock when it was first subscribed to: where the feed begins as long as no event has been seen. */
  #feedStart: bigint | undefined;
  /** The last event's turn: each is told after the one before, and after the mirror has taken it in. */
  #turn: Promise<unknown> = Promise.resolve();
  #running: Promise<void> | undefined;

  constructor({ engine, clock = Date, log, reconcileMs = defaultReconcileMs }: RegistryParts) {
    this.engine = engine;
    this.#now = () => clock.now();
    this.#log = log;
    this.#reconcileMs = reconcileMs;
    this.#since = this.#now();
    this.#rightAt = this.#since;
    const onFault = (error: unknown) =>
      log?.warn({ engine: engine.name, err: error }, 'a listener of the mirror failed');
    this.#changes = new Listeners(onFault);
    this.#statuses = new Listeners(onFault);
    this.#events = new Listeners(onFault);
    this.#arrivals = new Listeners(onFault);
    this.#store = new MirrorStore((change) => {
      this.#revision += 1;
      if (change !== null) this.#changes.tell(change);
    });
    // Every call under way listens to it.
    setMaxListeners(0, this.#closing.signal);
    this.#reader = new MirrorReader({
      engine,
      store: this.#store,
      signal: this.#closing.signal,
      onOddity: (failure, details) =>
        log?.warn({ engine: engine.name, ...details, err: failure }, 'the engine cannot show a part of what it has'),
    });
  }

  /** Begins to mirror the engine. An engine that is away is no error: it is tried until `close()`. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Stops mirroring: no timer, call or feed of the registry is left. The engine itself is not closed. */
  async close(): Promise<void> {
    this.#closing.abort(new Failure('shutting_down', `The mirror of the engine ${this.engine.name} is closed`));
    await this.#running;
  }

  get info(): EngineInfo | null {
    return this.#info;
  }

  /** By the monotonic clock: where ours is set, the engine's time stays what it is, and this is another number at once. */
  get clockOffsetMs(): number {
    if (this.#toldTime === undefined) return 0;
    const { engine, monotonic } = this.#toldTime;
    return Math.round(engine + performance.now() - monotonic - this.#now());
  }

  get revision(): number {
    return this.#revision;
  }

  status(): MirrorStatus {
    const isLive = this.#state === 'live';
    return {
      state: this.#state,
      reason: this.#reason,
      since: new Date(this.#since).toISOString(),
      ageMs: isLive ? 0 : Math.max(0, this.#now() - this.#rightAt),
      failures: isLive ? 0 : this.#failures,
      retryAt: this.#retryAt === null ? null : new Date(this.#retryAt).toISOString(),
      settled: this.#isSettled,
    };
  }

  get #isSettled(): boolean {
    return this.#state === 'live' || this.#state === 'stale';
  }

  async settled(): Promise<void> {
    const { signal } = this.#closing;
    if (this.#isSettled || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const finish = () => {
        stop();
        resolve();
      };
      const stop = this.onStatus(({ settled }) => settled && finish());
      signal.addEventListener('abort', finish, { once: true });
    });
  }

  containers(): Iterable<ContainerFacts> {
    return this.#store.containers();
  }

  container(id: string): ContainerFacts | undefined {
    return this.#store.container(id);
  }

  networks(): Iterable<NetworkFacts> {
    return this.#store.networks();
  }

  network(nameOrId: string): NetworkFacts | undefined {
    return this.#store.network(nameOrId);
  }

  refresh(id: string): Promise<ContainerFacts | undefined> {
    return this.#reader.readContainer(id);
  }

  refreshUnless(id: string, isEnough: (facts: ContainerFacts) => boolean): Promise<ContainerFacts | undefined> {
    return this.#reader.readContainerUnless(id, isEnough);
  }

  refreshNetworks(): Promise<void> {
    return this.#reader.readNetworks();
  }

  onContainer(listener: (change: ContainerChange) => void): () => void {
    return this.#changes.add(listener);
  }

  onStatus(listener: (status: MirrorStatus) => void): () => void {
    return this.#statuses.add(listener);
  }

  onEvent(listener: (event: EngineEvent) => void): () => void {
    return this.#events.add(listener);
  }

  onArrival(listener: (event: EngineEvent) => void): () => void {
    return this.#arrivals.add(listener);
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      this.#retryAt = null;
      try {
        await this.#mirror(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (this.#state === 'live') this.#failures = 0;
        const delayMs = chooseDelay(this.#failures);
        this.#failures += 1;
        this.#retryAt = this.#now() + delayMs;
        this.#setState('stale', error instanceof Error ? error.message : String(error));
        await sleep(delayMs, undefined, { signal }).catch(() => {}); // closed: the loop ends
      }
    }
  }

  /** The engine's life until it is away, which is thrown, or the registry is closed. */
  async #mirror(closing: AbortSignal): Promise<void> {
    await this.engine.ping({ deadlineMs: pingDeadlineMs, signal: closing });
    this.#reader.startAnew();
    await this.#readInfo(closing);
    if (this.#state === 'connecting') this.#setState('syncing', null);
    let feed: Subscription | undefined;
    try {
      for (;;) {
        // Each round takes the feed up anew: a connection that died without a word is found out by no ping on another one.
        const next = this.#subscribe(closing);
        feed?.end();
        feed = next;
        await feed.opened;
        await Promise.race([this.#reader.readEverything(feed.signal), feed.away]);
        this.#setState('live', null);
        await Promise.race([sleep(this.#reconcileMs, undefined, { signal: feed.signal }), feed.away]);
        await Promise.race([this.#readInfo(feed.signal), feed.away]);
      }
    } finally {
      feed?.end();
    }
  }

  #subscribe(closing: AbortSignal): Subscription {
    const session = new AbortController();
    const signal = AbortSignal.any([closing, session.signal]);
    setMaxListeners(0, signal);
    const watch = watchEngine({
      engine: this.engine,
      since: this.#memory.since ?? this.#feedStart,
      signal,
      onEvent: (event) => this.#takeIn(event, session),
      onLife: () => {
        if (this.#state === 'live') this.#rightAt = this.#now();
        if (this.#wasClockSet) void this.#readInfo(signal).catch(() => {}); // away: its return reads it
      },
    });
    const away = Promise.race([watch.ended, rejectOnAbort(session.signal)]);
    away.catch(() => {});
    return { signal, opened: watch.opened, away, end: () => session.abort() };
  }

  /** Begins at once with what the event asks for, and tells its listeners when that is done and their turn has come. */
  #takeIn(event: EngineEvent, session: AbortController): void {
    if (!this.#memory.note(event)) return;
    this.#arrivals.tell(event);
    const done = this.#reader.passOver(this.#apply(event), { event }).catch((failure) => session.abort(failure));
    this.#turn = Promise.all([this.#turn, done]).then(() => {
      if (!this.#closing.signal.aborted) this.#events.tell(event);
    });
  }

  async #apply(event: EngineEvent): Promise<void> {
    const { reread, forget, networks, info } = findEffects(event);
    if (forget !== undefined) this.#store.putContainer(forget, null, this.#store.takeTicket());
    if (reread !== undefined) await this.refreshUnless(reread, (facts) => isShown(event, facts));
    if (networks) await this.refreshNetworks();
    if (info) await this.#readInfo(this.#closing.signal);
  }

  async #readInfo(signal: AbortSignal): Promise<void> {
    const askedAt = performance.now();
    // Set first: while this is under way nobody else need ask.
    if (this.#toldTime !== undefined) this.#toldTime = { ...this.#toldTime, ours: this.#now() - this.#sinceTold };
    const info = await this.engine.info({ signal, deadlineMs: infoDeadlineMs });
    const systemTime = Date.parse(info.systemTime);
    if (!Number.isNaN(systemTime)) {
      const monotonic = performance.now();
      this.#toldTime = { engine: systemTime + (monotonic - askedAt) / 2, monotonic, ours: this.#now() };
    }
    if (info.id !== this.#info?.id) {
      // Another engine answers here now: its feed has nothing to do with the old one's.
      this.#memory.clear();
      this.#feedStart = Number.isNaN(systemTime) ? undefined : BigInt(systemTime) * 1_000_000n;
    }
    this.#info = info;
  }

  get #sinceTold(): number {
    return this.#toldTime === undefined ? 0 : performance.now() - this.#toldTime.monotonic;
  }

  /** Ours was, or both were while the machine slept: then the monotonic clock stood still, and the engine's has gone on. */
  get #wasClockSet(): boolean {
    if (this.#toldTime === undefined) return false;
    return Math.abs(this.#now() - this.#toldTime.ours - this.#sinceTold) > clockSetMs;
  }

  #setState(state: MirrorState, reason: string | null): void {
    if (state === this.#state && reason === this.#reason) return;
    if (state !== this.#state) {
      this.#since = this.#now();
      if (state === 'live') this.#rightAt = this.#since;
      const log = { engine: this.engine.name, state, reason };
      if (state === 'stale') this.#log?.warn(log, `engine ${this.engine.name} is away`);
      else this.#log?.info(log, `engine ${this.engine.name} is ${state}`);
    }
    this.#state = state;
    this.#reason = reason;
    this.#revision += 1;
    this.#statuses.tell(this.status());
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
