// An engine that is killed and comes back while its probe runs: whoever watches is told and need do nothing, and one probe is left, whether
// the engine ends what ran on it or lets it live. On engines of the test's own.
import assert from 'node:assert/strict';
import test, { after, type TestContext } from 'node:test';
import { startApp } from '../support/app.ts';
import { listContainerIds } from '../support/engine.ts';
import { makeTarget } from '../support/observed.ts';
import { type PrivateEngine, startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { connectStream, type Frame, type StreamClient } from '../support/stream-client.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();

// With the file, so that what a test made on them is removed before they go.
const start = (args: string[]) => startPrivateEngine({ after }, { image: 'busybox:latest', args });
const engines = skip === false ? { preserving: await start(['--live-restore']), ending: await start([]) } : undefined;

const listProbes = () => listContainerIds('io.terrarium.role=probe');
const ports = (client: StreamClient) => client.data?.sockets.map(({ local }: Frame) => local.port) ?? [];

/** A watched container that listens on 80 whenever it runs, and comes back with its engine. */
async function watchOn(t: TestContext, engine: PrivateEngine) {
  process.env.DOCKER_HOST = engine.host;
  const app = await startApp(t, { env: { TERRARIUM_OBSERVER: 'probe' } });
  const target = await makeTarget(t, app, {
    body: { Cmd: ['httpd', '-f', '-p', '80'], HostConfig: { RestartPolicy: { Name: 'always' } } },
  });
  const url = `${app.url}/api/v1/containers/${target.id}/netstat?options=tl&intervalMs=100`;
  const client = await connectStream(t, url, { headers: { ...app.headers } });
  await client.until('the listener', () => ports(client).includes(80));
  assert.equal((await listProbes()).length, 1);
  return { app, target, client };
}

/** Kills the engine, waits until the watcher knows, and brings it back. Answers how many states it had been told by then. */
async function killAndRestart(engine: PrivateEngine, client: StreamClient): Promise<number> {
  await engine.kill();
  await client.until('stale', () => client.states.at(-1) === 'stale');
  const told = client.states.length;
  await engine.restart();
  return told;
}

async function requireOneProbe(before: readonly string[]): Promise<string> {
  const found = await waitFor(
    async (see) => {
      const now = await listProbes();
      return see(now).length === 1 && !see(before).includes(now[0] ?? '') && now;
    },
    { what: 'one new probe alone to be there' },
  );
  return found[0] ?? assert.fail();
}

for (const [kind, name] of [
  ['preserving', 'an engine that lets its containers live'],
  ['ending', 'an engine that ends its containers'],
] as const) {
  test(`${name}, three times: stale, then live, and one probe`, { skip }, async (t) => {
    const engine = engines?.[kind] ?? assert.fail();
    const { target, client } = await watchOn(t, engine);
    for (let round = 1; round <= 3; round += 1) {
      const before = await listProbes();
      const told = await killAndRestart(engine, client);
      await client.until('live', () => client.states.length > told && client.states.at(-1) === 'live', 30_000);
      // What it shows is what is: a change is seen, by the only probe there is.
      await target.run(`httpd -p ${80 + round}`);
      await client.until('a change', () => ports(client).includes(80) && ports(client).includes(80 + round), 30_000);
      const probe = await requireOneProbe(before);
      assert.deepEqual(await listProbes(), [probe]);
      assert.equal(client.closed, undefined);
    }
    await client.close();
  });
}
