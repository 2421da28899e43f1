// The peer of a lab: Docker Compose, with a file that makes the same containers by the same limits, ended in the same way.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CreateBody } from '../src/domain/container/create-body.ts';
import type { Stage } from './stage.ts';

const run = promisify(execFile);

export interface ComposeProject {
  /** `docker compose up -d --wait`: again where everything is up, it changes nothing. */
  up(): Promise<void>;
  down(): Promise<void>;
}

/** A container of ours, by what we would send to the engine, and the network that it is on, by its name in the file. */
export interface ComposedContainer {
  readonly name: string;
  readonly network: string;
  readonly request: CreateBody;
}

/** Null where Compose is not installed. */
export async function composeProject(
  stage: Stage,
  project: string,
  { networks, containers }: { networks: readonly string[]; containers: readonly ComposedContainer[] },
): Promise<ComposeProject | null> {
  const isThere = await run('docker', ['compose', 'version']).then(
    () => true,
    () => false,
  );
  if (!isThere) return null;
  const folder = await mkdtemp(join(tmpdir(), 'terrarium-compose-'));
  stage.later(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'compose.json');
  const services = Object.fromEntries(containers.map((one) => [one.name, describeService(one)]));
  await writeFile(file, JSON.stringify({ services, networks: Object.fromEntries(networks.map((name) => [name, {}])) }));
  const compose = async (...command: string[]) => {
    await run('docker', ['compose', '--progress', 'quiet', '--project-name', project, '--file', file, ...command]);
  };
  const down = () => compose('down', '--timeout', '0');
  stage.later(down);
  return { up: () => compose('up', '--detach', '--wait'), down };
}

function describeService({ network, request }: ComposedContainer): object {
  const { HostConfig: host } = request;
  return {
    image: request.Image,
    command: request.Cmd,
    networks: [network],
    mem_limit: host.Memory,
    cpus: (host.NanoCpus ?? 0) / 1e9,
    pids_limit: host.PidsLimit,
    cap_drop: host.CapDrop,
    security_opt: host.SecurityOpt,
    logging: { driver: host.LogConfig?.Type, options: host.LogConfig?.Config },
    // A lab ends its containers at once, and so does this.
    stop_signal: 'SIGKILL',
    stop_grace_period: '0s',
  };
}
