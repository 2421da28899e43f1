// Takes samples of one namespace for everyone who watches it: one lookout, one look at a time, at the shortest interval asked for. While nothing moves
// it lets the lookout rest on what was seen. It opens another lookout when one has failed, and lets it go when nobody has asked for a while.
import type { HelperWord } from '../../domain/observation/helper-output.ts';
import { isAtRest, withRates } from '../../domain/observation/rates.ts';
import type { InterfacesReading, NamespaceReading } from '../../domain/observation/reading.ts';
import { Failure } from '../../schemas/failure.ts';
import type { ObservedNamespace } from '../../schemas/netstat.ts';
import { intervalLimits } from '../../schemas/stream.ts';
import type { AsOf, Confirmation, Look, Lookout, Rest } from './lookout.ts';
import type { Metronome } from './metronome.ts';

/** What was seen, where, and when it was so. */
export interface Sample {
  readonly asOf: AsOf;
  readonly namespace: ObservedNamespace;
  readonly reading: NamespaceReading;
}

export interface SampleWatcher {
  readonly words: readonly HelperWord[];
  readonly intervalMs: number;
  /** Not told again of what is known to be as it was. */
  sample(sample: Sample): void;
  /** No samples come, because of this; the sampler goes on trying. */
  down(failure: Failure): void;
}

export interface SampleWatch {
  setInterval(intervalMs: number): void;
  /** Asks for a sample soon, though it may show nothing new. */
  renew(): void;
  /** When the last sample was seen to be still so, without another being given; null where it was not. */
  confirmed(): Confirmation | null;
  close(): void;
}

export interface SamplerOptions {
  readonly namespaceId: string;
  /** Shared by all whose looks are answered together. */
  readonly metronome: Metronome;
  /** Opens what looks into the namespace. */
  open(): Promise<Lookout>;
  /** No sample could be taken: for the log. */
  onFailure(failure: Failure): void;
  /** Milliseconds since the epoch. */
  now(): number;
  /** A lookout is on its way out: `gone` resolves when nothing of it is left, or when the engine cannot be asked. */
  onLeaving(gone: Promise<void>): void;
  /** Told once: it ended by itself, or was retired. */
  onRetired(): void;
}

/** Milliseconds. */
const timing = {
  /** How long the lookout is kept after the last one who asked: clients that poll find it again. */
  grace: 5_000,
  /** No two ticks are closer; a little less than the shortest interval, so that one which came late does not delay the next. */
  shortestGap: 0.9 * intervalLimits.min,
  /** Before the next attempt to open a lookout, doubled each time. */
  firstBackOff: 250,
  longestBackOff: 10_000,
  /** A lookout that worked for so long did not fail because of what it is. */
  proven: 10_000,
} as const;

interface Watching {
  readonly watcher: SampleWatcher;
  intervalMs: number;
  dueAt: number;
}

/** The last reading of interfaces, as it was taken and with its rates. */
interface Earlier {
  readonly taken: InterfacesReading;
  readonly rated: InterfacesReading;
  readonly isAtRest: boolean;
  at: number;
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
  #lookout: Lookout | undefined;
  #lookoutSince = 0;
  #opening: Promise<Lookout> | undefined;
  #earlier: Earlier | undefined;
  #lastTickAt = Number.NEGATIVE_INFINITY;
  #lastUseAt = performance.now();
  #failures = 0;
  #retryAt = 0;
  #isBusy = false;
  #cancelWake: () => void = () => {};
  #namespace: ObservedNamespace | undefined;
  /** The words of the last sample, if it was one for everybody who watches. */
  #servedAll: readonly HelperWord[] | null = null;
  #rest: Rest | undefined;
  /** By a rest that is over, and not followed by a sample yet. */
  #confirmed: Confirmation | null = null;
  /** Set once the sampler has ended: what is told to who still asks. */
  #retired: Failure | undefined;

  constructor(options: SamplerOptions) {
    this.#options = options;
    this.#schedule();
  }

  /**
   * Gives the watcher every sample that has its words: at least one in its interval, unless all is still as in the last one. It hears nothing before
   * this has returned.
   */
  watch(watcher: SampleWatcher): SampleWatch {
    const watching: Watching = { watcher, intervalMs: watcher.intervalMs, dueAt: 0 };
    this.#watchings.add(watching);
    this.#servedAll = null;
    this.#schedule();
    return {
      setInterval: (intervalMs) => {
        if (intervalMs === watching.intervalMs) return;
        watching.dueAt += intervalMs - watching.intervalMs;
        watching.intervalMs = intervalMs;
        this.#schedule();
      },
      renew: () => this.#schedule(),
      confirmed: () => this.#rest?.confirmed ?? this.#confirmed,
      close: () => {
        if (!this.#watchings.delete(watching)) return;
        this.#lastUseAt = performance.now();
        this.#schedule();
      },
    };
  }

  /** One sample that was taken after this was called. Fails with what kept it from being taken. */
  sampleNow(words: readonly HelperWord[]): Promise<Sample> {
    if (this.#retired !== undefined) return Promise.reject(this.#retired);
    return new Promise((resolve, reject) => {
      this.#requests.push({ words, resolve, reject });
      this.#schedule();
    });
  }

  /** The engine is back: whatever waits for a next attempt need not. */
  nudge(): void {
    this.#retryAt = 0;
    this.#schedule();
  }

  /** The namespace is no more, or the server ends: ends the lookout at once and tells who waits. */
  retire(failure: Failure = namespaceGone()): void {
    if (this.#retired !== undefined) return;
    this.#retired = failure;
    for (const request of this.#requests.splice(0)) request.reject(failure);
    this.#watchings.clear();
    this.#endRest();
    this.#dropLookout();
    const opened = this.#opening?.then((lookout) => lookout.dispose());
    if (opened !== undefined) this.#options.onLeaving(opened.catch(() => {}));
    this.#cancelWake();
    this.#options.onRetired();
  }

  /** Waits for the next moment at which there is something to do. Called again whenever that may have changed. */
  #schedule(): void {
    this.#endRest();
    this.#cancelWake();
    if (this.#retired !== undefined || this.#isBusy) return;
    this.#cancelWake = this.#options.metronome.wakeAt(this.#nextAt(), () => void this.#turn());
  }

  async #turn(): Promise<void> {
    if (this.#isIdle()) {
      this.retire();
      return;
    }
    this.#isBusy = true;
    await this.#attempt();
    this.#isBusy = false;
    if (!this.#beginRest()) this.#schedule();
  }

  /** When everybody has seen what is, they need not be told again while it is so. */
  #beginRest(): boolean {
    const lookout = this.#lookout;
    const words = this.#servedAll;
    if (lookout?.rest === undefined || words === null || this.#requests.length > 0 || this.#watchings.size === 0)
      return false;
    const interval = Math.min(...[...this.#watchings].map(({ intervalMs }) => intervalMs));
    const rest = lookout.rest(words, interval, {
      moved: (look) => {
        this.#endRest();
        this.#take(lookout, look, words, []);
        if (!this.#beginRest()) this.#schedule();
      },
      over: () => this.#schedule(),
      failed: (error) => {
        this.#endRest();
        // Until then all went well.
        if (performance.now() - this.#lookoutSince > timing.proven) this.#failures = 0;
        this.#dropLookout();
        this.#failed(toFailure(error), [], true);
        this.#schedule();
      },
    });
    if (rest === null) return false;
    this.#cancelWake();
    this.#rest = rest;
    return true;
  }

  #endRest(): void {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest === undefined) return;
    rest.end();
    this.#confirmed = rest.confirmed ?? this.#confirmed;
  }

  #isIdle(): boolean {
    return this.#watchings.size === 0 && this.#requests.length === 0;
  }

  /** When there is something to do, by the monotonic clock. */
  #nextAt(): number {
    if (this.#isIdle()) return this.#lastUseAt + timing.grace;
    const gap = this.#lastTickAt + timing.shortestGap;
    if (this.#requests.length > 0) return gap;
    let due = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#watchings) due = Math.min(due, dueAt);
    return Math.max(due, gap, this.#retryAt);
  }

  async #attempt(): Promise<void> {
    this.#lastTickAt = performance.now();
    const hadLookout = this.#lookout !== undefined;
    let requests: Request[] = [];
    try {
      const lookout = this.#lookout ?? (await this.#openLookout());
      // Who came while it was opened is served too.
      requests = this.#requests.splice(0);
      const words = this.#wordsFor(requests);
      this.#take(lookout, await lookout.look(words, requests.length > 0), words, requests);
    } catch (error) {
      this.#dropLookout();
      this.#failed(toFailure(error), [...requests, ...this.#requests.splice(0)], hadLookout);
    }
  }

  #take(
    lookout: Lookout,
    { reading, at, asOf }: Look,
    words: readonly HelperWord[],
    requests: readonly Request[],
  ): void {
    if (at - this.#lookoutSince > timing.proven) this.#failures = 0;
    this.#hand({ asOf, namespace: this.#name(lookout), reading: this.#withRates(reading, at) }, words, requests);
  }

  #name({ inode }: Lookout): ObservedNamespace {
    if (this.#namespace?.inode !== inode) this.#namespace = { id: this.#options.namespaceId, inode };
    return this.#namespace;
  }

  #wordsFor(requests: readonly Request[]): HelperWord[] {
    const now = performance.now();
    const words = new Set<HelperWord>();
    for (const request of requests) for (const word of request.words) words.add(word);
    for (const { dueAt, watcher } of this.#watchings)
      if (dueAt <= now) for (const word of watcher.words) words.add(word);
    return [...words];
  }

  async #openLookout(): Promise<Lookout> {
    this.#opening = this.#options.open();
    try {
      const lookout = await this.#opening;
      // Retired meanwhile: whoever did it disposes of what was being opened.
      if (this.#retired !== undefined) throw this.#retired;
      this.#lookout = lookout;
      this.#lookoutSince = performance.now();
      return lookout;
    } finally {
      this.#opening = undefined;
    }
  }

  #withRates(reading: NamespaceReading, at: number): NamespaceReading {
    const { interfaces: taken } = reading;
    if (taken === undefined) return reading;
    const earlier = this.#earlier;
    // What is as it was, and was at rest then, is the same reading again.
    if (earlier?.taken === taken && earlier.isAtRest) earlier.at = at;
    else this.#earlier = rate(taken, at, earlier);
    return { ...reading, interfaces: this.#earlier?.rated ?? taken };
  }

  /**
   * Watchers of one interval are due at the same moments, whatever namespace they watch, so that one tick of the probe serves them all. A look that
   * took longer than the interval leaves moments out.
   */
  #hand(sample: Sample, words: readonly HelperWord[], requests: readonly Request[]): void {
    const now = performance.now();
    this.#lastUseAt = now;
    this.#confirmed = null;
    this.#servedAll = words;
    for (const request of requests) request.resolve(sample);
    for (const watching of this.#watchings) {
      if (!watching.watcher.words.every((word) => words.includes(word))) {
        this.#servedAll = null;
        continue;
      }
      watching.dueAt = (Math.floor(now / watching.intervalMs) + 1) * watching.intervalMs;
      watching.watcher.sample(sample);
    }
  }

  /**
   * A lookout that failed is opened again at once for who waits for an answer. Watchers need not know of the first end; of more, and of one that
   * cannot be started, they are told, and the next attempts come less and less often.
   */
  #failed(failure: Failure, requests: readonly Request[], hadLookout: boolean): void {
    if (this.#retired !== undefined) {
      for (const request of requests) request.reject(this.#retired);
      return;
    }
    const isFirst = this.#failures === 0;
    this.#failures += 1;
    this.#options.onFailure(failure);
    if (hadLookout) this.#requests.unshift(...requests);
    else for (const request of requests) request.reject(failure);
    if (hadLookout && isFirst) return;
    this.#lastUseAt = performance.now();
    this.#retryAt = this.#lastUseAt + Math.min(timing.longestBackOff, timing.firstBackOff * 2 ** (this.#failures - 1));
    for (const { watcher } of this.#watchings) watcher.down(failure);
  }

  #dropLookout(): void {
    const lookout = this.#lookout;
    this.#lookout = undefined;
    if (lookout !== undefined) this.#options.onLeaving(lookout.dispose().catch(() => {}));
  }
}

function rate(taken: InterfacesReading, at: number, earlier: Earlier | undefined): Earlier {
  if (earlier === undefined) return { taken, rated: taken, isAtRest: true, at };
  const interfaces = withRates(taken.interfaces, earlier.taken.interfaces, (at - earlier.at) / 1000);
  return { taken, rated: { ...taken, interfaces }, isAtRest: isAtRest(interfaces), at };
}

function namespaceGone(): Failure {
  return new Failure('container_not_running', 'The namespace is gone: its container was stopped or restarted');
}

/** Anything but a failure is a mistake of ours, and is told as one. */
function toFailure(error: unknown): Failure {
  return error instanceof Failure ? error : new Failure('internal', 'The sample could not be read', { cause: error });
}
