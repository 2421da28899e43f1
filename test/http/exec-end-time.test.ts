// @lane quiet
// A command that ends within its first moment gets no guard: a guard costs the engine more than such a command does. Every attempt says something only if
// the command ended in time, so this file runs alone.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { callDocker, listContainerIds } from '../support/engine.ts';

const server = await startApp({ after });
const api = useApi(server, { after });
/** Milliseconds that a command has before it gets a guard (guards.ts). */
const firstMomentMs = 250;
const attempts = 20;

/** Containers of Terrarium that look into this one's processes. */
async function listGuards(id: string): Promise<string[]> {
  const helpers = await listContainerIds('io.terrarium.role=helper');
  const found = await Promise.all(
    helpers.map((helper) => callDocker('GET', `/containers/${helper}/json`).catch(() => undefined)),
  );
  return found.filter((one) => one?.HostConfig.PidMode === `container:${id}`).map((one) => one.Name);
}

test('a guard is not started for a command that ends at once', async () => {
  const tookMs: number[] = [];
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    // A guard of an attempt that took too long may come later, so each attempt has a container of its own.
    const { id } = await api.create('closed', { command: ['sleep', '600'] });
    const began = performance.now();
    await api.post(`/containers/${id}/exec`, { command: ['true'] }).expect(200);
    tookMs.push(Math.round(performance.now() - began));
    if ((tookMs.at(-1) ?? 0) < firstMomentMs) return assert.deepEqual(await listGuards(id), []);
  }
  assert.fail(`no command of ${attempts} ended within ${firstMomentMs} ms: they took ${tookMs.join(', ')} ms`);
});
