// Clients that keep no rule of WebSocket: each is closed with the code that says why, the server's memory stays bounded, and a bystander's frames keep
// coming all the while.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { createTestContainer } from '../support/engine.ts';
import { managedLabels } from '../support/managed.ts';
import { connectRaw, type FrameParts, opcode, type RawWebSocket, rawFrame } from '../support/raw-websocket.ts';
import { startServerProcess } from '../support/server-process.ts';
import { connectStream } from '../support/stream-client.ts';
import { waitFor } from '../support/wait-for.ts';

const isSweep = process.env.TERRARIUM_SWEEP === '1';
/** Bytes by which nothing here may make the server grow. */
const growthBound = 60e6;
const limitBytes = 64 * 1024;

const script = 'while :; do httpd -f -p 80 & sleep 0.3; kill $!; wait $!; sleep 0.1; done';
const { id } = await createTestContainer({ after }, { body: { Cmd: ['sh', '-c', script], Labels: managedLabels } });
const server = await startServerProcess(
  { after },
  { env: { TERRARIUM_HEARTBEAT_MS: '200', TERRARIUM_LOG_LEVEL: 'info' } },
);
const headers = { ...server.headers };
const bystander = await connectStream({ after }, `${server.url}/api/v1/containers/${id}/netstat?intervalMs=100`, {
  headers,
});
await bystander.until('the first state', ({ data }) => data, 60_000);

const urls = [
  'stream',
  `containers/${id}/netstat`,
  `containers/${id}/ifconfig`,
  'events',
  `containers/${id}/terminal`,
].map((path) => `/api/v1/${path}`);
const open = (path = '/api/v1/stream') => connectRaw({ after }, { url: server.url, path, headers });

async function readMemory(): Promise<number> {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${server.pid}/status`, 'utf8'))?.[1]) * 1024;
}

/** The bystander is told of changes and of the time, now. */
async function assertUnharmed(): Promise<void> {
  const [deltas, beats] = [bystander.of('delta').length, bystander.of('heartbeat').length];
  await bystander.until('changes go on', () => bystander.of('delta').length > deltas, 30_000);
  await bystander.until('heartbeats go on', () => bystander.of('heartbeat').length > beats + 1, 30_000);
  assert.deepEqual([...new Set(bystander.states)], ['live']);
}

const subscribe = (id: string) => JSON.stringify({ type: 'subscribe', id, topic: 'events' });

/** What breaks the protocol, and the code of RFC 6455 §7.4.1 that says so. */
const violations: readonly { readonly what: string; readonly frames: readonly FrameParts[]; readonly code: number }[] =
  [
    { what: 'an unmasked frame', frames: [{ opcode: 1, payload: '{}', masked: false }], code: 1002 },
    ...[1, 2, 4, 7].map((rsv) => ({
      what: `reserved bits ${rsv}`,
      frames: [{ opcode: 1, payload: '{}', rsv }],
      code: 1002,
    })),
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((code) => ({
      what: `opcode ${code}`,
      frames: [{ opcode: code }],
      code: 1002,
    })),
    { what: 'a continuation of nothing', frames: [{ opcode: 0, payload: 'x' }], code: 1002 },
    {
      what: 'a message within a message',
      frames: [
        { opcode: 1, payload: '{', fin: false },
        { opcode: 1, payload: '}' },
      ],
      code: 1002,
    },
    { what: 'a control frame in pieces', frames: [{ opcode: 9, payload: 'x', fin: false }], code: 1002 },
    { what: 'a ping too long', frames: [{ opcode: 9, payload: 'x'.repeat(126) }], code: 1002 },
    { what: 'a close of one byte', frames: [{ opcode: 8, payload: 'x' }], code: 1002 },
    ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map((code) => {
      const payload = Buffer.alloc(2);
      payload.writeUInt16BE(code);
      return { what: `a close with ${code}`, frames: [{ opcode: 8, payload }], code: 1002 };
    }),
    {
      what: 'a close whose reason is no UTF-8',
      frames: [{ opcode: 8, payload: Buffer.from([0x03, 0xe8, 0xff, 0xfe]) }],
      code: 1007,
    },
    ...[[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]].map((bytes) => ({
      what: `text that is no UTF-8 (${bytes.map((byte) => byte.toString(16))})`,
      frames: [{ opcode: 1, payload: Buffer.from(bytes) }],
      code: 1007,
    })),
    {
      what: 'text that is no UTF-8, over two frames',
      frames: [
        { opcode: 1, payload: Buffer.from([0x7b, 0xe2, 0x82]), fin: false },
        { opcode: 9, payload: 'between' },
        { opcode: 0, payload: Buffer.from([0x7d]) },
      ],
      code: 1007,
    },
    ...[
      BigInt(limitBytes) + 1n,
      2n ** 31n,
      2n ** 32n,
      2n ** 53n - 1n,
      2n ** 53n,
      2n ** 62n,
      2n ** 63n,
      2n ** 64n - 1n,
    ].map((announced) => ({
      what: `a frame said to have ${announced} bytes`,
      frames: [{ opcode: 1, announced }],
      code: 1009,
    })),
    { what: 'a message beyond the limit', frames: [{ opcode: 1, payload: 'x'.repeat(limitBytes + 1) }], code: 1009 },
    {
      what: 'a message beyond the limit in pieces',
      frames: [
        { opcode: 1, payload: 'x'.repeat(limitBytes / 2), fin: false },
        { opcode: 0, payload: 'x'.repeat(limitBytes / 2), fin: false },
        { opcode: 0, payload: 'x', fin: false },
      ],
      code: 1009,
    },
    {
      what: 'a compressed frame, which was not agreed upon',
      frames: [{ opcode: 1, payload: Buffer.from([0xaa, 0x56, 0x4a]), rsv: 4 }],
      code: 1002,
    },
  ];

for (const path of urls) {
  test(`what breaks the protocol is closed with the code that says why: ${path.replace(id, 'ID')}`, async () => {
    // Each terminal is a shell: a few of all kinds do.
    const chosen =
      path.endsWith('terminal') && !isSweep ? violations.filter((_, index) => index % 5 === 0) : violations;
    await Promise.all(
      chosen.map(async ({ what, frames, code }) => {
        const socket = await open(path);
        for (const frame of frames) await socket.send(frame);
        assert.equal(await socket.closeCode(60_000), code, what);
        await waitFor(() => socket.isOver, { what: `${what}: the connection to end` });
      }),
    );
    await assertUnharmed();
  });
}

test('a message in many small frames, with pings between them, is one message', async () => {
  const socket = await open();
  const bytes = Buffer.from(subscribe('网络 🌱'));
  const pieces = [...bytes].map((byte, index) => {
    const frame = rawFrame({
      opcode: index === 0 ? 1 : 0,
      payload: Buffer.from([byte]),
      fin: index === bytes.length - 1,
    });
    return Buffer.concat([frame, rawFrame({ opcode: opcode.ping, payload: String(index) })]);
  });
  // Byte by byte on the wire too, for the first of them.
  for (const byte of pieces[0] ?? []) await socket.write(Buffer.from([byte]));
  await socket.write(Buffer.concat(pieces.slice(1)));
  await waitFor((see) => see(socket.said).some(({ type, id }) => type === 'subscribed' && id === '网络 🌱'), {
    what: 'the answer',
  });
  await waitFor((see) => see(socket.countOf(opcode.pong)) === bytes.length, {
    what: 'a pong for each',
  });
});

/** Writes so many times, as fast as the server takes it, until the server closes, or reads no more after its close frame. */
async function flood(socket: RawWebSocket, bytes: Buffer, times: number): Promise<void> {
  for (let count = 0; count < times && !socket.isOver; count += 1) {
    let isWritten = false;
    void socket.write(bytes).then(() => {
      isWritten = true;
    });
    await waitFor(() => isWritten || socket.isOver || socket.countOf(opcode.close) > 0, {
      what: 'the server to take the bytes, or to close',
      timeoutMs: 60_000,
      intervalMs: 1,
    });
  }
}

async function assertBounded(what: string, act: () => Promise<unknown>): Promise<void> {
  const before = await readMemory();
  let most = before;
  const look = setInterval(() => {
    void readMemory().then((now) => {
      most = Math.max(most, now);
    });
  }, 50);
  try {
    await act();
  } finally {
    clearInterval(look);
  }
  assert.ok(most - before < growthBound, `${what}: the server grew by ${Math.round((most - before) / 1e6)} MB`);
  await assertUnharmed();
}

test('a message in pieces without end, which hold nothing, is closed with 1008', async () => {
  await assertBounded('empty pieces', async () => {
    const socket = await open();
    await socket.send({ opcode: 1, fin: false });
    const many = Buffer.concat(Array.from({ length: 10_000 }, () => rawFrame({ opcode: 0, fin: false })));
    await flood(socket, many, isSweep ? 300 : 60);
    assert.equal(await socket.closeCode(60_000), 1008);
  });
});

test('who sends pings without end and reads no answer is cut off', async () => {
  await assertBounded('pings', async () => {
    const socket = await open();
    socket.socket.pause();
    const many = Buffer.concat(
      Array.from({ length: 2_000 }, () => rawFrame({ opcode: opcode.ping, payload: 'x'.repeat(125) })),
    );
    await flood(socket, many, isSweep ? 2_000 : 500);
    await waitFor(() => socket.isOver, { what: 'it to be cut off', timeoutMs: 60_000 });
  });
});

test('messages without end are refused with 4429, and what comes after them is not read', async () => {
  await assertBounded('messages', async () => {
    const socket = await open();
    const many = Buffer.concat(
      Array.from({ length: 1_000 }, () => rawFrame({ opcode: 1, payload: '{"type":"nonsense"}' })),
    );
    await flood(socket, many, 50);
    assert.equal(await socket.closeCode(60_000), 4429);
  });
});

test('messages where there is nothing to say end with 4400, however many', async () => {
  for (const path of [`/api/v1/containers/${id}/netstat`, '/api/v1/events']) {
    const socket = await open(path);
    const many = Buffer.concat(Array.from({ length: 5_000 }, () => rawFrame({ opcode: 1, payload: '{}' })));
    await flood(socket, many, 3);
    assert.equal(await socket.closeCode(60_000), 4400, path);
  }
  await assertUnharmed();
});

test('who asks for compression gets none, so no small message becomes a large one', async () => {
  const socket = await connectRaw(
    { after },
    {
      url: server.url,
      path: '/api/v1/stream',
      headers: { ...headers, 'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits' },
    },
  );
  await socket.send({ opcode: 1, payload: Buffer.from([0xaa, 0x56, 0x4a]), rsv: 4 });
  assert.equal(await socket.closeCode(), 1002);
});

test('a first request that is no proper one is refused', async () => {
  const refused: [Record<string, string>, number][] = [
    [{ 'sec-websocket-version': '12' }, 400],
    [{ 'sec-websocket-key': 'short' }, 400],
    [{ 'sec-websocket-key': '' }, 400],
  ];
  for (const [wrong, status] of refused)
    await assert.rejects(
      connectRaw({ after }, { url: server.url, path: '/api/v1/stream', headers: { ...headers, ...wrong } }),
      new RegExp(`refused: HTTP/1.1 ${status} `),
      JSON.stringify(wrong),
    );
});

test('thousands of connections that say little or nothing keep nobody else out', async () => {
  const { hostname, port, host } = new URL(server.url);
  const beginnings = [
    '',
    'G',
    `GET /api/v1/stream HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nX-Slow: `,
    `POST /api/v1/containers/closed HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${headers.authorization}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"name":`,
  ];
  await assertBounded('idle connections', async () => {
    const sockets = Array.from({ length: isSweep ? 4_000 : 1_000 }, (_, index) => {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => {});
      socket.write(beginnings[index % beginnings.length] ?? '');
      return socket;
    });
    after(() => {
      for (const socket of sockets) socket.destroy();
    });
    const dribble = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write('x');
    }, 3_000);
    after(() => clearInterval(dribble));
    try {
      await waitFor((see) => see(sockets).every(({ connecting }) => !connecting), {
        what: 'all to be connected',
      });
      for (let count = 0; count < 10; count += 1) {
        const answer = await fetch(`${server.url}/api/v1/engines`, { headers });
        assert.equal(answer.status, 200);
        await answer.text();
      }
      // Those that do not come to an end are ended, by the limits of a request.
      if (isSweep)
        await waitFor((see) => see(sockets).every(({ destroyed, readableEnded }) => destroyed || readableEnded), {
          what: 'all of them to be ended by the server',
          timeoutMs: 120_000,
        });
    } finally {
      clearInterval(dribble);
      for (const socket of sockets) socket.destroy();
    }
  });
});

test('after all of it the server has logged no mistake', async () => {
  await assertUnharmed();
  for (const line of server.output().split('\n'))
    if (line.startsWith('{')) assert.ok(JSON.parse(line).level < 50, line.slice(0, 2_000));
});
