// A whole Terrarium app on the real engine for one test file, closed with the test.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { buildApp } from '../../src/app.ts';
import { type Config, readConfig } from '../../src/config.ts';
import { connectEngine } from '../../src/engine/docker/docker-engine.ts';
import type { Clock } from '../../src/services/clock.ts';
import { defer } from './defer.ts';
import type { Cleanup } from './engine.ts';

export const testToken = 'test-token-0123456789abcdef0123456789abcdef';

export interface RunningApp {
  readonly app: FastifyInstance;
  /** http://127.0.0.1:PORT */
  readonly url: string;
  readonly token: string;
  readonly headers: { readonly authorization: string };
  /** The label `io.terrarium.server` of its helpers and probes. */
  readonly serverId: string;
  close(): Promise<void>;
}

export interface AppOptions {
  /** Adds or overrides settings. */
  readonly env?: NodeJS.ProcessEnv;
  /** Overrides single values. */
  readonly config?: Partial<Config>;
  readonly clock?: Clock;
  /** Receives what the app logs. Without one, the app logs nothing. */
  readonly logger?: FastifyBaseLogger;
}

/** Starts an app that listens on a free loopback port. */
export async function startApp(
  t: Cleanup,
  { env = {}, config = {}, clock, logger }: AppOptions = {},
): Promise<RunningApp> {
  const stateDir = await mkdtemp(join(tmpdir(), 'terrarium-test-'));
  // Goes where no server comes to be, too.
  const removeStateDir = () => rm(stateDir, { recursive: true, force: true });
  defer(t, removeStateDir, { isLast: true });
  const read = readConfig({
    DOCKER_HOST: process.env.DOCKER_HOST,
    TERRARIUM_TOKEN: testToken,
    TERRARIUM_STATE_DIR: stateDir,
    TERRARIUM_PORT: '0',
    TERRARIUM_LOG_LEVEL: 'silent',
    ...env,
  });
  const settings = { ...read, ...config };
  const engines = settings.engines.map(connectEngine);
  const serverId = randomUUID();
  const app = await buildApp({
    config: settings,
    engines,
    serverId,
    ...(clock === undefined ? {} : { clock }),
    ...(logger === undefined ? {} : { logger }),
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  let closed = false;
  const close = async () => {
    if (closed) return;
    closed = true;
    await app.close();
    await removeStateDir();
  };
  defer(t, close);
  for (const mirror of app.services.catalogue.mirrors) await mirror.settled();
  return {
    app,
    url,
    token: testToken,
    headers: { authorization: `Bearer ${testToken}` },
    serverId,
    close,
  };
}
