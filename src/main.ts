// The process: config → engines → app → listen → close gracefully. The only file that reads the environment and ends the process.
import type { AddressInfo } from 'node:net';
import closeWithGrace from 'close-with-grace';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { buildApp } from './app.ts';
import { ConfigError, readConfig } from './config.ts';
import { connectEngine } from './engine/docker/docker-engine.ts';
import { describeUnknownSettings, formatSettings } from './settings.ts';

/** A close that takes longer is cut off, in milliseconds: a helper that is left then ends with its stdin. */
const closeDeadlineMs = 5_000;

const usage = `Usage: node dist/src/main.js [--help]

Terrarium serves the HTTP API and the page. It takes no arguments; these environment variables (and their defaults) configure it:

${formatSettings()}`;

async function serve(): Promise<void> {
  const config = readConfig(process.env);
  // Standard output is for people: where the server is. The log is for machines.
  const redact = ['*.authorization', '*.ticket', '*.token', 'body.code', 'query.code'];
  const logger = pino({ level: config.logLevel, redact }, pino.destination(2));
  for (const warning of describeUnknownSettings(Object.keys(process.env))) logger.warn(warning);

  const app = await buildApp({ config, engines: config.engines.map(connectEngine), logger });
  closeWithGrace({ delay: closeDeadlineMs, logger }, async ({ err, signal }) => {
    if (err !== undefined) logger.fatal({ err }, 'unhandled error: the server ends');
    else logger.info({ signal }, 'closing');
    await app.close();
  });
  await app.listen({ host: config.host, port: config.port });
  announce(app);
}

/** Where the server is, and how to get in: the only lines on standard output. */
function announce(app: FastifyInstance): void {
  const { port } = app.server.address() as AddressInfo;
  const { host } = app.config;
  const isAny = host === '0.0.0.0' || host === '::';
  const name = isAny ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  const { secret } = app.credentials.issueLoginCode();
  console.log(`Terrarium listens on http://${host.includes(':') ? `[${host}]` : host}:${port}`);
  console.log(`Log in (once, within 10 minutes): http://${name}:${port}/login#code=${secret}`);
}

/** What went wrong at the start, in one line that names the culprit. */
function describe(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  const { code, port, address, message } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  if (code === 'EADDRINUSE')
    return `port ${port} of ${address} is in use by another program; set TERRARIUM_PORT to a free one`;
  if (code === 'EACCES') return `this user may not listen on port ${port}; set TERRARIUM_PORT to one above 1023`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `TERRARIUM_HOST is "${process.env.TERRARIUM_HOST}", which is no address of this machine (${code})`;
  return message;
}

if (process.argv.includes('--help') || process.argv.includes('-h')) {
  console.log(usage);
} else if (process.argv.length > 2 && process.argv[1] === import.meta.filename) {
  console.error(`terrarium: unknown argument "${process.argv[2]}"; --help shows what there is`);
  process.exitCode = 2;
} else {
  try {
    await serve();
  } catch (error) {
    console.error(`terrarium: ${describe(error)}`);
    process.exit(1);
  }
}
