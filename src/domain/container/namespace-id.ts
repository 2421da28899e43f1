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

/** The parts of an id as far as it has them; null for what cannot be one. `owner` is null for the host's. */
export function parseNamespaceId(
  id: string,
): { readonly engine: string; readonly owner: { readonly id: string; readonly startedAt: string } | null } | null {
  const [engine = '', container = '', startedAt = '', ...rest] = id.split('~');
  if (engine === '' || rest.length > 0) return null;
  if (container === 'host' && startedAt === '') return { engine, owner: null };
  return /^[0-9a-f]{64}$/.test(container) && startedAt !== '' ? { engine, owner: { id: container, startedAt } } : null;
}
