// The process: config → engines → app → listen → close gracefully. The only file that reads the environment and ends the process.
import closeWithGrace from 'close-with-grace';
import { pino } from 'pino';
import { buildApp } from './app.ts';
import { ConfigError, readConfig } from './config.ts';
import { connectEngine } from './engine/docker/docker-engine.ts';

/** A close that takes longer is cut off: a helper that is left then ends with its stdin. */
const closeDeadlineMs = 5_000;

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const logger = pino({ level: config.logLevel });
  const app = await buildApp({ config, engines: config.engines.map(connectEngine), logger });
  closeWithGrace({ delay: closeDeadlineMs, logger }, async ({ err }) => {
    if (err !== undefined) {
      logger.fatal({ err }, 'unhandled error: the server ends');
      process.exitCode = 1;
    }
    await app.close();
  });
  await app.listen({ host: config.host, port: config.port });
}

/** What went wrong at start, in one line that names the culprit. */
function describe(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  const { code, port, address, message } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  if (code === 'EADDRINUSE')
    return `port ${port} of ${address} is in use by another program; set TERRARIUM_PORT to a free one`;
  return message;
}

try {
  await main();
} catch (error) {
  console.error(`terrarium: ${describe(error)}`);
  process.exitCode = 1;
}
