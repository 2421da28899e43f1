// What the mirror holds, and the one rule of its writes: an answer never replaces newer knowledge. No engine, no timers.
import { isDeepStrictEqual } from 'node:util';
import type { ContainerFacts, NetworkFacts } from '../domain/container/facts.ts';
import type { ContainerChange } from './mirror.ts';

/** The moment at which a question was put, on a scale of the store's own. */
export type Ticket = number;

export class MirrorStore {
  readonly #containers = new Map<string, ContainerFacts>();
  /** For each id the ticket of what is known, also of those known to be gone: a late answer must not bring them back. */
  readonly #known = new Map<string, Ticket>();
  #networks = new Map<string, NetworkFacts>();
  #networkNames = new Map<string, NetworkFacts>();
  #networksKnown: Ticket = 0;
  #ticket: Ticket = 0;
  readonly #onChange: (change: ContainerChange | null) => void;

  /** @param onChange is told each change of a container, and null for a change of the networks */
  constructor(onChange: (change: ContainerChange | null) => void) {
    this.#onChange = onChange;
  }

  /** To be taken before the engine is asked: what it answers is true of no earlier moment. */
  takeTicket(): Ticket {
    this.#ticket += 1;
    return this.#ticket;
  }

  /** Takes in what was asked for with `ticket`; null means that there is no such container. */
  putContainer(id: string, facts: ContainerFacts | null, ticket: Ticket): void {
    if ((this.#known.get(id) ?? 0) > ticket) return;
    this.#known.set(id, ticket);
    const before = this.#containers.get(id) ?? null;
    if (isDeepStrictEqual(before, facts)) return;
    if (facts === null) this.#containers.delete(id);
    else this.#containers.set(id, facts);
    this.#onChange({ id, before, after: facts });
  }

  putNetworks(networks: readonly NetworkFacts[], ticket: Ticket): void {
    if (this.#networksKnown > ticket) return;
    this.#networksKnown = ticket;
    const byId = new Map(networks.map((network) => [network.id, network]));
    if (isDeepStrictEqual(byId, this.#networks)) return;
    this.#networks = byId;
    this.#networkNames = new Map(networks.map((network) => [network.name, network]));
    this.#onChange(null);
  }

  /** Forgets of gone containers that they are gone, as far as that was known before `ticket`: no answer can be that late. */
  forgetGone(ticket: Ticket): void {
    for (const [id, known] of this.#known) if (known < ticket && !this.#containers.has(id)) this.#known.delete(id);
  }

  containerIds(): Iterable<string> {
    return this.#containers.keys();
  }

  containers(): Iterable<ContainerFacts> {
    return this.#containers.values();
  }

  container(id: string): ContainerFacts | undefined {
    return this.#containers.get(id);
  }

  networks(): Iterable<NetworkFacts> {
    return this.#networks.values();
  }

  network(nameOrId: string): NetworkFacts | undefined {
    return this.#networks.get(nameOrId) ?? this.#networkNames.get(nameOrId);
  }
}
