// Joins questions about the same thing: while one is being asked, all that come share the next. It knows no engine.

interface Slot<T> {
  readonly current: Promise<T>;
  next?: Promise<T>;
}

/** Runs `work` at most once at a time for a key. */
export class Coalescer<T> {
  readonly #work: (key: string) => Promise<T>;
  readonly #slots = new Map<string, Slot<T>>();

  constructor(work: (key: string) => Promise<T>) {
    this.#work = work;
  }

  /** The result of a run that begins after this call: a run under way may already have looked. */
  request(key: string): Promise<T> {
    const slot = this.#slots.get(key);
    if (slot === undefined) return this.#start(key);
    const start = () => this.#start(key);
    slot.next ??= slot.current.then(start, start);
    return slot.next;
  }

  /** The same, or the result of the run under way, where that is enough. */
  async requestUnless(key: string, isEnough: (result: T) => boolean): Promise<T> {
    const slot = this.#slots.get(key);
    if (slot === undefined || slot.next !== undefined) return this.request(key);
    const current = await slot.current.then(
      (result) => ({ result }),
      () => null,
    );
    if (current !== null && isEnough(current.result)) return current.result;
    // For all that waited, and for who has asked meanwhile: one.
    slot.next ??= this.request(key);
    return slot.next;
  }

  isUnderWay(key: string): boolean {
    return this.#slots.has(key);
  }

  #start(key: string): Promise<T> {
    const slot: Slot<T> = { current: this.#work(key) };
    this.#slots.set(key, slot);
    const done = () => {
      if (slot.next === undefined) this.#slots.delete(key);
    };
    slot.current.then(done, done);
    return slot.current;
  }
}
