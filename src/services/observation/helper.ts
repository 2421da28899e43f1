// One running helper (or probe): made, attached, started, ticked, and removed. It knows neither what it runs, nor when to tick, nor what to do when it
// ends.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CreateBody } from '../../domain/container/create-body.ts';
import type { ServantRole } from '../../domain/labels.ts';
import { sectionMark, splitSections, stirWord } from '../../domain/observation/helper-output.ts';
import type { AttachedStreams, CallOptions, Engine } from '../../engine/engine.ts';
import { Failure } from '../../schemas/failure.ts';

export interface HelperOptions {
  readonly engine: Engine;
  /** What begins its name. */
  readonly kind: ServantRole;
  /** What it is, given the boundary that begins every mark of its output. */
  readonly body: (boundary: string) => CreateBody;
  /** Of the calls that start it; a signal gives it up as long as it does not run. */
  readonly calls?: CallOptions;
}

/** Milliseconds that a helper may take to speak first, and to answer a tick. */
const patienceMs = 15_000;
/** The same, and for starting it, where its line may have been lost while the engine was away. */
export const doubtMs = 1_000;
/** Milliseconds that the engine may take to remove one, and between two looks whether it has. */
const removal = { patienceMs: 10_000, pollMs: 50 } as const;
/** Milliseconds that an engine which went away is given to come back, and between two tries: a try while it is away costs nothing, nothing is sent. */
const returning = { patienceMs: 120_000, pollMs: 1_000 } as const;
/** More than any bounded answer can hold: a helper that says more is not what we started. */
const maxAnswerLength = 32 * 1024 * 1024;

/** Makes a helper and waits until it speaks. Whatever fails on the way leaves no container behind. */
export async function startHelper({ engine, kind, body, calls = {} }: HelperOptions): Promise<Helper> {
  const boundary = randomBytes(16).toString('hex');
  // A name of our own: should the answer to the creation be lost, the container can be found all the same.
  const name = `terrarium-${kind}-${randomBytes(6).toString('hex')}`;
  let helper: Helper | undefined;
  try {
    await engine.createContainer(name, body(boundary), calls);
    const made = new Helper(engine, name, boundary, await engine.attach(name, { ...calls, tty: false }));
    helper = made;
    const ready = made.ready();
    calls.signal?.addEventListener('abort', () => made.doubt(), { once: true });
    await Promise.all([engine.startContainer(name, calls), ready]);
    return made;
  } catch (error) {
    // The first failure is the one to tell.
    await (helper?.dispose() ?? removeHelper(engine, name)).catch(() => void removeOnReturn(engine, name));
    throw error;
  }
}

export class Helper {
  readonly #engine: Engine;
  readonly #name: string;
  readonly #boundary: string;
  readonly #streams: AttachedStreams;
  #inode: number | null = null;
  #ticks = 0;
  #answer = '';
  #complaint = '';
  #waiting: { readonly endMark: string; resolve(answer: string): void; reject(failure: Failure): void } | undefined;
  #ended = false;
  #isDoubted = false;
  readonly #stirMark: string;
  #heed: (() => void) | undefined;

  constructor(engine: Engine, name: string, boundary: string, streams: AttachedStreams) {
    this.#engine = engine;
    this.#name = name;
    this.#boundary = boundary;
    this.#streams = streams;
    this.#stirMark = sectionMark(boundary, stirWord);
    streams.stdout.setEncoding('utf8').on('data', (chunk: string) => this.#take(chunk));
    streams.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.#complaint = (this.#complaint + chunk).slice(-200);
    });
    streams.stdin.on('error', () => {}); // `closed` tells
    void streams.closed.then(() => this.#end());
  }

  /** Inode of the namespace that it is in; null until it is ready. */
  get inode(): number | null {
    return this.#inode;
  }

  /** Calls whenever it is worth asking before it was meant to be: it said so (`stir`), or it has ended. */
  heed(listener: () => void): void {
    this.#heed = listener;
  }

  /** Resolves when nothing comes from it any more. */
  get ended(): Promise<unknown> {
    return this.#streams.closed;
  }

  /**
   * To be called when the engine was away and is back: its line may have been lost without a word. One that lives answers what it owes at once; any other
   * is taken to have ended.
   */
  doubt(): void {
    this.#isDoubted = true;
    const owed = this.#waiting;
    if (owed === undefined) return;
    setTimeout(() => {
      if (this.#waiting === owed) this.#end();
    }, doubtMs).unref();
  }

  /** Waits for its first words, which name its namespace. */
  async ready(): Promise<void> {
    const sections = await this.#answerTo(0);
    const inode = /^net:\[(\d+)\]/.exec(sections.get('namespace') ?? '')?.[1];
    this.#inode = inode === undefined ? null : Number(inode);
  }

  /**
   * Asks for the words and answers their sections; one tick at a time. Fails with `engine_unavailable` when the helper or the engine is gone,
   * with `engine_timeout` when no answer comes.
   */
  tick(words: readonly string[]): Promise<Map<string, string>> {
    this.#ticks += 1;
    const answer = this.#answerTo(this.#ticks);
    if (!this.#ended) this.#streams.stdin.write(`${[this.#ticks, ...words].join(' ')}\n`);
    return answer;
  }

  /** Ends it, and resolves when its container is gone. Fails where the engine cannot be asked. */
  async dispose(): Promise<void> {
    this.#end();
    this.#streams.endInput();
    try {
      await removeHelper(this.#engine, this.#name);
    } finally {
      this.#streams.destroy();
    }
  }

  async #answerTo(tick: number): Promise<Map<string, string>> {
    if (this.#ended) throw this.#gone();
    let timer: NodeJS.Timeout | undefined;
    const answer = await new Promise<string>((resolve, reject) => {
      this.#waiting = { endMark: sectionMark(this.#boundary, `end ${tick}`), resolve, reject };
      if (this.#isDoubted) this.doubt();
      timer = setTimeout(
        () =>
          reject(
            new Failure('engine_timeout', `The helper ${this.#name} did not answer within ${patienceMs / 1000} s`),
          ),
        patienceMs,
      );
    }).finally(() => {
      clearTimeout(timer);
      this.#waiting = undefined;
    });
    return splitSections(answer, this.#boundary);
  }

  #take(chunk: string): void {
    this.#answer += chunk;
    if (this.#answer.length > maxAnswerLength) {
      this.#answer = '';
      this.#end();
      return;
    }
    // It may be said before an answer, after one, or alone.
    const isStirred = this.#answer.endsWith(this.#stirMark);
    if (isStirred) this.#answer = this.#answer.slice(0, -this.#stirMark.length);
    if (this.#waiting !== undefined && this.#answer.endsWith(this.#waiting.endMark)) {
      this.#waiting.resolve(this.#answer);
      this.#answer = '';
      this.#isDoubted = false;
    }
    if (isStirred) this.#heed?.();
  }

  #end(): void {
    const isFirst = !this.#ended;
    this.#ended = true;
    this.#waiting?.reject(this.#gone());
    if (isFirst) this.#heed?.();
  }

  #gone(): Failure {
    const complaint = this.#complaint.trim();
    return new Failure(
      'engine_unavailable',
      `The helper ${this.#name} ended${complaint === '' ? '' : `: ${complaint}`}`,
      {
        hint: 'Try again: another one is started.',
      },
    );
  }
}

/** Removes a helper's container, by name or id, and waits until the engine has; one that is gone already is fine. */
export async function removeHelper(engine: Engine, ref: string): Promise<void> {
  try {
    await engine.removeContainer(ref, { force: true, deadlineMs: removal.patienceMs });
  } catch (error) {
    if (isGone(error)) return;
    // The engine is removing it already, because it ended: wait for that.
    if (!(error instanceof Failure && error.code === 'state_conflict')) throw error;
    const deadline = performance.now() + removal.patienceMs;
    while (performance.now() < deadline) {
      const found = await engine.inspectContainer(ref).catch((failure: unknown) => {
        if (isGone(failure)) return undefined;
        throw failure;
      });
      if (found === undefined) return;
      await sleep(removal.pollMs);
    }
    throw error;
  }
}

/** Removes one, by name or id, that was made before the engine went away. What is still there in the end, the sweep finds. */
export async function removeOnReturn(engine: Engine, ref: string): Promise<void> {
  const deadline = performance.now() + returning.patienceMs;
  while (performance.now() < deadline) {
    await sleep(returning.pollMs, undefined, { ref: false });
    const isRemoved = await removeHelper(engine, ref).then(
      () => true,
      () => false,
    );
    if (isRemoved) return;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Failure && error.code === 'container_not_found';
}
