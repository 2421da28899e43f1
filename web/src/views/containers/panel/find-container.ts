// Which container a link means: an id, else a name, else the beginning of one id, as the server takes them.
import type { Container } from '../../../../../src/client/index.ts';
import { store } from '../../../store/store.ts';

export type Finding =
  | { readonly kind: 'found'; readonly container: Container }
  /** Several engines have such a name, or several ids begin so. */
  | { readonly kind: 'several'; readonly candidates: readonly Container[] }
  | { readonly kind: 'none' };

/** Reads signals: whoever renders it is drawn anew when what it found changes, comes or goes. */
export function findContainer(wanted: string): Finding {
  const byId = store.containers.get(wanted);
  if (byId !== undefined) return { kind: 'found', container: byId };
  const all = store.containers.all.value;
  const named = all.filter(({ name }) => name === wanted);
  return choose(named.length > 0 ? named : all.filter(({ id }) => id.startsWith(wanted)));
}

function choose(candidates: readonly Container[]): Finding {
  const [container, another] = candidates;
  if (container === undefined) return { kind: 'none' };
  return another === undefined ? { kind: 'found', container } : { kind: 'several', candidates };
}
