// What the real Docker CLI makes of its arguments: a relay between it and the real engine that forwards every call and keeps the
// create bodies. It answers nothing of its own.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { defer } from './defer.ts';
import { type Cleanup, docker, engineAddress, removeContainer, runCommand } from './engine.ts';
import { testLabel, testLabels, uniqueName } from './run-id.ts';

/** The CLI's verdict on one `docker create`, and which side it came from. */
export type CreateVerdict =
  // biome-ignore lint/suspicious/noExplicitAny: a Docker create body is whatever the CLI sends
  | { accepted: true; body: any }
  // biome-ignore lint/suspicious/noExplicitAny: see above
  | { accepted: false; by: 'engine'; message: string; body: any }
  | { accepted: false; by: 'cli'; message: string };

export interface CliRecorder {
  /**
   * Runs `docker create OPTIONS IMAGE COMMAND`, removes what came of it, and tells what the CLI sent or why not. The image
   * (default busybox) is never pulled.
   */
  create(options: readonly string[], image?: string, command?: readonly string[]): Promise<CreateVerdict>;
}

/** Starts the relay; it ends with the test (or, given `{ after }` of node:test, with the file). */
export async function startCliRecorder(cleanup: Cleanup): Promise<CliRecorder> {
  const folder = await mkdtemp(join(tmpdir(), 'terrarium-recorder-'));
  const socket = join(folder, 'docker.sock');
  // By the container's name: what the CLI sent, and what the engine said to it.
  const sent = new Map<string, { body: string; status: number }>();

  async function relay(call: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await buffer(call);
    const onward = request(
      { ...engineAddress(), method: call.method, path: call.url, headers: call.headers, agent: false },
      (reply) => {
        const url = new URL(call.url ?? '/', 'http://docker');
        if (url.pathname.endsWith('/containers/create')) {
          sent.set(url.searchParams.get('name') ?? '', { body: body.toString(), status: reply.statusCode ?? 0 });
        }
        answer.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(answer);
      },
    );
    onward.on('error', (error) => answer.destroy(error));
    onward.end(body);
  }

  const server = createServer(
    (call, answer) => void relay(call, answer).catch((error: Error) => answer.destroy(error)),
  );
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  defer(cleanup, async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  return {
    async create(options, image = 'busybox:latest', command = []) {
      const name = uniqueName('recorded');
      const label = `${testLabel}=${testLabels[testLabel]}`;
      const args = [
        'create',
        '--pull=never',
        `--name=${name}`,
        `--label=${label}`,
        ...options,
        '--',
        image,
        ...command,
      ];
      try {
        const { code, stderr } = await runCommand('docker', args, { env: { DOCKER_HOST: `unix://${socket}` } });
        const record = sent.get(name);
        const message = stderr.trim();
        if (record === undefined) {
          if (code === 125 || (code === 1 && !/connect to the Docker daemon|during connect/i.test(message))) {
            return { accepted: false, by: 'cli', message };
          }
          throw new Error(`docker create ended with ${code} and sent nothing: ${message}`);
        }
        const body = JSON.parse(record.body);
        if (code === 0) return { accepted: true, body };
        if (record.status >= 400 && record.status < 500) return { accepted: false, by: 'engine', message, body };
        throw new Error(`docker create ended with ${code}, the engine answered ${record.status}: ${message}`);
      } finally {
        if (sent.get(name)?.status === 201) await removeContainer(name);
        sent.delete(name);
      }
    },
  };
}

/**
 * Why a differential test cannot judge here, or undefined when it can: our rules are those of the CLI 26.1, and later
 * ones differ in details (they refuse `80-90-x`, say).
 */
export async function findCliMismatch(): Promise<string | undefined> {
  const { stdout } = await docker('--version');
  return /version 26\./.test(stdout)
    ? undefined
    : `the rules are those of the Docker CLI 26, here is: ${stdout.trim()}`;
}
