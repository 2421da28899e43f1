// How others show a container's sockets to many watchers: a process (an exec) for each of them.
import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProgram } from './child-program.ts';
import { docker } from './lab.ts';
import type { FromExecServer } from './programs/exec-server.ts';
import { freePort, stopProcess } from './server.ts';
import type { Stage } from './stage.ts';

/** A server of somebody else's that shows one container to whoever connects. */
export interface Peer {
  readonly name: string;
  readonly pid: number;
  readonly url: string;
}

/** busybox's netstat has no -c. */
const program = ['sh', '-c', 'while netstat -tuwan; do sleep 1; done'];

/** Debian's websocketd, and a `docker exec` for each client. Null where it is not installed. */
export async function startWebsocketd(stage: Stage, container: string): Promise<Peer | null> {
  const port = await freePort();
  const options = ['--address=127.0.0.1', `--port=${port}`, '--loglevel=fatal', '--passenv=PATH,HOME,DOCKER_HOST'];
  const child: ChildProcess = spawn('websocketd', [...options, 'docker', 'exec', container, ...program], {
    stdio: 'ignore',
  });
  const isThere = await new Promise<boolean>((resolve) => {
    child.once('spawn', () => resolve(true));
    child.once('error', () => resolve(false));
  });
  if (!isThere) return null;
  stage.later(() => stopProcess(child));
  while (!(await answers(port))) await sleep(20);
  return { name: 'websocketd + docker exec', pid: child.pid ?? 0, url: `ws://127.0.0.1:${port}/` };
}

/** npm's docker-exec-websocket-server. Null where the engine has no Unix socket: it knows nothing else. */
export async function startExecServer(stage: Stage, container: string): Promise<Peer | null> {
  const endpoint = process.env.DOCKER_HOST || 'unix:///var/run/docker.sock';
  if (!endpoint.startsWith('unix://')) return null;
  const server = startProgram<never, FromExecServer>(stage, 'exec-server.ts', {
    arguments: [container, endpoint.slice('unix://'.length)],
  });
  const { port } = await server.next((message): message is FromExecServer => message.tell === 'listening');
  const query = program.map((word) => `command=${encodeURIComponent(word)}`).join('&');
  return { name: 'docker-exec-websocket-server', pid: server.pid, url: `ws://127.0.0.1:${port}/?${query}` };
}

/** What a poller does for one look: an exec over the API, and all that it says. */
export async function execNetstat(container: string): Promise<void> {
  const exec = await docker.getContainer(container).exec({
    Cmd: ['netstat', '-tuwan'],
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({});
  await new Promise((resolve, reject) => stream.on('end', resolve).on('error', reject).resume());
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
