// Who is told of something. One listener's fault is never another's, nor the teller's.

export class Listeners<T> {
  readonly #listeners = new Set<(news: T) => void>();
  readonly #onFault: (error: unknown) => void;

  /** @param onFault gets what a listener throws */
  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  /** Adds a listener; the answer removes it. Adding the same function twice makes two listeners. */
  add(listener: (news: T) => void): () => void {
    const own = (news: T) => listener(news);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  tell(news: T): void {
    for (const listener of this.#listeners) {
      try {
        listener(news);
      } catch (error) {
        this.#onFault(error);
      }
    }
  }
}
