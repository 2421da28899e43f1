// What a request about a lab rests on: the file as it was read, the engines, and what those hold of the lab now. It changes nothing.
import { createHash } from 'node:crypto';
import type { Config } from '../../config.ts';
import { type DesiredLab, describeDesired } from '../../domain/lab/desired-lab.ts';
import { refuseShared } from '../../domain/lab/instance-rules.ts';
import type { AuditedLab } from '../../domain/lab/lab-audit.ts';
import { judgePlacement, parseLabFile } from '../../domain/lab/lab-file.ts';
import { identifyLab, isNamedFor, type LabIdentity } from '../../domain/lab/lab-identity.ts';
import { type LabPlacement, placeLab } from '../../domain/lab/lab-placement.ts';
import type { LabPlan } from '../../domain/lab/lab-plan.ts';
import { planLab } from '../../domain/lab/lab-planner.ts';
import { label } from '../../domain/labels.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import type { LabFile } from '../../schemas/lab.ts';
import { authorize, maySee, OutOfSight, type Principal } from '../access.ts';
import type { Catalogue } from '../catalogue.ts';
import { amend } from '../containers/create-failure.ts';
import { describeEngine } from '../containers/engine-policy.ts';
import type { LabOwners } from '../lab-owners.ts';
import { seenBy } from '../sight.ts';
import { isAway, type LabDocument, type LabDocuments, type LabRecord } from './lab-documents.ts';
import { describeEngines, idOf, observeEngines } from './lab-engines.ts';
import { findMembers, type Members } from './lab-members.ts';
import { awaitLive } from './live-mirror.ts';

/** Which lab is asked for, and by whom. */
export interface LabCall {
  readonly principal: Principal;
  readonly name: string;
  readonly as?: string | undefined;
  /** Its home. */
  readonly engine?: string | undefined;
}

/** The same with a file. */
export interface FileCall extends LabCall {
  readonly instances?: number | undefined;
  readonly text: string;
}

/** A file that is to become a lab. */
export interface Wanted {
  readonly principal: Principal;
  /** The engine that has its lock and its document. */
  readonly home: EngineMirror;
  readonly identity: LabIdentity;
  readonly file: LabFile;
  readonly placement: LabPlacement;
  readonly desired: DesiredLab;
}

/** A plan with what it was made from. */
export interface Planned {
  readonly plan: LabPlan;
  readonly document: LabDocument | null;
}

/** A lab that exists. `owner` is null where its document is lost and its members say nothing. */
export interface FoundLab {
  readonly home: EngineMirror;
  readonly lab: string;
  readonly document: LabDocument | null;
  readonly owner: string | null;
}

export interface LabLook {
  /** Fails with `invalid_request` for a file that is none, with `forbidden` for what may not be. */
  want(call: FileCall): Promise<Wanted>;
  /** Where a lab that exists is at home. Fails with `lab_not_found`, and with `ambiguous` where several engines have it. */
  find(call: LabCall): Promise<FoundLab>;
  /** Whose a lab of this name is when `principal` makes it. Fails with `name_taken` where it is somebody else's. */
  ownerFor(principal: Principal, home: EngineMirror, lab: string): string;
  /** Fails as {@link ownerFor} does. */
  requireOwn(wanted: Wanted): void;
  /** May `principal` change it, if there is such a lab? */
  isOwn(principal: Principal, home: EngineMirror, lab: string): boolean;
  /** Fails as {@link ownerFor} does, and with `engine_unavailable`, naming it, where one of the engines that the lab is or was on is away. */
  plan(wanted: Wanted): Promise<Planned>;
  /** What the plan of its own document says. */
  planAgain(home: EngineMirror, document: LabDocument): LabPlan;
  /** Which engine each container of a file is on. */
  place(file: LabFile, home: EngineMirror): LabPlacement;
  describeForAudit(home: EngineMirror, record: LabRecord): AuditedLab;
  /** Everything that carries the lab's name, whether its file describes it or not. */
  members(home: EngineMirror, lab: string): Members;
  /** The engines that it is on, as far as its document and what is known of its members tell; the home first. */
  engines(home: EngineMirror, lab: string, document: LabDocument | null): readonly EngineMirror[];
  /** Brings mirrors up to date for certain: another server may have changed the lab a moment ago. */
  refresh(mirrors: readonly EngineMirror[], lab: string): Promise<void>;
}

export function createLabLook({
  config,
  catalogue,
  documents,
  labOwners,
}: {
  config: Config;
  catalogue: Catalogue;
  documents: LabDocuments;
  labOwners: LabOwners;
}): LabLook {
  const { mirrors } = catalogue;
  const known = new Map(mirrors.map((mirror) => [mirror.engine.name, mirror]));
  const members = (home: EngineMirror, lab: string) => findMembers(mirrors, home, lab);
  const place = (file: LabFile, home: EngineMirror) => placeLab(file, home.engine.name, describeEngines(mirrors));

  function describeRecord({ file, lab, instances }: LabRecord, home: EngineMirror): DesiredLab {
    return describeDesired(file, { identity: { lab, instances }, placement: place(file, home), digest });
  }

  /** Names of the engines that placements put something on, and of those that have something. */
  function involve(home: EngineMirror, lab: string, placements: readonly LabPlacement[]): Set<string> {
    const { containers, networks } = members(home, lab);
    return new Set([
      home.engine.name,
      ...placements.flatMap(({ engines }) => engines),
      ...[...containers, ...networks].map(({ engine }) => engine),
    ]);
  }

  /** What it is told with `lab` is why the engine matters. */
  async function requireLive(mirror: EngineMirror, lab: string): Promise<void> {
    await awaitLive(mirror).catch((error: unknown) => {
      if (!(error instanceof Failure) || !isAway(error)) throw error;
      throw amend(error, {
        detail: `The lab "${lab}" is on the engine ${mirror.engine.name} too: ${error.message}`,
        hint: `Nothing was changed. ${error.hint ?? ''}`.trim(),
        extra: { engine: mirror.engine.name },
      });
    });
  }

  async function isThere(home: EngineMirror, lab: string): Promise<LabDocument | null | undefined> {
    await home.settled();
    const document = await documents.find(home, lab);
    const { containers, networks } = members(home, lab);
    return document === null && containers.length === 0 && networks.length === 0 ? undefined : document;
  }

  const ownerFor = (principal: Principal, home: EngineMirror, lab: string) =>
    labOwners.requireFor(principal, home, lab);

  return {
    members,
    place,
    ownerFor,
    requireOwn: ({ principal, home, identity }) => void ownerFor(principal, home, identity.lab),
    isOwn: (principal, home, lab) => principal.role === 'admin' || labOwners.ownerOf(home, lab) === principal.name,

    async want({ principal, name, as, engine, instances, text }) {
      const file = parseLabFile(text);
      const identity = identifyLab(name, { as, instances });
      if (!isNamedFor(file.name, name))
        throw new Failure('invalid_request', `The file calls its lab "${file.name}", the URL "${name}"`, {
          field: 'name',
          hint: 'Use one name, or leave it out of the file.',
        });
      if (engine !== undefined && file.engine !== undefined && engine !== file.engine)
        throw new Failure('invalid_request', `The query names the engine "${engine}", the file "${file.engine}"`, {
          field: 'engine',
          hint: 'Name it once.',
        });
      refuseShared(file, identity);
      const home = catalogue.mirror(engine ?? file.engine);
      authorize(principal, 'create', { kind: 'engine', name: home.engine.name });
      await Promise.all(mirrors.map((mirror) => isNamed(file, mirror) && mirror.settled()));
      const placement = place(file, home);
      judgePlacement(text, file, placement, describeEngines(mirrors));
      for (const one of placement.engines) authorize(principal, 'create', { kind: 'engine', name: one });
      refuseHost(principal, file, (item) => catalogue.mirror(placement.ofContainer(item)), config);
      await awaitLive(home);
      const desired = describeDesired(file, { identity, placement, digest });
      return { principal, home, identity, file, placement, desired };
    },

    async find({ principal, name, as, engine }) {
      const { lab } = identifyLab(name, { as });
      const searched = engine === undefined ? mirrors : [catalogue.mirror(engine)];
      const found: FoundLab[] = [];
      let isHidden = false;
      let away: Failure | undefined;
      for (const home of searched) {
        authorize(principal, 'get', { kind: 'engine', name: home.engine.name });
        try {
          const document = await isThere(home, lab);
          if (document === undefined) continue;
          const owner = document?.record.owner ?? labOwners.ownerOf(home, lab);
          if (maySee(principal, { kind: 'lab', name: lab, owner })) found.push({ home, lab, document, owner });
          else isHidden = true;
        } catch (error) {
          // What is on the others is found all the same.
          if (!(error instanceof Failure) || !isAway(error)) throw error;
          away ??= error;
        }
      }
      const [only, another] = found;
      if (only === undefined && away !== undefined) throw away;
      if (only === undefined)
        throw new Failure('lab_not_found', `There is no lab "${lab}"`, {
          hint: 'GET /api/v1/labs lists them.',
          ...(isHidden && { cause: new OutOfSight() }),
        });
      if (another !== undefined)
        throw new Failure('ambiguous', `Several engines have a lab "${lab}"`, {
          hint: 'Name the engine with ?engine=',
          extra: { engines: found.map(({ home }) => home.engine.name) },
        });
      return only;
    },

    async plan({ principal, home, identity, placement, desired }) {
      const document = await documents.find(home, identity.lab);
      ownerFor(principal, home, identity.lab);
      const before = document === null ? [] : [place(document.record.file, home)];
      const names = involve(home, identity.lab, [placement, ...before]);
      const involved = mirrors.filter(({ engine }) => names.has(engine.name));
      for (const mirror of involved) if (mirror !== home) await requireLive(mirror, identity.lab);
      await Promise.all(involved.map((mirror) => mirror.refreshNetworks()));
      const seen = mirrors.map((mirror) => seenBy(principal, mirror));
      const engines = observeEngines(seen, names);
      const previous = document === null ? null : describeRecord(document.record, home);
      return { plan: planLab({ desired, engines, previous }), document };
    },

    planAgain(home, { record }) {
      const desired = describeRecord(record, home);
      const names = involve(home, record.lab, [place(record.file, home)]);
      return planLab({ desired, engines: observeEngines(mirrors, names) });
    },

    describeForAudit(home, record) {
      const { networks, containers } = describeRecord(record, home);
      const keys = [...networks.map(({ key }) => `network ${key}`), ...containers.map(({ key }) => `container ${key}`)];
      const held = members(home, record.lab);
      const isEmpty = held.containers.length === 0 && held.networks.length === 0;
      return { lab: record.lab, homeId: idOf(home), isEmpty, expiresAt: record.expiresAt, keys: new Set(keys) };
    },

    engines(home, lab, document) {
      const names = involve(home, lab, document === null ? [] : [place(document.record.file, home)]);
      return [home, ...[...names].flatMap((name) => known.get(name) ?? []).filter((mirror) => mirror !== home)];
    },

    async refresh(asked, lab) {
      await Promise.all(
        asked.map(async (mirror) => {
          const listed = new Set(await mirror.engine.listContainerIds());
          const held = [...mirror.containers()];
          const unsure = [
            ...[...listed].filter((id) => mirror.container(id) === undefined),
            ...held.filter(({ id, labels }) => labels[label.lab] === lab || !listed.has(id)).map(({ id }) => id),
          ];
          await Promise.all([...unsure.map((id) => mirror.refresh(id)), mirror.refreshNetworks()]);
        }),
      );
    },
  };
}

/** Does the file name this engine? What another one is does not matter to it. An overlay may be made on any. */
function isNamed(file: LabFile, { engine: { name } }: EngineMirror): boolean {
  return [...Object.values(file.containers), ...Object.values(file.networks ?? {})].some(
    (member) => member?.engine === name || (member !== null && 'driver' in member && member.driver === 'overlay'),
  );
}

/** Told before anything is made. */
function refuseHost(
  principal: Principal,
  file: LabFile,
  mirrorOf: (item: string) => EngineMirror,
  config: Config,
): void {
  for (const [name, container] of Object.entries(file.containers)) {
    if (container.mode !== 'open' || container.host !== true) continue;
    const mirror = mirrorOf(name);
    authorize(principal, 'host', { kind: 'engine', name: mirror.engine.name });
    const { hostRefusal } = describeEngine(config, mirror);
    if (hostRefusal === null) continue;
    const detail = `The host's network namespace is not to be had on the engine ${mirror.engine.name}: ${hostRefusal}`;
    throw new Failure('forbidden', detail, {
      field: `containers.${name}.host`,
      hint: 'Reach the engine over a socket.',
    });
  }
}

/** As the create service hashes a request: so a member's label tells whether it is as described. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
