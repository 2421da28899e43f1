// Every service of the server, made once, in order of dependence. The composition root hands them to the routes as `app.services`.
import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../config.ts';
import type { EngineMirror } from '../engine/mirror.ts';
import { Hub } from '../streams/hub.ts';
import { type Catalogue, createCatalogue } from './catalogue.ts';
import { type Containers, createContainers } from './containers/containers.ts';
import { createEngines, type Engines } from './engines.ts';
import { createEvents, type EventsService } from './events/events.ts';
import { createExecService, type ExecService } from './exec/exec.ts';
import { sweepExecs } from './exec/exec-sweep.ts';
import { createGuardStarter, createGuards } from './exec/server-guards.ts';
import { createImages, type Images } from './images/images.ts';
import { createJanitor } from './janitor/janitor.ts';
import { createLogsService, type LogsService } from './logs/logs.ts';
import { ObservationService } from './observation/observation-service.ts';
import { createSeenInodes } from './seen-inodes.ts';
import { createSubscriptions, type Subscriptions } from './subscriptions/subscriptions.ts';
import { createTerminalService, type TerminalService } from './terminal/terminal.ts';

/** Milliseconds since the epoch, and timers: injected, so that time can be tested. */
export interface Clock {
  now(): number;
}

/** What services are made of. `serverId` names this process in labels; `bootId` names this run in streams. */
export interface ServiceParts {
  readonly config: Config;
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
  readonly observation: ObservationService;
  readonly events: EventsService;
  /** What clients of `/stream` ask for. */
  readonly subscriptions: Subscriptions;
  readonly exec: ExecService;
  readonly terminals: TerminalService;
  readonly logs: LogsService;
  readonly images: Images;
  /** The streams and the clients that follow them. */
  readonly streams: Hub;
  /** Starts what runs by itself (sweep, janitor). */
  start(): Promise<void>;
  /** Ends it, and removes every helper of this server. */
  close(): Promise<void>;
}

export function createServices(parts: ServiceParts): Services {
  const { config, mirrors, clock, log, serverId, bootId } = parts;
  const catalogue = createCatalogue(mirrors);
  const inodes = createSeenInodes();
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
  const containers = createContainers({ config, catalogue, images, inodes, clock, log });
  const events = createEvents({ catalogue, containers, bootId, now: () => clock.now() });
  const logs = createLogsService({ catalogue });
  const now = () => clock.now();
  return {
    catalogue,
    containers,
    engines: createEngines({ config, catalogue, observerOf: (mirror) => observation.observerOf(mirror) }),
    observation,
    events,
    subscriptions: createSubscriptions({ catalogue, containers, observation, events, logs, now }),
    exec,
    terminals,
    logs,
    images,
    streams,
    async start() {
      containers.start();
      janitor.start();
      endSweeps = mirrors.map((mirror) => sweepExecs({ mirror, serverId, start: startGuard, log }));
    },
    async close() {
      containers.close();
      events.close();
      streams.close();
      exec.interrupt();
      await Promise.all([
        janitor.close(),
        observation.close(),
        terminals.close().then(() => guards.close()),
        ...endSweeps.map((end) => end()),
      ]);
    },
  };
}
