// The adapter on a bad line to a real engine: no call hangs, nothing is done twice, no process dies of it, and the line heals by itself.
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { connectEngine } from '../../src/engine/docker/docker-engine.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { type ChaosProxy, startChaosProxy } from '../support/chaos-proxy.ts';
import { callDocker, createTestContainer, docker, inspectContainer } from '../support/engine.ts';
import { patience, waitFor } from '../support/wait-for.ts';

async function connect(t: TestContext, over: 'unix' | 'tcp'): Promise<{ engine: Engine; line: ChaosProxy }> {
  const line = await startChaosProxy(t, { over });
  const engine = connectEngine({ name: 'far', endpoint: line.endpoint });
  t.after(() => engine.close());
  return { engine, line };
}

/** Milliseconds. It ends a test whose call hangs, and says nothing about speed. */
const soon = 30_000 * patience;

async function within<T>(ms: number, call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came of it within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}

for (const over of ['unix', 'tcp'] as const) {
  test(`${over}: an answer cut in the middle of its body is an engine away`, async (t) => {
    const { engine, line } = await connect(t, over);
    const { id } = await createTestContainer(t, { start: false });
    await engine.inspectContainer(id);
    for (const bytes of [0, 10, 400, 3_000]) {
      line.set({ kind: 'cutAfter', bytes });
      await assert.rejects(
        within(soon, engine.inspectContainer(id)),
        { code: 'engine_unavailable' },
        `after ${bytes} bytes`,
      );
    }
    line.set({ kind: 'none' });
    assert.equal((await engine.inspectContainer(id)).id, id);
  });

  test(`${over}: a line that swallows everything ends calls at their deadline, or when the caller says so`, async (t) => {
    const { engine, line } = await connect(t, over);
    await engine.info();
    line.set({ kind: 'blackHole' });
    const startedAt = performance.now();
    // The message names the deadline that ended the call: this one, and not that of the adapter.
    await assert.rejects(within(soon, engine.info({ deadlineMs: 300 })), {
      code: 'engine_timeout',
      message: /did not answer within 0\.3 s/,
    });
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs >= 295, `${tookMs} ms`);
    const controller = new AbortController();
    const call = engine.listContainerIds({ signal: controller.signal });
    setTimeout(() => controller.abort(new Error('gone home')), 20);
    await assert.rejects(within(soon, call), { code: 'engine_timeout', message: /cancelled/ });
    line.set({ kind: 'none' });
    await within(soon, engine.info());
  });

  test(`${over}: an attached stream that breaks ends, says so, and takes nobody with it`, async (t) => {
    const { engine, line } = await connect(t, over);
    const { id } = await createTestContainer(t);
    const exec = await engine.createExec(id, { command: ['sh', '-c', 'echo begun; cat'], stdin: true });
    const streams = await engine.startExec(exec, { stdin: true });
    streams.stderr.resume();
    let heard = '';
    streams.stdout.on('data', (bytes: Buffer) => {
      heard += bytes.toString();
    });
    await waitFor((see) => see(heard) === 'begun\n', { what: 'the first line' });
    line.cut();
    const { error } = await within(soon, streams.closed);
    if (over === 'tcp') assert.ok(error instanceof Error, 'a reset is no end');
    streams.stdin.write('into the void');
    streams.endInput();
    streams.destroy();
  });
}

test('an answer that is late is a time-out, and the next one is its own', async (t) => {
  const { engine, line } = await connect(t, 'unix');
  const { id } = await createTestContainer(t, { start: false });
  await engine.ping();
  line.set({ kind: 'delay', ms: 400 });
  await assert.rejects(engine.inspectContainer(id, { deadlineMs: 150 }), { code: 'engine_timeout' });
  line.set({ kind: 'none' });
  for (let turn = 0; turn < 5; turn += 1) assert.equal((await engine.inspectContainer(id)).id, id);
});

test('an idle connection that was cut costs a read a retry, and the caller nothing', async (t) => {
  for (const over of ['unix', 'tcp'] as const) {
    const { engine, line } = await connect(t, over);
    const { id } = await createTestContainer(t, { start: false });
    for (let turn = 0; turn < 5; turn += 1) {
      // Several idle connections, all of them dead, and no time to notice.
      await Promise.all([engine.inspectContainer(id), engine.listNetworks(), engine.listContainerIds()]);
      line.cut();
      assert.equal((await engine.inspectContainer(id)).id, id);
    }
  }
});

test('a write is sent once, on a connection of its own, whatever becomes of its answer', async (t) => {
  const { engine, line } = await connect(t, 'unix');
  const { id } = await createTestContainer(t, { start: false });
  await engine.inspectContainer(id);
  line.cut();
  // An idle connection that died is no danger to it.
  await engine.startContainer(id);
  const path = `/containers/${id}/restart`;
  line.set({ kind: 'cutAfter', bytes: 0, only: /restart/ });
  await assert.rejects(engine.restartContainer(id, { timeoutSeconds: 1 }), {
    code: 'engine_unavailable',
    hint: /may have happened/,
  });
  assert.equal(line.requests.filter((request) => request.includes(path)).length, 1);
  line.set({ kind: 'none' });
  await waitFor(async (see) => see((await inspectContainer(id)).State.Running), {
    what: 'the restart, which happened all the same',
  });
});

test('the API version is asked for once, and again after a connection has failed', async (t) => {
  const { engine, line } = await connect(t, 'unix');
  const asked = () => line.requests.filter((request) => request === 'GET /version').length;
  await Promise.all([engine.listNetworks(), engine.listContainerIds(), engine.listImages()]);
  await engine.listNetworks();
  assert.equal(asked(), 1);
  const { apiVersion } = await engine.info();
  const versioned = line.requests.filter((request) => !/ \/(?:version|_ping)$/.test(request));
  assert.ok(versioned.length >= 5);
  for (const request of versioned) assert.ok(request.startsWith(`GET /v${apiVersion}/`), request);

  line.set({ kind: 'refuse' });
  line.cut();
  await assert.rejects(engine.listNetworks(), { code: 'engine_unavailable' });
  line.set({ kind: 'none' });
  await engine.listNetworks();
  assert.ok(asked() >= 2);
});

test('an event feed that is cut fails', async (t) => {
  const { engine, line } = await connect(t, 'tcp');
  let isOpen = false;
  const onOpen = () => {
    isOpen = true;
  };
  const feed = (async () => {
    for await (const _ of engine.events({ signal: new AbortController().signal, onOpen }));
  })();
  const failed = assert.rejects(within(soon, feed), { code: 'engine_unavailable' });
  await waitFor((see) => see(isOpen), { what: 'the feed to open' });
  line.cut();
  await failed;
});

test('a followed log that is cut is no end of the log', async (t) => {
  const { engine, line } = await connect(t, 'tcp');
  const { id } = await createTestContainer(t, { body: { Cmd: ['sh', '-c', 'echo begun; sleep 3600'] } });
  const logs = await engine.logs(id, { tty: false, follow: true });
  let heard = '';
  const reading = (async () => {
    for await (const { bytes } of logs) heard += bytes.toString();
  })();
  const failed = assert.rejects(within(soon, reading), { code: 'engine_unavailable' });
  await waitFor((see) => see(heard) !== '', { what: 'the first line' });
  line.cut();
  await failed;
});

test('a hundred calls at once on a line that fails now and then all settle, and leave no connection', async (t) => {
  const { engine, line } = await connect(t, 'unix');
  const { id } = await createTestContainer(t, { start: false });
  const calls = Array.from({ length: 100 }, (_, index) => {
    if (index % 10 === 5) line.cut();
    return engine.inspectContainer(id, { deadlineMs: soon }).then(
      () => 'ok',
      (error) => error.code as string,
    );
  });
  const results = await within(2 * soon, Promise.all(calls));
  for (const result of results) assert.ok(['ok', 'engine_unavailable'].includes(result), result);
  assert.equal((await engine.inspectContainer(id)).id, id);
  await engine.close();
  await waitFor((see) => see(line.connections) === 0, { what: 'every connection to be closed' });
});

test('an exec that is cut is known by its state: its end looks like any other', async (t) => {
  const { engine, line } = await connect(t, 'unix');
  const { id } = await createTestContainer(t);
  const exec = await engine.createExec(id, { command: ['sh', '-c', 'echo begun; sleep 3600'] });
  const streams = await engine.startExec(exec, {});
  streams.stdout.resume();
  streams.stderr.resume();
  await waitFor(async (see) => see((await engine.inspectExec(exec)).running), { what: 'the command to run' });
  line.cut();
  await within(soon, streams.closed);
  assert.deepEqual((await engine.inspectExec(exec)).running, true);
  // Nothing of ours ended it; the container's end does.
  await docker('kill', id);
  await waitFor(async (see) => !see((await callDocker('GET', `/exec/${exec}/json`)).Running), {
    what: 'the command to end',
  });
});
