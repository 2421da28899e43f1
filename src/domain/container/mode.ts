// Derives the network model of any container from what the engine reports, also of those that Terrarium did not make.
import type { EffectiveMode, Mode } from '../../schemas/container.ts';
import type { ContainerFacts } from './facts.ts';
import { type ContainerLookup, followJoins, isAlive, joinTarget, locateNamespace } from './join-chain.ts';

/** How it is attached, by configuration: it holds for a stopped container too, which has no live ports. */
export function deriveMode(facts: Pick<ContainerFacts, 'networkMode' | 'portBindings' | 'publishAll'>): Mode {
  if (facts.networkMode === 'none') return 'closed';
  if (facts.networkMode === 'host') return 'open';
  if (joinTarget(facts.networkMode) !== null) return 'joined';
  return facts.portBindings.length > 0 || facts.publishAll ? 'open' : 'bridged';
}

/**
 * What it really has now, through its whole join chain: `host` in the host's namespace, `open` with live published ports, `bridged` with an
 * address, `closed` with `lo` only (a stranded joined container too). null while it does not run, and where it cannot be known.
 */
export function deriveEffectiveMode(facts: ContainerFacts, lookup: ContainerLookup): EffectiveMode | null {
  if (!isAlive(facts)) return null;
  const place = locateNamespace(facts, followJoins(facts, lookup), lookup);
  switch (place.kind) {
    case 'host':
      return 'host';
    case 'dead':
      return 'closed';
    case 'unknown':
      return null;
    case 'owner':
      if (place.owner.ports.length > 0) return 'open';
      return place.owner.endpoints.some(({ ipv4, ipv6 }) => ipv4 !== '' || ipv6 !== '') ? 'bridged' : 'closed';
  }
}
