// What the tests of observation share: containers with something to see, and the helpers that look at them.

import type { RunningApp } from './app.ts';
import { type Cleanup, callDocker, createTestContainer, execInContainer, type TestContainerOptions } from './engine.ts';

export interface Target {
  readonly id: string;
  readonly name: string;
  /** Runs a shell line in it, which has to succeed, and answers what it prints. */
  run(line: string): Promise<string>;
}

/** Makes a container that sleeps, known to the app when this resolves. */
export async function makeTarget(
  cleanup: Cleanup,
  { app }: RunningApp,
  options: TestContainerOptions = {},
): Promise<Target> {
  const { id, name } = await createTestContainer(cleanup, options);
  for (const mirror of app.services.catalogue.mirrors) await mirror.refresh(id);
  return { id, name, run: (line) => runIn(id, line) };
}

async function runIn(id: string, line: string): Promise<string> {
  const { code, stdout, stderr } = await execInContainer(id, 'sh', '-c', line);
  if (code !== 0) throw new Error(`${line}: ${code} ${stderr}`);
  return stdout;
}

/** Full ids of the helpers that are joined to the container's namespace, running or not. */
export async function listHelpers(target: { readonly id: string }): Promise<string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: ['io.terrarium.role=helper'] }));
  const found = await callDocker<{ Id: string; HostConfig: { NetworkMode: string } }[]>(
    'GET',
    `/containers/json?all=1&filters=${filters}`,
  );
  return found.filter(({ HostConfig }) => HostConfig.NetworkMode === `container:${target.id}`).map(({ Id }) => Id);
}
