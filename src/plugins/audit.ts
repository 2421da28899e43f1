// Writes down every change and every refusal, by request. What a request says stays out of it: only who, which route, which object, and what became
// of it.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { errorKinds } from '../schemas/error-codes.ts';
import type { Failure } from '../schemas/failure.ts';
import { OutOfSight } from '../services/access.ts';
import type { AuditEntry } from '../services/audit-log.ts';
import { toFailure } from './problem-details.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly audit: AuditOfRequests;
  }
  interface FastifyRequest {
    /** What the request came to, where that was no success; also of an answer that had begun. */
    failure: Failure | null;
  }
  interface FastifyContextConfig {
    /** `false`: no GET, and changes nothing. Every other one that is no GET is taken for a change. */
    readonly changes?: false;
  }
}

export interface AuditOfRequests {
  /** Of what is done by a request that is no change by its method: a terminal that is opened. */
  record(request: FastifyRequest, outcome: AuditEntry['outcome']): void;
}

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

export function audit(app: FastifyInstance): void {
  const { audit: log } = app.services;
  app.metrics.counter(
    'audit_lost_lines_total',
    'Lines that the audit file could not take: the log has them',
    () => log.lost,
  );
  app.metrics.gauge(
    'tokens_file_broken',
    '1 while the tokens file does not count as it is, and the last good one does',
    () => (app.accounts.problem === null ? 0 : 1),
  );
  app.decorateRequest('failure', null);

  function record(request: FastifyRequest, outcome: AuditEntry['outcome'], object = nameObject(request)): void {
    const { authenticated, failure, routeOptions } = request;
    log.record({
      principal: authenticated?.principal.name ?? null,
      role: authenticated?.principal.role ?? null,
      action: `${request.method} ${routeOptions.url ?? 'no route'}`,
      object,
      engine: nameEngine(request),
      outcome,
      code: failure?.code ?? null,
      requestId: request.id,
      address: request.ip,
    });
  }

  app.decorate('audit', { record } satisfies AuditOfRequests);

  app.addHook('onRequest', (request, reply, done) => {
    if (isChange(request))
      reply.raw.once('close', () => {
        const { failure } = request;
        const { location } = reply.getHeaders();
        const made = typeof location === 'string' ? location.replace(/^\/api\/v1\//, '') : undefined;
        if (failure !== null) record(request, isRefusal(failure) ? 'refused' : 'failed');
        else record(request, reply.raw.writableFinished ? 'done' : 'aborted', made);
      });
    done();
  });

  app.addHook('onError', (request, _reply, error, done) => {
    const failure = toFailure(error);
    request.failure = failure;
    if (!isChange(request) && isRefusal(failure)) record(request, 'refused');
    done();
  });
}

function isChange({ method, routeOptions, query }: FastifyRequest): boolean {
  const isDry = (query as { readonly dryRun?: unknown } | undefined)?.dryRun;
  return !safeMethods.has(method) && routeOptions.config.changes !== false && isDry !== true && isDry !== 'true';
}

/** They may not: as they are told, or because what they asked for is not for them to know of. */
function isRefusal({ code, cause }: Failure): boolean {
  return [401, 403, 429].includes(errorKinds[code].status) || code === 'quota_exceeded' || cause instanceof OutOfSight;
}

/** `containers/web`: the part of the URL that says which one. */
function nameObject({ params }: FastifyRequest): string | null {
  const names = Object.values((params ?? {}) as Record<string, string>);
  return names.length === 0 ? null : names.join('/');
}

function nameEngine({ query, body }: FastifyRequest): string | null {
  for (const part of [query, body]) {
    const engine = (part as { readonly engine?: unknown } | null | undefined)?.engine;
    if (typeof engine === 'string') return engine.slice(0, 64);
  }
  return null;
}
