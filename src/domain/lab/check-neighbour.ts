// With whom a check compares namespaces: the short form and the long one are the same to everybody who reads it from here.
import type { NeighbourChoice } from '../../schemas/lab-check.ts';
import type { NamespaceKind } from '../../schemas/namespaces.ts';

export interface Neighbour {
  /** Null for the engine's own host. */
  readonly container: string | null;
  readonly kinds: readonly NamespaceKind[];
}

export function readNeighbour(spec: NeighbourChoice): Neighbour {
  if (typeof spec === 'string') return { container: spec, kinds: ['net'] };
  const { container = null, kinds = ['net'] } = spec;
  return { container, kinds };
}
