// Objects of one kind, each a signal of its own, so that a change draws only what changed. It knows no server.
import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { saysTheSame } from './same.ts';

export class Collection<Item> {
  readonly #items = new Map<string, Signal<Item>>();
  readonly #nameOf: (item: Item) => string;
  readonly #keys = signal<readonly string[]>([]);
  readonly #isKnown = signal(false);
  /** Everything, in the order of the server. Whoever reads it is drawn at each change of any: for lists and counts. */
  readonly all: ReadonlySignal<readonly Item[]> = computed(() =>
    this.#keys.value.flatMap((key) => this.#items.get(key)?.value ?? []),
  );

  /** `nameOf`: the key of an item, which never changes. */
  constructor(nameOf: (item: Item) => string) {
    this.#nameOf = nameOf;
  }

  /** Changes only when something comes, goes or moves. */
  get keys(): ReadonlySignal<readonly string[]> {
    return this.#keys;
  }

  /** false until the first answer of the server. */
  get isKnown(): ReadonlySignal<boolean> {
    return this.#isKnown;
  }

  /** Reading its value follows that item alone. A key that is not there follows the keys, and so what comes. */
  get(key: string): Item | undefined {
    const item = this.#items.get(key);
    if (item !== undefined) return item.value;
    void this.#keys.value;
    return undefined;
  }

  /** What the server says there is. */
  replace(items: readonly Item[]): void {
    batch(() => {
      const keys = items.map((item) => this.#put(item));
      const present = new Set(keys);
      for (const key of this.#items.keys()) if (!present.has(key)) this.#items.delete(key);
      if (!saysTheSame(keys, this.#keys.peek())) this.#keys.value = keys;
      this.#isKnown.value = true;
    });
  }

  clear(): void {
    this.replace([]);
    this.#isKnown.value = false;
  }

  #put(item: Item): string {
    const key = this.#nameOf(item);
    const known = this.#items.get(key);
    if (known === undefined) this.#items.set(key, signal(item));
    else if (!saysTheSame(known.peek(), item)) known.value = item;
    return key;
  }
}
