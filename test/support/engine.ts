// A second opinion for tests: the Docker Engine's raw API over node:http and the real `docker` command. It shares no
// code with src/engine, and everything it makes is labelled with the run and removed when the test ends.
import { spawn } from 'node:child_process';
import { type RequestOptions, request } from 'node:http';
import { createServer } from 'node:net';
import { type Cleanup, defer } from './defer.ts';
import { testLabels, uniqueName } from './run-id.ts';
import { waitFor } from './wait-for.ts';

export type { Cleanup };

/** What the engine answered; `body` is the parsed JSON, or undefined when it was not JSON. */
export interface DockerAnswer<Body> {
  status: number;
  body: Body;
  text: string;
}

/**
 * Where the engine under test answers: `DOCKER_HOST` (unix:// or tcp://), else the default socket. Asked anew each time: a file that brings a
 * private engine sets DOCKER_HOST after its imports.
 */
export function localEndpoint(): string {
  return process.env.DOCKER_HOST || 'unix:///var/run/docker.sock';
}

/** The same as node's HTTP takes it. */
export function engineAddress(): Pick<RequestOptions, 'socketPath' | 'host' | 'port'> {
  const endpoint = localEndpoint();
  if (endpoint.startsWith('unix://')) return { socketPath: endpoint.slice('unix://'.length) };
  const { hostname, port } = new URL(endpoint.replace(/^tcp:/, 'http:'));
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port || '2375' };
}

/**
 * One call of the Docker Engine API, of the engine's newest version. Never throws for an HTTP status.
 *
 * @example const { status, body } = await dockerApi('GET', `/containers/${id}/json`);
 */
// biome-ignore lint/suspicious/noExplicitAny: tests read the engine's own JSON, whose types are not ours to repeat
export function dockerApi<Body = any>(method: string, path: string, body?: unknown): Promise<DockerAnswer<Body>> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers = { Host: 'docker', ...(payload !== undefined && { 'Content-Type': 'application/json' }) };
  return new Promise((resolve, reject) => {
    const call = request({ ...engineAddress(), method, path, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: answer.statusCode ?? 0, body: parseJson(text) as Body, text });
      });
    });
    call.setTimeout(60_000, () => call.destroy(new Error(`docker ${method} ${path}: no answer within 60 s`)));
    call.on('error', reject);
    call.end(payload);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Like {@link dockerApi}, for calls that have to succeed: throws with the engine's words, answers the body. */
// biome-ignore lint/suspicious/noExplicitAny: see dockerApi
export async function callDocker<Body = any>(method: string, path: string, body?: unknown): Promise<Body> {
  const answer = await dockerApi<Body>(method, path, body);
  if (answer.status >= 400) throw new Error(`docker ${method} ${path}: ${answer.status} ${answer.text.trim()}`);
  return answer.body;
}

/** How a program ended. */
export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the real `docker` command with these arguments; never throws for an exit code. */
export function docker(...args: string[]): Promise<CommandResult> {
  return runCommand('docker', args);
}

/** Runs any program to its end; never throws for an exit code, but kills it (code 137) after `timeoutMs`. */
export function runCommand(
  program: string,
  args: string[],
  {
    env,
    cwd,
    input,
    timeoutMs = 60_000,
  }: { env?: NodeJS.ProcessEnv; cwd?: string; input?: string; timeoutMs?: number } = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      cwd,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on('error', () => {}); // it may end before it has read all: its exit code tells
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({
        code: code ?? 137,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      });
    });
    child.stdin.end(input);
  });
}

/** The Docker create body of a test container, as far as it differs from {@link createTestContainer}'s. */
export interface TestContainerOptions {
  /** Default: a unique name that begins with "test". */
  name?: string;
  /** Default true. */
  start?: boolean;
  /** Merged into the Docker create body: `{ Cmd, HostConfig, ExposedPorts, … }`. */
  // biome-ignore lint/suspicious/noExplicitAny: a Docker create body is whatever the engine takes
  body?: Record<string, any>;
}

/**
 * Makes a busybox container directly on the engine, as someone else would, and removes it (with its anonymous
 * volumes) after the test. Without a command it sleeps and ends at once when it is stopped (an init is its PID 1).
 */
export async function createTestContainer(
  cleanup: Cleanup,
  { name = uniqueName('test'), start = true, body = {} }: TestContainerOptions = {},
): Promise<{ id: string; name: string }> {
  defer(cleanup, () => removeContainer(name));
  const { Id: id } = await callDocker<{ Id: string }>('POST', `/containers/create?name=${encodeURIComponent(name)}`, {
    Image: 'busybox:latest',
    Cmd: ['sleep', '3600'],
    ...body,
    Labels: { ...body.Labels, ...testLabels },
    HostConfig: { Init: true, ...body.HostConfig },
  });
  if (start) await callDocker('POST', `/containers/${id}/start`);
  return { id, name };
}

/** Makes a bridge network directly on the engine and removes it after the test, whatever is still attached. */
export async function createTestNetwork(
  cleanup: Cleanup,
  // biome-ignore lint/suspicious/noExplicitAny: a Docker network body is whatever the engine takes
  { name = uniqueName('test'), body = {} }: { name?: string; body?: Record<string, any> } = {},
): Promise<{ id: string; name: string }> {
  defer(cleanup, () => removeNetwork(name));
  const labels = { ...body.Labels, ...testLabels };
  const { Id: id } = await callDocker<{ Id: string }>('POST', '/networks/create', {
    Name: name,
    Driver: 'bridge',
    ...body,
    Labels: labels,
  });
  return { id, name };
}

/** Removes a container with its anonymous volumes, running or not; one that is gone already is fine. */
export async function removeContainer(nameOrId: string): Promise<void> {
  const path = `/containers/${encodeURIComponent(nameOrId)}`;
  const answer = await dockerApi('DELETE', `${path}?force=1&v=1`);
  if (answer.status === 409) {
    // Somebody else (autoRemove, the server under test) is removing it: wait for that.
    await waitFor(async (see) => see((await dockerApi('GET', `${path}/json`)).status) === 404, {
      what: `${nameOrId} to be removed`,
    });
  } else if (answer.status >= 400 && answer.status !== 404) {
    throw new Error(`cannot remove container ${nameOrId}: ${answer.status} ${answer.text.trim()}`);
  }
}

/** Removes a network with whatever is still attached to it detached first; one that is gone already is fine. */
export async function removeNetwork(nameOrId: string): Promise<void> {
  const path = `/networks/${encodeURIComponent(nameOrId)}`;
  const { status, body } = await dockerApi<{ Containers?: Record<string, unknown> }>('GET', path);
  if (status === 404) return;
  for (const container of Object.keys(body.Containers ?? {})) {
    await dockerApi('POST', `${path}/disconnect`, { Container: container, Force: true });
  }
  const answer = await dockerApi('DELETE', path);
  if (answer.status >= 400 && answer.status !== 404) {
    throw new Error(`cannot remove network ${nameOrId}: ${answer.status} ${answer.text.trim()}`);
  }
}

/** The engine's inspect of a container; throws when there is none. */
// biome-ignore lint/suspicious/noExplicitAny: see dockerApi
export function inspectContainer(nameOrId: string): Promise<any> {
  return callDocker('GET', `/containers/${encodeURIComponent(nameOrId)}/json`);
}

/** Runs a command in a container by the real `docker exec`; never throws for an exit code. */
export function execInContainer(nameOrId: string, ...command: string[]): Promise<CommandResult> {
  return docker('exec', nameOrId, ...command);
}

/** Full ids of all containers, running or not, that carry every one of these labels (`key` or `key=value`). */
export async function listContainerIds(...labels: string[]): Promise<string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: labels }));
  const found = await callDocker<{ Id: string }[]>('GET', `/containers/json?all=1&filters=${filters}`);
  return found.map(({ Id }) => Id);
}

/** A TCP port of 127.0.0.1 that nobody listened on a moment ago. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
