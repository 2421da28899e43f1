// At which addresses a container finds another: those of the networks that both are on, else whatever the other has and means the same where the
// first one is.
import type { ContainerFacts } from '../container/facts.ts';
import { type ContainerLookup, followJoins } from '../container/join-chain.ts';

/** IPv4 first. Empty where the peer has no address that could be tried. */
export function findPeerAddresses(source: ContainerFacts, peer: ContainerFacts, lookup: ContainerLookup): string[] {
  const [from, to] = [source, peer].map((facts) => ownerOf(facts, lookup));
  if (from === undefined || to === undefined) return [];
  if (from.id === to.id) return ['127.0.0.1'];
  if (to.networkMode === 'host') {
    if (from.networkMode === 'host') return ['127.0.0.1'];
    return from.endpoints.flatMap(({ gateway }) => (gateway === '' ? [] : [gateway])).slice(0, 1);
  }
  const shared = new Set(from.endpoints.map(({ networkId }) => networkId));
  const common = to.endpoints.filter(({ networkId }) => shared.has(networkId));
  const endpoints = common.length > 0 ? common : to.endpoints;
  return [...endpoints.map(({ ipv4 }) => ipv4), ...endpoints.map(({ ipv6 }) => ipv6)]
    .filter((address) => address !== '')
    .slice(0, 4);
}

/** A container, and how others of its engine are found. */
export interface PeerSide {
  readonly facts: ContainerFacts;
  readonly lookup: ContainerLookup;
}

/**
 * The same for a peer on another engine. An address that is somebody else's where the source is (`isTaken`) leads to that one and not to the peer, so
 * it is none. Null where it cannot be told: which address another engine's host has.
 */
export function findAddressesElsewhere(
  source: PeerSide,
  peer: PeerSide,
  isTaken: (address: string) => boolean,
): string[] | null {
  const [from, to] = [source, peer].map(({ facts, lookup }) => ownerOf(facts, lookup));
  if (from === undefined || to === undefined) return [];
  if (to.networkMode === 'host') return null;
  const shared = new Set(from.endpoints.map(({ networkId }) => networkId));
  const common = to.endpoints.filter(({ networkId }) => shared.has(networkId));
  const endpoints = common.length > 0 ? common : to.endpoints;
  return [...endpoints.map(({ ipv4 }) => ipv4), ...endpoints.map(({ ipv6 }) => ipv6)]
    .filter((address) => address !== '' && (common.length > 0 || !isTaken(address)))
    .slice(0, 4);
}

/** Whose namespace it is in; undefined where that cannot be told. */
function ownerOf(facts: ContainerFacts, lookup: ContainerLookup): ContainerFacts | undefined {
  const { end, targets } = followJoins(facts, lookup);
  if (end.kind === 'owner') return end.owner;
  return end.kind === 'host' ? (targets.at(-1) ?? facts) : undefined;
}
