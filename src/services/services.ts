// Every service of the server, made once, in order of dependence. The composition root hands them to the routes as `app.services`.
import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../config.ts';
import type { EngineMirror } from '../engine/mirror.ts';
import { Hub } from '../streams/hub.ts';
import type { AuditLog } from './audit-log.ts';
import { type Catalogue, createCatalogue } from './catalogue.ts';
import type { Clock } from './clock.ts';
import { type Containers, createContainers } from './containers/containers.ts';
import type { Accounts } from './credentials/accounts.ts';
import { createDaemonConfigs, type DaemonConfigs } from './daemon-config/daemon-configs.ts';
import { createEngines, type Engines } from './engines.ts';
import { createEvents, type EventsService } from './events/events.ts';
import { createExecService, type ExecService } from './exec/exec.ts';
import { sweepExecs } from './exec/exec-sweep.ts';
import { createGuardStarter, createGuards } from './exec/server-guards.ts';
import { createHostNetworks } from './host-network/host-networks.ts';
import { createImages, type Images } from './images/images.ts';
import { createJanitor } from './janitor/janitor.ts';
import { createLabEnds } from './lab-ends.ts';
import { createLabOwners } from './lab-owners.ts';
import { createLabs, type Labs } from './labs/labs.ts';
import { createLessons, type Lessons } from './lessons/lessons.ts';
import { createLogsService, type LogsService } from './logs/logs.ts';
import { createNamespaces, type Namespaces } from './namespaces/namespaces.ts';
import { createNetworks, type Networks } from './networks/networks.ts';
import { ObservationService } from './observation/observation-service.ts';
import { createPacketPaths, type PacketPaths } from './packet-path/packet-paths.ts';
import { createReachability, type ReachabilityService } from './reachability/reachability.ts';
import { createVerifier } from './reachability/verifier.ts';
import { createSeenInodes } from './seen-inodes.ts';
import { createStreamQuota, type StreamQuota } from './stream-quota.ts';
import { createSubscriptions, type Subscriptions } from './subscriptions/subscriptions.ts';
import { createSurveyor } from './survey/survey.ts';
import { createTerminalService, type TerminalService } from './terminal/terminal.ts';

/** What services are made of. `serverId` names this process in labels; `bootId` names this run in streams. */
export interface ServiceParts {
  readonly config: Config;
  readonly accounts: Accounts;
  readonly audit: AuditLog;
  readonly mirrors: readonly EngineMirror[];
  readonly clock: Clock;
  readonly log: FastifyBaseLogger;
  readonly serverId: string;
  readonly bootId: string;
}

export interface Services {
  readonly catalogue: Catalogue;
  readonly containers: Containers;
  readonly engines: Engines;
  readonly daemonConfigs: DaemonConfigs;
  readonly namespaces: Namespaces;
  readonly observation: ObservationService;
  readonly packetPaths: PacketPaths;
  readonly reachability: ReachabilityService;
  readonly events: EventsService;
  /** What clients of `/stream` ask for. */
  readonly subscriptions: Subscriptions;
  readonly exec: ExecService;
  readonly terminals: TerminalService;
  readonly logs: LogsService;
  readonly images: Images;
  readonly labs: Labs;
  readonly lessons: Lessons;
  readonly networks: Networks;
  readonly streamQuota: StreamQuota;
  /** Who changed what, and who was refused what. */
  readonly audit: AuditLog;
  /** The streams and the clients that follow them. */
  readonly streams: Hub;
  /** Starts what runs by itself (sweep, janitor). */
  start(): Promise<void>;
  /** Ends it, and removes every helper of this server. */
  close(): Promise<void>;
}

export function createServices(parts: ServiceParts): Services {
  const { config, accounts, audit, mirrors, clock, log, serverId, bootId } = parts;
  const catalogue = createCatalogue(mirrors);
  const inodes = createSeenInodes();
  const labEnds = createLabEnds();
  const labOwners = createLabOwners();
  const streamQuota = createStreamQuota(accounts);
  const observation = new ObservationService({
    mirrors,
    inodes,
    observer: config.observer,
    helperImage: config.helperImage,
    serverId,
    log,
    now: () => clock.now(),
  });
  const streams = new Hub({ bootId, heartbeatMs: config.heartbeatMs });
  const startGuard = createGuardStarter({ helperImage: config.helperImage, serverId });
  const guards = createGuards(startGuard, log);
  const exec = createExecService({ catalogue, guards, serverId });
  const terminals = createTerminalService({ catalogue, guards, serverId, heartbeatMs: config.heartbeatMs, log });
  let endSweeps: (() => Promise<void>)[] = [];
  const images = createImages({ catalogue, registries: config.registries });
  const janitor = createJanitor({ mirrors, clock, log, intervalMs: config.janitorIntervalMs });
  const containers = createContainers({
    config,
    catalogue,
    images,
    inodes,
    labEnds,
    labOwners,
    accounts,
    clock,
    log,
    serverId,
  });
  const { helperImage } = config;
  const namespaces = createNamespaces({ catalogue, views: containers.views, inodes, helperImage, serverId });
  const events = createEvents({ catalogue, containers, bootId, now: () => clock.now() });
  const logs = createLogsService({ catalogue });
  const networks = createNetworks({ catalogue, inodes, labOwners, helperImage, serverId, log });
  const now = () => clock.now();
  const hosts = createHostNetworks({ mirrors, policy: config.rules, helperImage: config.helperImage, serverId });
  const verifier = createVerifier({ mirrors, helperImage: config.helperImage, serverId });
  const daemonConfigs = createDaemonConfigs({ catalogue, hosts, helperImage, serverId });
  const surveyor = createSurveyor({ observation, hosts, now });
  const packetPaths = createPacketPaths({ catalogue, surveyor });
  const labs = createLabs({
    config,
    catalogue,
    labEnds,
    labOwners,
    accounts,
    containers,
    networks,
    observation,
    exec,
    verifier,
    namespaces,
    packetPaths,
    daemonConfigs,
    events,
    serverId,
    clock,
    log,
  });
  return {
    catalogue,
    containers,
    engines: createEngines({ config, catalogue, observerOf: (mirror) => observation.observerOf(mirror) }),
    daemonConfigs,
    namespaces,
    observation,
    packetPaths,
    reachability: createReachability({ catalogue, surveyor, verifier, now }),
    events,
    subscriptions: createSubscriptions({ catalogue, containers, observation, events, logs, streamQuota, audit, now }),
    exec,
    terminals,
    logs,
    images,
    labs,
    lessons: createLessons(),
    networks,
    streamQuota,
    audit,
    streams,
    async start() {
      containers.start();
      janitor.start();
      labs.start();
      endSweeps = mirrors.map((mirror) => sweepExecs({ mirror, serverId, start: startGuard, log }));
    },
    async close() {
      // First: what it undoes needs the others.
      await labs.close();
      const rejoined = containers.close();
      networks.close();
      events.close();
      streams.close();
      exec.interrupt();
      await Promise.all([
        janitor.close(),
        rejoined,
        namespaces.close(),
        observation.close(),
        hosts.close(),
        verifier.close(),
        daemonConfigs.close(),
        terminals.close().then(() => guards.close()),
        ...endSweeps.map((end) => end()),
      ]);
    },
  };
}
