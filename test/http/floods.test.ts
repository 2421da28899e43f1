// Containers that say more than anybody can read: into their log while it is followed, out of a command, and onto a terminal nobody reads. The server's
// memory stays bounded, what is cut is said to be, and others go on being served.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { after, test } from 'node:test';
import { useApi } from '../support/api.ts';
import { startServerProcess } from '../support/server-process.ts';
import { connectStream } from '../support/stream-client.ts';
import { openTerminal } from '../support/terminal-client.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

/** Bytes by which no flood may make the server grow, several times what all its bounded buffers hold together. */
const growthBound = 200e6;

const server = await startServerProcess(
  { after },
  { env: { TERRARIUM_HEARTBEAT_MS: '300', TERRARIUM_LOG_LEVEL: 'info' } },
);
const api = useApi(server, { after });
const quiet = await api.create('closed', { command: ['sleep', '3600'] });
const bystander = await connectStream({ after }, `${server.url}/api/v1/containers/${quiet.id}/netstat?intervalMs=100`, {
  headers: { ...server.headers },
});
await bystander.until('the first state', ({ data }) => data, 60_000);

async function readMemory(): Promise<number> {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${server.pid}/status`, 'utf8'))?.[1]) * 1024;
}

/** Runs it, with a bystander who has to be told of the time, and asked things meanwhile. */
async function assertBearable<T>(what: string, act: () => Promise<T>): Promise<T> {
  const before = await readMemory();
  let most = before;
  let served = 0;
  let isOver = false;
  const others = (async () => {
    while (!isOver) {
      most = Math.max(most, await readMemory());
      const answer = await fetch(`${server.url}/api/v1/containers/${quiet.id}`, server);
      // Where it has more to do than it can it says so, and does not fall over.
      assert.ok([200, 503].includes(answer.status), `${what}: ${answer.status}`);
      if (answer.status === 200) served += 1;
      await answer.text();
      await letTimePass(100, 'a client that asks ten times a second');
    }
  })();
  const beats = bystander.of('heartbeat').length;
  try {
    return await act();
  } finally {
    isOver = true;
    await others;
    assert.ok(most - before < growthBound, `${what}: the server grew by ${Math.round((most - before) / 1e6)} MB`);
    assert.ok(served > 0, `${what}: others were not served`);
    await bystander.until('heartbeats', () => bystander.of('heartbeat').length > beats, 30_000);
    assert.equal(bystander.closed, undefined);
  }
}

test('a log of hundreds of megabytes in seconds, followed by readers and by ones that do not read', {
  timeout: 300_000,
}, async (t) => {
  const loud = await api.create('closed', {
    command: ['sh', '-c', 'sleep 1; exec yes "$(head -c 900 /dev/zero | tr "\\0" x)"'],
  });
  await assertBearable('a flooded log', async () => {
    let read = 0;
    const calls = ['application/x-ndjson', 'text/plain', 'application/x-ndjson'].map((accept, index) => {
      const call = request(`${server.url}/api/v1/containers/${loud.id}/logs?follow=true&tail=10`, {
        headers: { ...server.headers, accept },
        agent: false,
      });
      call.on('error', () => {});
      call.on('response', (answer) => {
        answer.on('error', () => {});
        // The last one never reads.
        if (index < 2) answer.on('data', (chunk: Buffer) => (read += chunk.length));
      });
      call.end();
      return call;
    });
    const streams = await Promise.all(
      [0, 1].map(() => connectStream(t, `${server.url}/api/v1/stream`, { headers: { ...server.headers } })),
    );
    for (const stream of streams)
      stream.socket.send(JSON.stringify({ type: 'subscribe', id: 'l', topic: 'logs', container: loud.id, tail: 10 }));
    await streams[0]?.until('its lines', () => (streams[0]?.of('log').length ?? 0) > 0, 60_000);
    streams[1]?.socket.pause();
    await letTimePass(6_000, 'the flood goes on while the memory of the server is measured');
    await waitFor((see) => see(read) > 1e6, { what: 'a megabyte to be read', timeoutMs: 60_000 });
    t.diagnostic(`${Math.round(read / 1e6)} MB were read of it`);
    for (const call of calls) call.destroy();
    for (const stream of streams) stream.socket.terminate();
    await api.delete(`/containers/${loud.id}`).expect(204);
  });
});

test('a command that says more than is kept: cut, said to be, with its exit code, and the other output whole', {
  timeout: 300_000,
}, async () => {
  const run = (script: string, more = {}) =>
    api
      .post(`/containers/${quiet.id}/exec`, { command: ['sh', '-c', script], timeoutMs: 120_000, ...more })
      .expect(200);
  const { body } = await assertBearable('a flooded command', () =>
    run('yes flood | head -c 100000000; echo told >&2; exit 7'),
  );
  assert.deepEqual([body.exitCode, body.truncated, body.timedOut, body.stderr], [7, true, false, 'told\n']);
  assert.ok(body.stdout.length <= 1_100_000 && body.stdout.startsWith('flood\n'), `${body.stdout.length}`);
  const endless = await assertBearable('a command without end', () => run('exec yes flood', { timeoutMs: 2_000 }));
  assert.deepEqual([endless.body.truncated, endless.body.timedOut], [true, true]);
  const many = await assertBearable('several at once', () =>
    Promise.all(Array.from({ length: 6 }, () => run('yes flood | head -c 30000000'))),
  );
  for (const { body: one } of many) assert.deepEqual([one.exitCode, one.truncated], [0, true]);
});

test('a terminal that is flooded and not read is held up, and goes on where it was', { timeout: 300_000 }, async () => {
  const terminal = await openTerminal({ after }, server, quiet.id, { command: ['sh'] });
  terminal.type('stty -echo; echo re"ady"\n');
  await terminal.until(/ready/, 60_000);
  await assertBearable('a terminal that nobody reads', async () => {
    terminal.socket.pause();
    terminal.type(
      'i=0; while [ $i -lt 400000 ]; do echo "line $i of many many many words"; i=$((i+1)); done; echo the "end"\n',
    );
    await letTimePass(4_000, 'the output piles up while nobody reads it');
  });
  terminal.socket.resume();
  await waitFor((see) => see(terminal.bytes) > 5e6, { what: 'the rest to come', timeoutMs: 120_000 });
  await terminal.until(/the end/, 120_000);
  const { text } = terminal;
  for (const n of [0, 1, 1000, 200_000, 399_999]) assert.ok(text.includes(`line ${n} of many`), `line ${n} is there`);
  terminal.socket.terminate();
});

test('a program may call itself anything, and change what it says of its environment', {
  timeout: 120_000,
}, async () => {
  // Its name ends the field of /proc/PID/stat that holds it, and a line.
  const script =
    'n="$(printf "/busybox)\\n S 1")"; cp /bin/busybox "$n"; exec env "$(printf "A=1\\n0::/docker/x")" "$n" httpd -f -p 80';
  const odd = await api.create('closed', { command: ['sh', '-c', script] });
  const shown = await waitFor(
    async (see) => {
      const { body } = await api.get(`/containers/${odd.id}/netstat`);
      return see(body.sockets?.length) > 0 && body;
    },
    { what: 'its socket', timeoutMs: 60_000 },
  );
  assert.equal(shown.sockets[0].local.port, 80);
  const { body } = await api.get(`/containers/${odd.id}/namespaces`).expect(200);
  assert.equal(body.container?.id ?? odd.id, odd.id);
  assert.match(JSON.stringify(body), /"inode":\d+/);
});

test('after all of it the server has logged no mistake', () => {
  for (const line of server.output().split('\n'))
    if (line.startsWith('{')) assert.ok(JSON.parse(line).level < 50, line.slice(0, 2_000));
});
