// Finds containers by what a user wrote: full id, else exact name, else unique prefix of an id, on one engine or on all. Reads the mirrors only.
import type { ContainerFacts } from '../domain/container/facts.ts';
import type { EngineMirror } from '../engine/mirror.ts';
import { Failure } from '../schemas/failure.ts';
import { maySee, OutOfSight, type Principal } from './access.ts';

/** A container and the mirror that holds it. */
export interface Located {
  readonly mirror: EngineMirror;
  readonly facts: ContainerFacts;
}

export interface Catalogue {
  readonly mirrors: readonly EngineMirror[];
  /** The engine of that name; without a name the only one, or the first. Fails with `engine_not_found`. */
  mirror(name?: string): EngineMirror;
  /**
   * Among what `principal` may see: the rest answers as the unknown does. Fails with `container_not_found`, or `ambiguous` naming the engines or ids that
   * fit.
   */
  find(principal: Principal, ref: string, engine?: string): Located;
}

export function createCatalogue(mirrors: readonly EngineMirror[]): Catalogue {
  const byName = new Map(mirrors.map((mirror) => [mirror.engine.name, mirror]));

  function mirror(name?: string): EngineMirror {
    const found = name === undefined ? mirrors[0] : byName.get(name);
    if (found === undefined)
      throw new Failure('engine_not_found', `There is no engine "${name ?? ''}"`, {
        field: 'engine',
        hint: `Known engines: ${[...byName.keys()].join(', ')}`,
      });
    return found;
  }

  function find(principal: Principal, ref: string, engine?: string): Located {
    const searched = engine === undefined ? mirrors : [mirror(engine)];
    let isHidden = false;
    for (const matches of [exactIds, exactNames, idPrefixes]) {
      const all = searched.flatMap((one) => matches(one, ref).map((facts) => ({ mirror: one, facts })));
      const found = all.filter(({ facts }) => maySee(principal, { kind: 'container', facts }));
      isHidden ||= all.length > found.length;
      if (found.length === 1 && found[0] !== undefined) return found[0];
      if (found.length > 1) throw ambiguous(ref, found);
    }
    throw new Failure('container_not_found', `There is no container "${ref}"`, {
      hint: 'GET /api/v1/containers lists those that Terrarium manages; ?scope=all lists every one',
      ...(searched.some((one) => one.status().state !== 'live') ? { extra: { stale: true } } : {}),
      ...(isHidden && { cause: new OutOfSight() }),
    });
  }

  return { mirrors, mirror, find };
}

function exactIds(mirror: EngineMirror, ref: string): ContainerFacts[] {
  const facts = mirror.container(ref);
  return facts === undefined ? [] : [facts];
}

function exactNames(mirror: EngineMirror, ref: string): ContainerFacts[] {
  return [...mirror.containers()].filter((facts) => facts.name === ref);
}

function idPrefixes(mirror: EngineMirror, ref: string): ContainerFacts[] {
  if (!/^[0-9a-f]+$/.test(ref)) return [];
  return [...mirror.containers()].filter((facts) => facts.id.startsWith(ref));
}

function ambiguous(ref: string, found: readonly Located[]): Failure {
  const engines = [...new Set(found.map((one) => one.mirror.engine.name))];
  const onEngines = engines.length > 1;
  return new Failure(
    'ambiguous',
    onEngines
      ? `"${ref}" fits containers on several engines: ${engines.join(', ')}`
      : `"${ref}" fits ${found.length} containers: ${found.map((one) => one.facts.name).join(', ')}`,
    {
      hint: onEngines ? 'Name the engine with ?engine=' : 'Use the full id or the exact name',
      extra: {
        engines,
        candidates: found.map(({ mirror, facts }) => ({
          engine: mirror.engine.name,
          id: facts.id,
          name: facts.name,
        })),
      },
    },
  );
}
