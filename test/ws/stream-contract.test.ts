// The AsyncAPI document: valid, its examples true, and every message that a real server sends as it says.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Parser } from '@asyncapi/parser';
import { Compile } from 'typebox/schema';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { uniqueName } from '../support/run-id.ts';
import { connectStream, type Frame } from '../support/stream-client.ts';
import { openTerminal } from '../support/terminal-client.ts';
import { waitFor } from '../support/wait-for.ts';

const server = await startApp({ after }, { config: { heartbeatMs: 500 } });
const api = useApi(server, { after });
const { body: document } = await api.get('/asyncapi.json').expect(200);
const messages: Record<string, Frame> = document.components.messages;

/** References are pointers into the document; inlined they need no resolver. */
function inline(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inline);
  if (typeof value !== 'object' || value === null) return value;
  const { $ref } = value as { $ref?: string };
  if ($ref === undefined) return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, inline(one)]));
  return inline(
    $ref
      .split('/')
      .slice(1)
      .reduce((at, name) => at?.[name], document),
  );
}

const isBinary = ({ contentType }: Frame) => contentType === 'application/octet-stream';

const validators = new Map(
  Object.entries(messages).map(([type, { payload }]) => [type, Compile(inline(payload) as Record<string, unknown>)]),
);

function check(frame: Frame): void {
  const validator = validators.get(frame.type);
  assert.ok(validator, `${frame.type} is not in the document`);
  assert.ok(validator.Check(frame), `${JSON.stringify(frame)}: ${JSON.stringify(validator.Errors(frame)[1])}`);
}

test('it is valid AsyncAPI 3, at both URLs', async () => {
  assert.equal(document.asyncapi, '3.0.0');
  const diagnostics = await new Parser().validate(structuredClone(document));
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 0),
    [],
  );
  const root = await fetch(`${server.url}/asyncapi.json`, { headers: { ...server.headers } });
  assert.deepEqual(await root.json(), document);
});

test('every message has an example that fits', () => {
  for (const [type, message] of Object.entries(messages)) {
    assert.ok(message.examples.length > 0, type);
    for (const { payload } of message.examples) {
      if (isBinary(message)) {
        assert.ok(validators.get(type)?.Check(payload));
        continue;
      }
      assert.equal(payload.type, type);
      check(payload);
    }
  }
  assert.equal(validators.get('delta')?.Check({ type: 'delta' }), false);
});

test('the WebSocket URLs of the server are the channels, each with the parameters that it takes', async () => {
  const channels = Object.values<Frame>(document.channels);
  const urls = channels.map(({ address }) => address.replaceAll(/\{(\w+)\}/g, ':$1'));
  const sockets = server.app.routeTable.filter(({ websocket }) => websocket).map(({ url }) => url);
  assert.deepEqual(urls.sort(), sockets.sort());
  const { body: openapi } = await api.get('/openapi.json').expect(200);
  for (const { address, bindings } of channels) {
    const { parameters = [] } = openapi.paths[address].get;
    const taken = parameters.filter((one: Frame) => one.in === 'query').map(({ name }: Frame) => name);
    assert.deepEqual(
      Object.keys(bindings.ws.query?.properties ?? {}).sort(),
      taken.filter((name: string) => name !== 'ticket').sort(),
      address,
    );
  }
});

test('what the examples ask for is given, and every kind of message comes, as the document says', async () => {
  const lab = uniqueName('lab');
  const { id } = await api.create('closed', { lab, command: ['sh', '-c', 'echo ready; httpd -p 80; sleep 3600'] });
  const client = await connectStream({ after }, `${server.url}/api/v1/stream`, { headers: { ...server.headers } });
  const say = (frame: Frame) => client.socket.send(JSON.stringify(frame));
  const asked = messages.subscribe?.examples.map(({ payload }: Frame) => payload) ?? [];
  for (const frame of asked)
    say({ ...frame, ...(frame.container !== undefined && { container: id }), ...(frame.lab !== undefined && { lab }) });
  say({ type: 'subscribe', id: 'resumed', topic: 'events', bootId: 'another', seq: 7 });
  await client.until('all subscriptions', () => client.of('subscribed').length === asked.length + 1);
  await client.until('sockets', () => client.of('snapshot').some(({ key }) => key.topic === 'netstat'));
  await api.post(`/containers/${id}/exec`, { command: ['sh', '-c', 'httpd -p 81'] }).expect(200);
  await client.until('a delta', () => client.of('delta').length > 0);
  for (const { payload } of messages.unsubscribe?.examples ?? []) say(payload);
  say({ type: 'unsubscribe', id: 'nobody' });
  await api.post(`/containers/${id}/pause`).expect(200);
  const expected = document.operations.streamSend.messages.map(({ $ref }: Frame) => $ref.split('/').at(-1));
  for (const type of expected) await client.until(`a ${type}`, () => client.of(type).length > 0);
  for (const frame of client.frames) check(frame);
  const errors = client.of('error').map((error) => error.id);
  assert.deepEqual(errors, ['nobody']);
});

test('the session of the examples, with a real shell: each message of a terminal comes, as the document says', async () => {
  const { id } = await api.create('closed');
  const example = (name: string) => messages[name]?.examples[0].payload;
  const { hears, says } = {
    hears: document.operations.terminalReceive.messages.map(({ $ref }: Frame) => $ref.split('/').at(-1)),
    says: document.operations.terminalSend.messages.map(({ $ref }: Frame) => $ref.split('/').at(-1)),
  };
  assert.deepEqual(hears.sort(), ['input', 'pause', 'resize', 'resume']);
  assert.deepEqual(says.sort(), ['error', 'exit', 'output']);

  const terminal = await openTerminal({ after }, server, id);
  // The shell's own resize is no news; that the size has arrived is seen by what it prints.
  for (const name of ['resize', 'pause', 'resume']) terminal.say(example(name));
  await waitFor(
    (see) => {
      terminal.type('stty size\r');
      return see(terminal.text).includes(example('output'));
    },
    { what: 'the size of the example', intervalMs: 100 },
  );
  const seen = terminal.bytes;
  terminal.type(example('input'));
  const end = await terminal.end();
  assert.ok(terminal.text.slice(seen).includes(example('output')));
  assert.deepEqual(end, { code: 1000, last: example('exit') });
  check(end.last ?? {});

  const broken = await openTerminal({ after }, server, id);
  broken.say({ type: 'unheard' });
  const { code, last } = await broken.end();
  assert.deepEqual([code, last?.type], [4400, 'error']);
  check(last ?? {});
});
