// What is said on /stream and to a terminal, made up from the server's own AsyncAPI document: as it should be, spoiled, and nonsense. Each message gets
// its answer or an `error` frame with a code of the closed list, the connection goes on, and so do the streams of others. Floods, thousands of
// subscriptions and odd ids. TERRARIUM_SWEEP=1 says thousands of things.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Compile } from 'typebox/schema';
import { errorCodes } from '../../src/schemas/error-codes.ts';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import fc from '../support/fast-check.ts';
import { differentialRun } from '../support/generated-strings.ts';
import { inline } from '../support/openapi-requests.ts';
import { joinMembers, nastyText, nestedTexts, type Schema, spoiled, valuesOf } from '../support/schema-values.ts';
import { connectStream, type Frame, type StreamClient } from '../support/stream-client.ts';
import { openTerminal } from '../support/terminal-client.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

const isSweep = process.env.TERRARIUM_SWEEP === '1';
const { cases, seed } = differentialRun(isSweep ? 4_000 : 240);
/** A client may say 64 things a second in the long run, 256 at once. */
const perConnection = 200;
const maxMessageBytes = 64 * 1024;

const server = await startApp({ after }, { config: { heartbeatMs: 300 } });
const api = useApi(server, { after });
const { body: document } = await api.get('/asyncapi.json').expect(200);
const messages: Record<string, Frame> = document.components.messages;
const schemaOf = (name: string) => inline(messages[name]?.payload, document) as Schema;
const valid = {
  subscribe: Compile(schemaOf('subscribe') as object),
  unsubscribe: Compile(schemaOf('unsubscribe') as object),
};
const serverFrames = new Map(
  Object.entries(messages).map(([type, { payload }]) => [type, Compile(inline(payload, document) as object)]),
);

const { id, name } = await api.create('closed', { command: ['sh', '-c', 'httpd -p 80; exec sleep 3600'] });
const open = () =>
  connectStream({ after }, `${server.url}/api/v1/stream`, { headers: { ...server.headers }, keepsOnly: true });

const hints = fc.record(
  {
    container: fc.constantFrom(id, name, id.slice(0, 12), 'no-such-thing'),
    engine: fc.constantFrom('local', 'nowhere'),
    topic: fc.constantFrom('netstat', 'ifconfig', 'events', 'logs'),
    options: fc.constantFrom('tan', '', 'a', 'l'),
  },
  { requiredKeys: [] },
);
/** What can be asked of a topic. */
const fitting = fc.oneof(
  fc.record(
    {
      type: fc.constant('subscribe'),
      id: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 16 }),
      topic: fc.constantFrom('netstat', 'ifconfig'),
      container: fc.constantFrom(id, name, id.slice(0, 12)),
      intervalMs: fc.integer({ min: 100, max: 60_000 }),
      format: fc.constantFrom('json', 'text', 'both'),
    },
    { requiredKeys: ['type', 'id', 'topic', 'container'] },
  ),
  fc.record(
    {
      type: fc.constant('subscribe'),
      id: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 16 }),
      topic: fc.constantFrom('events', 'logs'),
      container: fc.constantFrom(id, name),
    },
    { requiredKeys: ['type', 'id', 'topic', 'container'] },
  ),
);
const good: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: fitting },
  {
    weight: 1,
    arbitrary: fc
      .tuple(valuesOf(schemaOf('subscribe')), hints)
      .map(([value, hint]) => ({ ...(value as object), ...hint })),
  },
  { weight: 1, arbitrary: valuesOf(schemaOf('unsubscribe')) },
);
/** A valid message in which one value, known or not, is replaced by one that is nested up to 30,000 levels deep. */
const nested: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('subscribe', 'unsubscribe'),
    fc.constantFrom(...Object.keys(schemaOf('subscribe').properties ?? {}), 'unknown', '__proto__'),
    nestedTexts(maxMessageBytes - 512),
  )
  .map(([type, field, text]) => {
    const subject = { topic: '"netstat"', container: JSON.stringify(id) };
    const members = { type: JSON.stringify(type), id: '"nested"', ...(type === 'subscribe' && subject) };
    return joinMembers(Object.fromEntries([...Object.entries(members), [field, text]]));
  });
/** The text of a message, or bytes that are none. */
const anySaid: fc.Arbitrary<string | Buffer> = fc.oneof(
  { weight: 4, arbitrary: good.map((value) => JSON.stringify(value)) },
  { weight: 4, arbitrary: good.chain(spoiled).map((value) => JSON.stringify(value) ?? 'undefined') },
  { weight: 1, arbitrary: nested },
  { weight: 1, arbitrary: nestedTexts(maxMessageBytes) },
  { weight: 1, arbitrary: good.map((value) => JSON.stringify(value).slice(0, -3)) },
  { weight: 1, arbitrary: nastyText.map((text) => text.slice(0, 10_000)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '[',
      '['.repeat(20_000),
      '{"type":"subscribe","__proto__":{"id":"x"}}',
      'null',
      '""',
      '[]',
      '0',
    ),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)) },
);

/** Is it a message that the document allows? */
function isMessage(said: string | Buffer): boolean {
  if (typeof said !== 'string') return false;
  try {
    const value = JSON.parse(said);
    return valid.subscribe.Check(value) || valid.unsubscribe.Check(value);
  } catch {
    return false;
  }
}

test('whatever is said gets an answer, a wrong one an error with a code, and the connection goes on', {
  timeout: 1_800_000,
}, async (t) => {
  // A message beyond the limit ends its connection: that is told of in hostile-frames.test.ts.
  const said = fc.sample(anySaid, { numRuns: cases, seed }).filter((one) => Buffer.byteLength(one) <= maxMessageBytes);
  const codes = new Map<string, number>();
  let accepted = 0;
  for (let at = 0; at < said.length; at += perConnection) {
    const client = await open();
    for (const one of said.slice(at, at + perConnection)) {
      const about = `seed ${seed}: ${typeof one === 'string' ? one.slice(0, 400) : one.toString('hex')}`;
      const [errors, subscribed, frames] = [
        client.of('error').length,
        client.of('subscribed').length,
        client.frames.length,
      ];
      client.socket.send(one);
      // What it means to be unsubscribed is said by silence: a message that is certainly wrong comes after it.
      const marker = `no such ${at} ${frames}`;
      client.socket.send(JSON.stringify({ type: 'unsubscribe', id: marker }));
      await client.until(
        `an answer to ${about}`,
        () => client.of('error').some(({ detail }) => detail.includes(marker)),
        60_000,
      );
      const answered = client
        .of('error')
        .slice(errors)
        .filter(({ detail }) => !detail.includes(marker));
      if (!isMessage(one)) assert.ok(answered.length >= 1, `no error for ${about}`);
      if (!isMessage(one)) assert.equal(client.of('subscribed').length, subscribed, `subscribed by ${about}`);
      for (const { code, detail } of answered) {
        assert.ok(errorCodes.includes(code), `${code} for ${about}`);
        assert.notEqual(code, 'internal', about);
        assert.ok(detail.length > 5, about);
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
      await letTimePass(isSweep ? 32 : 12, 'two messages a turn keep within the rate that a client may send');
    }
    for (const frame of client.frames)
      assert.ok(
        serverFrames.get(frame.type)?.Check(frame),
        `seed ${seed}: the document does not know ${JSON.stringify(frame).slice(0, 500)}`,
      );
    assert.equal(client.closed, undefined);
    accepted += client.of('subscribed').length;
    await client.close();
  }
  t.diagnostic(
    `seed ${seed}, ${said.length} messages, ${accepted} subscriptions: ${[...codes].map(([code, count]) => `${count} × ${code}`).join(', ')}`,
  );
});

const subscribeTo = (topic: string, word: string, more = {}) =>
  JSON.stringify({ type: 'subscribe', id: word, topic, ...(topic === 'events' ? {} : { container: id }), ...more });

/** Others are told of what happens now. */
async function assertUnharmed(bystander: StreamClient): Promise<void> {
  const beats = bystander.of('heartbeat').length;
  await bystander.until('heartbeats go on', () => bystander.of('heartbeat').length > beats + 1, 30_000);
  assert.equal(bystander.closed, undefined);
}

test('every field of a message refuses a nested value by name, in an error of bounded length', async () => {
  const said = fc.sample(nested, { numRuns: isSweep ? 2_000 : 120, seed });
  for (let at = 0; at < said.length; at += perConnection) {
    const client = await open();
    for (const one of said.slice(at, at + perConnection)) {
      const before = client.of('error').length;
      client.socket.send(one);
      const about = `seed ${seed}: ${one.slice(0, 200)}`;
      await client.until(`an answer to ${about}`, () => client.of('error').length > before, 60_000);
      const { code, detail } = client.of('error').at(-1) ?? {};
      assert.equal(code, 'invalid_request', about);
      const [, field = ''] = /"(\w+)":[[{]/.exec(one) ?? [];
      assert.ok(detail.includes(field) && detail.length < 200, `${about}: ${detail.slice(0, 400)}`);
    }
    assert.deepEqual(client.of('subscribed'), []);
    await client.close();
  }
});

test('ids are any text of 64 characters: odd ones come back as they were', async () => {
  const client = await open();
  const ids = [
    '🐚'.repeat(32),
    '__proto__',
    'constructor',
    '\u202e',
    '\u0000',
    '\n',
    '"',
    '</script>',
    ' ',
    'x'.repeat(64),
    'hasOwnProperty',
    '\u001b[31m',
  ];
  for (const word of ids) client.socket.send(subscribeTo('events', word));
  await client.until('all of them', () => client.of('subscribed').length === ids.length, 30_000);
  assert.deepEqual(
    client.of('subscribed').map((frame) => frame.id),
    ids,
  );
  for (const word of ids) client.socket.send(subscribeTo('events', word));
  await client.until('each refused the second time', () => client.of('error').length === ids.length, 30_000);
  for (const word of ['', 'x'.repeat(65), 7, null, {}, ['a']])
    client.socket.send(JSON.stringify({ type: 'subscribe', id: word, topic: 'events' }));
  await client.until('those that are none', () => client.of('error').length === ids.length + 6, 30_000);
  for (const word of ids) client.socket.send(JSON.stringify({ type: 'unsubscribe', id: word }));
  client.socket.send(JSON.stringify({ type: 'unsubscribe', id: 'last' }));
  await client.until('the end', () => client.of('error').length === ids.length + 7, 30_000);
  await client.close();
});

test('thousands of subscriptions: 128 a connection, the rest refused in words, and all of them end with their connections', async () => {
  const bystander = await open();
  const clients = await Promise.all(Array.from({ length: isSweep ? 40 : 12 }, open));
  for (const client of clients) {
    for (let count = 0; count < 160; count += 1)
      client.socket.send(
        subscribeTo(count % 2 === 0 ? 'netstat' : 'ifconfig', `n${count}`, { intervalMs: 100 + count }),
      );
  }
  for (const client of clients) {
    await client.until(
      'an answer to each',
      () => client.of('subscribed').length + client.of('error').length >= 160,
      60_000,
    );
    assert.equal(client.of('subscribed').length, 128);
    for (const { code } of client.of('error')) assert.equal(code, 'rate_limited');
    await client.until('what it asked for', () => client.of('snapshot').length >= 2, 60_000);
  }
  await assertUnharmed(bystander);
  for (const client of clients) client.socket.terminate();
  const open_ = () => server.app.openSockets.size;
  await waitFor((see) => see(open_()) <= 1, { what: 'all of them to be gone', timeoutMs: 60_000 });
  await bystander.close();
});

test('ten thousand subscribes and unsubscribes a second are too many, and hurt nobody else', async () => {
  const bystander = await open();
  bystander.socket.send(subscribeTo('netstat', 'mine', { intervalMs: 100 }));
  await bystander.until('its sockets', () => bystander.of('snapshot').length > 0, 60_000);
  for (let round = 0; round < (isSweep ? 20 : 3); round += 1) {
    const client = await open();
    for (let count = 0; count < 5_000; count += 1) {
      client.socket.send(subscribeTo('netstat', 'again'));
      client.socket.send(JSON.stringify({ type: 'unsubscribe', id: 'again' }));
    }
    await waitFor(() => client.closed, { what: 'it to be closed', timeoutMs: 60_000 });
    assert.equal(client.closed?.code, 4429);
    assert.ok(client.of('subscribed').length <= 256);
  }
  await assertUnharmed(bystander);
  await bystander.close();
});

test('whatever a client says to a terminal, it goes on or is told why not, and no shell is left', {
  timeout: 600_000,
}, async () => {
  const resize = schemaOf('resize');
  const anyText = fc.oneof(
    valuesOf(resize).map((value) => JSON.stringify(value)),
    valuesOf(resize)
      .chain(spoiled)
      .map((value) => JSON.stringify(value) ?? ''),
    nastyText.map((text) => text.slice(0, 5_000)),
    nestedTexts(maxMessageBytes),
    fc
      .tuple(fc.constantFrom('type', 'cols', 'rows', 'unknown'), nestedTexts(maxMessageBytes - 512))
      .map(([field, text]) => joinMembers({ type: '"resize"', cols: '80', rows: '24', [field]: text })),
    fc.constantFrom(
      '{"type":"pause"}',
      '{"type":"resume"}',
      '{"type":"exit","exitCode":0}',
      '{"type":"resize","cols":1e9,"rows":-1}',
    ),
  );
  const right = ['resize', 'pause', 'resume'].map((kind) => Compile(schemaOf(kind) as object));
  const isRight = (text: string) => {
    try {
      const value = JSON.parse(text);
      return right.some((one) => one.Check(value));
    } catch {
      return false;
    }
  };
  for (const text of fc.sample(anyText, { numRuns: isSweep ? 200 : 12, seed })) {
    const terminal = await openTerminal({ after }, server, id);
    terminal.socket.send(text);
    if (isRight(text)) {
      terminal.say({ type: 'resume' });
      terminal.type('echo still-"here"\n');
      await terminal.until(/still-here/, 60_000);
      terminal.socket.terminate();
    } else {
      const { code, last } = await terminal.end(60_000);
      assert.deepEqual([code, last?.code], [4400, 'invalid_request'], `seed ${seed}: ${text.slice(0, 200)}`);
    }
  }
  const left = async () => {
    const { body } = await api.post(`/containers/${id}/exec`, { command: ['ps', '-o', 'args'] });
    return String(body.stdout)
      .split('\n')
      .filter((line) => /^(\/bin\/)?sh$|-sh/.test(line.trim()));
  };
  await waitFor(async (see) => see(await left()).length === 0, {
    what: 'no shell to be left',
    timeoutMs: 60_000,
    intervalMs: 500,
  });
});
