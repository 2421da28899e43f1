// The adapter over tcp://: in front of the shared engine by a relay, and to an engine that listens on port 2375 itself.
import assert from 'node:assert/strict';
import test from 'node:test';
import { connectEngine } from '../../src/engine/docker/docker-engine.ts';
import { startChaosProxy } from '../support/chaos-proxy.ts';
import { liveAContainersLife } from '../support/container-life.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';

test('the shared engine behind a TCP relay is the same engine', async (t) => {
  const relay = await startChaosProxy(t, { over: 'tcp' });
  const engine = connectEngine({ name: 'far', endpoint: relay.endpoint });
  t.after(() => engine.close());
  assert.equal(engine.plainTcp, true);
  assert.equal(engine.endpoint, relay.endpoint);
  assert.match(engine.endpoint, /^tcp:\/\/127\.0\.0\.1:\d+$/);
  await engine.ping();
  await liveAContainersLife(engine);
});

test('what DOCKER_HOST says holds for the engine that is named by it, and for no other', async (t) => {
  const relay = await startChaosProxy(t, { over: 'tcp' });
  const before = process.env.DOCKER_HOST;
  t.after(() => {
    if (before === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = before;
  });
  process.env.DOCKER_HOST = 'tcp://192.0.2.1:2376'; // TEST-NET-1: nobody is there
  const [far, near] = [relay.endpoint, 'unix:///nowhere/docker.sock'].map((endpoint) =>
    connectEngine({ name: 'x', endpoint }),
  );
  t.after(() => Promise.all([far?.close(), near?.close()]));
  await far?.ping();
  await assert.rejects(near?.ping() ?? Promise.resolve(), { message: /no socket at unix:\/\/\/nowhere/ });
});

test('an engine that listens on port 2375 itself', { skip: whyNoPrivateEngine() }, async (t) => {
  const own = await startPrivateEngine(t, { image: 'busybox:latest', tcp: true });
  assert.match(own.tcpHost ?? '', /:2375$/);
  const engine = connectEngine({ name: 'own', endpoint: own.tcpHost ?? '' });
  t.after(() => engine.close());
  const [byTcp, bySocket] = await Promise.all([engine.info(), own.docker('info', '--format', '{{.ID}}')]);
  assert.equal(byTcp.id, bySocket.stdout.trim());
  await liveAContainersLife(engine);
  await own.kill();
  await assert.rejects(engine.ping(), { code: 'engine_unavailable' });
});
