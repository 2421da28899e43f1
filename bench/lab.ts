// Containers to watch: a lab of its own on a bridge of its own, so that nobody else's broadcasts move its counters.
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import pLimit from 'p-limit';
import type { Stage } from './stage.ts';

export interface Bench {
  readonly name: string;
  readonly containers: readonly { readonly id: string; readonly name: string; readonly pid: number }[];
  readonly ids: readonly string[];
}

export interface LabSpec {
  readonly count: number;
  readonly image?: string;
  /** Of each container; a function of the lab's name, by which its containers are called. */
  readonly command?: readonly string[] | ((lab: string) => readonly string[]);
}

export const docker = new Docker();

/** The engine's answers do not come faster when more is asked at once. */
const atOnce = 4;
/** Milliseconds in which a new bridge and its members stop telling each other that they are there. */
const settleMs = 12_000;

let labs = 0;

/** Makes a lab and waits until it is quiet. The containers are Terrarium's by their labels. */
export async function makeLab(
  stage: Stage,
  { count, image = 'busybox:latest', command = ['sleep', '3600'] }: LabSpec,
): Promise<Bench> {
  labs += 1;
  const name = `bench-${process.pid}-${labs}`;
  stage.later(() => removeLab(name));
  await docker.createNetwork({ Name: name, Driver: 'bridge', Labels: { 'io.terrarium.lab': name } });
  const limit = pLimit(atOnce);
  const words = typeof command === 'function' ? command(name) : command;
  const containers = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      limit(() => runContainer({ lab: name, name: `${name}-${i}`, image, command: words, networkMode: name })),
    ),
  );
  await sleep(settleMs);
  return { name, containers, ids: containers.map(({ id }) => id) };
}

/** Makes and starts a container of the lab. It goes with the lab. */
export async function runContainer(spec: {
  readonly lab: string;
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly networkMode: string;
}): Promise<{ id: string; name: string; pid: number }> {
  const container = await docker.createContainer({
    name: spec.name,
    Image: spec.image,
    Cmd: [...spec.command],
    Labels: {
      'io.terrarium.managed': 'true',
      'io.terrarium.mode': spec.networkMode.startsWith('container:') ? 'joined' : 'bridged',
      'io.terrarium.lab': spec.lab,
    },
    HostConfig: { NetworkMode: spec.networkMode },
  });
  await container.start();
  const { State: state } = await container.inspect();
  return { id: container.id, name: spec.name, pid: state.Pid };
}

/** Again until none is left: an interrupted benchmark may still be making some. */
async function removeLab(name: string): Promise<void> {
  for (;;) {
    const found = await docker.listContainers({ all: true, filters: { label: [`io.terrarium.lab=${name}`] } });
    if (found.length === 0) break;
    const limit = pLimit(atOnce);
    await Promise.all(
      found.map(({ Id: id }) =>
        limit(() =>
          docker
            .getContainer(id)
            .remove({ force: true, v: true })
            .catch(() => {}),
        ),
      ),
    );
  }
  await docker.getNetwork(name).remove();
}
