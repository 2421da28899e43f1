// A probe that is killed again and again under its watchers, in every way that somebody on its engine can: each time there is another one soon, whoever watches
// holds what is true afterwards, and none is left at the end.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { startApp } from '../support/app.ts';
import { EngineTruth } from '../support/engine-truth.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { seed, seededRandom } from '../support/seeded.ts';
import { connectStream, type Frame, type StreamClient } from '../support/stream-client.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

/** What somebody may do to a container of ours: kill it, stop it, remove it, pause it and forget it. A paused one is given up after 15 s. */
const ways = ['kill', 'stop', 'remove', 'pause'] as const;
type Way = (typeof ways)[number];

const random = seededRandom(seed);
const plan: readonly Way[] =
  process.env.TERRARIUM_SWEEP === '1'
    ? Array.from({ length: 60 }, () => ways[Math.floor(random() * ways.length)] ?? 'kill')
    : ['kill', 'remove', 'stop', 'kill', 'pause', 'kill', 'remove'];

test(`${plan.length} times`, { skip: whyNoPrivateEngine() }, async (t) => {
  const engine = await startPrivateEngine({ after }, { image: 'busybox:latest' });
  const truth = new EngineTruth(engine);
  const { url, headers, app } = await startApp(t, {
    env: { DOCKER_HOST: engine.host, TERRARIUM_OBSERVER: 'probe' },
  });
  const id = await truth.run('web', {
    Cmd: ['httpd', '-f', '-p', '80'],
    Labels: { 'io.terrarium.managed': 'true' },
    HostConfig: { Init: true },
  });
  for (const mirror of app.services.catalogue.mirrors) await mirror.refresh(id);
  const watch = (query: string) =>
    connectStream(t, `${url}/api/v1/containers/${id}/${query}`, { headers: { ...headers } });
  const watchers = await Promise.all([
    watch('netstat?options=tl&intervalMs=200'),
    watch('netstat?options=tuwan&intervalMs=1000'),
    watch('ifconfig?intervalMs=200'),
  ]);
  for (const client of watchers) await client.until('a snapshot', ({ data }) => data, 30_000);
  const probes = async () =>
    (await truth.containers('io.terrarium.role=probe')).filter(({ state }) => state === 'running');
  const ports = (client: StreamClient) =>
    client.data?.sockets?.map(({ local }: Frame) => local.port).sort((a: number, b: number) => a - b) ?? [];

  for (const [index, way] of plan.entries()) {
    const [probe] = await waitFor(
      async (see) => {
        const found = await probes();
        return see(found).length === 1 && found;
      },
      { what: 'one probe to run', timeoutMs: 60_000 },
    );
    await letTimePass(
      random() * 700,
      'the probe is hit at a random moment: while it rests, or in the middle of a look',
    );
    // The probe may have ended before.
    if (way === 'remove') await truth.remove(probe?.id ?? '').catch(() => {});
    else await truth.ask('POST', `/containers/${probe?.id}/${way}${way === 'stop' ? '?t=0' : ''}`).catch(() => {});
    const port = 1_001 + index;
    const { stderr, code } = await engine.docker('exec', id, 'httpd', '-p', String(port));
    assert.equal(code, 0, stderr);
    for (const client of watchers.slice(0, 2))
      await client.until(
        `port ${port} after its probe met a ${way}, seed ${seed}`,
        () => ports(client).includes(port),
        60_000,
      );
    await waitFor(async (see) => see(await probes()).every((one) => one.id !== probe?.id), {
      what: `the probe that met a ${way} to be gone`,
      timeoutMs: 90_000,
    });
  }

  const expected = [80, ...plan.map((_, index) => 1_001 + index)];
  for (const client of watchers.slice(0, 2))
    await client.until('what is true', () => isDeepStrictEqual(ports(client), expected), 30_000);
  for (const client of watchers) {
    assert.equal(client.closed, undefined);
    await client.close();
  }
  await truth.awaitNothing({ what: 'all have left', timeoutMs: 30_000, except: /^container web, running$/ });
});
