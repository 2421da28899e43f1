// Which pauses and ends of pauses were told of a container, from what was seen, before the engine's own words for them came.
import type { EventName } from '../../schemas/events.ts';

type Freeze = 'container.paused' | 'container.unpaused';

/** Our events by the engine's words. */
export const freezeWords: ReadonlyMap<string, Freeze> = new Map([
  ['pause', 'container.paused'],
  ['unpause', 'container.unpaused'],
]);

export class FreezeAccount {
  readonly #told = new Map<string, Record<Freeze, number>>();

  /** Something was told of a container. */
  tell(id: string, event: EventName): void {
    if (event !== 'container.paused' && event !== 'container.unpaused') return;
    const told = this.#told.get(id) ?? { 'container.paused': 0, 'container.unpaused': 0 };
    told[event] += 1;
    this.#told.set(id, told);
  }

  /** The engine's own word for it has come: had it been told already? */
  settle(id: string, event: Freeze): boolean {
    const told = this.#told.get(id);
    if (told === undefined || told[event] === 0) return false;
    told[event] -= 1;
    return true;
  }

  forget(id: string): void {
    this.#told.delete(id);
  }
}
