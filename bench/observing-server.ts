// A server that observes by the probe, and whose observers can be told from everybody else's on the engine: their image is its own.
import { setTimeout as sleep } from 'node:timers/promises';
import { docker } from './lab.ts';
import { type MeasuredServer, startServer, token } from './server.ts';
import type { Stage } from './stage.ts';

export interface ObservingServer extends MeasuredServer {
  /** Full ids of its probes and helpers that run now. */
  observers(): Promise<string[]>;
  /** Waits until none of them is left. */
  unobserved(): Promise<void>;
  /** A number of its /metrics, without the prefix of the name; NaN where there is none. */
  gauge(name: string): Promise<number>;
}

/** Milliseconds that it may take to let go of what it watched with. */
const lettingGoMs = 60_000;

export async function startObservingServer(stage: Stage, env: NodeJS.ProcessEnv = {}): Promise<ObservingServer> {
  const image = await makeImage(stage);
  const server = await startServer({ TERRARIUM_OBSERVER: 'probe', TERRARIUM_HELPER_IMAGE: image, ...env });
  stage.later(() => server.stop());
  const observers = async () => {
    const found = await docker.listContainers({ filters: { ancestor: [image] } });
    return found.map(({ Id: id }) => id);
  };
  return {
    ...server,
    observers,
    async unobserved() {
      const deadline = performance.now() + lettingGoMs;
      while ((await observers()).length > 0) {
        if (performance.now() > deadline) throw new Error('The server keeps observers that nobody needs');
        await sleep(250);
      }
    },
    async gauge(name) {
      const answer = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
      const line = new RegExp(`^terrarium_${name}(?:\\{.*\\})? (.+)$`, 'm').exec(await answer.text());
      return Number(line?.[1] ?? Number.NaN);
    },
  };
}

/** busybox, the same but for a label. Removed when the stage is cleared, after the server. */
async function makeImage(stage: Stage): Promise<string> {
  const [repo, tag] = ['terrarium-bench', `${process.pid}-${Date.now()}`];
  const container = await docker.createContainer({ Image: 'busybox:latest', Cmd: ['true'] });
  try {
    await container.commit({ repo, tag, changes: `LABEL bench=${tag}` });
  } finally {
    await container.remove();
  }
  stage.later(async () => {
    const left = await docker.listContainers({ all: true, filters: { ancestor: [`${repo}:${tag}`] } });
    await Promise.all(
      left.map(({ Id: id }) =>
        docker
          .getContainer(id)
          .remove({ force: true })
          .catch(() => {}),
      ),
    );
    await docker.getImage(`${repo}:${tag}`).remove({ force: true });
  });
  return `${repo}:${tag}`;
}
