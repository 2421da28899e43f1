// The probe on an engine with cgroup v2: it reads the CPU time of a namespace's members from `cpu.stat`, so that what rests is left alone and
// what leaves no trace in any counter is seen. Where the machine has v1, on an engine of the test's own whose machine has v2.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type RunningApp, startApp } from '../support/app.ts';
import { callDocker, execInContainer, inspectContainer } from '../support/engine.ts';
import { cgroupV2, isCgroupV2, whyNoCgroupV2 } from '../support/machine-variants.ts';
import { readMetric } from '../support/metric.ts';
import { makeTarget, type Target } from '../support/observed.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { connectStream, type Frame, type StreamClient } from '../support/stream-client.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

const skip = isCgroupV2() ? false : whyNoPrivateEngine() || whyNoCgroupV2();

if (skip === false && !isCgroupV2()) {
  const options = { image: 'busybox:latest', prepare: cgroupV2 };
  process.env.DOCKER_HOST = (await startPrivateEngine({ after }, options)).host;
}

const server = skip === false ? await startApp({ after }, { env: { TERRARIUM_OBSERVER: 'probe' } }) : undefined;
const app = (): RunningApp => server ?? assert.fail();

/** Without an init, which wakes up each second, and without a bridge, whose others' packets arrive. */
const still = { Init: false, NetworkMode: 'none' };

function watch({ id }: Target, intervalMs: number): Promise<StreamClient> {
  const url = `${app().url}/api/v1/containers/${id}/netstat?options=tl&intervalMs=${intervalMs}`;
  return connectStream({ after }, url, { headers: { ...app().headers } });
}

const ports = (client: StreamClient) => client.data?.sockets.map(({ local }: Frame) => local.port).sort() ?? [];
const readWalks = () => readMetric(app(), 'probe_walks_total');
/** Changes that were found only because the tables are read each minute in any case. */
const readForcedChanges = () => readMetric(app(), 'probe_forced_changes_total');

async function awaitRest(): Promise<void> {
  await waitFor(
    async (see) => {
      const before = see(await readWalks());
      await letTimePass(1_000, 'a namespace that does not rest is read in this time');
      return see(await readWalks()) === before;
    },
    { what: 'reads to end' },
  );
}

/** What the probe compares, as the container reads it: all but the numbers that are the whole machine's. */
const gauges =
  'cat /proc/net/snmp /proc/net/snmp6 /proc/net/sockstat /proc/net/sockstat6 /proc/net/dev | sed -E "s/ (orphan|alloc|mem) [0-9]+//g"';

/** Moves the one listener of a container; fails unless every number is what it was. */
async function swapListener(target: Target, from: number, to: number): Promise<void> {
  const line = `
    before=$(${gauges})
    kill $(pidof httpd); while netstat -tln | grep -q ':${from} '; do :; done
    httpd -p ${to}
    [ "$before" = "$(${gauges})" ] && echo equal`;
  const { stdout } = await execInContainer(target.id, 'sh', '-c', line);
  assert.equal(stdout, 'equal\n');
}

test('the engine is one of cgroup v2, and is observed by a probe', { skip }, async () => {
  assert.equal((await callDocker('GET', '/info')).CgroupVersion, '2');
  const target = await makeTarget({ after }, app(), { body: { HostConfig: still } });
  const client = await watch(target, 100);
  await client.until('a snapshot', ({ data }) => data);
  const { capabilities } = (await (await fetch(`${app().url}/api/v1/engines/local`, app())).json()) as Frame;
  assert.deepEqual(capabilities.observer, { available: true, via: 'probe', reason: null });
  await client.close();
});

test('what rests is not read for fifty ticks', { skip }, async () => {
  const target = await makeTarget({ after }, app(), { body: { HostConfig: still } });
  await target.run('httpd -p 1111');
  const client = await watch(target, 100);
  await client.until('the listener', () => ports(client).includes(1111));
  await awaitRest();
  const [walks, looks] = [await readWalks(), client.frames.length];
  await letTimePass(5_000, 'fifty ticks of 100 ms, in which no read may happen');
  // Without its CPU time nothing is taken for unmoved: this is what tells that `cpu.stat` was found and read.
  assert.equal(await readWalks(), walks);
  assert.equal(client.frames.length, looks);
  await client.close();
});

test('a listener that another takes the place of, with every counter equal, is seen by the time it cost', {
  skip,
}, async () => {
  const target = await makeTarget({ after }, app(), { body: { HostConfig: still } });
  await target.run('httpd -p 2000');
  // Slow ticks, so that all of it happens within one.
  const client = await watch(target, 1_000);
  await client.until('the listener', () => ports(client).includes(2000));
  for (let port = 2001; port <= 2008; port += 1) {
    await swapListener(target, port - 1, port);
    await client.until(`port ${port} alone`, () => ports(client).join() === String(port));
  }
  assert.equal(await readForcedChanges(), 0);
  await client.close();
});

test('the time of a container that joined counts as well', { skip }, async () => {
  const target = await makeTarget({ after }, app(), { body: { HostConfig: still } });
  const joined = await makeTarget({ after }, app(), {
    body: { HostConfig: { Init: false, NetworkMode: `container:${target.id}` } },
  });
  assert.equal((await inspectContainer(joined.id)).HostConfig.NetworkMode, `container:${target.id}`);
  await joined.run('httpd -p 3000');
  const client = await watch(target, 1_000);
  await client.until('the listener', () => ports(client).includes(3000));
  await awaitRest();
  for (let port = 3001; port <= 3003; port += 1) {
    await swapListener(joined, port - 1, port);
    await client.until(`port ${port} alone`, () => ports(client).join() === String(port));
  }
  assert.equal(await readForcedChanges(), 0);
  await client.close();
});
