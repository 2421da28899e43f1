// Which containers are in one network namespace, and what that namespace is called. The inodes decide where they are known: start times alone can
// tell neither who shares a dead namespace, nor where a chain with a missing link has ended.
import type { ContainerFacts } from '../container/facts.ts';
import { joinTarget } from '../container/join-chain.ts';
import { formatHostNamespaceId, formatNamespaceId } from '../container/namespace-id.ts';

/** A container that runs. */
export interface Inhabitant {
  readonly facts: ContainerFacts;
  /** Of its network namespace; null where unknown. */
  readonly inode: number | null;
  /** Where it is by what the engine reports. */
  readonly reportedId: string;
}

export interface NamespaceGroup {
  readonly id: string;
  readonly inode: number | null;
  readonly isHost: boolean;
  /** null for the host's, and for one whose owner has left it. */
  readonly owner: ContainerFacts | null;
  readonly members: readonly ContainerFacts[];
}

/** Puts every container into exactly one group: the host's first, also where nobody is in it, then the oldest. */
export function groupByNetwork(
  engine: string,
  inhabitants: readonly Inhabitant[],
  seenHostInode: number | null,
): NamespaceGroup[] {
  const hostId = formatHostNamespaceId(engine);
  const isInHost = ({ reportedId, inode }: Inhabitant) => reportedId === hostId && inode !== null;
  const hostInode = seenHostInode ?? inhabitants.find(isInHost)?.inode ?? null;
  const inodeOfId = new Map<string, number>();
  for (const { facts, inode, reportedId } of inhabitants)
    if (inode !== null && formatNamespaceId(engine, facts) === reportedId) inodeOfId.set(reportedId, inode);
  if (hostInode !== null) inodeOfId.set(hostId, hostInode);

  const byPlace = new Map<string, Inhabitant[]>([[placeOf(hostInode, hostId), []]]);
  for (const one of inhabitants) {
    const place = placeOf(one.inode ?? inodeOfId.get(one.reportedId) ?? null, one.reportedId);
    byPlace.set(place, [...(byPlace.get(place) ?? []), one]);
  }
  const groups = [...byPlace].map(([place, members]): NamespaceGroup => {
    const isHost = place === placeOf(hostInode, hostId);
    const owner = members.find(({ facts }) => !isHost && joinTarget(facts.networkMode) === null)?.facts ?? null;
    const eldest = members.toSorted((a, b) => compareText(a.facts.startedAt ?? '', b.facts.startedAt ?? ''))[0];
    const namedAfter = owner ?? eldest?.facts;
    return {
      id: isHost || namedAfter === undefined ? hostId : formatNamespaceId(engine, namedAfter),
      inode: members.find(({ inode }) => inode !== null)?.inode ?? (isHost ? hostInode : null),
      isHost,
      owner,
      members: members.map(({ facts }) => facts).sort(byCreation),
    };
  });
  return groups.sort((a, b) => Number(b.isHost) - Number(a.isHost) || byCreation(a.members[0], b.members[0]));
}

function byCreation(a: ContainerFacts | undefined, b: ContainerFacts | undefined): number {
  return compareText(a?.createdAt ?? '', b?.createdAt ?? '');
}

/** The group that an id names: its own, or that of the container that the id is made of. */
export function findGroup(engine: string, groups: readonly NamespaceGroup[], id: string): NamespaceGroup | undefined {
  return (
    groups.find((group) => group.id === id) ??
    groups.find(({ members }) => members.some((facts) => formatNamespaceId(engine, facts) === id))
  );
}

function placeOf(inode: number | null, id: string): string {
  return inode === null ? id : String(inode);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
