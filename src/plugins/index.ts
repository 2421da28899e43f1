// Every cross-cutting plugin, in the order in which it is applied: hooks of an earlier one run first. Adding one is adding a line here.
import { audit } from './audit.ts';
import { authentication } from './authentication.ts';
import { boundary } from './boundary.ts';
import { firstSync } from './first-sync.ts';
import { jsonBodies } from './json-bodies.ts';
import { metrics } from './metrics/metrics.ts';
import { openapi } from './openapi.ts';
import { overload } from './overload.ts';
import type { AppPlugin } from './plugin.ts';
import { problemDetails } from './problem-details.ts';
import { rateLimit } from './rate-limit.ts';
import { requestLog } from './request-log.ts';
import { routeTable } from './route-table.ts';
import { securityHeaders } from './security-headers.ts';
import { shutdown } from './shutdown.ts';
import { streamQuota } from './stream-quota.ts';
import { strictQueries } from './validation/strict-queries.ts';
import { websocket } from './websocket.ts';

export const plugins: readonly AppPlugin[] = [
  problemDetails,
  // Before whatever may refuse a request: it closes the socket of an upgrade that was refused only where its own hook has run.
  websocket,
  requestLog,
  securityHeaders,
  metrics,
  boundary,
  audit,
  shutdown,
  overload,
  authentication,
  rateLimit,
  // Whoever may not ask need not wait.
  firstSync,
  streamQuota,
  jsonBodies,
  strictQueries,
  routeTable,
  openapi,
];
