// Which events somebody may see and wants to see. It learns from what it sees: a container that took another's place is followed.
import type { EventContainer, EventFrame, EventsQuery } from '../../schemas/events.ts';
import { allows, maySee, type Principal } from '../access.ts';
import type { EventSubject } from './engine-watch.ts';

/** The filters of a query. */
export type EventWishes = Pick<EventsQuery, 'engine' | 'lab' | 'container' | 'scope'>;

/** The filters but `container` as one string, in a fixed order: part of the stream's key. */
export function spellWishes({ engine, lab, scope }: EventWishes): string {
  return Object.entries({ engine, lab, scope: scope === 'all' ? scope : undefined })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(value ?? '')}`)
    .join('&');
}

export class EventFilter {
  readonly #principal: Principal;
  readonly #wishes: EventWishes;
  /** Full ids of the containers that took the wanted one's place. */
  readonly #successors = new Set<string>();

  constructor(principal: Principal, wishes: EventWishes) {
    this.#principal = principal;
    this.#wishes = wishes;
  }

  matches({ engine, lab, container, from, to, event }: EventFrame, subject: EventSubject): boolean {
    if (!this.#isOfEngine(engine) || !this.#isAllowed(subject)) return false;
    // Whatever else is wanted: whether its engine answers is part of it.
    if (event === 'engine.live' || event === 'engine.stale') return true;
    if (this.#wishes.lab !== undefined && this.#wishes.lab !== lab) return false;
    if (container === null) return this.#wishes.container === undefined;
    const isSuccessor = event === 'container.replaced' && from !== undefined && this.#isNamed(from);
    if (isSuccessor && to !== undefined) this.#successors.add(to.id);
    // Renamed: who knows it by its old name hears of the new one.
    return (
      this.#isInScope(container) &&
      (isSuccessor || this.#isWanted(container) || (from !== undefined && this.#isNamed(from)))
    );
  }

  /** Is it part of what is true now? */
  includes(container: EventContainer, subject: EventSubject): boolean {
    return (
      this.#isOfEngine(container.engine) &&
      (this.#wishes.lab === undefined || this.#wishes.lab === container.lab) &&
      this.#isInScope(container) &&
      this.#isWanted(container) &&
      this.#isAllowed(subject)
    );
  }

  includesEngine(name: string): boolean {
    return this.#isOfEngine(name) && this.#isAllowed({ engine: name, facts: null });
  }

  #isOfEngine(engine: string): boolean {
    return this.#wishes.engine === undefined || this.#wishes.engine === engine;
  }

  #isInScope({ managed }: EventContainer): boolean {
    return managed || this.#wishes.scope === 'all' || this.#wishes.container !== undefined;
  }

  #isWanted(container: EventContainer): boolean {
    return this.#wishes.container === undefined || this.#isNamed(container);
  }

  #isNamed({ id, name }: { readonly id: string; readonly name: string }): boolean {
    const { container } = this.#wishes;
    if (container === undefined) return false;
    return id === container || name === container || this.#successors.has(id) || isPrefix(container, id);
  }

  #isAllowed({ engine, facts, labOwner }: EventSubject): boolean {
    if (labOwner !== undefined) return maySee(this.#principal, { kind: 'lab', name: '', owner: labOwner });
    return allows(
      this.#principal,
      'events',
      facts === null ? { kind: 'engine', name: engine } : { kind: 'container', facts },
    );
  }
}

function isPrefix(text: string, id: string): boolean {
  return /^[0-9a-f]+$/.test(text) && id.startsWith(text);
}
