// The newest events of all engines, with what happened shortly before the page looked. Bounded: the oldest give way. Gaps stay visible in it.
import { signal } from '@preact/signals';
import type { EventFrame, EventNews, GapFrame } from '../../../../src/client/index.ts';
import { setWithFrame } from '../../store/frames.ts';
import { chooseScope, client } from '../../store/store.ts';

/** One line of the timeline. */
export type Item =
  | { readonly key: string; readonly kind: 'event'; readonly event: EventFrame }
  | { readonly key: string; readonly kind: 'gap'; readonly gap: GapFrame }
  | { readonly key: string; readonly kind: 'begin' };

export const keptAtMost = 1_000;
/** Of the past the server is asked for so many. */
const pastAtMost = 500;
/** Milliseconds. */
const gapWithinMs = 1_000;

export class Feed {
  /** Newest first. */
  readonly items = signal<readonly Item[]>([]);
  readonly failure = signal<Error | null>(null);
  readonly #ending = new AbortController();
  #known: readonly Item[] = [];
  #gaps = 0;
  /** Up to this event everything was told: a gap that begins before it answers one of our questions about the past. */
  #last = 0;

  constructor() {
    void this.#follow();
  }

  end(): void {
    this.#ending.abort();
  }

  async #follow(): Promise<void> {
    const { signal: ending } = this.#ending;
    try {
      const { bootId, seq } = await findPoint(ending);
      const past = await findPast(bootId, seq, ending);
      this.#add({ key: 'begin', kind: 'begin' });
      this.#last = seq;
      const wish = { topic: 'events', ...chooseScope(), bootId, seq: seq - past } as const;
      for await (const news of client().subscribe(wish, { signal: ending })) this.#take(news);
    } catch (error) {
      if (!ending.aborted) this.failure.value = error instanceof Error ? error : new Error(String(error));
    }
  }

  #take(news: EventNews): void {
    if (news.type === 'gap' && news.reason === 'overrun' && news.from <= this.#last) return;
    if (news.type === 'event') {
      const key = `${news.bootId} ${news.seq}`;
      if (this.#known.some((item) => item.key === key)) return;
      this.#last = Math.max(this.#last, news.seq);
      this.#add({ key, kind: 'event', event: news });
    } else if (news.type === 'gap') {
      // Another run of the server counts anew.
      if (news.reason === 'restarted') this.#last = 0;
      this.#gaps += 1;
      this.#add({ key: `gap ${this.#gaps}`, kind: 'gap', gap: news });
    }
  }

  #add(item: Item): void {
    this.#known = [item, ...this.#known.slice(0, keptAtMost - 1)];
    setWithFrame(this.items, this.#known);
  }
}

/** Where the numbers of the server stand now: the first news says it. */
async function findPoint(signal: AbortSignal): Promise<{ bootId: string; seq: number }> {
  for await (const news of client().subscribe({ topic: 'events', ...chooseScope() }, { signal }))
    if (news.type === 'snapshot') return { bootId: news.bootId, seq: news.seq };
  throw new Error('The server tells no events');
}

/** How many events before `seq` the server still has, by halving: it does not say it, and tells a gap where it has not so many. */
async function findPast(bootId: string, seq: number, signal: AbortSignal): Promise<number> {
  let [has, hasNot] = [0, Math.min(pastAtMost, seq) + 1];
  while (hasNot - has > 1) {
    const middle = Math.floor((has + hasNot) / 2);
    if (await isHeld(bootId, seq - middle, signal)) has = middle;
    else hasNot = middle;
  }
  return has;
}

/** A gap is told at once. Silence is none: what follows may be nothing that we are shown. */
async function isHeld(bootId: string, seq: number, signal: AbortSignal): Promise<boolean> {
  const ending = AbortSignal.any([signal, AbortSignal.timeout(gapWithinMs)]);
  try {
    for await (const news of client().subscribe({ topic: 'events', scope: 'all', bootId, seq }, { signal: ending })) {
      // What was still on its way for the question before begins elsewhere.
      if (news.type === 'gap' && news.from === seq + 1) return false;
      if (news.type === 'event' && news.seq > seq) return true;
    }
  } catch (error) {
    if (!ending.aborted) throw error;
  }
  return true;
}
