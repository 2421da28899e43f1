// Rejoins by itself what has the policy `rejoin: auto`, as soon as it is stranded, and what was stranded while no server ran. It follows the mirror;
// what is to be done says domain/container/rejoin-plan.ts. It touches nothing else.
import type { FastifyBaseLogger } from 'fastify';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { joinTarget } from '../../domain/container/join-chain.ts';
import { planRejoin, type RejoinStep, rejoinsByItself } from '../../domain/container/rejoin-plan.ts';
import { label } from '../../domain/labels.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import type { Located } from '../catalogue.ts';
import type { Accounts } from '../credentials/accounts.ts';
import type { Restarting } from './lifecycle.ts';
import type { RejoinLock } from './rejoin-lock.ts';
import type { Rejoining } from './rejoining.ts';

export interface AutoRejoinParts {
  readonly mirrors: readonly EngineMirror[];
  readonly accounts: Pick<Accounts, 'principalNamed'>;
  readonly restarting: Restarting;
  readonly rejoining: Pick<Rejoining, 'replaceOne'>;
  readonly lock: RejoinLock;
  readonly log: Pick<FastifyBaseLogger, 'info' | 'warn'>;
}

export interface AutoRejoin {
  start(): void;
  /** A rejoin that is under way is still waited for. */
  close(): Promise<void>;
}

/**
 * Milliseconds. Whoever restarts a target through us rejoins its members at once: they get the time to. A target that is restarted again and again has its
 * members follow at most every two seconds; what fails waits from one second to a minute, unless its target is started anew.
 */
const timing = { settle: 200, repeat: 2_000, calm: 10_000, firstRetry: 1_000, lastRetry: 60_000 } as const;
/** Rejoins in a row, each soon after the one before, that are made at once. */
const promptRejoins = 3;

interface Course {
  timer?: NodeJS.Timeout | undefined;
  work?: Promise<void> | undefined;
  /** Rejoins in a row, and when the last one ended (of the monotonic clock). */
  rejoins: number;
  endedAt: number;
  failures: number;
  /** What the last attempt failed at. */
  failedAt: string;
}

export function createAutoRejoin({ mirrors, ...parts }: AutoRejoinParts): AutoRejoin {
  const keepers = mirrors.map((mirror) => new Keeper(mirror, parts));
  return {
    start() {
      for (const keeper of keepers) keeper.start();
    },
    async close() {
      await Promise.all(keepers.map((keeper) => keeper.close()));
    },
  };
}

class Keeper {
  readonly #mirror: EngineMirror;
  readonly #parts: Omit<AutoRejoinParts, 'mirrors'>;
  readonly #courses = new Map<string, Course>();
  #unlisten: readonly (() => void)[] = [];
  #isClosed = false;

  constructor(mirror: EngineMirror, parts: Omit<AutoRejoinParts, 'mirrors'>) {
    this.#mirror = mirror;
    this.#parts = parts;
  }

  start(): void {
    this.#unlisten = [
      this.#mirror.onContainer(({ id, after }) => {
        if (after === null) this.#forget(id);
        this.#look();
      }),
      this.#mirror.onStatus(() => this.#look()),
    ];
    this.#look();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const unlisten of this.#unlisten) unlisten();
    for (const { timer } of this.#courses.values()) clearTimeout(timer);
    await Promise.all([...this.#courses.values()].map(({ work }) => work));
  }

  #look(): void {
    if (this.#isClosed || this.#mirror.status().state !== 'live') return;
    for (const facts of this.#mirror.containers())
      if (rejoinsByItself(facts) && this.#plan(facts) !== null) this.#arm(facts);
  }

  #plan(facts: ContainerFacts): RejoinStep | null {
    return planRejoin(
      facts,
      (id) => this.#mirror.container(id),
      () => this.#mirror.containers(),
    );
  }

  #arm(facts: ContainerFacts): void {
    const course = this.#courses.get(facts.id) ?? { rejoins: 0, endedAt: 0, failures: 0, failedAt: '' };
    this.#courses.set(facts.id, course);
    if (course.work !== undefined) return;
    if (course.failures > 0 && course.failedAt !== this.#spellSituation(facts)) {
      course.failures = 0;
      clearTimeout(course.timer);
      course.timer = undefined;
    }
    if (course.timer !== undefined) return;
    course.timer = setTimeout(
      () => {
        course.timer = undefined;
        course.work = this.#attempt(facts.id, course).finally(() => {
          course.work = undefined;
          this.#look();
        });
      },
      chooseDelay(course, performance.now()),
    ).unref();
  }

  async #attempt(id: string, course: Course): Promise<void> {
    const known = this.#mirror.container(id);
    if (known === undefined || this.#isClosed || this.#plan(known) === null) return;
    const engine = this.#mirror.engine.name;
    const situation = this.#spellSituation(known);
    try {
      const step = await this.#parts.lock.hold(this.#mirror.engine, known, () => this.#act(known));
      course.failures = 0;
      if (step === null) return;
      course.rejoins = performance.now() - course.endedAt < timing.calm ? course.rejoins + 1 : 1;
      course.endedAt = performance.now();
      this.#parts.log.info({ engine, container: known.name, step: step.kind }, 'a stranded container was rejoined');
    } catch (error) {
      course.failures += 1;
      course.failedAt = situation;
      this.#parts.log.warn(
        { err: error, engine, container: known.name, failures: course.failures },
        'a stranded container cannot be rejoined yet',
      );
    }
  }

  /** Under the lock: as the engine has it now, since another server may have been here. */
  async #act({ id, networkMode }: ContainerFacts): Promise<RejoinStep | null> {
    const mirror = this.#mirror;
    const [facts] = await Promise.all([mirror.refresh(id), mirror.refresh(joinTarget(networkMode) ?? '')]);
    const step = facts === undefined ? null : this.#plan(facts);
    if (facts === undefined || step === null) return null;
    const located: Located = { mirror, facts };
    if (step.kind === 'restart') await this.#parts.restarting.restartOne(located, undefined);
    if (step.kind === 'start') await this.#parts.restarting.startOne(located);
    // In the name of whoever made it, and under the rules of any join.
    const principal = this.#parts.accounts.principalNamed(facts.labels[label.owner] ?? '');
    if (step.kind === 'replace') await this.#parts.rejoining.replaceOne(principal, located);
    return step;
  }

  /** What an attempt depends on: when it changes, a failure says nothing any more. */
  #spellSituation({ startedAt, networkMode, labels }: ContainerFacts): string {
    const ref = joinTarget(networkMode) ?? '';
    const target =
      this.#mirror.container(ref) ?? [...this.#mirror.containers()].find((one) => one.name === labels[label.target]);
    return [startedAt, target?.id, target?.startedAt, target?.state].join(' ');
  }

  #forget(id: string): void {
    clearTimeout(this.#courses.get(id)?.timer);
    this.#courses.delete(id);
  }
}

/** Milliseconds until the next attempt. */
function chooseDelay({ failures, rejoins, endedAt }: Course, now: number): number {
  if (failures > 0) return Math.min(timing.firstRetry * 2 ** (failures - 1), timing.lastRetry);
  if (rejoins < promptRejoins || now - endedAt > timing.calm) return timing.settle;
  return Math.min(timing.settle * 2 ** (rejoins - promptRejoins), timing.repeat);
}
