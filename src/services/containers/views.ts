// The containers of each engine as the API shows them, derived once per revision of its mirror. It reads mirrors and nothing else.
import { type ContainerViewer, viewContainers } from '../../domain/container/container-view.ts';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import type { Container } from '../../schemas/container.ts';

export interface Views {
  /** A viewer of what the mirror holds now. */
  viewer(mirror: EngineMirror): ContainerViewer;
  show(mirror: EngineMirror, facts: ContainerFacts): Container;
}

/** True while what the mirror holds may be wrong, because the engine does not answer. */
export function isStale(mirror: EngineMirror): boolean {
  return mirror.status().state !== 'live';
}

export function createViews(): Views {
  const cached = new WeakMap<EngineMirror, { readonly revision: number; readonly viewer: ContainerViewer }>();

  function viewer(mirror: EngineMirror): ContainerViewer {
    const known = cached.get(mirror);
    if (known?.revision === mirror.revision) return known.viewer;
    const fresh = viewContainers({
      engine: mirror.engine.name,
      stale: isStale(mirror),
      containers: () => mirror.containers(),
      container: (id) => mirror.container(id),
      network: (nameOrId) => mirror.network(nameOrId),
    });
    cached.set(mirror, { revision: mirror.revision, viewer: fresh });
    return fresh;
  }

  return { viewer, show: (mirror, facts) => viewer(mirror).show(facts) };
}
