// The processes of an engine's containers and the namespaces that they are in. What cannot have changed is not asked for again: a process moves
// itself or is not moved, and for that it needs CAP_SYS_ADMIN.
import pLimit from 'p-limit';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { isAlive } from '../../domain/container/join-chain.ts';
import { isHelper } from '../../domain/container/managed.ts';
import type { ProcessFacts } from '../../domain/namespaces/process.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import type { Inodes } from '../../schemas/namespaces.ts';

/** What is known of a container that runs. */
export interface Inhabitation {
  readonly facts: ContainerFacts;
  /** Namespaces of its first process; null where they cannot be seen. */
  readonly first: Inodes | null;
  /** null where they cannot be listed now. */
  readonly processes: readonly ProcessFacts[] | null;
  /** Why something is null. */
  readonly reason: string | null;
}

/** Questions under way at a time, on one engine: each has it run a `ps`, some 5 ms of CPU time. */
const questionLimit = 4;
/** Milliseconds for which the namespaces of a first process are believed: of one that may change them itself, and of any other. */
const believedMs = { travellers: 1_000, others: 60_000 } as const;
/** Milliseconds after which an engine whose host has no fitting `ps` is asked again. */
const refusalLastsMs = 60_000;
/** A container that restarts while it is looked at is looked at again, so often at most. */
const attempts = 3;

interface Known {
  readonly startedAt: string | null;
  readonly pid: number;
  readonly inodes: Inodes;
  readonly at: number;
}

export class ProcessReader {
  readonly #mirror: EngineMirror;
  readonly #limit = pLimit(questionLimit);
  readonly #known = new Map<string, Known>();
  #refusal: { readonly reason: string; readonly at: number } | undefined;
  readonly #unlisten: readonly (() => void)[];

  /** @param onEnded is told of each run of a container that was read and is over */
  constructor(mirror: EngineMirror, onEnded: (run: Pick<ContainerFacts, 'id' | 'startedAt'>) => void) {
    this.#mirror = mirror;
    this.#unlisten = [
      mirror.onContainer(({ id, after }) => {
        const known = this.#known.get(id);
        if (known === undefined || (after !== null && isCurrent(known, after))) return;
        this.#known.delete(id);
        onEnded({ id, startedAt: known.startedAt });
      }),
      mirror.onStatus(({ state }) => {
        if (state === 'live') this.#refusal = undefined;
      }),
    ];
  }

  /** What runs in the container now; undefined where it does not run (any more). */
  read(facts: ContainerFacts): Promise<Inhabitation | undefined> {
    return this.#limit(() => this.#read(facts));
  }

  /** The namespaces of every running container's first process, helpers of ours left out. */
  async readAll(): Promise<Inhabitation[]> {
    const alive = [...this.#mirror.containers()].filter((facts) => !isHelper(facts) && isAlive(facts));
    const all = await Promise.all(alive.map((facts) => this.#believe(facts) ?? this.read(facts)));
    return all.filter((one) => one !== undefined);
  }

  close(): void {
    for (const unlisten of this.#unlisten) unlisten();
  }

  #believe(facts: ContainerFacts): Inhabitation | undefined {
    const known = this.#known.get(facts.id);
    if (known === undefined || !isCurrent(known, facts)) return undefined;
    const believed = mayTravel(facts) ? believedMs.travellers : believedMs.others;
    if (performance.now() - known.at > believed) return undefined;
    return { facts, first: known.inodes, processes: null, reason: null };
  }

  async #read(asked: ContainerFacts): Promise<Inhabitation | undefined> {
    let facts: ContainerFacts | undefined = asked;
    for (let attempt = 1; facts !== undefined && isAlive(facts); attempt += 1) {
      const reason = this.#findObstacle();
      if (reason !== null) return this.#giveUp(facts, reason);
      try {
        const processes = await this.#mirror.engine.listProcesses(facts.id);
        const first = this.#take(facts, processes);
        if (first !== undefined) return { facts, first, processes, reason: null };
        // Its last process is being waited for by the kernel, perhaps for long (one below it is frozen): it is in no namespace any more.
        if (attempt === attempts) return undefined;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        if (isAboutProgram(error)) this.#refusal = { reason: error.message, at: performance.now() };
        if (isGone(error)) {
          if (attempt === attempts) return undefined;
        } else if (error.code !== 'engine_refused' || this.#refusal !== undefined || attempt === attempts) {
          return this.#giveUp(facts, error.message);
        }
      }
      facts = await this.#mirror.refresh(facts.id);
    }
    return undefined;
  }

  /** Undefined where the first process is another one now. */
  #take(facts: ContainerFacts, processes: readonly ProcessFacts[]): Inodes | undefined {
    const inodes = processes.find(({ pid }) => pid === facts.pid)?.inodes;
    if (inodes === undefined) return undefined;
    this.#known.set(facts.id, { startedAt: facts.startedAt, pid: facts.pid, inodes, at: performance.now() });
    return inodes;
  }

  #findObstacle(): string | null {
    if (this.#mirror.status().state !== 'live') return `The engine ${this.#mirror.engine.name} does not answer`;
    if (this.#refusal === undefined || performance.now() - this.#refusal.at > refusalLastsMs) return null;
    return this.#refusal.reason;
  }

  #giveUp(facts: ContainerFacts, reason: string): Inhabitation {
    const known = this.#known.get(facts.id);
    return {
      facts,
      first: known !== undefined && isCurrent(known, facts) ? known.inodes : null,
      processes: null,
      reason,
    };
  }
}

function isGone({ code }: Failure): boolean {
  return code === 'container_not_running' || code === 'container_not_found';
}

/** Is it the host's `ps` that does not fit, which concerns all? One container may also be refused for its own sake: its processes end just now. */
function isAboutProgram({ code, message }: Failure): boolean {
  return code === 'engine_refused' && /\bps\b/.test(message);
}

function isCurrent({ startedAt, pid }: Known, facts: ContainerFacts): boolean {
  return facts.startedAt === startedAt && facts.pid === pid;
}

/** May a process of it enter namespaces of others? */
export function mayTravel({ privileged, capAdd }: ContainerFacts): boolean {
  return privileged || capAdd.some((name) => ['ALL', 'SYS_ADMIN', 'CAP_SYS_ADMIN'].includes(name));
}
