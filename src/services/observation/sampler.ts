// Takes samples of one namespace for everyone who watches it: one helper, one tick at a time, at the shortest interval asked for. It starts
// the helper anew when it ends, and lets it go when nobody has asked for a while.
import { isOneMoment } from '../../domain/observation/agreement.ts';
import type { HelperWord } from '../../domain/observation/helper-output.ts';
import { withRates } from '../../domain/observation/rates.ts';
import { type InterfacesReading, type NamespaceReading, readSections } from '../../domain/observation/reading.ts';
import { Failure } from '../../schemas/failure.ts';
import type { ObservedNamespace } from '../../schemas/netstat.ts';
import { intervalLimits } from '../../schemas/stream.ts';
import type { Helper } from './helper.ts';

/** What was seen, where, and when it was asked for. */
export interface Sample {
  readonly asOf: string;
  readonly namespace: ObservedNamespace;
  readonly reading: NamespaceReading;
}

export interface SampleWatcher {
  readonly words: readonly HelperWord[];
  readonly intervalMs: number;
  sample(sample: Sample): void;
  /** No samples come, because of this; the sampler goes on trying. */
  down(failure: Failure): void;
}

export interface SampleWatch {
  setInterval(intervalMs: number): void;
  close(): void;
}

export interface SamplerOptions {
  readonly namespaceId: string;
  startHelper(): Promise<Helper>;
  /** No sample could be taken: for the log. */
  onFailure(failure: Failure): void;
  /** Milliseconds since the epoch. */
  now(): number;
  /** A helper is on its way out: `gone` resolves when its container is, or when the engine cannot be asked. */
  onLeaving(gone: Promise<void>): void;
  /** Told once: it ended by itself, or was retired. */
  onRetired(): void;
}

/** Milliseconds. */
const timing = {
  /** How long the helper is kept after the last one who asked: clients that poll find it again. */
  grace: 5_000,
  /** No two ticks are closer. */
  shortestGap: intervalLimits.min,
  /** A helper that is not ticked for a minute takes its server for dead. */
  keepAlive: 20_000,
  /** Before the next attempt to start a helper, doubled each time. */
  firstBackOff: 250,
  longestBackOff: 10_000,
  /** A helper that worked for so long did not fail because of what it is. */
  proven: 10_000,
} as const;

/** Readings for one sample at most, where texts and tables have to agree. */
const readingAttempts = 3;

interface Watching {
  readonly watcher: SampleWatcher;
  intervalMs: number;
  dueAt: number;
}

interface Request {
  readonly words: readonly HelperWord[];
  resolve(sample: Sample): void;
  reject(failure: Failure): void;
}

export class Sampler {
  readonly #options: SamplerOptions;
  readonly #watchings = new Set<Watching>();
  #requests: Request[] = [];
  #helper: Helper | undefined;
  #helperSince = 0;
  #starting: Promise<Helper> | undefined;
  #earlier: { readonly reading: InterfacesReading; readonly at: number } | undefined;
  #lastTickAt = Number.NEGATIVE_INFINITY;
  #lastUseAt = performance.now();
  #failures = 0;
  #retryAt = 0;
  #wake: () => void = () => {};
  /** Set once the sampler has ended: what is told to who still asks. */
  #retired: Failure | undefined;

  constructor(options: SamplerOptions) {
    this.#options = options;
    void this.#run();
  }

  /** Gives the watcher every sample that has its words: at least one in its interval. It hears nothing before this has returned. */
  watch(watcher: SampleWatcher): SampleWatch {
    const watching: Watching = { watcher, intervalMs: watcher.intervalMs, dueAt: 0 };
    this.#watchings.add(watching);
    this.#wake();
    return {
      setInterval: (intervalMs) => {
        watching.dueAt += intervalMs - watching.intervalMs;
        watching.intervalMs = intervalMs;
        this.#wake();
      },
      close: () => {
        if (!this.#watchings.delete(watching)) return;
        this.#lastUseAt = performance.now();
        this.#wake();
      },
    };
  }

  /** One sample that was taken after this was called. Fails with what kept it from being taken. */
  sampleNow(words: readonly HelperWord[]): Promise<Sample> {
    if (this.#retired !== undefined) return Promise.reject(this.#retired);
    return new Promise((resolve, reject) => {
      this.#requests.push({ words, resolve, reject });
      this.#wake();
    });
  }

  /** The engine is back: whatever waits for a next attempt need not. */
  nudge(): void {
    this.#retryAt = 0;
    this.#wake();
  }

  /** The namespace is no more, or the server ends: ends the helper at once and tells who waits. */
  retire(failure: Failure = namespaceGone()): void {
    if (this.#retired !== undefined) return;
    this.#retired = failure;
    for (const request of this.#requests.splice(0)) request.reject(failure);
    this.#watchings.clear();
    this.#dropHelper();
    const started = this.#starting?.then((helper) => helper.dispose());
    if (started !== undefined) this.#options.onLeaving(started.catch(() => {}));
    this.#options.onRetired();
    this.#wake();
  }

  async #run(): Promise<void> {
    while (this.#retired === undefined) {
      const wait = this.#nextAt() - performance.now();
      if (wait > 0) await this.#pause(wait);
      else if (this.#isIdle()) this.retire();
      else await this.#attempt();
    }
  }

  #isIdle(): boolean {
    return this.#watchings.size === 0 && this.#requests.length === 0;
  }

  /** When there is something to do, by the monotonic clock. */
  #nextAt(): number {
    if (this.#isIdle()) return this.#lastUseAt + timing.grace;
    const gap = this.#lastTickAt + timing.shortestGap;
    if (this.#requests.length > 0) return gap;
    const due = Math.min(...[...this.#watchings].map(({ dueAt }) => dueAt), this.#lastTickAt + timing.keepAlive);
    return Math.max(due, gap, this.#retryAt);
  }

  /** Ends early when something has changed. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #attempt(): Promise<void> {
    this.#lastTickAt = performance.now();
    const hadHelper = this.#helper !== undefined;
    let requests: Request[] = [];
    try {
      const helper = await this.#readyHelper();
      // Who came while the helper was started is served too.
      requests = this.#requests.splice(0);
      const words = this.#wordsFor(requests);
      const { reading, at, asOf } = await this.#read(helper, words);
      if (at - this.#helperSince > timing.proven) this.#failures = 0;
      const namespace = { id: this.#options.namespaceId, inode: helper.inode };
      this.#hand({ asOf, namespace, reading: this.#withRates(reading, at) }, words, at, requests);
    } catch (error) {
      this.#dropHelper();
      this.#failed(toFailure(error), [...requests, ...this.#requests.splice(0)], hadHelper);
    }
  }

  #wordsFor(requests: readonly Request[]): HelperWord[] {
    const now = performance.now();
    const due = [...this.#watchings].filter(({ dueAt }) => dueAt <= now).map(({ watcher }) => watcher);
    return [...new Set([...requests, ...due].flatMap(({ words }) => words))];
  }

  async #readyHelper(): Promise<Helper> {
    if (this.#helper !== undefined) return this.#helper;
    this.#starting = this.#options.startHelper();
    try {
      const helper = await this.#starting;
      // Retired meanwhile: whoever did it disposes of what was starting.
      if (this.#retired !== undefined) throw this.#retired;
      this.#helper = helper;
      this.#helperSince = performance.now();
      return helper;
    } finally {
      this.#starting = undefined;
    }
  }

  /** Tables and texts that are to be one moment are read again where something happened between them; a namespace that never rests is shown as it is. */
  async #read(helper: Helper, words: readonly HelperWord[]) {
    for (let attempt = 1; ; attempt += 1) {
      const at = performance.now();
      const asOf = new Date(this.#options.now()).toISOString();
      const reading = readSections(await helper.tick(words));
      if (attempt === readingAttempts || isOneMoment(reading)) return { reading, at, asOf };
    }
  }

  #withRates(reading: NamespaceReading, at: number): NamespaceReading {
    if (reading.interfaces === undefined) return reading;
    const { interfaces } = reading;
    const earlier = this.#earlier;
    this.#earlier = { reading: interfaces, at };
    if (earlier === undefined) return reading;
    const rated = withRates(interfaces.interfaces, earlier.reading.interfaces, (at - earlier.at) / 1000);
    return { ...reading, interfaces: { ...interfaces, interfaces: rated } };
  }

  #hand(sample: Sample, words: readonly HelperWord[], at: number, requests: readonly Request[]): void {
    this.#lastUseAt = performance.now();
    for (const request of requests) request.resolve(sample);
    for (const watching of this.#watchings) {
      if (!watching.watcher.words.every((word) => words.includes(word))) continue;
      watching.dueAt = at + watching.intervalMs;
      watching.watcher.sample(sample);
    }
  }

  /**
   * A helper that ended is started again at once for who waits for an answer. Watchers need not know of the first end; of more, and of one that
   * cannot be started, they are told, and the next attempts come less and less often.
   */
  #failed(failure: Failure, requests: readonly Request[], hadHelper: boolean): void {
    if (this.#retired !== undefined) {
      for (const request of requests) request.reject(this.#retired);
      return;
    }
    const isFirst = this.#failures === 0;
    this.#failures += 1;
    this.#options.onFailure(failure);
    if (hadHelper) this.#requests.unshift(...requests);
    else for (const request of requests) request.reject(failure);
    if (hadHelper && isFirst) return;
    this.#lastUseAt = performance.now();
    this.#retryAt = this.#lastUseAt + Math.min(timing.longestBackOff, timing.firstBackOff * 2 ** (this.#failures - 1));
    for (const { watcher } of this.#watchings) watcher.down(failure);
  }

  #dropHelper(): void {
    const helper = this.#helper;
    this.#helper = undefined;
    if (helper !== undefined) this.#options.onLeaving(helper.dispose().catch(() => {}));
  }
}

function namespaceGone(): Failure {
  return new Failure('container_not_running', 'The namespace is gone: its container was stopped or restarted');
}

/** Anything but a failure is a mistake of ours, and is told as one. */
function toFailure(error: unknown): Failure {
  return error instanceof Failure ? error : new Failure('internal', 'The sample could not be read', { cause: error });
}
