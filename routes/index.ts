// Every route of the server, one plugin a resource. Adding a resource is adding a line to one of these lists.
import { healthRoutes } from './health.ts';
import { observationRoutes } from './observation.ts';
import type { Routes } from './route.ts';

/** Served under `/api/v1`. */
export const apiRoutes: readonly Routes[] = [
  // in the order of the documentation
  observationRoutes,
];

/** Served at the root: what is no part of the versioned API. */
export const rootRoutes: readonly Routes[] = [healthRoutes];
