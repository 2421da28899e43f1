// One pull of one image by one engine, and everyone who waits for it. It decides nothing.
import { Failure } from '../../schemas/failure.ts';
import type { PullStep } from '../../schemas/images.ts';

export interface SharedPullOptions {
  /** Pulls; the signal ends it. */
  readonly pull: (signal: AbortSignal) => AsyncIterable<PullStep>;
  /** Told once, when nobody can join any more. */
  readonly onEnd: () => void;
}

interface Reader {
  /** By layer: of what was not read yet only the latest counts. */
  readonly pending: Map<string, PullStep>;
  wake: () => void;
}

/** Begins at once, and is given up when the last reader has left. */
export class SharedPull {
  readonly #options: SharedPullOptions;
  readonly #cut = new AbortController();
  readonly #readers = new Set<Reader>();
  /** What somebody who joins late is told first. */
  readonly #latest = new Map<string, PullStep>();
  #outcome: 'pulled' | { readonly error: unknown } | undefined;
  #isOpen = true;

  constructor(options: SharedPullOptions) {
    this.#options = options;
    void this.#run();
  }

  /** The steps, as they come, to be read at once. Fails as the pull does, or with the signal's reason. */
  join(signal: AbortSignal): AsyncGenerator<PullStep[]> {
    const reader: Reader = { pending: new Map(this.#latest), wake: () => {} };
    this.#readers.add(reader);
    return this.#read(reader, signal);
  }

  async *#read(reader: Reader, signal: AbortSignal): AsyncGenerator<PullStep[]> {
    const wake = () => reader.wake();
    signal.addEventListener('abort', wake, { once: true });
    try {
      for (;;) {
        signal.throwIfAborted();
        if (reader.pending.size > 0) {
          const steps = [...reader.pending.values()];
          reader.pending.clear();
          yield steps;
        } else if (this.#outcome === 'pulled') return;
        else if (this.#outcome !== undefined) throw this.#outcome.error;
        else
          await new Promise<void>((resolve) => {
            reader.wake = resolve;
          });
      }
    } finally {
      signal.removeEventListener('abort', wake);
      this.#readers.delete(reader);
      if (this.#readers.size === 0 && this.#outcome === undefined) {
        this.#end();
        this.#cut.abort(new Failure('state_conflict', 'Nobody waits for this pull any more'));
      }
    }
  }

  async #run(): Promise<void> {
    try {
      for await (const step of this.#options.pull(this.#cut.signal)) {
        const key = step.layer ?? `note ${this.#latest.size}`;
        this.#latest.set(key, step);
        for (const { pending } of this.#readers) pending.set(key, step);
        this.#wakeAll();
      }
      this.#outcome = 'pulled';
    } catch (error) {
      this.#outcome = { error };
    }
    this.#end();
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const { wake } of this.#readers) wake();
  }

  #end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#options.onEnd();
  }
}
