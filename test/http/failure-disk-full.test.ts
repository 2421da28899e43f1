// Disks that are full: the engine's (its data is on a small one of its own), and the one that the server keeps its token on. Whoever is refused is told why and
// what to do, nothing is left of it, the server goes on, and all is as before once there is space.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { after, test } from 'node:test';
import request from 'supertest';
import { startApp, testToken } from '../support/app.ts';
import type { Cleanup } from '../support/engine.ts';
import { EngineTruth } from '../support/engine-truth.ts';
import { startImageRegistry } from '../support/image-registry.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { startServerProcess } from '../support/server-process.ts';
import { diskOf, mountSmallDisk, onSmallDisk } from '../support/small-disk.ts';
import { connectStream } from '../support/stream-client.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
const engineMegabytes = 64;

/** Lets an engine in namespaces of its own reach what listens on this machine's loopback. Answers the port. */
async function relay(cleanup: Cleanup, address: string, port: number): Promise<number> {
  const server = createServer((client) => {
    const target = connect(port, '127.0.0.1');
    for (const socket of [client, target]) socket.on('error', () => {});
    client.pipe(target).pipe(client);
    client.on('close', () => target.destroy());
  });
  server.listen(0, address);
  await once(server, 'listening');
  cleanup.after(() => void server.close());
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

test("the engine's disk is full", { skip }, async (t) => {
  const registry = await startImageRegistry(t);
  const image = await registry.publish(4_000_000);
  const engine = await startPrivateEngine(
    { after },
    {
      image: 'busybox:latest',
      prepare: onSmallDisk(engineMegabytes),
      tcp: true,
      args: ['--insecure-registry', '169.254.0.0/16'],
    },
  );
  const relayed = `${engine.hostAddress}:${await relay(t, engine.hostAddress ?? '', Number(registry.host.split(':')[1]))}`;
  const truth = new EngineTruth(engine);
  const disk = diskOf(engine);
  const { url, headers } = await startApp(t, { env: { DOCKER_HOST: engine.host }, config: { registries: [relayed] } });
  const call = (method: 'get' | 'post' | 'put' | 'delete', to: string, body?: object) => {
    const sent = request(url)[method](`/api/v1${to}`).set(headers);
    return body === undefined ? sent : sent.send(body);
  };
  const talker = await truth.run('talker', {
    Cmd: ['sh', '-c', 'n=0; while :; do n=$((n+1)); echo "$n says it all"; sleep 0.05; done'],
    Labels: { 'io.terrarium.managed': 'true' },
    HostConfig: { Init: true },
  });
  await waitFor(async (see) => see((await call('get', `/containers/${talker}`)).status) === 200, {
    what: 'it to be known',
  });
  const watcher = await connectStream(t, `${url}/api/v1/containers/${talker}/ifconfig?intervalMs=200`, {
    headers: { ...headers },
  });
  await watcher.until('a snapshot', ({ data }) => data, 30_000);
  const log = await connectStream(t, `${url}/api/v1/stream`, { headers: { ...headers } });
  log.socket.send(JSON.stringify({ type: 'subscribe', id: 'log', topic: 'logs', container: talker, tail: 1 }));
  await log.until('the log', (client) => client.of('log').length > 0);
  const before = await truth.left();

  await disk.fill();
  const lab = {
    networks: { lan: null },
    containers: { a: { mode: 'bridged', network: 'lan', command: ['sleep', '9'] } },
  };
  const refused = {
    create: await call('post', '/containers/closed', { name: 'one', command: ['sleep', '9'] }),
    keyed: await call('post', '/containers/closed', { command: ['sleep', '9'] }).set('idempotency-key', 'full'),
    pull: await call('post', '/images/pull', { image: image.replace(registry.host, relayed) }).set(
      'accept',
      'application/json',
    ),
    lab: await call('put', '/labs/full', lab),
  };
  for (const [what, { status, body }] of Object.entries(refused)) {
    assert.deepEqual([status, body.code], [422, 'engine_refused'], `${what}: ${JSON.stringify(body)}`);
    assert.match(body.detail, /disk is full.*no space left on device/is, what);
    assert.match(body.hint, /Free space/, what);
  }
  // What needs no space on that disk goes on.
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  assert.equal((await call('get', '/engines/local')).body.state, 'live');
  const seen = watcher.of('delta').length;
  const said = await call('post', `/containers/${talker}/exec`, {
    command: ['sh', '-c', 'ping -c 1 127.0.0.1 >/dev/null; echo still here'],
  });
  assert.equal(said.body.stdout, 'still here\n', JSON.stringify(said.body));
  await watcher.until('the packets of the ping to be counted', (client) => client.of('delta').length > seen);
  assert.deepEqual([watcher.closed, watcher.states.at(-1)], [undefined, 'live']);
  assert.deepEqual(
    (await truth.left()).filter((one) => !before.includes(one) && !/terrarium-/.test(one)),
    [],
  );

  await disk.free();
  const retried = await call('post', '/containers/closed', { command: ['sleep', '9'] }).set('idempotency-key', 'full');
  assert.equal(retried.status, 201, JSON.stringify(retried.body));
  const pulled = await call('post', '/images/pull', { image: image.replace(registry.host, relayed) }).set(
    'accept',
    'application/json',
  );
  assert.equal(pulled.status, 200, JSON.stringify(pulled.body));
  const applied = await call('put', '/labs/full', lab);
  assert.deepEqual([applied.status, applied.body.lab?.state], [200, 'as_described'], JSON.stringify(applied.body));
  assert.equal((await call('delete', '/labs/full')).status, 200);
  await call('delete', `/containers/${retried.body.id}`).expect(204);
  // Where half a line was written to the log's file the engine itself follows it no more: that is told, and not hidden by silence.
  const heard = log.of('log').length;
  const hasEnded = () => log.of('state').some((one) => one.state === 'ended');
  await log.until('the log to go on, or its end to be told', () => hasEnded() || log.of('log').length > heard, 60_000);
  if (hasEnded()) {
    assert.equal(log.of('state').at(-1)?.reason, 'engine_refused');
    assert.match(log.of('error').at(-1)?.detail, /cannot show all of the log/);
  }
  await waitFor(
    async (see) => / says it all/.test(see((await call('get', `/containers/${talker}/logs?tail=1`)).text)),
    {
      what: 'the last line to be shown',
    },
  );
  await watcher.close();
  await log.close();
  await truth.remove(talker);
  await truth.awaitNothing({ what: 'all is removed', timeoutMs: 20_000 });
});

test('the disk of the token is full at the first start: one line says so, nothing is left, and the next start is a first one', async (t) => {
  const disk = await mountSmallDisk(t, 1);
  await disk.fill();
  const start = async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts'], {
      cwd: path.resolve(import.meta.dirname, '..', '..'),
      env: { ...process.env, TERRARIUM_TOKEN: '', TERRARIUM_STATE_DIR: disk.folder, TERRARIUM_PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.after(() => void child.kill('SIGKILL'));
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
    const ended = once(child, 'exit').then(([code]) => code as number);
    return { child, ended, said: () => said };
  };
  const failed = await start();
  assert.equal(await failed.ended, 1);
  assert.match(failed.said(), /^terrarium: cannot keep a token in \S+\/token \(ENOSPC.*\n$/);
  assert.match(failed.said(), /full/);
  await disk.free();
  assert.deepEqual(await readdir(disk.folder), []);
  const next = await start();
  await waitFor((see) => /listens on/.test(see(next.said())), { what: 'the server to listen', timeoutMs: 60_000 });
  assert.deepEqual(await readdir(disk.folder), ['token']);
  next.child.kill('SIGTERM');
  assert.equal(await next.ended, 0, next.said());
});

test('the disk of the token fills while the server runs, and while it starts again: nobody notices', {
  skip,
}, async (t) => {
  const disk = await mountSmallDisk(t, 1);
  const engine = await startPrivateEngine({ after }, { image: 'busybox:latest' });
  const env = { DOCKER_HOST: engine.host, TERRARIUM_STATE_DIR: disk.folder, TERRARIUM_TOKEN: testToken };
  for (let start = 0; start < 2; start += 1) {
    const { url, headers, kill } = await startServerProcess(t, { env });
    if (start === 0) await disk.fill();
    const made = await request(url)
      .post('/api/v1/containers/closed')
      .set(headers)
      .send({ command: ['sleep', '9'] });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    await request(url).delete(`/api/v1/containers/${made.body.id}`).set(headers).expect(204);
    await kill('SIGTERM');
  }
  await disk.free();
});
