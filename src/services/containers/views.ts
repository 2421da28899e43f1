// The containers of each engine as the API shows them, derived once per revision of what they come from. It asks no engine.
import { type ContainerViewer, viewContainers } from '../../domain/container/container-view.ts';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import type { Container } from '../../schemas/container.ts';
import type { LabEnds } from '../lab-ends.ts';
import type { SeenInodes } from '../seen-inodes.ts';

export interface Views {
  /** A viewer of what the mirror holds now. */
  viewer(mirror: EngineMirror): ContainerViewer;
  show(mirror: EngineMirror, facts: ContainerFacts): Container;
}

/** True while what the mirror holds may be wrong, because the engine does not answer. */
export function isStale(mirror: EngineMirror): boolean {
  return mirror.status().state !== 'live';
}

export function createViews(inodes: SeenInodes, labEnds: LabEnds): Views {
  const cached = new WeakMap<EngineMirror, { readonly revision: string; readonly viewer: ContainerViewer }>();

  function viewer(mirror: EngineMirror): ContainerViewer {
    const revision = `${mirror.revision}.${inodes.revision}.${labEnds.revision}`;
    const known = cached.get(mirror);
    if (known?.revision === revision) return known.viewer;
    const fresh = viewContainers({
      engine: mirror.engine.name,
      stale: isStale(mirror),
      containers: () => mirror.containers(),
      container: (id) => mirror.container(id),
      network: (nameOrId) => mirror.network(nameOrId),
      inode: (namespaceId) => inodes.inode(namespaceId),
      labEnd: (lab, home) => labEnds.endOf(home ?? mirror.info?.id ?? '', lab),
    });
    cached.set(mirror, { revision, viewer: fresh });
    return fresh;
  }

  return { viewer, show: (mirror, facts) => viewer(mirror).show(facts) };
}
