// The guards of this server: one a container, shared by the commands that run in it, started when a command outlives the first moment and
// kept for a while after the last one. It knows marks and containers, not what the commands are.
import type { Engine } from '../../engine/engine.ts';
import { Failure } from '../../schemas/failure.ts';
import type { Guard } from './guard.ts';

export interface GuardsOptions {
  start(engine: Engine, container: string): Promise<Guard>;
  /** A command that outlived the first moment has no guard: it cannot be killed should this server die. */
  onUnguarded(engine: Engine, container: string, error: unknown): void;
}

/** One command under guard. */
export interface Watch {
  /** Puts it under guard before it starts, not only when it has outlived the first moment. Fails as starting a guard does. */
  arm(): Promise<void>;
  /** Kills its processes, and resolves when that was done. Fails as starting a guard does. */
  kill(): Promise<void>;
  /** The command has ended. */
  release(): void;
}

/**
 * Milliseconds. Most commands end within `firstMoment`, and a guard costs the engine more than they do; what runs longer has one in time
 * for its time-out.
 */
const timing = { firstMoment: 250, grace: 5_000, replacement: 1_000 } as const;
/** Somebody in the container can kill a guard, so one more is tried. */
const killAttempts = 2;
/** Guards that are replaced by themselves in one container, while commands run there without a break: who kills more of them wants it so. */
const maxLosses = 10;

interface Post {
  readonly engine: Engine;
  readonly container: string;
  readonly marks: Set<string>;
  losses: number;
  guard: Promise<Guard> | undefined;
  idle: NodeJS.Timeout | undefined;
}

export class Guards {
  readonly #options: GuardsOptions;
  readonly #posts = new Map<string, Post>();
  readonly #leaving = new Set<Promise<void>>();
  #closed = false;

  constructor(options: GuardsOptions) {
    this.#options = options;
  }

  /** Watches over a command that is about to start. `mark` is used for nothing else. */
  watch(engine: Engine, container: string, mark: string): Watch {
    const post = this.#post(engine, container);
    post.marks.add(mark);
    clearTimeout(post.idle);
    const guardIt = () => {
      this.#guard(post)
        .then((guard) => post.marks.has(mark) && guard.add(mark))
        .catch((error) => post.marks.has(mark) && this.#options.onUnguarded(engine, container, error));
    };
    const timer = post.guard === undefined ? setTimeout(guardIt, timing.firstMoment) : undefined;
    if (timer === undefined) guardIt();
    return {
      arm: async () => {
        clearTimeout(timer);
        (await this.#guard(post)).add(mark);
      },
      kill: async () => {
        clearTimeout(timer);
        for (let attempt = 1; ; attempt += 1) {
          try {
            return await (await this.#guard(post)).kill(mark);
          } catch (error) {
            if (attempt === killAttempts) throw error;
          }
        }
      },
      release: () => {
        clearTimeout(timer);
        if (!post.marks.delete(mark)) return;
        post.guard?.then(
          (guard) => guard.drop(mark),
          () => {},
        );
        if (post.marks.size > 0) return;
        if (post.guard === undefined) this.#leave(post);
        else post.idle = setTimeout(() => this.#leave(post), timing.grace).unref();
      },
    };
  }

  /** Ends every guard, and with it every command that is still under guard; resolves when their containers are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const post of [...this.#posts.values()]) this.#leave(post);
    await Promise.all(this.#leaving);
  }

  #post(engine: Engine, container: string): Post {
    const key = keyOf({ engine, container });
    const post = this.#posts.get(key) ?? {
      engine,
      container,
      marks: new Set(),
      losses: 0,
      guard: undefined,
      idle: undefined,
    };
    this.#posts.set(key, post);
    return post;
  }

  /** The guard of a container, started where there is none, or where it has ended. */
  async #guard(post: Post): Promise<Guard> {
    const known = post.guard;
    if (known === undefined) {
      if (this.#closed) throw new Failure('shutting_down', 'The server is shutting down', { retryAfter: 5 });
      post.guard = this.#options.start(post.engine, post.container).then((guard) => {
        for (const mark of post.marks) guard.add(mark);
        void guard.ended.then(() => this.#replace(post));
        return guard;
      });
      return post.guard;
    }
    const guard = await known.catch(() => undefined);
    if (guard !== undefined && !guard.hasEnded) return guard;
    // Whoever comes first starts another one.
    if (post.guard === known) post.guard = undefined;
    return this.#guard(post);
  }

  /** Its guard has ended. Who is still under guard after a moment, although neither the container nor the engine went away, gets another one. */
  #replace(post: Post): void {
    if (post.losses === maxLosses) return;
    post.losses += 1;
    const startAnother = () => {
      if (this.#closed || post.marks.size === 0) return;
      this.#guard(post).catch((error) => this.#options.onUnguarded(post.engine, post.container, error));
    };
    setTimeout(startAnother, timing.replacement).unref();
  }

  /** Ends the guard of a container, where there is one. */
  #leave(post: Post): void {
    clearTimeout(post.idle);
    this.#posts.delete(keyOf(post));
    // A guard that ended by itself has nothing to be removed, and an engine that is away cannot be asked.
    const gone = (post.guard ?? Promise.resolve(undefined)).then((guard) => guard?.dispose()).catch(() => {});
    this.#leaving.add(gone);
    void gone.finally(() => this.#leaving.delete(gone));
  }
}

function keyOf({ engine, container }: Pick<Post, 'engine' | 'container'>): string {
  return `${engine.name}/${container}`;
}
