// Whose a lab is: as its document says, else as its members do. Whatever is put into a lab belongs to the lab's owner, and nobody else but an admin
// may put anything there, however it is asked for.
import { homeOf } from '../domain/lab/lab-home.ts';
import { label } from '../domain/labels.ts';
import type { EngineMirror } from '../engine/mirror.ts';
import { Failure } from '../schemas/failure.ts';
import { maySee, type Principal } from './access.ts';

export interface LabOwners {
  /** null where there is no such lab. */
  ownerOf(mirror: EngineMirror, lab: string): string | null;
  /** All labs of an engine with their owners, as its documents say now. */
  know(engine: string, owners: ReadonlyMap<string, string>): void;
  /** Whose something is that `principal` puts into the lab. Fails with `name_taken` where the lab is somebody else's. */
  requireFor(principal: Principal, mirror: EngineMirror, lab: string | undefined): string;
}

export function createLabOwners(): LabOwners {
  const byEngine = new Map<string, ReadonlyMap<string, string>>();

  function ownerOf(mirror: EngineMirror, lab: string): string | null {
    const documented = byEngine.get(mirror.engine.name)?.get(lab);
    if (documented !== undefined) return documented;
    const hereId = mirror.info?.id ?? '';
    for (const { labels } of [...mirror.containers(), ...mirror.networks()]) {
      if (labels[label.managed] !== 'true' || labels[label.lab] !== lab || labels[label.owner] === undefined) continue;
      // What is of a lab of another engine says nothing of this one's.
      if (homeOf(labels, hereId) === hereId) return labels[label.owner] ?? null;
    }
    return null;
  }

  return {
    ownerOf,
    know: (engine, owners) => void byEngine.set(engine, owners),
    requireFor(principal, mirror, lab) {
      const owner = lab === undefined ? null : ownerOf(mirror, lab);
      if (lab === undefined || owner === null || owner === principal.name) return principal.name;
      if (principal.role === 'admin') return owner;
      throw labTaken(principal, lab, owner);
    },
  };
}

/** That a name is taken cannot be hidden, because it is the engine's; by whom can. */
export function labTaken(principal: Principal, lab: string, owner: string): Failure {
  const isSeen = maySee(principal, { kind: 'lab', name: lab, owner });
  return new Failure('name_taken', `The lab name "${lab}" is taken${isSeen ? `, by ${owner}` : ''}`, {
    field: 'lab',
    hint: 'Choose another name for yours.',
  });
}
