// Wherever a container's network is, it can be watched: closed, paused, without a shell, joined, stranded, or the host's own.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { startApp } from '../support/app.ts';
import { callDocker, runCommand } from '../support/engine.ts';
import { listHelpers, makeTarget, type Target } from '../support/observed.ts';
import { createScratchImage } from '../support/scratch-image.ts';
import { connectStream, type Frame, type StreamClient } from '../support/stream-client.ts';

for (const observer of ['probe', 'helper'] as const) {
  const server = await startApp({ after }, { env: { TERRARIUM_OBSERVER: observer } });

  function watch({ id }: { id: string }, path: string): Promise<StreamClient> {
    return connectStream({ after }, `${server.url}/api/v1/containers/${id}/${path}`, {
      headers: { ...server.headers },
    });
  }

  const listens = (client: StreamClient, port: number) =>
    client.data?.sockets.some(({ local, state }: Frame) => local.port === port && state === 'LISTEN') ?? false;
  const names = (client: StreamClient) => client.data?.interfaces.map(({ name }: Frame) => name).sort();

  function makeJoined(target: Target, body: Record<string, unknown> = {}): Promise<Target> {
    return makeTarget({ after }, server, { body: { ...body, HostConfig: { NetworkMode: `container:${target.id}` } } });
  }

  test(`${observer}: closed: lo and nothing else`, async () => {
    const target = await makeTarget({ after }, server, { body: { HostConfig: { NetworkMode: 'none' } } });
    const client = await watch(target, 'ifconfig?format=both');
    await client.until('a snapshot', ({ data }) => data);
    assert.deepEqual(names(client), ['lo']);
    assert.deepEqual(client.data?.routes, []);
    assert.equal(client.text, await target.run('ifconfig'));
  });

  test(`${observer}: paused: what stands still can be seen, and goes on when it does`, async () => {
    const target = await makeTarget({ after }, server, { body: { Cmd: ['sh', '-c', 'httpd -p 80; exec sleep 3600'] } });
    await callDocker('POST', `/containers/${target.id}/pause`);
    const client = await watch(target, 'netstat?intervalMs=100');
    await client.until('the listener', () => listens(client, 80));
    await callDocker('POST', `/containers/${target.id}/unpause`);
    await target.run('httpd -p 81');
    await client.until('the second listener', () => listens(client, 81));
    assert.deepEqual(client.states, ['live'], 'pausing does not end the stream');
  });

  test(`${observer}: without a shell or any program of its own, and whoever joins it is seen there`, async () => {
    const image = await createScratchImage({ after });
    const target = await makeTarget({ after }, server, { body: { Image: image, Cmd: ['/bin/sleep', '3600'] } });
    const client = await watch(target, 'netstat?intervalMs=100');
    await client.until('a snapshot', ({ data }) => data);
    assert.deepEqual(client.data?.sockets, []);
    const joined = await makeJoined(target, { Cmd: ['httpd', '-f', '-p', '2222'] });
    await client.until('the listener', () => listens(client, 2222));

    // One namespace, one helper, whoever of its members is looked at.
    const other = await watch(joined, 'netstat?intervalMs=100');
    await other.until('the listener', () => listens(other, 2222));
    assert.deepEqual(other.data?.namespace, client.data?.namespace);
    assert.equal(other.data?.container.id, joined.id);
    assert.deepEqual(other.data?.sockets, client.data?.sockets);
    const chained = await watch(await makeJoined(joined), 'netstat?intervalMs=100');
    await chained.until('the listener', () => listens(chained, 2222));
    assert.deepEqual(chained.data?.namespace, client.data?.namespace);
    assert.equal((await listHelpers(target)).length, observer === 'helper' ? 1 : 0);
    assert.equal((await listHelpers(joined)).length, 0);
  });

  test(`${observer}: host mode: the host's own sockets and interfaces`, async () => {
    const target = await makeTarget({ after }, server, { body: { HostConfig: { NetworkMode: 'host' } } });
    const client = await watch(target, 'netstat?options=tl&intervalMs=100');
    await client.until('a snapshot', ({ data }) => data);
    assert.equal(client.data?.namespace.id, 'local~host');
    const listener = createServer().listen(0, '127.0.0.1');
    after(() => listener.close());
    await new Promise((resolve) => listener.once('listening', resolve));
    const { port } = listener.address() as { port: number };
    await client.until('the listener of this very process', () => listens(client, port));
    const { stdout } = await runCommand('readlink', ['/proc/self/ns/net']);
    assert.equal(`net:[${client.data?.namespace.inode}]`, stdout.trim());
  });

  test(`${observer}: stranded by a restart of its target: it is watched in what is left to it, and found again when it joins anew`, async () => {
    const target = await makeTarget({ after }, server);
    const joined = await makeJoined(target);
    const client = await watch(joined, 'ifconfig?intervalMs=100');
    await client.until('eth0', () => names(client)?.includes('eth0'));
    const before = client.data?.namespace.id;
    assert.ok(before.includes(target.id));

    await callDocker('POST', `/containers/${target.id}/restart?t=0`);
    await client.until('lo alone', () => client.data?.namespace.id !== before && names(client)?.join() === 'lo');
    assert.ok(client.data?.namespace.id.includes(joined.id));
    assert.ok(client.states.includes('stopped') && client.states.at(-1) === 'live');

    await callDocker('POST', `/containers/${joined.id}/restart?t=0`);
    await client.until('eth0 again', () => names(client)?.includes('eth0'));
    assert.ok(client.data?.namespace.id.includes(target.id));
    assert.notEqual(client.data?.namespace.id, before, 'another namespace of the same container');
  });
}
