// What becomes of a connection to somebody on another engine: by an overlay that both are on, or out of one host and into the other. What is between two
// hosts nobody here sees, so of a connection that only passes there it can be said that it fails, where one of the hosts stops it, but not that it reaches.
import { formatAddress } from '../subnet.ts';
import { type ConnectionAttempt, connectFromOutside, type Finding, findOut } from './connection.ts';
import { isOwn, type WorldMap } from './world-map.ts';

export interface BeyondAttempt extends ConnectionAttempt {
  /** Namespace of the one who is meant, which is of `target`. */
  readonly namespace: string;
}

/** @param source the map of the engine that `from` is on */
export function findOutBeyond(
  source: WorldMap,
  target: WorldMap,
  { namespace, ...attempt }: BeyondAttempt,
  isRecording: boolean,
): Finding {
  const own = findOut(source, attempt, isRecording);
  if (own.namespace === namespace) return own;
  if (own.namespace !== null) return meetAnother(source, own, attempt);
  if (own.left === undefined) return own;
  return enterOther(target, own, own.left, isRecording, isKnownAs(source, target, attempt.to.address));
}

/** An address of a bridge is one on its own engine. */
function meetAnother(source: WorldMap, own: Finding, { to }: ConnectionAttempt): Finding {
  const holder = source.namespaces.get(own.namespace ?? '')?.name ?? 'another';
  return {
    ...own,
    outcome: 'fails',
    code: 'address_of_another',
    seenAs: null,
    sentence: () => `from there ${to.address} is an address of ${holder}, on the engine ${source.world.engine}`,
    isMoot: true,
  };
}

/** Nodes of a swarm speak to each other at these addresses: whoever else has the address elsewhere, there it is the other engine's host. */
function isKnownAs({ mates }: WorldMap, target: WorldMap, text: string): boolean {
  const { swarm } = target.world;
  const address = target.address(text);
  return (
    mates.includes(target) &&
    swarm?.address === text &&
    address !== null &&
    target.host !== undefined &&
    isOwn(target.host, address)
  );
}

function enterOther(
  target: WorldMap,
  own: Finding,
  { packet }: NonNullable<Finding['left']>,
  isRecording: boolean,
  isKnown: boolean,
): Finding {
  const { engine } = target.world;
  const base = { ...own, ...(!isKnown && { isMoot: true }) };
  if (target.world.away !== undefined) return base;
  const there = connectFromOutside(
    target,
    packet.source,
    {
      address: packet.destination,
      port: packet.destinationPort ?? 0,
      protocol: packet.protocol === 'udp' ? 'udp' : 'tcp',
    },
    isRecording,
  );
  // The client there is the host that it left; from here on it is the same packet.
  const hops = [...own.hops.slice(0, -1), ...there.hops.slice(1)];
  if (there.outcome === 'fails')
    return {
      ...base,
      hops,
      outcome: 'fails',
      code: there.code,
      // Perhaps it does not come so far.
      seenAs: null,
      carriedBy: there.carriedBy,
      sentence: () => `on ${engine}: ${there.sentence()}`,
    };
  return {
    ...base,
    hops,
    carriedBy: there.carriedBy,
    sentence: () => {
      const beyond =
        there.outcome === 'reaches' ? `${engine} would let it reach: ${there.sentence()}` : there.sentence();
      return `what is between the hosts on its way to ${formatAddress(packet.destination)} nobody here sees; ${beyond}`;
    },
  };
}
