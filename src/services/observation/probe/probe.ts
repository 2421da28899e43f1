// One probe of one engine: asks it for everyone who looks at the same time in one tick, under one cap. It starts with the first look, starts anew
// when it has ended, and goes soon after the last one has left. What a look means is not its business.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { stirWord } from '../../../domain/observation/helper-output.ts';
import {
  defineWord,
  forgetWord,
  type Pace,
  type ProbeAnswer,
  type ProbeTarget,
  pacedWord,
  paceWord,
  readCost,
  sortByKey,
} from '../../../domain/observation/probe-protocol.ts';
import type { WalkAllowance } from '../../../domain/observation/walk-allowance.ts';
import { Failure } from '../../../schemas/failure.ts';
import type { Helper } from '../helper.ts';
import type { Metronome } from '../metronome.ts';
import { IdleRound } from './idle-round.ts';

export interface ProbeOptions {
  start(): Promise<Helper>;
  readonly allowance: WalkAllowance;
  /** Of a core, for its walks, now. */
  share(): number;
  /** Shared by all whose looks are answered together. */
  readonly metronome: Metronome;
  /** Milliseconds since the epoch. */
  now(): number;
  /** It is on its way out: `gone` resolves when its container is, or when the engine cannot be asked. */
  onLeaving(gone: Promise<void>): void;
}

/** One question about one target. */
export interface ProbeQuestion {
  readonly key: number;
  readonly target: ProbeTarget;
  /** What is asked (domain/observation/probe-protocol.ts). */
  readonly words: readonly string[];
  /** When the answer was last known, in milliseconds: under the cap the oldest comes first. */
  readonly knownAt: number;
}

/** Sums since it was made. Times in nanoseconds of its own CPU time. */
export interface ProbeTotals {
  /** Lines that it was told. */
  readonly questions: number;
  readonly walks: number;
  readonly walkNs: number;
  readonly cpuNs: number;
}

interface Waiting {
  /** What to ask, when its turn has come. */
  questions(): readonly ProbeQuestion[];
  readonly knownAt: number;
  /** How the probe may go on by itself for those who are asked about. */
  readonly pace?: Pace | null;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

interface Answer {
  readonly byKey: ReadonlyMap<number, ProbeAnswer>;
  readonly isPaced: boolean;
}

/** Milliseconds: how long it is kept after the last has left, and the longest time between two ticks: others take silence for the server's death (orphan-sweep.ts). */
const timing = { grace: 5_000, keepAlive: 4_000 } as const;

export class Probe {
  readonly #options: ProbeOptions;
  readonly #users = new Set<number>();
  readonly #rounds = new Map<number, IdleRound>();
  #waiting: Waiting[] = [];
  #ticking = false;
  #helper: Promise<Helper> | undefined;
  /** What the running one was told of each target, and who that was. */
  readonly #defined = new Map<number, { readonly definition: string; readonly target: ProbeTarget }>();
  #left: number[] = [];
  #idle: NodeJS.Timeout | undefined;
  #keepAlive: NodeJS.Timeout | undefined;
  #closed = false;
  #totals = { questions: 0, walks: 0, walkNs: 0, cpuNs: 0 };
  #cpuNs = 0;

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  get totals(): ProbeTotals {
    return this.#totals;
  }

  get isUsed(): boolean {
    return this.#users.size > 0;
  }

  /** It is kept while anyone has entered. `key` is unique among all who ever enter. */
  enter(key: number): void {
    this.#users.add(key);
    clearTimeout(this.#idle);
  }

  leave(key: number): void {
    if (!this.#users.delete(key)) return;
    if (this.#defined.delete(key)) this.#left.push(key);
    if (this.#users.size > 0) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#drop(), timing.grace).unref();
  }

  /** Answers what was said of the target in a tick that the question was part of. Fails as starting a helper does, and as its tick does. */
  ask(question: ProbeQuestion): Promise<ProbeAnswer> {
    return new Promise((resolve, reject) => {
      const { key, knownAt } = question;
      this.#wait({ questions: () => [question], knownAt, resolve: ({ byKey }) => resolve(byKey.get(key)), reject });
    });
  }

  /** Asks again and again, at this interval, for all in which nothing moves. */
  idleRound(intervalMs: number): IdleRound {
    const known = this.#rounds.get(intervalMs);
    if (known !== undefined) return known;
    const { metronome, now } = this.#options;
    const round = new IdleRound({
      intervalMs,
      metronome,
      now,
      askAll: (question) =>
        new Promise((resolve, reject) =>
          this.#wait({
            ...question,
            resolve: ({ byKey, isPaced }) => resolve({ answers: byKey, isPaced }),
            reject,
          }),
        ),
      // It keeps one pace, and nobody's look is late for it.
      mayPace: () => [...this.#rounds.keys()].every((other) => other >= intervalMs),
      onEmpty: () => this.#rounds.delete(intervalMs),
    });
    this.#rounds.set(intervalMs, round);
    this.hurry();
    return round;
  }

  /** Who is looked at may have changed: rounds look whether they have to ask sooner than they meant to. */
  hurry(): void {
    for (const round of this.#rounds.values()) round.hurry();
  }

  /** Finds out whether one that runs still answers, before somebody needs it. */
  assure(): void {
    if (this.#helper !== undefined) void this.#answerAll();
  }

  /** Ends it; whoever waits is told. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#idle);
    this.#drop();
  }

  #wait(waiting: Waiting): void {
    this.#waiting.push(waiting);
    void this.#answerAll();
  }

  /** One tick after the other until nobody waits; one at least. */
  async #answerAll(): Promise<void> {
    if (this.#ticking) return;
    this.#ticking = true;
    do {
      // Samplers of one interval ask in the same turn.
      await nextTurn();
      const batch = this.#waiting.splice(0).sort((a, b) => a.knownAt - b.knownAt);
      try {
        const answers = await this.#askAgain(batch);
        for (const { resolve } of batch) resolve(answers);
      } catch (error) {
        this.#drop();
        for (const { reject } of batch) reject(error);
      }
    } while (this.#waiting.length > 0);
    this.#ticking = false;
  }

  /** Who asks one that has ended meanwhile is answered by the next one. */
  async #askAgain(batch: readonly Waiting[]): Promise<Answer> {
    const hadRun = this.#helper !== undefined;
    try {
      return await this.#tick(batch);
    } catch (error) {
      const hasEnded = error instanceof Failure && error.code === 'engine_unavailable';
      if (!hadRun || !hasEnded || this.#closed) throw error;
      this.#drop();
      return this.#tick(batch);
    }
  }

  async #tick(batch: readonly Waiting[]): Promise<Answer> {
    const helper = await this.#running();
    const line = [String(this.#options.allowance.walks(performance.now(), this.#options.share()))];
    for (const key of this.#left.splice(0)) line.push(forgetWord(key));
    for (const { questions, pace } of batch) {
      const asked = questions();
      for (const question of asked) this.#spell(question, line);
      if (pace != null && asked.length > 0)
        line.push(
          paceWord(
            pace,
            asked.map(({ key }) => key),
          ),
        );
    }
    const sections = await helper.tick(line);
    const { walks, walkNs, totalNs } = readCost(sections);
    this.#options.allowance.charge(walks, walkNs);
    const used = Math.max(0, totalNs - this.#cpuNs);
    this.#cpuNs = totalNs;
    this.#totals = {
      questions: this.#totals.questions + 1,
      walks: this.#totals.walks + walks,
      walkNs: this.#totals.walkNs + walkNs,
      cpuNs: this.#totals.cpuNs + used,
    };
    this.#armKeepAlive();
    if (sections.has(stirWord)) this.#stir();
    return { byKey: sortByKey(sections), isPaced: sections.has(pacedWord) };
  }

  /** What it has to be told about the target first, and the question. */
  #spell({ key, target, words }: ProbeQuestion, line: string[]): void {
    const known = this.#defined.get(key);
    if (known?.target !== target) {
      const definition = defineWord(key, target);
      this.#defined.set(key, { definition, target });
      if (known?.definition !== definition) line.push(definition);
    }
    line.push(...words);
  }

  #running(): Promise<Helper> {
    if (this.#closed) return Promise.reject(new Failure('shutting_down', 'The server is shutting down'));
    // One that has ended is not followed by another for nobody: nothing would end that one.
    if (this.#helper === undefined && !this.isUsed)
      return Promise.reject(new Failure('container_not_running', 'Nobody looks by the probe any more'));
    this.#helper ??= this.#start();
    return this.#helper;
  }

  #start(): Promise<Helper> {
    const starting = this.#options.start().then((helper) => {
      helper.heed(() => {
        if (this.#helper === starting) this.#stir();
      });
      return helper;
    });
    return starting;
  }

  #stir(): void {
    for (const round of this.#rounds.values()) round.stir();
  }

  #armKeepAlive(): void {
    clearTimeout(this.#keepAlive);
    this.#keepAlive = setTimeout(() => this.assure(), timing.keepAlive).unref();
  }

  #drop(): void {
    clearTimeout(this.#keepAlive);
    this.#defined.clear();
    this.#left = [];
    this.#cpuNs = 0;
    const helper = this.#helper;
    this.#helper = undefined;
    if (helper !== undefined) this.#options.onLeaving(helper.then((one) => one.dispose()).catch(() => {}));
  }
}
