// The composition root: config and engines in, a Fastify app out. It listens to nothing and reads no environment; main.ts does.
import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { apiRoutes, rootRoutes } from '../routes/index.ts';
import type { Config } from './config.ts';
import type { Engine } from './engine/engine.ts';
import { createRegistry } from './engine/registry.ts';
import { plugins } from './plugins/index.ts';
import { type Clock, createServices, type Services } from './services/services.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly services: Services;
    readonly config: Config;
  }
}

export interface AppParts {
  readonly config: Config;
  readonly engines: readonly Engine[];
  readonly clock?: Clock;
  readonly logger?: FastifyBaseLogger;
}

/** Builds the whole app. `app.ready()` starts the registries and what runs by itself; `app.close()` ends it and leaves no helper behind. */
export async function buildApp({
  config,
  engines,
  clock = { now: Date.now },
  logger,
}: AppParts): Promise<FastifyInstance> {
  const app = Fastify({
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
    bodyLimit: 1_048_576,
    // An unknown field is an error, never dropped; a string is never taken for a number in a body.
    ajv: {
      customOptions: {
        removeAdditional: false,
        coerceTypes: false,
        useDefaults: true,
        allErrors: false,
      },
    },
  });
  const mirrors = engines.map((engine) => createRegistry({ engine, clock, log: app.log }));
  const services = createServices({
    config,
    mirrors,
    clock,
    log: app.log,
    serverId: randomUUID(),
    bootId: randomUUID(),
  });
  app.decorate('config', config);
  app.decorate('services', services);

  for (const plugin of plugins) await plugin(app);
  for (const routes of rootRoutes) await app.register(routes);
  for (const routes of apiRoutes) await app.register(routes, { prefix: '/api/v1' });

  app.addHook('onReady', async () => {
    for (const mirror of mirrors) mirror.start();
    await services.start();
  });
  app.addHook('onClose', async () => {
    await services.close();
    await Promise.all(mirrors.map((mirror) => mirror.close()));
    await Promise.all(engines.map((engine) => engine.close()));
  });
  return app;
}
