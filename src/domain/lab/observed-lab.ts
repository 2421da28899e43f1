// What engines hold of a lab, known by labels. What the lab's file never described (a container that was created under the lab's name by hand) is
// the lab's, but no item of it: a plan leaves it alone.
import type { ContainerFacts, NetworkFacts } from '../container/facts.ts';
import { label } from '../labels.ts';
import { isOfLab, type LabPlace } from './lab-home.ts';

/** Everything that one engine holds. */
export interface ObservedEngine {
  readonly name: string;
  /** As the engine itself tells it. */
  readonly id: string;
  /** Equal for nodes of one Swarm; null where it is in none. */
  readonly swarm: string | null;
  /** Only there can an overlay be made, and removed. */
  readonly isManager: boolean;
  readonly containers: Iterable<ContainerFacts>;
  readonly networks: Iterable<NetworkFacts>;
}

/** Something, and the engine that has it. */
export interface On<Facts> {
  readonly engine: string;
  readonly facts: Facts;
}

/** Several engines show one overlay. */
export interface OnEngines<Facts> extends On<Facts> {
  /** All that show it; `engine` is the one where it can be removed. */
  readonly engines: readonly string[];
}

export interface ObservedLab {
  /** Items by their key. */
  readonly containers: ReadonlyMap<string, On<ContainerFacts>>;
  readonly networks: ReadonlyMap<string, OnEngines<NetworkFacts>>;
  /** A second item of the same key: somebody copied labels, or a move to another engine was not ended. */
  readonly duplicates: {
    readonly containers: readonly On<ContainerFacts>[];
    readonly networks: readonly OnEngines<NetworkFacts>[];
  };
  /** Everything else that is on the engines. */
  readonly others: {
    readonly containers: readonly On<ContainerFacts>[];
    readonly networks: readonly On<NetworkFacts>[];
  };
}

/** Where the file wants the members, by their keys: of two of one key that one is the member. */
export interface Wanted {
  readonly containers: ReadonlyMap<string, string>;
  readonly networks: ReadonlyMap<string, string>;
}

export function observeLab(place: LabPlace, engines: readonly ObservedEngine[], wanted: Wanted): ObservedLab {
  const others = { containers: [] as On<ContainerFacts>[], networks: [] as On<NetworkFacts>[] };
  const containers = new Map<string, On<ContainerFacts>[]>();
  const networks = new Map<string, OnEngines<NetworkFacts>[]>();
  for (const { name: engine, id: hereId, isManager, ...held } of engines) {
    for (const facts of held.containers) {
      const key = itemOf(place, facts.labels, hereId);
      if (key === null) others.containers.push({ engine, facts });
      else containers.set(key, [...(containers.get(key) ?? []), { engine, facts }]);
    }
    for (const facts of held.networks) {
      const key = itemOf(place, facts.labels, hereId);
      if (key === null) {
        others.networks.push({ engine, facts });
        continue;
      }
      const known = networks.get(key) ?? [];
      const same = known.find((one) => one.facts.id === facts.id);
      const seen = { engine, facts, engines: [engine] };
      if (same === undefined) networks.set(key, [...known, seen]);
      else {
        const merged = { ...(isManager ? seen : same), engines: [...same.engines, engine] };
        networks.set(
          key,
          known.map((one) => (one === same ? merged : one)),
        );
      }
    }
  }
  const items = choose(containers, (key, { engine }) => engine === wanted.containers.get(key));
  const nets = choose(networks, (key, { engines: shown }) => shown.includes(wanted.networks.get(key) ?? ''));
  return {
    containers: items.chosen,
    networks: nets.chosen,
    duplicates: { containers: items.rest, networks: nets.rest },
    others,
  };
}

/** One of each key: the first that fits, else the first. */
function choose<One>(byKey: ReadonlyMap<string, readonly One[]>, isFit: (key: string, one: One) => boolean) {
  const chosen = new Map<string, One>();
  const rest: One[] = [];
  for (const [key, found] of byKey) {
    const best = found.find((one) => isFit(key, one)) ?? found[0];
    if (best === undefined) continue;
    chosen.set(key, best);
    rest.push(...found.filter((one) => one !== best));
  }
  return { chosen, rest };
}

/** The key of an item of this lab, null for anything else. */
function itemOf(place: LabPlace, labels: Readonly<Record<string, string>>, hereId: string): string | null {
  const isOurs = labels[label.managed] === 'true' && labels[label.role] === undefined && isOfLab(labels, place, hereId);
  return isOurs ? (labels[label.item] ?? null) : null;
}
