// The id of a network namespace: which engine, whose it is, and since when. The inode cannot be an id: the kernel reuses it.
import type { ContainerFacts } from './facts.ts';

/** `ENGINE~OWNER_CONTAINER_ID~OWNER_STARTED_AT`: a restart of the owner makes another namespace, and so another id. */
export function formatNamespaceId(engine: string, owner: Pick<ContainerFacts, 'id' | 'startedAt'>): string {
  return `${engine}~${owner.id}~${owner.startedAt ?? ''}`;
}

/** `ENGINE~host` */
export function formatHostNamespaceId(engine: string): string {
  return `${engine}~host`;
}
