// Docker gives a container the labels of its image, too. An image could so claim what only Terrarium may say of a container: that it is managed, is a
// helper, belongs to a lab, or is past its time. Here such claims are emptied in what we make, and not believed in what others made.
import { label, reservedPrefix } from '../../domain/labels.ts';
import { Failure } from '../../schemas/failure.ts';
import { Coalescer } from '../coalescer.ts';
import type { CallOptions, ImageFacts } from '../engine.ts';

export type Labels = Readonly<Record<string, string>>;

/** What is asked of an image: its id, and its labels by which it claims something. */
export interface ImageClaims {
  readonly id: string;
  readonly claims: readonly string[];
}

/** Images that are remembered; beyond it the oldest is forgotten. */
const maxImages = 1_000;

/** Asks about an id once, as it means the same image for ever, and about a name each time: once for all who come while it is being asked about. */
export class ClaimsMemory {
  readonly #inspect: (image: string, options?: CallOptions) => Promise<ImageFacts>;
  readonly #names = new Coalescer((name) => this.#ask(name));
  readonly #known = new Map<string, Promise<ImageClaims>>();

  constructor(inspect: (image: string, options?: CallOptions) => Promise<ImageFacts>) {
    this.#inspect = inspect;
  }

  /** Of an image that is gone: none. */
  of(image: string, options?: CallOptions): Promise<ImageClaims> {
    // Who has bounds of their own asks alone: a question that others share is cut short by none of them.
    if (!/^sha256:[0-9a-f]{64}$/.test(image))
      return options === undefined ? this.#names.request(image) : this.#ask(image, options);
    const known = this.#known.get(image);
    if (known !== undefined) return known;
    // Many may wait for it: no single one of them cuts it short.
    const asked = this.#ask(image);
    asked.catch(() => this.#known.delete(image));
    const [oldest] = this.#known.keys();
    if (this.#known.size >= maxImages && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(image, asked);
    return asked;
  }

  async #ask(image: string, options?: CallOptions): Promise<ImageClaims> {
    try {
      const { id, labels } = await this.#inspect(image, options);
      return { id, claims: Object.keys(labels).filter((name) => name.startsWith(reservedPrefix)) };
    } catch (error) {
      if (error instanceof Failure && error.code === 'image_not_found') return { id: image, claims: [] };
      throw error;
    }
  }
}

/**
 * The labels of a container that is about to be made from this image, so that it has none of ours but those that are given: what the image claims
 * is empty, and its id is noted. No image can hold its own id, so nothing that is made without us looks alike.
 */
export function disown(given: Labels, { id, claims }: ImageClaims): Labels {
  if (claims.length === 0) return given;
  return { ...Object.fromEntries(claims.map((name) => [name, ''])), ...given, [label.image]: id };
}

/** The labels of a container of this image that count: without ours where the image may have set them, and without those that were emptied. */
export function believe(labels: Labels, { id, claims }: ImageClaims): Labels {
  const isOurs = claims.length === 0 || labels[label.image] === id;
  const counts = ([name, value]: [string, string]) =>
    !name.startsWith(reservedPrefix) || (isOurs && value !== '' && name !== label.image);
  return Object.fromEntries(Object.entries(labels).filter(counts));
}

export function hasReserved(labels: Labels): boolean {
  return Object.keys(labels).some((name) => name.startsWith(reservedPrefix));
}
