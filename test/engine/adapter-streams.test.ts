// Attached containers, execs and logs of a real engine: every byte, in its own output, and an end that is told apart from a break.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import type { CreateBody } from '../../src/domain/container/create-body.ts';
import { connectEngine } from '../../src/engine/docker/docker-engine.ts';
import type { AttachedStreams, Engine } from '../../src/engine/engine.ts';
import { callDocker, createTestContainer, localEndpoint, removeContainer } from '../support/engine.ts';
import { testLabels, uniqueName } from '../support/run-id.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

function connect(t: TestContext): Engine {
  const engine = connectEngine({ name: 'local', endpoint: localEndpoint() });
  t.after(() => engine.close());
  return engine;
}

async function create(t: TestContext, engine: Engine, overrides: Partial<CreateBody>): Promise<string> {
  const name = uniqueName('stream');
  t.after(() => removeContainer(name));
  const body = { Image: 'busybox:latest', Labels: testLabels, HostConfig: { NetworkMode: 'none' }, ...overrides };
  return (await engine.createContainer(name, body)).id;
}

async function readText(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function readAll(streams: AttachedStreams): Promise<{ out: string; err: string; error: Error | undefined }> {
  const [out, err, { error }] = await Promise.all([readText(streams.stdout), readText(streams.stderr), streams.closed]);
  return { out, err, error };
}

test('attached before its start, a container loses nothing, and reads the end of its stdin', async (t) => {
  const engine = connect(t);
  const id = await create(t, engine, {
    Cmd: ['sh', '-c', 'echo first; echo wrong >&2; cat; echo last'],
    OpenStdin: true,
    StdinOnce: true,
  });
  const streams = await engine.attach(id, { tty: false });
  const all = readAll(streams);
  await engine.startContainer(id);
  streams.stdin.write('hello\n');
  streams.stdin.write('wörld\n');
  streams.endInput();
  assert.deepEqual(await all, { out: 'first\nhello\nwörld\nlast\n', err: 'wrong\n', error: undefined });
});

test('each tick on stdin is answered before the next one is sent, for as long as it is attached', async (t) => {
  const engine = connect(t);
  const id = await create(t, engine, {
    Cmd: ['sh', '-c', 'while read n; do echo $n; done'],
    OpenStdin: true,
    StdinOnce: true,
  });
  const streams = await engine.attach(id, { tty: false });
  streams.stderr.resume();
  await engine.startContainer(id);
  let heard = '';
  streams.stdout.on('data', (bytes: Buffer) => {
    heard += bytes.toString();
  });
  for (let tick = 1; tick <= 20; tick += 1) {
    streams.stdin.write(`${tick}\n`);
    await waitFor((see) => see(heard).endsWith(`${tick}\n`), {
      what: `the answer to tick ${tick}`,
      intervalMs: 2,
    });
  }
  streams.destroy();
  assert.deepEqual(await streams.closed, {});
  // Its stdin was open once, and is closed now: it ends by itself.
  await waitFor(async (see) => see((await engine.inspectContainer(id)).state) === 'exited', {
    what: 'the container to end',
  });
});

test('with a TTY all is stdout, and the size is told', async (t) => {
  const engine = connect(t);
  const id = await create(t, engine, { Cmd: ['sh'], Tty: true, OpenStdin: true });
  const streams = await engine.attach(id, { tty: true });
  let screen = '';
  streams.stdout.on('data', (bytes: Buffer) => {
    screen += bytes.toString();
  });
  streams.stderr.resume();
  await engine.startContainer(id);
  await engine.resizeContainer(id, { cols: 97, rows: 31 });
  streams.stdin.write('stty size; echo err >&2\n');
  await waitFor((see) => /31 97/.test(see(screen)) && /\nerr\r/.test(see(screen)), {
    what: 'the size, and stderr on the screen',
  });
  streams.stdin.write('exit\n');
  assert.deepEqual(await streams.closed, {});
});

test('an exec answers with its outputs and its exit code', async (t) => {
  const engine = connect(t);
  const { id } = await createTestContainer(t);
  const exec = await engine.createExec(id, {
    command: ['sh', '-c', 'echo "$A in $(pwd)"; echo wrong >&2; id -u; exit 3'],
    env: ['A=a b'],
    workingDir: '/tmp',
    user: '1000',
  });
  const streams = await engine.startExec(exec, {});
  assert.deepEqual(await readAll(streams), { out: 'a b in /tmp\n1000\n', err: 'wrong\n', error: undefined });
  const ended = { running: false, exitCode: 3, pid: 0, privileged: false };
  assert.deepEqual({ ...(await engine.inspectExec(exec)), pid: 0 }, ended);
  const { Id: other } = await callDocker('POST', `/containers/${id}/exec`, { Cmd: ['true'], Privileged: true });
  assert.equal((await engine.inspectExec(other)).privileged, true);
});

test('an exec takes stdin to its end, megabytes of it, in both directions at once', async (t) => {
  const engine = connect(t);
  const { id } = await createTestContainer(t);
  const exec = await engine.createExec(id, { command: ['cat'], stdin: true });
  const streams = await engine.startExec(exec, { stdin: true });
  const sent = Buffer.alloc(8 * 1024 * 1024, 'terrarium ');
  streams.stderr.resume();
  const back = (async () => {
    const hash = createHash('sha256');
    for await (const chunk of streams.stdout) hash.update(chunk as Buffer);
    return hash.digest('hex');
  })();
  streams.stdin.write(sent);
  streams.endInput();
  assert.equal(await back, createHash('sha256').update(sent).digest('hex'));
  assert.deepEqual(await streams.closed, {});
  assert.equal((await engine.inspectExec(exec)).exitCode, 0);
});

test('a program that ends without reading its stdin ends well, and its output is whole', async (t) => {
  const engine = connect(t);
  const { id } = await createTestContainer(t);
  for (const [command, expected] of [
    [['true'], ''],
    [['sh', '-c', 'echo enough; exit 4'], 'enough\n'],
    [['head', '-c', '5'], 'xxxxx'],
  ] as const) {
    // Less than a socket holds, and more.
    for (const length of [1, 50_000, 500_000, 3_000_000]) {
      const exec = await engine.createExec(id, { command, stdin: true });
      const streams = await engine.startExec(exec, { stdin: true });
      const all = readAll(streams);
      streams.stdin.write('x'.repeat(length));
      streams.endInput();
      const { out, error } = await all;
      assert.equal(error, undefined, `${command.join(' ')} given ${length} bytes`);
      if (command[0] !== 'head' || length >= 5) assert.equal(out, expected);
      await waitFor(async (see) => !see((await engine.inspectExec(exec)).running), { what: 'its end to show' });
    }
  }
});

test('an exec with a TTY is resized while it runs', async (t) => {
  const engine = connect(t);
  const { id } = await createTestContainer(t);
  const exec = await engine.createExec(id, { command: ['sh'], tty: true, stdin: true });
  const streams = await engine.startExec(exec, { tty: true, stdin: true });
  let screen = '';
  streams.stdout.on('data', (bytes: Buffer) => {
    screen += bytes.toString();
  });
  streams.stderr.resume();
  await waitFor(async (see) => see((await engine.inspectExec(exec)).running), { what: 'the shell to run' });
  await engine.resizeExec(exec, { cols: 61, rows: 17 });
  streams.stdin.write('stty size\n');
  await waitFor((see) => /17 61/.test(see(screen)), { what: 'the new size' });
  streams.stdin.write('exit 5\n');
  await streams.closed;
  assert.equal((await engine.inspectExec(exec)).exitCode, 5);
});

test('a program that is not there tells so in its output and its exit code', async (t) => {
  const engine = connect(t);
  const { id } = await createTestContainer(t);
  const exec = await engine.createExec(id, { command: ['no-such-program'] });
  const { out } = await readAll(await engine.startExec(exec, {}));
  assert.match(out, /no-such-program.*not found/);
  const { exitCode } = await engine.inspectExec(exec);
  assert.ok(exitCode === 126 || exitCode === 127, String(exitCode)); // by the engine's version
});

test('a slow reader holds the program up, and nothing piles up here', async (t) => {
  const engine = connect(t);
  const { id } = await createTestContainer(t);
  const exec = await engine.createExec(id, { command: ['head', '-c', '60000000', '/dev/zero'] });
  const streams = await engine.startExec(exec, {});
  streams.stderr.resume();
  streams.stdout.once('readable', () => {});
  await waitFor(async (see) => see(streams.stdout.readableLength) > 0, { what: 'the first bytes' });
  const before = process.memoryUsage().arrayBuffers;
  // What the socket and the engine hold between them is far less than what the program wants to write.
  await waitFor(async (see) => see((await engine.inspectExec(exec)).running), { what: 'the program to run' });
  await letTimePass(300, 'a program that nobody holds up writes 60 MB and ends in this time');
  assert.equal((await engine.inspectExec(exec)).running, true);
  assert.ok(process.memoryUsage().arrayBuffers - before < 8_000_000);
  let read = 0;
  for await (const chunk of streams.stdout) read += (chunk as Buffer).length;
  assert.equal(read, 60_000_000);
});

test("a caller's signal ends an attached stream", async (t) => {
  const engine = connect(t);
  const { id } = await createTestContainer(t);
  const controller = new AbortController();
  const exec = await engine.createExec(id, { command: ['cat'], stdin: true });
  const streams = await engine.startExec(exec, { stdin: true }, { signal: controller.signal });
  const all = readAll(streams);
  controller.abort();
  assert.equal((await all).out, '');
});

test('a log is read with its outputs apart and in order, from the end, and followed', async (t) => {
  const engine = connect(t);
  const id = await create(t, engine, {
    Cmd: ['sh', '-c', 'echo one; sleep 0.1; echo two >&2; sleep 0.1; echo three; read x; echo $x'],
    OpenStdin: true,
  });
  await engine.startContainer(id);
  const read = async (tail?: number) => {
    const pieces: string[] = [];
    for await (const { stream, bytes } of await engine.logs(id, { tty: false, ...(tail !== undefined && { tail }) })) {
      pieces.push(`${stream}: ${bytes}`);
    }
    return pieces.join('');
  };
  await waitFor(async (see) => see(await read()) === 'stdout: one\nstderr: two\nstdout: three\n', {
    what: 'the whole log',
  });
  assert.equal(await read(1), 'stdout: three\n');

  const followed: string[] = [];
  const logs = await engine.logs(id, { tty: false, follow: true, timestamps: true, tail: 2 });
  const following = (async () => {
    for await (const { bytes } of logs) followed.push(bytes.toString());
  })();
  await waitFor((see) => see(followed).length >= 2, { what: 'what was there already' });
  const streams = await engine.attach(id, { tty: false });
  streams.stdout.resume();
  streams.stderr.resume();
  streams.stdin.write('four\n');
  streams.endInput();
  await following; // ends with the container
  assert.match(followed.join(''), /^\d{4}-\d\d-\d\dT[\d:.]+Z two\n\S+ three\n\S+ four\n$/);
});

test('a followed log ends when it is told to, and the log of a TTY has no frames', async (t) => {
  const engine = connect(t);
  const id = await create(t, engine, { Cmd: ['sh', '-c', 'echo screen; sleep 3600'], Tty: true });
  await engine.startContainer(id);
  const logs = await engine.logs(id, { tty: true, follow: true });
  const pieces: string[] = [];
  const following = (async () => {
    for await (const { stream, bytes } of logs) pieces.push(`${stream}: ${bytes}`);
  })();
  await waitFor((see) => see(pieces).length > 0, { what: 'the line' });
  logs.destroy();
  await following;
  assert.equal(pieces.join(''), 'stdout: screen\r\n');
});
