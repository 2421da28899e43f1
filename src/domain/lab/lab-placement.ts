// Which engine each member of a lab is on: the one that it names, else the lab's home. A joined container is where its target is, and an overlay is made
// on a manager of the Swarm that its containers' engines are in. Pure.
import type { LabFile } from '../../schemas/lab.ts';
import { networkOf } from './container-network.ts';

/** An engine as far as the placement of a lab needs it. */
export interface PlacedEngine {
  readonly name: string;
  /** Equal for nodes of one Swarm; null where it is in none, or that is not known. */
  readonly swarm: string | null;
  readonly isManager: boolean;
}

export interface LabPlacement {
  readonly home: string;
  ofContainer(item: string): string;
  /** Where it is made. */
  ofNetwork(name: string): string;
  /** Where the network has to be: of an overlay all engines that its containers are on, and the one where it is made. */
  enginesOf(network: string): readonly string[];
  /** All that anything is on, the home first. */
  readonly engines: readonly string[];
}

/** `engines` are all that the server knows. */
export function placeLab(file: LabFile, home: string, engines: readonly PlacedEngine[]): LabPlacement {
  const containers = new Map<string, string>();
  for (const item of Object.keys(file.containers)) containers.set(item, placeContainer(file, item, home));
  const ofContainer = (item: string) => containers.get(item) ?? home;

  const users = new Map<string, Set<string>>();
  for (const [item, container] of Object.entries(file.containers)) {
    const network = networkOf(container);
    if (network === null) continue;
    const known = users.get(network) ?? new Set();
    users.set(network, known.add(ofContainer(item)));
  }
  const networks = new Map<string, string>();
  for (const name of [...Object.keys(file.networks ?? {}), ...users.keys()]) {
    const spec = file.networks?.[name];
    const own = spec?.engine;
    const isOverlay = spec?.driver === 'overlay' && spec.external !== true;
    networks.set(name, own ?? (isOverlay ? chooseManager([...(users.get(name) ?? [])], home, engines) : home));
  }
  const ofNetwork = (name: string) => networks.get(name) ?? home;

  return {
    home,
    ofContainer,
    ofNetwork,
    enginesOf(network) {
      const isOverlay = file.networks?.[network]?.driver === 'overlay';
      return [...new Set([ofNetwork(network), ...(isOverlay ? (users.get(network) ?? []) : [])])];
    },
    engines: [...new Set([home, ...containers.values(), ...networks.values()])],
  };
}

function placeContainer(file: LabFile, item: string, home: string): string {
  const seen = new Set<string>();
  for (let name = item; !seen.has(name); ) {
    seen.add(name);
    const container = file.containers[name];
    if (container?.engine !== undefined) return container.engine;
    if (container?.mode !== 'joined') return home;
    name = container.target;
  }
  return home;
}

/** A manager of the Swarm that its users are in: the home if it is one, else one of them, else any. The home where there is none. */
function chooseManager(users: readonly string[], home: string, engines: readonly PlacedEngine[]): string {
  const byName = new Map(engines.map((engine) => [engine.name, engine]));
  const swarm = byName.get(users[0] ?? home)?.swarm ?? null;
  if (swarm === null) return home;
  const isFit = (name: string) => byName.get(name)?.isManager === true && byName.get(name)?.swarm === swarm;
  return [home, ...users, ...byName.keys()].find(isFit) ?? home;
}
