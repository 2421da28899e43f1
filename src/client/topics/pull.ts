// An async iterator over what somebody else holds ready: it keeps nothing itself, so what is latest-wins or bounded is decided by its source.

export interface PullSource<Item> {
  /** The next item that is there now, taken out; undefined where there is none. */
  take(): Item | undefined;
  /** Who iterated has left. Called once, whatever ended it. */
  leave(): void;
}

interface Waiter<Item> {
  resolve(result: IteratorResult<Item, undefined>): void;
  reject(error: unknown): void;
}

/** For one reader; `for await` it, or call `next()`. An aborted signal ends it at once, with the signal's reason. */
export class Pull<Item> implements AsyncIterableIterator<Item, undefined> {
  readonly #source: PullSource<Item>;
  readonly #signal: AbortSignal | undefined;
  readonly #waiters: Waiter<Item>[] = [];
  #end: { readonly error?: unknown } | null = null;
  /** What is still there to take is of no interest. */
  #isOver = false;
  #hasLeft = false;
  readonly #abort = () => this.#cease({ error: this.#signal?.reason });

  constructor(source: PullSource<Item>, signal?: AbortSignal) {
    this.#source = source;
    this.#signal = signal;
    if (signal?.aborted) {
      this.#end = { error: signal.reason };
      this.#isOver = true;
    } else signal?.addEventListener('abort', this.#abort, { once: true });
  }

  /** Something may be there to take. */
  wake(): void {
    while (this.#waiters.length > 0 && !this.#isOver) {
      const value = this.#source.take();
      if (value === undefined) break;
      this.#waiters.shift()?.resolve({ done: false, value });
    }
    if (this.#end !== null) this.#settle();
  }

  /** Nothing comes after what is there. With an error the reader gets it then. */
  finish(end: { readonly error?: unknown } = {}): void {
    this.#end ??= end;
    this.wake();
    this.#leave();
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.wake();
    });
  }

  /** The reader leaves the loop. */
  async return(): Promise<IteratorResult<Item, undefined>> {
    this.#cease({});
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #cease(end: { readonly error?: unknown }): void {
    this.#end = end;
    this.#isOver = true;
    this.#settle();
    this.#leave();
  }

  #leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#source.leave();
  }

  /** Answers all who wait with the end: the error once, then that it is over. */
  #settle(): void {
    for (const waiter of this.#waiters.splice(0)) {
      const end = this.#end;
      this.#end = {};
      if (end !== null && 'error' in end) waiter.reject(end.error);
      else waiter.resolve({ done: true, value: undefined });
    }
  }
}
