// Every route of the server, one plugin a resource. Adding a resource is adding a line to one of these lists.
import { containerRoutes } from './containers.ts';
import { contractRoutes } from './contracts.ts';
import { daemonConfigRoutes } from './daemon-config.ts';
import { engineRoutes } from './engines.ts';
import { eventRoutes } from './events.ts';
import { execRoutes } from './exec.ts';
import { healthRoutes } from './health.ts';
import { imageRoutes } from './images.ts';
import { labFileRoutes } from './lab-files.ts';
import { labRoutes } from './labs.ts';
import { lessonRoutes } from './lessons.ts';
import { loginRoutes } from './login.ts';
import { logsRoutes } from './logs.ts';
import { metricsRoutes } from './metrics.ts';
import { namespaceRoutes } from './namespaces.ts';
import { networkRoutes } from './networks.ts';
import { observationRoutes } from './observation.ts';
import { packetPathRoutes } from './packet-path.ts';
import { pageRoutes } from './page.ts';
import { reachabilityRoutes } from './reachability.ts';
import type { Routes } from './route.ts';
import { streamRoutes } from './stream.ts';
import { terminalRoutes } from './terminal.ts';
import { ticketRoutes } from './tickets.ts';

/** Served under `/api/v1`. */
export const apiRoutes: readonly Routes[] = [
  containerRoutes,
  namespaceRoutes,
  observationRoutes,
  packetPathRoutes,
  reachabilityRoutes,
  eventRoutes,
  streamRoutes,
  execRoutes,
  terminalRoutes,
  logsRoutes,
  imageRoutes,
  labFileRoutes,
  labRoutes,
  lessonRoutes,
  networkRoutes,
  engineRoutes,
  daemonConfigRoutes,
  loginRoutes,
  ticketRoutes,
  contractRoutes,
];

/** Served at the root: what is no part of the versioned API. */
export const rootRoutes: readonly Routes[] = [healthRoutes, metricsRoutes, contractRoutes, pageRoutes];
