// The typed client's streams on a bad line and beside a server that dies: it holds what one holds that was never cut, is told each event once, and
// comes back by itself.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  type Connection,
  createClient,
  type EventNews,
  type Netstat,
  type Observation,
} from '../../src/client/node.ts';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { startChaosProxy } from '../support/chaos-proxy.ts';
import { execInContainer } from '../support/engine.ts';
import { uniqueName } from '../support/run-id.ts';
import { seed, seededRandom } from '../support/seeded.ts';
import { startServerProcess } from '../support/server-process.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

const random = seededRandom(seed);
const heartbeatMs = 400;
const server = await startApp({ after }, { env: { TERRARIUM_HEARTBEAT_MS: String(heartbeatMs) } });
const api = useApi(server, { after });
const reconnect = { firstMs: 20, longestMs: 200 };

/** Opens and closes listeners at random for so many rounds, then keeps what is open. */
const churn = (rounds: number) => `
for n in $(seq ${rounds}); do
  p=$((2000 + $(od -An -N1 -tu1 /dev/urandom) % 8))
  if eval "[ -n \\"\\$pid$p\\" ]"; then eval "kill \\$pid$p; pid$p="; else httpd -f -p $p & eval "pid$p=$!"; fi
  usleep 60000
done
sleep 3600`;

/** The same server, by a line that can be cut. */
async function startFarClient() {
  const line = await startChaosProxy({ after }, { over: 'tcp', target: server.url.replace('http', 'tcp') });
  const client = createClient({ url: line.endpoint.replace('tcp', 'http'), token: server.token, reconnect });
  after(() => client.close());
  return { line, client };
}

const near = createClient({ url: server.url, token: server.token, reconnect });
after(() => near.close());

/** Reads everything in the background. */
function collect<Item>(items: AsyncIterable<Item>): Item[] {
  const seen: Item[] = [];
  void (async () => {
    for await (const item of items) seen.push(item);
  })().catch(() => {});
  return seen;
}

/** The rows by id, in an order of their own. */
function spell(data: Netstat | null): string {
  return JSON.stringify([...(data?.sockets ?? [])].sort((one, other) => (one.id < other.id ? -1 : 1)));
}

const last = <Item>(items: readonly Item[]) => items.at(-1);
const isLive = (view: Observation<Netstat> | undefined) => view?.state === 'live';

test('cut sixty times, it holds at every number what one holds that never was', async () => {
  const { id } = await api.create('closed', { command: ['sh', '-c', churn(250)] });
  const { line, client } = await startFarClient();
  const wish = { topic: 'netstat', container: id, options: 'tan', intervalMs: 100 } as const;
  const steady = collect(near.subscribe(wish));
  const cut = collect(client.subscribe(wish));
  await waitFor((see) => see(last(cut))?.data && see(last(steady))?.data, { what: 'both clients to have data' });
  for (let round = 0; round < 60; round += 1) {
    await letTimePass(random() * 200, 'the line is cut at a random moment');
    if (round % 3 === 0) line.set({ kind: 'cutAfter', bytes: Math.floor(random() * 4_000) });
    else line.cut();
    await letTimePass(random() * 60, 'the fault lasts for a random time');
    line.set({ kind: 'none' });
  }
  await waitFor(
    (see) => isLive(last(cut)) && see(spell(last(cut)?.data ?? null)) === spell(last(steady)?.data ?? null),
    {
      what: 'the state of the other',
    },
  );
  const states = new Map(steady.map(({ seq, data }) => [seq, spell(data)]));
  const compared = cut.filter(({ seq }) => states.has(seq));
  for (const { seq, data } of compared) assert.equal(spell(data), states.get(seq), `number ${seq}`);
  assert.ok(states.size > 15, `only ${states.size} states came by`);
  assert.ok(compared.length > 30, `only ${compared.length} states were compared`);
  assert.ok(cut.filter(({ reason }) => reason === 'disconnected').length > 20, 'it was hardly ever cut');
});

test('events: cut again and again, each is told once', async () => {
  const lab = uniqueName('lab');
  const { id } = await api.create('closed', { lab, command: ['sleep', '3600'] });
  const { line, client } = await startFarClient();
  const steady = collect(near.subscribe({ topic: 'events', lab }));
  const cut = collect(client.subscribe({ topic: 'events', lab }));
  await waitFor((see) => see(steady).length > 0 && see(cut).length > 0, { what: 'both snapshots' });
  for (let round = 0; round < 30; round += 1) {
    await api.post(`/containers/${id}/${round % 2 === 0 ? 'pause' : 'unpause'}`).expect(200);
    if (round % 2 === 0) line.cut();
  }
  const numbers = (news: EventNews[]) => news.flatMap((one) => (one.type === 'event' ? [one.seq] : []));
  await waitFor((see) => see(numbers(steady)).length >= 30 && see(last(numbers(cut))) === last(numbers(steady)), {
    what: 'the end',
  });
  assert.deepEqual(numbers(cut), numbers(steady));
  assert.deepEqual(
    cut.map(({ type }) => type).filter((type) => type !== 'event'),
    ['snapshot'],
  );
});

test('a line that swallows everything is noticed, and left', async () => {
  const { id } = await api.create('closed', { command: ['sleep', '3600'] });
  const { line, client } = await startFarClient();
  const seen = collect(client.subscribe({ topic: 'netstat', container: id, intervalMs: 100 }));
  await waitFor((see) => isLive(see(last(seen))), { what: 'the first look' });
  line.set({ kind: 'blackHole' });
  await waitFor((see) => see(last(seen)?.reason) === 'disconnected', { what: 'it to be noticed' });
  assert.equal(last(seen)?.data?.sockets.length, 0, 'what was seen is forgotten');
  line.set({ kind: 'none' });
  await waitFor((see) => isLive(see(last(seen))), { what: 'the stream to be live again' });
});

test('a lab: its containers come and go, also while the line is cut', async () => {
  const lab = uniqueName('lab');
  const command = ['sleep', '3600'];
  const first = await api.create('closed', { lab, command });
  const second = await api.create('closed', { lab, command });
  const { line, client } = await startFarClient();
  const seen = collect(client.subscribe({ topic: 'netstat', lab, intervalMs: 100 }));
  const standing = () => Object.fromEntries(seen.map(({ key, state }) => [key.container, state]));
  await waitFor((see) => see(Object.keys(standing())).length === 2, { what: 'both members' });
  line.set({ kind: 'refuse' });
  line.cut();
  await waitFor((see) => see(Object.values(standing())).every((state) => state === 'stale'), { what: 'the cut' });
  await api.delete(`/containers/${second.id}`).expect(204);
  const third = await api.create('closed', { lab, command });
  line.set({ kind: 'none' });
  const expected = { [first.id]: 'live', [second.id]: 'ended', [third.id]: 'live' };
  await waitFor(
    (see) => see(JSON.stringify(Object.entries(standing()).sort())) === JSON.stringify(Object.entries(expected).sort()),
    {
      what: `${JSON.stringify(expected)}`,
    },
  ).catch((error) => Promise.reject(new Error(JSON.stringify(standing()), { cause: error })));
});

test('logs: two readers of one log have all of it each', async () => {
  const { id, name } = await api.create('closed', { command: ['sh', '-c', 'echo one; echo two; exec sleep 3600'] });
  const texts = (news: readonly { type: string; lines?: readonly { line: string }[] }[]) =>
    news.flatMap((one) => (one.type === 'lines' ? (one.lines ?? []) : [])).map(({ line }) => line);
  const client = createClient({ url: server.url, token: server.token });
  after(() => client.close());
  const first = collect(client.subscribe({ topic: 'logs', container: name }));
  await waitFor((see) => see(texts(first)).length === 2, { what: 'the log' });
  const second = collect(client.subscribe({ topic: 'logs', container: id }));
  await waitFor((see) => see(texts(second)).length === 2, { what: 'the log once more' });
  assert.deepEqual(texts(second), ['one', 'two']);
});

test('more subscriptions than a connection takes, and two to events', async () => {
  const { id, name } = await api.create('closed', { command: ['sleep', '3600'] });
  const boots: string[] = [];
  const onConnection = (connection: Connection) => {
    if (connection.state === 'open') boots.push(connection.bootId);
  };
  const client = createClient({ url: server.url, token: server.token, onConnection });
  after(() => client.close());
  const all = Array.from({ length: 130 }, () => client.subscribe({ topic: 'netstat', container: id }));
  const states = await Promise.all(all.map(async (one) => (await one.next()).value?.state));
  assert.deepEqual(new Set(states), new Set(['live']));
  assert.equal(boots.length, 2);
  const [own, every] = [client.subscribe({ topic: 'events', container: name }), client.subscribe({ topic: 'events' })];
  for (const events of [own, every]) assert.equal((await events.next()).value?.type, 'snapshot');
  await api.post(`/containers/${id}/pause`).expect(200);
  const { value } = await own.next();
  assert.ok(value?.type === 'event' && value.event === 'container.paused');
  assert.equal((await every.next()).value?.type, 'event');
  for (const one of all) await one.return?.();
  await client.containers.unpause(id);
  assert.equal((await own.next()).value?.type, 'event');
});

test('a terminal: a slow reader holds the program up, and has every byte', async () => {
  const { id } = await api.create('closed', { command: ['sleep', '3600'] });
  const megabytes = 24;
  const block = 'dd if=/dev/zero bs=1M count=1 2>/dev/null | tr "\\0" x';
  const script = `for n in $(seq ${megabytes}); do ${block}; echo $n > /tmp/written; done`;
  const terminal = await near.containers.terminal(id, { command: ['sh', '-c', script] });
  let written = 0;
  await waitFor(
    async (see) => {
      const before = written;
      written = see(Number((await execInContainer(id, 'cat', '/tmp/written')).stdout));
      return written > 0 && written === before;
    },
    { what: 'the program to be held up', intervalMs: 300 },
  );
  assert.ok(written < megabytes, 'the program wrote everything while nobody read');
  let bytes = 0;
  for await (const chunk of terminal.output) {
    bytes += chunk.length;
    if (bytes % 7 === 0) await letTimePass(1, 'the client reads more slowly than the program writes');
  }
  assert.equal(bytes, megabytes * 1_048_576);
  assert.deepEqual(await terminal.exit, { exitCode: 0 });
});

test('the server is killed and started anew: everything goes on by itself', async () => {
  const first = await startServerProcess({ after }, { env: { TERRARIUM_HEARTBEAT_MS: String(heartbeatMs) } });
  const port = Number(new URL(first.url).port);
  const client = createClient({ url: first.url, token: server.token, reconnect });
  after(() => client.close());
  const script = 'n=0; while true; do n=$((n + 1)); echo $n; [ $n = 20 ] && httpd -p 2222; sleep 0.1; done';
  const { id } = await api.create('closed', { command: ['sh', '-c', script] });
  const views = collect(client.subscribe({ topic: 'netstat', container: id, options: 'tln', intervalMs: 100 }));
  const events = collect(client.subscribe({ topic: 'events', container: id }));
  const logs = collect(client.subscribe({ topic: 'logs', container: id, tail: 1_000 }));
  const numbers = () => logs.flatMap((one) => (one.type === 'lines' ? one.lines.map(({ line }) => Number(line)) : []));
  await waitFor((see) => isLive(last(views)) && see(events).length > 0 && see(numbers()).length > 0, {
    what: 'all three to begin',
  });
  await first.kill('SIGKILL');
  await waitFor((see) => see(last(views)?.reason) === 'disconnected', { what: 'the cut to be seen' });
  await api.post(`/containers/${id}/pause`).expect(200);
  await api.post(`/containers/${id}/unpause`).expect(200);
  await startServerProcess({ after }, { env: { TERRARIUM_HEARTBEAT_MS: String(heartbeatMs) }, port });

  await waitFor(
    (see) => isLive(see(last(views))) && last(views)?.data?.sockets.some(({ local }) => local.port === 2222),
    { what: 'the listener' },
  );
  await waitFor((see) => see(events).some(({ type }) => type === 'gap') && see(last(events)?.type) === 'snapshot', {
    what: 'a gap',
  });
  assert.equal(new Set(events.map(({ bootId }) => bootId)).size, 2);
  await waitFor((see) => see(last(numbers()) ?? 0) > 40, { what: 'more of the log' });
  assert.deepEqual(
    numbers(),
    Array.from({ length: numbers().length }, (_, index) => index + 1),
  );
  assert.ok(!logs.some(({ type }) => type === 'gap'));
});
