// The id of a network namespace: which engine, whose it is, and since when. The inode cannot be an id: the kernel reuses it.
import type { ContainerFacts } from './facts.ts';

/** A parsed id. `owner` is null for the host's namespace. */
export interface NamespaceId {
  readonly engine: string;
  readonly owner: { readonly id: string; readonly startedAt: string } | null;
}

/** `ENGINE~OWNER_CONTAINER_ID~OWNER_STARTED_AT`: a restart of the owner makes another namespace, and so another id. */
export function formatNamespaceId(engine: string, owner: Pick<ContainerFacts, 'id' | 'startedAt'>): string {
  return `${engine}~${owner.id}~${owner.startedAt ?? ''}`;
}

/** `ENGINE~host` */
export function formatHostNamespaceId(engine: string): string {
  return `${engine}~host`;
}

/** Reads an id back; null where it is not one. */
export function parseNamespaceId(text: string): NamespaceId | null {
  const [engine = '', id = '', startedAt, ...rest] = text.split('~');
  if (engine === '' || rest.length > 0) return null;
  if (id === 'host' && startedAt === undefined) return { engine, owner: null };
  if (!/^[0-9a-f]{64}$/.test(id) || startedAt === undefined || startedAt === '') return null;
  return { engine, owner: { id, startedAt } };
}
