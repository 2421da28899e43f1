// Asks one probe again and again about all namespaces in which nothing moves, at the moments of one interval: one question for all of them, and work only
// for those of whom the answer speaks. Where the probe goes on looking by itself, it asks at some of the moments only. What an answer means is not its
// business.
import type { Pace, ProbeAnswer, ProbeTarget } from '../../../domain/observation/probe-protocol.ts';
import type { Metronome } from '../metronome.ts';
import type { ProbeQuestion } from './probe.ts';

/** When all were asked: on the monotonic clock, and in milliseconds since the epoch. */
export interface Asked {
  readonly at: number;
  readonly since: number;
}

/** Nothing was said of it. */
export interface Confirmed extends Asked {
  /** Milliseconds since the epoch. */
  readonly answeredAt: number;
}

/** One who is asked about. */
export interface IdleMember {
  readonly key: number;
  readonly words: readonly string[];
  /** On the monotonic clock: it is not asked about any more then. */
  readonly until: number;
  target(): ProbeTarget | null;
  /** Something was said of it. It has left. */
  answered(answer: ProbeAnswer, asked: Asked): void;
  /** Its time has come, or nobody runs there any more. It has left. */
  over(): void;
  /** The probe could not be asked. It has left. */
  failed(error: unknown): void;
}

export interface IdlePlace {
  /** When it was last asked, and nothing was said of it; null where it was not yet. */
  readonly confirmed: Confirmed | null;
  /** Nothing is asked about it any more. Resolves when what was being asked is answered, undefined where nothing was. */
  leave(): Promise<void> | undefined;
}

/** What is asked about all of them. */
export interface IdleQuestion {
  /** Those that there are when it is this one's turn. */
  questions(): readonly ProbeQuestion[];
  readonly knownAt: number;
  /** How the probe may go on by itself; null where it shall not. */
  readonly pace: Pace | null;
}

export interface IdleAnswer {
  readonly answers: ReadonlyMap<number, ProbeAnswer>;
  /** The probe goes on by itself. */
  readonly isPaced: boolean;
}

export interface IdleRoundOptions {
  readonly intervalMs: number;
  readonly metronome: Metronome;
  askAll(question: IdleQuestion): Promise<IdleAnswer>;
  /** The probe may go on by itself for this one. */
  mayPace(): boolean;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Nobody is left: the next one who comes may as well begin another round. */
  onEmpty(): void;
}

/**
 * The probe is asked at every fourth moment at least, and after so many milliseconds at most. What it looks at by itself is not all that there is, and who
 * comes is told by when it was last asked.
 */
const asking = { moments: 4, ms: 4_000 } as const;

interface Standing {
  readonly member: IdleMember;
  /** Who it was when it was last asked about. */
  target: ProbeTarget | null;
  readonly joinedAt: number;
  /** It leaves as soon as what is being asked about it is answered. */
  isLeaving: boolean;
  /** When it was last confirmed, once it has left. */
  last?: Confirmed | null;
}

export class IdleRound {
  readonly #options: IdleRoundOptions;
  readonly #standing = new Map<number, Standing>();
  #confirmed: Confirmed | null = null;
  #asking: Promise<void> | undefined;
  #cancelWake: (() => void) | undefined;
  /** On the monotonic clock, when the probe looks for the last time by itself; null where it does not, or was asked since. */
  #pacedUntil: number | null = null;
  /** Something was noticed while it was being asked. */
  #isStirred = false;

  constructor(options: IdleRoundOptions) {
    this.#options = options;
  }

  join(member: IdleMember): IdlePlace {
    const standing: Standing = { member, target: null, joinedAt: performance.now(), isLeaving: false };
    this.#standing.set(member.key, standing);
    this.#arm();
    const confirmed = () => (standing.last === undefined ? this.#confirmedOf(standing) : standing.last);
    return {
      get confirmed() {
        return confirmed();
      },
      leave: () => this.#leave(standing),
    };
  }

  /** What was true when it was last asked may not be any more: looks at the next moment whether to ask. */
  hurry(): void {
    if (this.#standing.size > 0) this.#arm();
  }

  /** The probe noticed something: asks at once. */
  stir(): void {
    if (this.#asking !== undefined) this.#isStirred = true;
    else if (this.#pacedUntil !== null) this.#askNow();
  }

  #leave(standing: Standing): Promise<void> | undefined {
    if (this.#standing.get(standing.member.key) !== standing) return undefined;
    standing.isLeaving = true;
    if (this.#asking === undefined) this.#remove(standing);
    return this.#asking;
  }

  #remove(standing: Standing): void {
    standing.last = this.#confirmedOf(standing);
    this.#standing.delete(standing.member.key);
    if (this.#standing.size > 0) return;
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    this.#options.onEmpty();
  }

  /** Of one who came after the others were asked, their answer says nothing. */
  #takesPart({ joinedAt }: Standing, asked: Asked): boolean {
    return joinedAt <= asked.at;
  }

  #confirmedOf(standing: Standing): Confirmed | null {
    const confirmed = this.#confirmed;
    return confirmed !== null && this.#takesPart(standing, confirmed) ? confirmed : null;
  }

  /** The moments are those of all who ask at this interval (sampler.ts), so that one tick of the probe serves them all. */
  #arm(from = performance.now()): void {
    const { intervalMs, metronome } = this.#options;
    this.#cancelWake?.();
    const next = (Math.floor(from / intervalMs) + 1) * intervalMs;
    this.#cancelWake = metronome.wakeAt(next, () => this.#ring());
  }

  /** An answer that takes longer than the interval leaves moments out. */
  #ring(): void {
    if (this.#asking !== undefined) this.#arm();
    else if (this.#isLookedAt()) this.#arm(this.#pacedUntil ?? undefined);
    else this.#askNow();
  }

  /** The probe looks by itself at just those who are here. */
  #isLookedAt(): boolean {
    const isPaced = this.#pacedUntil !== null && performance.now() < this.#pacedUntil;
    return isPaced && this.#options.mayPace() && !this.#hasChanged();
  }

  /** Somebody has come, or is not who it was. */
  #hasChanged(): boolean {
    return [...this.#standing.values()].some(({ member, target }) => target === null || target !== member.target());
  }

  #askNow(): void {
    this.#isStirred = false;
    this.#pacedUntil = null;
    this.#arm();
    const asked = { at: performance.now(), since: this.#options.now() };
    for (const standing of this.#standing.values()) {
      if (asked.at < standing.member.until && standing.member.target() !== null) continue;
      this.#remove(standing);
      standing.member.over();
    }
    if (this.#standing.size > 0) this.#asking = this.#ask(asked);
  }

  async #ask(asked: Asked): Promise<void> {
    const pace = this.#choosePace();
    try {
      const question = { questions: () => this.#questions(asked), knownAt: asked.at, pace };
      const { answers, isPaced } = await this.#options.askAll(question);
      this.#take(answers, asked);
      this.#pacedUntil = isPaced && pace !== null ? asked.at + pace.times * pace.intervalMs : null;
    } catch (error) {
      for (const standing of [...this.#standing.values()]) {
        this.#remove(standing);
        standing.member.failed(error);
      }
    } finally {
      this.#asking = undefined;
    }
    if (this.#standing.size === 0) return;
    if (this.#isStirred) this.#askNow();
    else if (this.#isLookedAt()) this.#arm(this.#pacedUntil ?? undefined);
  }

  #choosePace(): Pace | null {
    const { intervalMs, mayPace } = this.#options;
    const times = Math.min(asking.moments, Math.floor(asking.ms / intervalMs)) - 1;
    return times > 0 && mayPace() ? { intervalMs, times } : null;
  }

  #questions(asked: Asked): ProbeQuestion[] {
    const questions: ProbeQuestion[] = [];
    for (const standing of this.#standing.values()) {
      if (!this.#takesPart(standing, asked)) continue;
      const { member, isLeaving } = standing;
      const target = isLeaving ? null : member.target();
      if (target !== null) {
        standing.target = target;
        questions.push({ key: member.key, target, words: member.words, knownAt: asked.at });
      } else {
        this.#remove(standing);
        if (!isLeaving) member.over();
      }
    }
    return questions;
  }

  #take(answers: ReadonlyMap<number, ProbeAnswer>, asked: Asked): void {
    for (const [key, answer] of answers) {
      const standing = this.#standing.get(key);
      if (standing === undefined || !this.#takesPart(standing, asked)) continue;
      this.#remove(standing);
      standing.member.answered(answer, asked);
    }
    // Who was spoken of has left by now, and has not been confirmed.
    this.#confirmed = { ...asked, answeredAt: this.#options.now() };
    for (const standing of this.#standing.values()) if (standing.isLeaving) this.#remove(standing);
  }
}
