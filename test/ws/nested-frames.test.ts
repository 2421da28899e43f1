// Valid JSON that is nested thousands of levels deep, sent to a real server process: JSON.parse accepts it, and any
// recursive walk of the result overflows the stack.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { errorKinds } from '../../src/schemas/error-codes.ts';
import { SubscribeFrame, UnsubscribeFrame } from '../../src/schemas/subscription.ts';
import { callApi, useApi } from '../support/api.ts';
import { createTestContainer } from '../support/engine.ts';
import { managedLabels } from '../support/managed.ts';
import { makeTokensFile } from '../support/principals.ts';
import { joinMembers, nestedJson, nestingKinds } from '../support/schema-values.ts';
import { startServerProcess } from '../support/server-process.ts';
import { connectStream } from '../support/stream-client.ts';
import { openTerminal } from '../support/terminal-client.ts';

const depths = [10, 1_000, 5_000, 9_000, 30_000];
/** The server closes a larger message with 1009. Room is left for the other members of a frame. */
const maxNestedBytes = 64 * 1024 - 512;
/** An error names the field and its type. It must not repeat the value. */
const maxDetailLength = 200;

// The server starts after the container: it knows the container from the first request on.
const script = 'while :; do httpd -f -p 80 & sleep 0.3; kill $!; wait $!; sleep 0.1; done';
const busy = await createTestContainer({ after }, { body: { Cmd: ['sh', '-c', script], Labels: managedLabels } });
const people = await makeTokensFile({ after }, { vera: { role: 'viewer' }, olga: { role: 'operator' } });
const server = await startServerProcess(
  { after },
  { env: { TERRARIUM_TOKENS_FILE: people.path, TERRARIUM_HEARTBEAT_MS: '200' } },
);
const asPerson = (name: string) => ({ url: server.url, headers: people.headersOf(name) });

const bystander = await connectStream({ after }, `${server.url}/api/v1/containers/${busy.id}/netstat?intervalMs=100`, {
  headers: { ...server.headers },
});
await bystander.until('the first state', ({ data }) => data, 60_000);

async function assertServerUnharmed(): Promise<void> {
  process.kill(server.pid, 0);
  const [deltas, beats] = [bystander.of('delta').length, bystander.of('heartbeat').length];
  await bystander.until('more changes', () => bystander.of('delta').length > deltas, 30_000);
  await bystander.until('more heartbeats', () => bystander.of('heartbeat').length > beats + 1, 30_000);
  assert.deepEqual([...new Set(bystander.states)], ['live']);
  await callApi(server, 'get', '/engines').expect(200);
  for (const line of server.output().split('\n'))
    if (line.startsWith('{')) assert.ok(JSON.parse(line).level < 50, line.slice(0, 2_000));
}

const valid = {
  subscribe: { type: '"subscribe"', id: '"s"', topic: '"netstat"', container: JSON.stringify(busy.id) },
  unsubscribe: { type: '"unsubscribe"', id: '"s"' },
};
const fields = {
  subscribe: [...Object.keys(SubscribeFrame.properties), 'unknown'],
  unsubscribe: [...Object.keys(UnsubscribeFrame.properties), 'unknown'],
};

/** Each frame has one field whose value is nested. */
const framesOf = (levels: number) =>
  nestingKinds.flatMap((kind) => {
    const nested = nestedJson(kind, levels, maxNestedBytes);
    const frames = (['subscribe', 'unsubscribe'] as const).flatMap((type) =>
      fields[type].map((field) => ({
        about: `${field} of ${type}: ${kind}, ${levels} levels`,
        text: joinMembers({ ...valid[type], [field]: nested }),
      })),
    );
    return [...frames, { about: `a whole message: ${kind}, ${levels} levels`, text: nested }];
  });

for (const levels of depths) {
  test(`a viewer cannot end the server with a nested frame: ${levels} levels`, async () => {
    const viewer = await connectStream({ after }, `${server.url}/api/v1/stream`, {
      headers: people.headersOf('vera'),
      keepsOnly: true,
    });
    for (const { about, text } of framesOf(levels)) {
      const before = viewer.of('error').length;
      viewer.socket.send(text);
      await viewer.until(`the answer to ${about}`, () => viewer.of('error').length > before, 30_000);
      const { code, detail } = viewer.of('error').at(-1) ?? {};
      assert.equal(code, 'invalid_request', about);
      assert.ok(detail.length <= maxDetailLength, `${about}: ${detail.slice(0, 500)}`);
    }
    await viewer.close();
    assert.deepEqual(viewer.of('subscribed'), []);
    await assertServerUnharmed();
  });
}

test('an operator cannot end the server with a nested frame on a terminal', async () => {
  const operator = asPerson('olga');
  const { id } = await useApi(operator, { after }).create('closed', { command: ['sleep', '3600'] });
  const frame = { type: '"resize"', cols: '80', rows: '24' };
  for (const levels of depths) {
    const texts = nestingKinds.flatMap((kind) => {
      const nested = nestedJson(kind, levels, maxNestedBytes);
      const texts = ['type', 'cols', 'unknown'].map((field) => joinMembers({ ...frame, [field]: nested }));
      return kind === 'mixed' ? [nested] : texts;
    });
    await Promise.all(
      texts.map(async (text) => {
        const terminal = await openTerminal({ after }, operator, id);
        terminal.socket.send(text);
        const { code, last } = await terminal.end(60_000);
        assert.deepEqual(
          [code, last?.code],
          [errorKinds.invalid_request.close, 'invalid_request'],
          `${levels} levels: ${text.slice(0, 80)}`,
        );
        assert.ok(last?.detail.length <= maxDetailLength);
      }),
    );
  }
  await assertServerUnharmed();
});
