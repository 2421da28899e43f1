// An engine that really refuses to share its processes (users remapped): helpers observe instead, and the API says so. On an engine of the
// test's own.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startApp } from '../support/app.ts';
import { createTestContainer, dockerApi, listContainerIds, removeContainer } from '../support/engine.ts';
import { remappedIds } from '../support/machine-variants.ts';
import { listHelpers, makeTarget } from '../support/observed.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { testLabels, uniqueName } from '../support/run-id.ts';
import { connectStream, type Frame, type StreamClient } from '../support/stream-client.ts';

const skip = whyNoPrivateEngine();
if (skip === false) {
  const options = { image: 'busybox:latest', prepare: remappedIds, args: ['--userns-remap=default'] };
  process.env.DOCKER_HOST = (await startPrivateEngine({ after }, options)).host;
}

const ports = (client: StreamClient) => client.data?.sockets.map(({ local }: Frame) => local.port) ?? [];

test('the engine refuses what a probe needs', { skip }, async (t) => {
  const name = uniqueName('pid');
  t.after(() => removeContainer(name));
  const { status, text } = await dockerApi('POST', `/containers/create?name=${name}`, {
    Image: 'busybox:latest',
    Labels: testLabels,
    HostConfig: { PidMode: 'host', NetworkMode: 'none' },
  });
  assert.equal(status, 400, text);
  assert.match(text, /cannot share the host PID namespace when user namespaces are enabled/);
});

test('helpers observe, the API says why, and what is seen is what happens', { skip }, async (t) => {
  const running = await startApp(t, { env: { TERRARIUM_OBSERVER: 'probe' } });
  const { url, headers } = running;
  const ask = async (path: string) => (await (await fetch(`${url}/api/v1${path}`, { headers })).json()) as Frame;
  const observer = async () => (await ask('/engines/local')).capabilities.observer;
  // Known before anything was tried.
  const { available, via, reason } = await observer();
  assert.deepEqual([available, via], [true, 'helper']);
  assert.match(reason, /remaps users/);

  const target = await makeTarget(t, running, {
    body: { Cmd: ['httpd', '-f', '-p', '80'] },
  });
  const path = `/api/v1/containers/${target.id}/netstat?options=tl&intervalMs=100`;
  const client = await connectStream(t, `${url}${path}`, { headers: { ...headers } });
  await client.until('the listener', () => ports(client).includes(80));
  await target.run('httpd -p 81');
  await client.until('another listener', () => ports(client).includes(81));
  const { interfaces } = await ask(`/containers/${target.id}/ifconfig`);
  assert.deepEqual(interfaces.map(({ name }: Frame) => name).sort(), ['eth0', 'lo']);

  assert.equal((await listHelpers(target)).length, 1);
  assert.deepEqual(await listContainerIds('io.terrarium.role=probe'), []);
  assert.deepEqual((await observer()).via, 'helper');
  await client.close();
});

test('a closed container and one that joined it are observed as well', { skip }, async (t) => {
  const running = await startApp(t, { env: { TERRARIUM_OBSERVER: 'probe' } });
  const target = await makeTarget(t, running, { body: { HostConfig: { NetworkMode: 'none' } } });
  const joined = await createTestContainer(t, {
    body: { Cmd: ['httpd', '-f', '-p', '82'], HostConfig: { NetworkMode: `container:${target.id}` } },
  });
  for (const { id } of [target, joined]) {
    const answer = await fetch(`${running.url}/api/v1/containers/${id}/netstat?options=tl`, running);
    const { sockets } = (await answer.json()) as Frame;
    assert.deepEqual(
      sockets.map(({ local }: Frame) => local.port),
      [82],
    );
  }
});
