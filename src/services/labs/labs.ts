// Labs as code: the one service behind their routes. Each part tells a story of its own (looking, changing, proving, keeping); here they are
// put together.
import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../../config.ts';
import { parseDuration } from '../../domain/duration.ts';
import { findLeaks } from '../../domain/lab/lab-audit.ts';
import { identifyLab } from '../../domain/lab/lab-identity.ts';
import { Failure } from '../../schemas/failure.ts';
import type { CheckReport, CheckResult } from '../../schemas/lab-check.ts';
import type { LabApplied, LabAudit, LabInFull, LabPlanView, LabRemoved, LabView } from '../../schemas/lab-view.ts';
import { authorize, maySee, type Principal } from '../access.ts';
import type { Catalogue } from '../catalogue.ts';
import type { Clock } from '../clock.ts';
import type { Containers } from '../containers/containers.ts';
import type { Accounts } from '../credentials/accounts.ts';
import type { DaemonConfigs } from '../daemon-config/daemon-configs.ts';
import type { EventsService } from '../events/events.ts';
import type { ExecService } from '../exec/exec.ts';
import type { LabEnds } from '../lab-ends.ts';
import type { LabOwners } from '../lab-owners.ts';
import type { Namespaces } from '../namespaces/namespaces.ts';
import type { Networks } from '../networks/networks.ts';
import type { ObservationService } from '../observation/observation-service.ts';
import type { PacketPaths } from '../packet-path/packet-paths.ts';
import type { Verifier } from '../reachability/verifier.ts';
import { type CheckWishes, createCheckRuns } from './check-runs.ts';
import { createLabChanges, documentLost, type Watching } from './lab-changes.ts';
import { createLabChecks } from './lab-checks.ts';
import { createLabDocuments } from './lab-documents.ts';
import { idOf, isLive, listNetworks } from './lab-engines.ts';
import { createLabKeeper } from './lab-keeper.ts';
import { createLabLocks } from './lab-lock.ts';
import { createLabLook, type FileCall, type LabCall } from './lab-look.ts';
import { listLabsByHome } from './lab-members.ts';
import { createLabQuota } from './lab-quota.ts';
import { showFile, showLab, showPlan } from './lab-showing.ts';
import { createReadiness } from './readiness.ts';

export interface LabParts {
  readonly config: Config;
  readonly catalogue: Catalogue;
  readonly labEnds: LabEnds;
  readonly labOwners: LabOwners;
  readonly accounts: Pick<Accounts, 'quotasOf'>;
  readonly containers: Pick<Containers, 'create' | 'settle'>;
  readonly networks: Pick<Networks, 'create' | 'settle'>;
  readonly observation: Pick<ObservationService, 'read'>;
  readonly exec: Pick<ExecService, 'run'>;
  readonly verifier: Pick<Verifier, 'connect'>;
  readonly namespaces: Pick<Namespaces, 'ofContainer'>;
  readonly packetPaths: Pick<PacketPaths, 'trace'>;
  readonly daemonConfigs: Pick<DaemonConfigs, 'check'>;
  readonly events: Pick<EventsService, 'tellOfLab'>;
  readonly serverId: string;
  readonly clock: Clock;
  readonly log: FastifyBaseLogger;
}

export interface Labs {
  /** How often a change that takes long says that it goes on. */
  readonly heartbeatMs: number;
  list(principal: Principal, engine?: string): Promise<LabView[]>;
  get(call: LabCall): Promise<LabInFull>;
  /** What an apply would do. Changes nothing. */
  plan(call: FileCall): Promise<LabPlanView>;
  /** Makes the lab what the file says. What was made is removed again where it fails or nobody waits any more. */
  apply(call: FileCall, watching: Watching): Promise<LabApplied>;
  remove(call: LabCall, watching: Watching): Promise<LabRemoved>;
  extend(call: LabCall, ttl: string): Promise<LabView>;
  /** Ends a change that is under way, on whichever server. Fails with `state_conflict` where none is. */
  cancel(call: LabCall): Promise<void>;
  /** Looks at the checks, once or until they hold. */
  check(call: LabCall, wishes: CheckWishes, signal: AbortSignal): Promise<CheckReport>;
  /** The results as they change, without an end of its own. */
  watch(call: LabCall, wishes: CheckWishes, signal: AbortSignal): AsyncIterable<readonly CheckResult[]>;
  /** What is ours and belongs to no lab, or is there beyond its time. Removes nothing. */
  audit(principal: Principal, engine?: string): Promise<LabAudit>;
  /** Stops what is under way: the server is about to close. */
  interrupt(): void;
  start(): void;
  close(): Promise<void>;
}

/** As long as the longest life time. */
const maxLifeMs = 30 * 24 * 3_600_000;

export function createLabs(parts: LabParts): Labs {
  const { config, catalogue, clock, log } = parts;
  const { labOwners } = parts;
  const documents = createLabDocuments(parts.labEnds, labOwners);
  const locks = createLabLocks({ helperImage: config.helperImage, serverId: parts.serverId });
  const look = createLabLook({ config, catalogue, documents, labOwners });
  const quota = createLabQuota({ accounts: parts.accounts, mirrors: catalogue.mirrors, documents });
  const checks = createLabChecks(parts);
  const runs = createCheckRuns(checks);
  const changes = createLabChanges({ ...parts, documents, locks, look, readiness: createReadiness(checks) });
  const keeper = createLabKeeper({
    mirrors: catalogue.mirrors,
    documents,
    isBlocked(home, document) {
      const { lab } = document.record;
      const { containers } = look.members(home, lab);
      const engines = look.engines(home, lab, document);
      const away = new Set(engines.filter((mirror) => !isLive(mirror)).map(({ engine }) => engine.name));
      return away.size > 0 && containers.every(({ engine }) => away.has(engine));
    },
    warn: (home, lab, expiresAt) =>
      parts.events.tellOfLab('lab.expiring', {
        engine: home.engine.name,
        lab,
        owner: labOwners.ownerOf(home, lab),
        reason: expiresAt,
      }),
    removeDue: changes.removeDue,
    clock,
    intervalMs: config.janitorIntervalMs,
    log,
  });

  async function checked(call: LabCall) {
    const { home, lab, document } = await look.find(call);
    if (document === null) throw documentLost(lab);
    const { file, instances } = document.record;
    return { principal: call.principal, home, identity: { lab, instances }, file, placement: look.place(file, home) };
  }

  return {
    heartbeatMs: config.heartbeatMs,

    async list(principal, engine) {
      const mirrors = engine === undefined ? catalogue.mirrors : [catalogue.mirror(engine)];
      const views = await Promise.all(
        mirrors.map(async (mirror) => {
          authorize(principal, 'list', { kind: 'engine', name: mirror.engine.name });
          await mirror.settled();
          const known = await (engine === undefined ? documents.listKnown(mirror) : documents.list(mirror));
          const byHome = listLabsByHome(catalogue.mirrors);
          const names = new Set([...known.keys(), ...(byHome.get(idOf(mirror)) ?? [])]);
          return [...names]
            .filter((lab) => maySee(principal, { kind: 'lab', name: lab, owner: labOwners.ownerOf(mirror, lab) }))
            .sort()
            .map((lab) => showLab(look, principal, { home: mirror, lab, document: known.get(lab) ?? null }));
        }),
      );
      return views.flat();
    },

    async get(call) {
      const found = await look.find(call);
      return { ...showLab(look, call.principal, found), file: showFile(call.principal, found.document) };
    },

    async plan(call) {
      const wanted = await look.want(call);
      return showPlan(wanted, (await look.plan(wanted)).plan);
    },

    async apply(call, watching) {
      const wanted = await look.want(call);
      const { home, identity } = wanted;
      // What is somebody else's is told before how much one may have.
      look.requireOwn(wanted);
      const free = await quota.take(wanted);
      try {
        const changed = await changes.apply(wanted, watching);
        keeper.look(home);
        const document = await documents.find(home, identity.lab);
        return { done: true, changed, lab: showLab(look, call.principal, { home, lab: identity.lab, document }) };
      } finally {
        free();
      }
    },

    async remove(call, watching) {
      const { home, lab, document, owner } = await look.find(call);
      authorize(call.principal, 'delete', { kind: 'lab', name: lab, owner });
      for (const { engine } of look.engines(home, lab, document))
        authorize(call.principal, 'delete', { kind: 'engine', name: engine.name });
      return { done: true, removed: await changes.remove(home, lab, watching) };
    },

    async extend(call, ttl) {
      const { home, lab, owner } = await look.find(call);
      authorize(call.principal, 'change_lab', { kind: 'lab', name: lab, owner });
      const more = parseDuration(ttl);
      const document = await changes.rewrite(home, lab, (record) => {
        if (record.ending === true)
          throw new Failure('state_conflict', `The lab "${lab}" was removed, and what is left of it is about to go`, {
            hint: 'Apply it again, and it is a lab again.',
          });
        if (record.expiresAt === null)
          throw new Failure('state_conflict', `The lab "${lab}" has no end that could be put off`, {
            hint: 'Give it a ttl: apply it with one in its file.',
          });
        const now = clock.now() + home.clockOffsetMs;
        const end = Math.max(now, Date.parse(record.expiresAt)) + more;
        if (end > now + maxLifeMs)
          throw new Failure('invalid_request', `The lab "${lab}" would live longer than 30 days from now`, {
            field: 'ttl',
            hint: 'Extend it by less.',
          });
        return { ...record, expiresAt: new Date(end).toISOString() };
      });
      keeper.look(home);
      return showLab(look, call.principal, { home, lab, document });
    },

    async cancel({ principal, name, as, engine }) {
      const { lab } = identifyLab(name, { as });
      const mirrors = engine === undefined ? catalogue.mirrors : [catalogue.mirror(engine)];
      for (const mirror of mirrors) authorize(principal, 'change_lab', { kind: 'engine', name: mirror.engine.name });
      const changeable = mirrors.filter((mirror) => look.isOwn(principal, mirror, lab));
      const outcomes = await Promise.allSettled(changeable.map((mirror) => locks.cancel(mirror, lab)));
      if (outcomes.some((outcome) => outcome.status === 'fulfilled' && outcome.value)) return;
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      throw new Failure('state_conflict', `The lab "${lab}" is not being changed`, {
        hint: `GET /api/v1/labs/${lab} shows what it is.`,
      });
    },

    async check(call, wishes, signal) {
      return runs.report(await checked(call), wishes, signal);
    },

    async *watch(call, wishes, signal) {
      yield* runs.follow(await checked(call), wishes, signal);
    },

    async audit(principal, engine) {
      const mirrors = engine === undefined ? catalogue.mirrors : [catalogue.mirror(engine)];
      await Promise.all(catalogue.mirrors.map((mirror) => mirror.settled()));
      // What is on one engine may be of a lab of another.
      const known = await Promise.all(
        catalogue.mirrors.map(async (home) => {
          const labs = [...(await documents.listKnown(home)).values()];
          return labs
            .filter(({ record: { lab, owner } }) => maySee(principal, { kind: 'lab', name: lab, owner }))
            .map(({ record }) => look.describeForAudit(home, record));
        }),
      );
      const homes = new Map(catalogue.mirrors.map((mirror) => [idOf(mirror), mirror.engine.name]));
      const findings = await Promise.all(
        mirrors.map(async (mirror) => {
          authorize(principal, 'list', { kind: 'engine', name: mirror.engine.name });
          return findLeaks({
            engine: mirror.engine.name,
            engineId: idOf(mirror),
            homes,
            away: new Set(catalogue.mirrors.filter((one) => !isLive(one)).map(({ engine: { name } }) => name)),
            containers: [...mirror.containers()].filter((facts) => maySee(principal, { kind: 'container', facts })),
            networks: [...listNetworks(catalogue.mirrors, mirror)].filter((facts) =>
              maySee(principal, { kind: 'network', facts }),
            ),
            labs: known.flat(),
            spareVolumes: principal.sees === 'all' ? await documents.listSpare(mirror) : [],
            engineNow: clock.now() + mirror.clockOffsetMs,
          });
        }),
      );
      const away = mirrors.filter((mirror) => mirror.status().state === 'stale');
      return { findings: findings.flat(), away: away.map((mirror) => mirror.engine.name) };
    },

    interrupt: changes.interrupt,
    start: keeper.start,

    async close() {
      changes.interrupt();
      await Promise.all([keeper.close(), changes.settled()]);
    },
  };
}
