// Everything that carries a lab's name, on whichever engine, as the mirrors hold it: what its file describes, and what was made under its name by hand.
import type { ContainerFacts, NetworkFacts } from '../../domain/container/facts.ts';
import { isHelper, isManaged } from '../../domain/container/managed.ts';
import { isOfLab } from '../../domain/lab/lab-home.ts';
import type { On } from '../../domain/lab/observed-lab.ts';
import { label } from '../../domain/labels.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { describeEngines, idOf, listNetworks } from './lab-engines.ts';

export interface Members {
  readonly containers: readonly On<ContainerFacts>[];
  /** An overlay once, on a manager of its Swarm where one is known. */
  readonly networks: readonly On<NetworkFacts>[];
}

export function findMembers(mirrors: readonly EngineMirror[], home: EngineMirror, lab: string): Members {
  const homeId = idOf(home);
  const containers: On<ContainerFacts>[] = [];
  const networks = new Map<string, On<NetworkFacts>>();
  const managers = new Set(describeEngines(mirrors).flatMap(({ name, isManager }) => (isManager ? [name] : [])));
  for (const mirror of [home, ...mirrors.filter((one) => one !== home)]) {
    // Of a home that was never met no other engine can tell what is its.
    if (mirror !== home && homeId === '') continue;
    const engine = mirror.engine.name;
    const isMember = ({ labels }: { labels: Readonly<Record<string, string>> }) =>
      labels[label.managed] === 'true' && isOfLab(labels, { lab, homeId }, idOf(mirror));
    for (const facts of mirror.containers())
      if (isMember(facts) && isManaged(facts) && !isHelper(facts)) containers.push({ engine, facts });
    for (const facts of listNetworks(mirrors, mirror)) {
      if (!isMember(facts)) continue;
      const place = facts.scope === 'swarm' ? facts.id : `${engine} ${facts.id}`;
      if (!networks.has(place) || (facts.scope === 'swarm' && managers.has(engine)))
        networks.set(place, { engine, facts });
    }
  }
  return { containers, networks: [...networks.values()] };
}

/** The labs that something is of, by the id of their home. */
export function listLabsByHome(mirrors: readonly EngineMirror[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const mirror of mirrors) {
    for (const { labels } of [...mirror.containers(), ...listNetworks(mirrors, mirror)]) {
      const lab = labels[label.lab];
      if (lab === undefined || labels[label.managed] !== 'true') continue;
      const homeId = labels[label.home] ?? idOf(mirror);
      found.set(homeId, (found.get(homeId) ?? new Set()).add(lab));
    }
  }
  return found;
}
