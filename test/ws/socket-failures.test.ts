// A WebSocket listener that fails because of a bug. Each test replaces a method of the running app's services with one
// that throws, and a bystander on the same server proves that only the one client is affected.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { errorKinds } from '../../src/schemas/error-codes.ts';
import { Failure } from '../../src/schemas/failure.ts';
import type { TerminalWire } from '../../src/streams/terminal-wire.ts';
import { startApp } from '../support/app.ts';
import { createTestContainer } from '../support/engine.ts';
import { managedLabels } from '../support/managed.ts';
import { connectStream } from '../support/stream-client.ts';
import { openTerminal } from '../support/terminal-client.ts';
import { waitFor } from '../support/wait-for.ts';

interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly code?: string;
  readonly err?: { readonly message: string };
}

const lines: LogLine[] = [];
const server = await startApp(
  { after },
  {
    config: { heartbeatMs: 100 },
    logger: pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line)) }),
  },
);
const { subscriptions, streams, terminals } = server.app.services;
const { id } = await createTestContainer({ after }, { body: { Labels: managedLabels } });
await waitFor((see) => see(server.app.services.catalogue.mirror().container(id)?.state) === 'running', {
  what: 'the server to see the container run',
});
const headers = { ...server.headers };
const bystander = await connectStream({ after }, `${server.url}/api/v1/events`, { headers });

/** Replaces a method until the test ends. */
function replace<Service extends object, Name extends keyof Service>(
  t: TestContext,
  service: Service,
  name: Name,
  change: (original: Service[Name]) => Service[Name],
): void {
  const original = service[name];
  const bound = typeof original === 'function' ? original.bind(service) : original;
  service[name] = change(bound);
  t.after(() => {
    service[name] = original;
  });
}

function fail(): never {
  throw new TypeError('an injected bug');
}

interface Ending {
  readonly code: number;
  /** How often the failing listener ran. */
  readonly calls: number;
}

/** Opens a WebSocket, sends the same message several times, and waits for the close. */
async function provoke(t: TestContext, path: string, message: string | Buffer): Promise<number> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/v1/${path}`, { headers });
  t.after(() => socket.terminate());
  let code: number | undefined;
  socket.on('close', (is) => {
    code = is;
  });
  socket.on('error', () => {});
  await waitFor((see) => see(socket.readyState) === WebSocket.OPEN, { what: 'the socket to open', intervalMs: 5 });
  for (let count = 0; count < 3; count += 1) socket.send(message);
  return waitFor(() => code, { what: 'the socket to close', intervalMs: 5 });
}

/** Returns the errors that the server logged while `act` ran. Checks that the server still serves everybody else. */
async function errorsOf(act: () => Promise<void>): Promise<LogLine[]> {
  const before = lines.length;
  await act();
  const beats = bystander.of('heartbeat').length;
  await bystander.until('more heartbeats', () => bystander.of('heartbeat').length > beats + 1);
  const { status } = await fetch(`${server.url}/api/v1/containers/${id}`, { headers });
  assert.equal(status, 200);
  await waitFor((see) => see(server.app.openSockets.size) === 1, { what: 'only the bystander to be connected' });
  return lines.slice(before).filter(({ level }) => level >= 50);
}

function assertOneBug(errors: readonly LogLine[]): void {
  assert.deepEqual(
    errors.map(({ level, err }) => [level, err?.message]),
    [[50, 'an injected bug']],
  );
}

async function assertClosedOnce(act: () => Promise<Ending>): Promise<void> {
  const errors = await errorsOf(async () => {
    const { code, calls } = await act();
    assert.equal(code, errorKinds.internal.close);
    assert.equal(calls, 1, 'the listener is not called again');
  });
  assertOneBug(errors);
}

test('a message handler of /stream that throws closes its own socket with 1011', (t) =>
  assertClosedOnce(async () => {
    let calls = 0;
    replace(t, subscriptions, 'open', () => () => () => {
      calls += 1;
      fail();
    });
    return { code: await provoke(t, 'stream', '{"type":"subscribe","id":"s","topic":"events"}'), calls };
  }));

test('a message handler that rejects closes its own socket with 1011, and is logged once for messages that came together', async (t) => {
  const errors = await errorsOf(async () => {
    replace(t, subscriptions, 'open', () => () => async () => fail());
    assert.equal(await provoke(t, 'stream', '{}'), errorKinds.internal.close);
  });
  assertOneBug(errors);
});

for (const url of ['events', `containers/${id}/netstat`, `containers/${id}/ifconfig`])
  test(`a message handler of ${url.replace(id, 'ID')} that throws closes its own socket with 1011`, (t) =>
    assertClosedOnce(async () => {
      let calls = 0;
      replace(t, streams, 'connect', (connect) => (wire) => {
        const session = connect(wire);
        session.fail = () => {
          calls += 1;
          fail();
        };
        return session;
      });
      return { code: await provoke(t, url, '{}'), calls };
    }));

for (const [kind, message, listen] of [
  ['bytes', Buffer.from('x'), (wire: TerminalWire, listener: () => void) => wire.onBytes(listener)],
  ['text', '{"type":"resume"}', (wire: TerminalWire, listener: () => void) => wire.onText(listener)],
] as const)
  test(`a handler of a terminal's ${kind} that throws closes its own socket with 1011`, (t) =>
    assertClosedOnce(async () => {
      let calls = 0;
      replace(t, terminals, 'connect', (connect) => (call, wire) => {
        connect(call, wire);
        listen(wire, () => {
          calls += 1;
          fail();
        });
      });
      return { code: await provoke(t, `containers/${id}/terminal`, message), calls };
    }));

test('a Failure that a message handler throws closes the socket with its own code, and is no error of the server', async (t) => {
  const errors = await errorsOf(async () => {
    replace(t, subscriptions, 'open', () => () => () => {
      throw new Failure('engine_unavailable', 'The engine does not answer');
    });
    assert.equal(await provoke(t, 'stream', '{}'), errorKinds.engine_unavailable.close);
  });
  assert.deepEqual(errors, []);
});

test('a close handler that throws is logged once, and the other handlers of the close still run', async (t) => {
  const errors = await errorsOf(async () => {
    replace(t, streams, 'connect', (connect) => (wire) => {
      const session = connect(wire);
      session.destroy = fail;
      return session;
    });
    const client = await connectStream(t, `${server.url}/api/v1/stream`, { headers });
    await client.close();
  });
  assertOneBug(errors);
});

test("a terminal's close handler that throws is logged once, and its shell still ends", async (t) => {
  const errors = await errorsOf(async () => {
    replace(t, terminals, 'connect', (connect) => (call, wire) => {
      wire.onClose(fail);
      connect(call, wire);
    });
    const terminal = await openTerminal(t, server, id);
    terminal.type('echo rea""dy\n');
    await terminal.until(/ready/);
    terminal.socket.close();
    await waitFor((see) => see(terminals.open) === 0, { what: 'the terminal to end' });
  });
  assertOneBug(errors);
});

test('a client that ignores the close is cut off within seconds', async (t) => {
  const errors = await errorsOf(async () => {
    replace(t, subscriptions, 'open', () => () => fail);
    const client = await connectStream(t, `${server.url}/api/v1/stream`, { headers });
    client.socket.send('{}', () => client.socket.pause());
    await waitFor((see) => see(server.app.openSockets.size) === 1, { what: 'the socket to be gone' });
  });
  assert.equal(errors.length, 1);
});

test('the source adds a listener to a WebSocket only through a guard', async () => {
  const root = path.resolve(import.meta.dirname, '..', '..');
  const found: string[] = [];
  for (const folder of ['routes', 'src/streams', 'src/plugins', 'src/services'])
    for (const name of await readdir(path.join(root, folder), { recursive: true })) {
      if (!name.endsWith('.ts')) continue;
      const source = await readFile(path.join(root, folder, name), 'utf8');
      for (const [call] of source.matchAll(/socket\.(?:on|once|addListener|addEventListener)\(.*/g))
        found.push(`${folder}/${name}: ${call}`);
    }
  assert.deepEqual(found.sort(), [
    "src/plugins/open-sockets.ts: socket.on('close', this.#onClose);",
    "src/plugins/websocket.ts: socket.on('error', onError);",
    'src/streams/socket-listeners.ts: socket.on(event, guarded(listener));',
    "src/streams/websocket-wire.ts: socket.on('close', WebSocketWire.#listeners.close);",
    "src/streams/websocket-wire.ts: socket.on('message', WebSocketWire.#listeners.message);",
    "src/streams/websocket-wire.ts: socket.on('pong', WebSocketWire.#listeners.pong);",
  ]);
});
