// @lane quiet
// Measures the time until a watcher sees a change of an interface that the engine does not know. A witness reports the change, and the program that reads
// the interfaces runs at most once a second. `interfaces-differential.test.ts` tests the content.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startApp } from '../support/app.ts';
import { createTestContainer, execInContainer } from '../support/engine.ts';
import { makeTarget } from '../support/observed.ts';
import { connectStream } from '../support/stream-client.ts';

const server = await startApp({ after }, { env: { TERRARIUM_OBSERVER: 'probe' } });

/** Milliseconds: an interval, the second between two runs of the program, and its run; twice. Without a witness it would run after five seconds or a minute. */
const boundMs = 4_000;

test('a watcher sees what a guest with NET_ADMIN changes within four seconds', async () => {
  const target = await makeTarget({ after }, server);
  const url = `${server.url}/api/v1/containers/${target.id}/ifconfig?intervalMs=100&format=both&all=true`;
  const client = await connectStream({ after }, url, { headers: { ...server.headers } });
  await client.until('a snapshot', ({ data }) => data);
  const body = { HostConfig: { NetworkMode: `container:${target.id}`, CapAdd: ['NET_ADMIN'] } };
  const guest = await createTestContainer({ after }, { body });
  const time = async (line: string, what: string, isSeen: () => unknown) => {
    const { code, stderr } = await execInContainer(guest.id, 'sh', '-c', line);
    assert.equal(code, 0, stderr);
    const doneAt = performance.now();
    await client.until(what, isSeen);
    const tookMs = performance.now() - doneAt;
    assert.ok(tookMs < boundMs, `${what} was seen after ${Math.round(tookMs)} ms`);
  };
  await time('ifconfig eth0 mtu 1337', 'the new MTU', () => client.data?.interfaces[0].mtu === 1337);
  await time('ifconfig eth0:7 10.219.0.1', 'the alias', () => client.text?.includes('eth0:7'));
  await client.close();
});
