// All that an engine holds, as the engine tells it: what a test compares to say that nothing was made, removed or changed.
import { callDocker } from './engine.ts';

export type Inventory = Readonly<Record<string, string>>;

interface Listed {
  Id: string;
  Names?: string[];
  State?: string;
  Labels?: Record<string, string>;
  NetworkSettings?: { Networks?: Record<string, unknown> };
}

/** By kind and id. Terrarium's own helpers come and go with what is asked, and are left out. */
export async function takeInventory(): Promise<Inventory> {
  const [containers, networks, volumes, images] = await Promise.all([
    callDocker<Listed[]>('GET', '/containers/json?all=1'),
    callDocker<{ Id: string; Name: string; Labels: unknown; Options: unknown }[]>('GET', '/networks'),
    callDocker<{ Volumes: { Name: string; Labels: unknown }[] | null }>('GET', '/volumes'),
    callDocker<{ Id: string; RepoTags: string[] | null }[]>('GET', '/images/json?all=1'),
  ]);
  const seen: Record<string, string> = {};
  for (const { Id, Names, State, Labels = {}, NetworkSettings } of containers) {
    if (Labels['io.terrarium.role'] !== undefined) continue;
    const on = Object.keys(NetworkSettings?.Networks ?? {}).sort();
    seen[`container ${Id}`] = JSON.stringify([Names, State, Labels, on]);
  }
  for (const { Id, Name, Labels, Options } of networks) seen[`network ${Id}`] = JSON.stringify([Name, Labels, Options]);
  for (const { Name, Labels } of volumes.Volumes ?? []) seen[`volume ${Name}`] = JSON.stringify(Labels);
  for (const { Id, RepoTags } of images) seen[`image ${Id}`] = JSON.stringify(RepoTags);
  return seen;
}

/** What differs, in words; nothing where they are the same. */
export function compareInventories(before: Inventory, after: Inventory): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names]
    .filter((name) => before[name] !== after[name])
    .map((name) => `${name}: ${before[name] ?? 'not there'} → ${after[name] ?? 'gone'}`);
}
