// Lists and gets, from the mirrors alone: no call to an engine, and no encoding of what was encoded before.

import { isHelper, isManaged } from '../../domain/container/managed.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import type { Container, ContainerState, Mode } from '../../schemas/container.ts';
import { authorize, maySee, type Principal } from '../access.ts';
import type { Catalogue, Located } from '../catalogue.ts';
import type { LabEnds } from '../lab-ends.ts';
import type { SeenInodes } from '../seen-inodes.ts';
import { seenBy, spellSight } from '../sight.ts';
import { createEncodedAnswers, type Encoded } from './encoded-answers.ts';
import { isStale, type Views } from './views.ts';

/** Filters of a list; all of them have to fit. */
export interface ListQuery {
  readonly mode?: Mode;
  readonly lab?: string;
  readonly state?: ContainerState;
  /** `managed` (the default): what Terrarium made. `all`: everything on the engine but helpers of ours. */
  readonly scope?: 'managed' | 'all';
  readonly engine?: string;
}

/** An answer from the mirrors. `ageMs` is null while every engine asked answers; else how long ago the oldest was last right. */
export interface MirroredAnswer extends Encoded {
  readonly ageMs: number | null;
}

export interface ContainerReading {
  list(principal: Principal, query: ListQuery): MirroredAnswer;
  get(principal: Principal, ref: string, engine?: string): MirroredAnswer;
}

export function createReading({
  catalogue,
  inodes,
  labEnds,
  views,
}: {
  catalogue: Catalogue;
  inodes: SeenInodes;
  labEnds: LabEnds;
  views: Views;
}): ContainerReading {
  const answers = createEncodedAnswers([inodes, labEnds, ...catalogue.mirrors]);

  function select(principal: Principal, mirror: EngineMirror, query: ListQuery): Container[] {
    const viewer = views.viewer(seenBy(principal, mirror));
    const shown: Container[] = [];
    for (const facts of mirror.containers()) {
      if (isHelper(facts) || (query.scope !== 'all' && !isManaged(facts))) continue;
      if (!maySee(principal, { kind: 'container', facts })) continue;
      const container = viewer.show(facts);
      if (query.mode !== undefined && container.mode !== query.mode) continue;
      if (query.lab !== undefined && container.lab !== query.lab) continue;
      if (query.state !== undefined && container.state !== query.state) continue;
      shown.push(container);
    }
    return shown;
  }

  return {
    list(principal, query) {
      const mirrors = query.engine === undefined ? catalogue.mirrors : [catalogue.mirror(query.engine)];
      for (const { engine } of mirrors) {
        authorize(principal, query.scope === 'all' ? 'list_all' : 'list', { kind: 'engine', name: engine.name });
      }
      const { mode = '', lab = '', state = '', scope = 'managed', engine = '' } = query;
      const encoded = answers.encode(['list', mode, lab, state, scope, engine, spellSight(principal)].join(' '), () =>
        mirrors.flatMap((mirror) => select(principal, mirror, query)).sort(byCreation),
      );
      return { ...encoded, ageMs: ageOf(mirrors) };
    },

    get(principal, ref, engine) {
      const { mirror, facts }: Located = catalogue.find(principal, ref, engine);
      authorize(principal, 'get', { kind: 'container', facts });
      const encoded = answers.encode(`get ${mirror.engine.name} ${facts.id} ${spellSight(principal)}`, () =>
        views.show(seenBy(principal, mirror), facts),
      );
      return { ...encoded, ageMs: ageOf([mirror]) };
    },
  };
}

/** Oldest first; the mirror's own order depends on which inspect came back first. */
function byCreation(one: Container, other: Container): number {
  return one.createdAt < other.createdAt ? -1 : one.createdAt > other.createdAt ? 1 : one.id < other.id ? -1 : 1;
}

/** How long ago the oldest of them that is stale was last right; null where none is. */
export function ageOf(mirrors: readonly EngineMirror[]): number | null {
  const ages = mirrors.filter(isStale).map((mirror) => mirror.status().ageMs);
  return ages.length === 0 ? null : Math.max(...ages);
}
