// An image that asks for all that an image can ask for, and claims what only Terrarium may say of a container.

import { defer } from './defer.ts';
import { type Cleanup, callDocker, createTestContainer, dockerApi, removeContainer } from './engine.ts';
import { uniqueName } from './run-id.ts';

export interface HostileImageOptions {
  /** Labels of the image. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Further instructions of a Dockerfile: `VOLUME /data`. */
  readonly changes?: readonly string[];
}

/** Makes it of busybox by a commit, and removes it after the test with whatever was made of it. Answers its reference. */
export async function createHostileImage(
  cleanup: Cleanup,
  { labels = {}, changes = [] }: HostileImageOptions,
): Promise<string> {
  const name = uniqueName('hostile').toLowerCase();
  const source = await createTestContainer(cleanup, { start: false });
  defer(cleanup, async () => {
    const filters = encodeURIComponent(JSON.stringify({ ancestor: [`${name}:latest`] }));
    for (const { Id } of await callDocker<{ Id: string }[]>('GET', `/containers/json?all=1&filters=${filters}`))
      await removeContainer(Id);
    await dockerApi('DELETE', `/images/${name}:latest?force=1`);
  });
  const said = [...Object.entries(labels).map(([key, value]) => `LABEL ${key}=${JSON.stringify(value)}`), ...changes];
  const query = new URLSearchParams({ container: source.id, repo: name, tag: 'latest' });
  for (const one of said) query.append('changes', one);
  await callDocker('POST', `/commit?${query}`);
  await removeContainer(source.id);
  return `${name}:latest`;
}
