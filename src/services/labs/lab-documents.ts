// What is true of a lab and changes: its file, its end, its instances. Labels cannot be changed, so each version is an empty volume of its own
// whose labels hold it; the highest generation that is whole is the lab's, and older ones are removed after. Docker is the database.
import { promisify } from 'node:util';
import { brotliCompress, brotliDecompressSync, constants } from 'node:zlib';
import { label, roles } from '../../domain/labels.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import type { LabFile } from '../../schemas/lab.ts';
import type { LabEnds } from '../lab-ends.ts';
import type { LabOwners } from '../lab-owners.ts';
import { whileThere } from '../while-there.ts';

/** What a document says. Times are the engine's, ISO 8601. */
export interface LabRecord {
  /** 2 where a member names an engine: a server that knows only 1 leaves such a lab alone. */
  readonly version: 1 | 2;
  readonly lab: string;
  readonly file: LabFile;
  readonly instances: number | null;
  readonly owner: string;
  /** When the lab came to be, and when this version did. */
  readonly createdAt: string;
  readonly appliedAt: string;
  /** null: it stays until it is removed. */
  readonly expiresAt: string | null;
  /** It was removed as far as engines answered: nothing of it is to stay on those that did not. */
  readonly ending?: true;
}

export interface LabDocument {
  readonly record: LabRecord;
  readonly generation: number;
  /** Of its volume. */
  readonly name: string;
}

export interface LabDocuments {
  /** The newest document of each lab of the engine; while that is away, what was last known. */
  list(mirror: EngineMirror): Promise<ReadonlyMap<string, LabDocument>>;
  /** The same, and nothing of an engine that was never met: what is asked about all engines is not held up by one. */
  listKnown(mirror: EngineMirror): Promise<ReadonlyMap<string, LabDocument>>;
  find(mirror: EngineMirror, lab: string): Promise<LabDocument | null>;
  /** The volumes of ours that hold no lab's newest document: what a server that was killed did not come to remove. */
  listSpare(mirror: EngineMirror): Promise<string[]>;
  /** Writes the next generation. Whoever holds the lab's lock does. Fails with `payload_too_large`. */
  write(mirror: EngineMirror, record: LabRecord): Promise<LabDocument>;
  /** Removes one, or all that the lab has, or those of generations before one, which nobody needs any more. */
  remove(mirror: EngineMirror, lab: string, which: { readonly before?: number; readonly only?: string }): Promise<void>;
}

interface Read {
  readonly encoded: string;
  readonly record: LabRecord | null;
}

/** What the names of all documents begin with. */
export const documentPrefix = 'terrarium-lab-';

const compress = promisify(brotliCompress);
/** Of the label that holds it. An engine takes more, and answers each list of volumes with it. */
const maxEncodedLength = 256 * 1024;
/** Ours are far smaller; somebody else's label could be a bomb. */
const maxDecodedLength = 8 * 1024 * 1024;
const ours = { name: label.role, value: roles.labDocument } as const;

export function createLabDocuments(labEnds: LabEnds, labOwners: Pick<LabOwners, 'know'>): LabDocuments {
  const lastKnown = new WeakMap<EngineMirror, ReadonlyMap<string, LabDocument>>();
  /** Volumes do not change: what was read once need not be read again. By the volume's name. */
  const lastRead = new WeakMap<EngineMirror, ReadonlyMap<string, Read>>();

  async function listNow(mirror: EngineMirror): Promise<ReadonlyMap<string, LabDocument>> {
    const before = lastRead.get(mirror);
    const read = new Map<string, Read>();
    const newest = new Map<string, LabDocument>();
    for (const { name, labels } of await whileThere(mirror, mirror.engine.listVolumes(ours))) {
      const encoded = labels[label.document] ?? '';
      const generation = Number(labels[label.generation]);
      const known = before?.get(name);
      const record = known?.encoded === encoded ? known.record : decode(encoded);
      read.set(name, { encoded, record });
      if (record === null || record.lab !== labels[label.lab] || !Number.isSafeInteger(generation)) continue;
      const other = newest.get(record.lab);
      if (other === undefined || other.generation < generation) newest.set(record.lab, { record, generation, name });
    }
    lastRead.set(mirror, read);
    lastKnown.set(mirror, newest);
    const ends = [...newest].flatMap(([lab, { record }]) =>
      record.expiresAt === null ? [] : [[lab, record.expiresAt] as const],
    );
    labEnds.know(mirror.info?.id ?? '', new Map(ends));
    labOwners.know(mirror.engine.name, new Map([...newest].map(([lab, { record }]) => [lab, record.owner])));
    return newest;
  }

  function listKnown(mirror: EngineMirror): Promise<ReadonlyMap<string, LabDocument>> {
    return list(mirror).catch((error: unknown) => {
      if (error instanceof Failure && isAway(error)) return new Map();
      throw error;
    });
  }

  async function list(mirror: EngineMirror): Promise<ReadonlyMap<string, LabDocument>> {
    const known = lastKnown.get(mirror);
    if (mirror.status().state === 'stale' && known !== undefined) return known;
    try {
      return await listNow(mirror);
    } catch (error) {
      if (known === undefined || !(error instanceof Failure)) throw error;
      return known;
    }
  }

  return {
    list,
    listKnown,

    async listSpare(mirror) {
      const newest = new Set([...(await listKnown(mirror)).values()].map(({ name }) => name));
      return [...(lastRead.get(mirror)?.keys() ?? [])].filter((name) => !newest.has(name));
    },

    async find(mirror, lab) {
      return (await list(mirror)).get(lab) ?? null;
    },

    async write(mirror, record) {
      const encoded = await encode(record);
      for (;;) {
        const generation = ((await listNow(mirror)).get(record.lab)?.generation ?? 0) + 1;
        const name = `${documentPrefix}${record.lab}-${generation}`;
        const labels = {
          [label.role]: roles.labDocument,
          [label.lab]: record.lab,
          [label.generation]: String(generation),
          [label.document]: encoded,
        };
        const made = await mirror.engine.createVolume({ name, labels });
        // A volume of this name that cannot be read stands in the way, and is nobody's.
        if (made.labels[label.document] === encoded) return { record, generation, name };
        await mirror.engine.removeVolume(name);
      }
    },

    async remove(mirror, lab, { before = Number.POSITIVE_INFINITY, only }) {
      const volumes = await mirror.engine.listVolumes(ours);
      const doomed = volumes.filter(
        ({ name, labels }) =>
          labels[label.lab] === lab &&
          (only === undefined ? !(Number(labels[label.generation]) >= before) : name === only),
      );
      await Promise.all(doomed.map(({ name }) => mirror.engine.removeVolume(name)));
      await listNow(mirror);
    },
  };
}

async function encode(record: LabRecord): Promise<string> {
  const bytes = await compress(Buffer.from(JSON.stringify(record)), {
    params: { [constants.BROTLI_PARAM_QUALITY]: 5 },
  });
  const encoded = bytes.toString('base64');
  if (encoded.length <= maxEncodedLength) return encoded;
  throw new Failure('payload_too_large', `The lab's document would be ${encoded.length} bytes long`, {
    hint: `At most ${maxEncodedLength}, compressed: shorten what does not compress, such as long random text.`,
  });
}

/** Null where it is not what we write. */
function decode(encoded: string): LabRecord | null {
  try {
    const bytes = brotliDecompressSync(Buffer.from(encoded, 'base64'), { maxOutputLength: maxDecodedLength });
    const record = JSON.parse(bytes.toString()) as LabRecord;
    return (record.version === 1 || record.version === 2) && typeof record.lab === 'string' ? record : null;
  } catch {
    return null;
  }
}

/** Is it that the engine does not answer? */
export function isAway({ code }: Failure): boolean {
  return code === 'engine_unavailable' || code === 'engine_timeout';
}
