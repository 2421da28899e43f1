// The composition root: config and engines in, a Fastify app out. It listens to nothing and reads no environment; main.ts does.
import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { apiRoutes, rootRoutes } from '../routes/index.ts';
import { type Config, ConfigError } from './config.ts';
import { TokensFileError } from './domain/principals/tokens-file.ts';
import type { Engine } from './engine/engine.ts';
import { createRegistry } from './engine/registry.ts';
import { plugins } from './plugins/index.ts';
import { answerClientError, answerFrameworkError } from './plugins/problem-details.ts';
import { chooseRequestId, logController } from './plugins/request-log.ts';
import { schemaCompilers } from './plugins/validation/compilers.ts';
import { openAuditLog } from './services/audit-log.ts';
import type { Clock } from './services/clock.ts';
import { type Accounts, openAccounts } from './services/credentials/accounts.ts';
import { type Credentials, createCredentials } from './services/credentials/credentials.ts';
import { openEndedSessions } from './services/credentials/ended-sessions.ts';
import { loadToken } from './services/credentials/token-file.ts';
import { createServices, type Services } from './services/services.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly services: Services;
    readonly credentials: Credentials;
    readonly accounts: Accounts;
    readonly config: Config;
  }
}

export interface AppParts {
  readonly config: Config;
  readonly engines: readonly Engine[];
  readonly clock?: Clock;
  readonly logger?: FastifyBaseLogger;
  /** Names this process in the labels of what it makes for itself. Random unless told. */
  readonly serverId?: string;
}

/** Limits of one request: sizes in bytes, times in milliseconds. */
const limits = {
  bodyLimit: 1_048_576,
  /** From the first byte to the last of the request. Answers may take as long as they need. */
  requestTimeout: 30_000,
  /** Longer than a load balancer's, so that it is never us who closes a connection it is about to use. */
  keepAliveTimeout: 75_000,
  // A request without a Host is refused by the plugin `boundary`, in our words.
  http: { maxHeaderSize: 16_384, headersTimeout: 15_000, requireHostHeader: false },
  routerOptions: { maxParamLength: 256 },
} as const;

/** Builds the whole app. `app.ready()` starts the registries and what runs by itself; `app.close()` ends it and leaves no helper behind. */
export async function buildApp({
  config,
  engines,
  clock = { now: Date.now },
  logger,
  serverId = randomUUID(),
}: AppParts): Promise<FastifyInstance> {
  const token = config.token ?? (await loadToken(config.stateDir));
  const app = Fastify({
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
    ...limits,
    genReqId: chooseRequestId,
    logController,
    schemaController: { compilersFactory: schemaCompilers },
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerClientError,
    // The plugin `shutdown` says so in our words.
    return503OnClosing: false,
  });
  const accounts = await openAccounts({
    path: config.tokensFile,
    defaults: {
      containers: config.maxContainers,
      labs: config.maxLabs,
      labContainers: config.maxLabContainers,
      streams: config.maxStreams,
      memory: config.maxMemory,
    },
    clock,
    log: app.log,
  }).catch((error: unknown) => {
    if (!(error instanceof TokensFileError)) throw error;
    throw new ConfigError(`TERRARIUM_TOKENS_FILE is "${config.tokensFile}", which does not count: ${error.message}`, {
      cause: error,
    });
  });
  const audit = openAuditLog({ path: config.auditFile, now: () => clock.now(), log: app.log });
  const credentials = createCredentials({
    token,
    accounts,
    ended: openEndedSessions({ directory: config.stateDir, clock, log: app.log }),
    clock,
  });
  const mirrors = engines.map((engine) => createRegistry({ engine, clock, log: app.log }));
  const services = createServices({
    config,
    accounts,
    audit,
    mirrors,
    clock,
    log: app.log,
    serverId,
    bootId: randomUUID(),
  });
  app.decorate('config', config);
  app.decorate('services', services);
  app.decorate('credentials', credentials);
  app.decorate('accounts', accounts);

  for (const plugin of plugins) await plugin(app);
  for (const routes of rootRoutes) await app.register(routes);
  for (const routes of apiRoutes) await app.register(routes, { prefix: '/api/v1' });

  app.addHook('onReady', async () => {
    for (const mirror of mirrors) mirror.start();
    await services.start();
  });
  app.addHook('onClose', async () => {
    accounts.close();
    credentials.close();
    await services.close();
    await Promise.all(mirrors.map((mirror) => mirror.close()));
    await Promise.all(engines.map((engine) => engine.close()));
    audit.close();
  });
  return app;
}
