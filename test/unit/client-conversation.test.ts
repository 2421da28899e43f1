// What a client makes of frames on a connection of many topics: whose they are, and what is left when somebody leaves. The frames are those that
// docs/streams.md describes.
import assert from 'node:assert/strict';
import test from 'node:test';
import { TerrariumError } from '../../src/client/error.ts';
import { Conversation } from '../../src/client/topics/conversation.ts';
import { Events } from '../../src/client/topics/events.ts';
import { Logs } from '../../src/client/topics/logs.ts';
import { Observations } from '../../src/client/topics/observations.ts';
import type { Subscriber, Wish } from '../../src/client/topics/subscriber.ts';
import type { EventFrame } from '../../src/schemas/events.ts';
import type { ServerFrame, StreamKey } from '../../src/schemas/stream.ts';

const at = '2026-01-31T12:00:00.000Z';
const key = (container: string, topic: StreamKey['topic'] = 'netstat'): StreamKey => ({
  topic,
  container,
  options: 'tan',
  format: 'json',
});
const snapshot = (container: string, seq: number, ...ids: string[]): ServerFrame => ({
  type: 'snapshot',
  key: key(container),
  seq,
  at,
  data: {
    container: { id: container, name: container },
    asOf: at,
    truncated: false,
    sockets: ids.map((id) => ({ id })),
  },
});
const state = (
  container: string,
  name: 'live' | 'stopped' | 'ended',
  topic: StreamKey['topic'] = 'netstat',
): ServerFrame => ({
  type: 'state',
  key: key(container, topic),
  state: name,
  reason: null,
  since: at,
});

/** A conversation in which nobody answers but the test. */
function converse(bootId = 'boot') {
  const sent: Record<string, unknown>[] = [];
  const refused: [string, TerrariumError][] = [];
  const collided: string[] = [];
  const conversation = new Conversation({
    bootId,
    send: (frame) => sent.push(frame as Record<string, unknown>),
    onRefused: (id, error) => refused.push([id, error]),
    onCollision: (id) => collided.push(id),
  });
  const say = (...frames: ServerFrame[]) => {
    for (const frame of frames) conversation.take(frame as Exclude<ServerFrame, { type: 'hello' }>);
  };
  return { conversation, sent, refused, collided, say };
}

function makeHost() {
  const calls: string[] = [];
  return {
    calls,
    signal: undefined,
    release: () => void calls.push('release'),
    place: () => void calls.push('place'),
  };
}

const observe = (wish: Wish) => new Observations('netstat', wish, makeHost());
const subscribed = (id: string, container: string, topic: StreamKey['topic'] = 'netstat'): ServerFrame => ({
  type: 'subscribed',
  id,
  key: key(container, topic),
});

/** What is there to read now. */
async function read<Item>(reader: AsyncIterator<Item, undefined>): Promise<Item | 'nothing' | 'end'> {
  const later = new Promise<'nothing'>((resolve) => setImmediate(resolve, 'nothing'));
  const next = await Promise.race([reader.next(), later]);
  if (next === 'nothing') return next;
  return next.done ? 'end' : next.value;
}

test('two who ask for the same stream both have its state, the second one at once', async () => {
  const { conversation, say } = converse();
  const wish: Wish = { topic: 'netstat', container: 'web' };
  const first = observe(wish);
  const second = observe(wish);
  conversation.ask('1', first);
  say(subscribed('1', 'c1'), state('c1', 'live'), snapshot('c1', 4, 'a'));
  const one = await read(first.reader);
  conversation.ask('2', second);
  say(subscribed('2', 'c1'));
  assert.deepEqual(await read(second.reader), one);
  conversation.leave('1');
  const more = { added: [{ id: 'b' }], removed: [], changed: [] };
  say({ type: 'delta', key: key('c1'), base: 4, seq: 5, at, asOf: at, ...more });
  const two = await read(second.reader);
  assert.ok(typeof two === 'object' && two.seq === 5);
  assert.deepEqual(
    two.data?.sockets.map(({ id }) => id),
    ['a', 'b'],
  );
  assert.equal(await read(first.reader), 'nothing');
});

test('who asks before the last holder leaves is its holder, and is not left without a state', async () => {
  const { conversation, say } = converse();
  const first = observe({ topic: 'netstat', container: 'web' });
  const second = observe({ topic: 'netstat', container: 'web' });
  conversation.ask('1', first);
  say(subscribed('1', 'c1'), state('c1', 'live'), snapshot('c1', 1, 'a'));
  conversation.ask('2', second);
  conversation.leave('1');
  say(subscribed('2', 'c1'));
  const view = await read(second.reader);
  assert.ok(typeof view === 'object' && view.seq === 1, 'the state was forgotten with the first');
});

test('frames of who has left are on their way, and nobody minds', () => {
  const { conversation, say, sent } = converse();
  conversation.ask('1', observe({ topic: 'netstat', container: 'web' }));
  say(subscribed('1', 'c1'), state('c1', 'live'), snapshot('c1', 1, 'a'));
  conversation.leave('1');
  const nothing = { added: [], removed: [], changed: [] };
  say({ type: 'delta', key: key('c1'), base: 1, seq: 2, at, asOf: at, ...nothing }, state('c1', 'stopped'));
  say({ type: 'error', code: 'container_not_found', detail: 'x', id: '1' }, subscribed('1', 'c1'));
  assert.deepEqual(sent.at(-1), { type: 'unsubscribe', id: '1' });
});

test('states of a slow reader are latest-wins, in the order in which they became fresh', async () => {
  const { conversation, say } = converse();
  const lab = observe({ topic: 'netstat', lab: 'demo' });
  conversation.ask('1', lab);
  for (const name of ['c1', 'c2']) say(subscribed('1', name), state(name, 'live'), snapshot(name, 1));
  say(snapshot('c1', 2), snapshot('c1', 3));
  const seen = [await read(lab.reader), await read(lab.reader), await read(lab.reader)];
  const spelled = seen.map((view) => (typeof view === 'object' ? `${view.key.container} ${view.seq}` : view));
  assert.deepEqual(spelled, ['c1 3', 'c2 1', 'nothing']);
});

test('after a cut the last state is stale, then whole again; who is gone meanwhile has ended', async () => {
  const lab = observe({ topic: 'netstat', lab: 'demo' });
  const before = converse();
  before.conversation.ask('1', lab);
  for (const name of ['c1', 'c2']) {
    before.say(subscribed('1', name), state(name, 'live'), snapshot(name, 7, 'a'));
    await read(lab.reader);
  }
  lab.cut();
  for (const name of ['c1', 'c2']) {
    const view = await read(lab.reader);
    assert.ok(typeof view === 'object');
    assert.deepEqual([view.key.container, view.state, view.reason, view.seq], [name, 'stale', 'disconnected', 7]);
    assert.equal(view.data?.sockets.length, 1);
  }
  const after = converse();
  after.conversation.ask('1', lab);
  assert.deepEqual(
    after.sent.map(({ type }) => type),
    ['subscribe', 'unsubscribe'],
  );
  after.say(subscribed('1', 'c1'), state('c1', 'stopped'));
  const stopped = await read(lab.reader);
  assert.ok(
    typeof stopped === 'object' && stopped.state === 'stopped' && stopped.data?.sockets.length === 1,
    'it keeps what was seen',
  );
  after.say({ type: 'error', code: 'invalid_request', detail: 'no subscription', id: String(after.sent[1]?.id) });
  const gone = await read(lab.reader);
  assert.ok(typeof gone === 'object');
  assert.deepEqual([gone.key.container, gone.state, gone.reason], ['c2', 'ended', 'removed']);
  assert.deepEqual(after.refused, []);
  after.say(state('c1', 'live'), snapshot('c1', 9, 'b', 'c'));
  const whole = await read(lab.reader);
  assert.ok(typeof whole === 'object' && whole.seq === 9 && whole.state === 'live');
});

test('one container: asked for by its id after a cut, and its end is the end', async () => {
  const one = observe({ topic: 'netstat', container: 'web' });
  const before = converse();
  before.conversation.ask('1', one);
  assert.equal(before.sent[0]?.container, 'web');
  before.say(subscribed('1', 'c1'), state('c1', 'live'), snapshot('c1', 1));
  await read(one.reader);
  one.cut();
  await read(one.reader);
  const after = converse();
  after.conversation.ask('1', one);
  assert.equal(after.sent[0]?.container, 'c1');
  after.say({ type: 'error', code: 'container_not_found', detail: 'There is no container "c1"', id: '1' });
  one.end(after.refused[0]?.[1]);
  const last = await read(one.reader);
  assert.ok(typeof last === 'object' && last.state === 'ended');
  assert.equal(await read(one.reader), 'end');
});

test('while an engine is away its containers are not taken for gone', () => {
  const one = observe({ topic: 'netstat', container: 'web' });
  const before = converse();
  before.conversation.ask('1', one);
  before.say(subscribed('1', 'c1'));
  const after = converse();
  after.say({ type: 'state', engine: 'local', state: 'stale', reason: 'away', since: at });
  after.conversation.ask('1', one);
  after.say({ type: 'error', code: 'container_not_found', detail: 'There is no container "c1"', id: '1' });
  assert.deepEqual(after.refused, []);
  after.say({ type: 'state', engine: 'local', state: 'live', reason: null, since: at });
  assert.equal(after.sent.filter(({ type }) => type === 'subscribe').length, 2, 'it was not asked for again');
});

test('what is refused is told to who asked, and the others go on', async () => {
  const { conversation, say, refused } = converse();
  const good = observe({ topic: 'netstat', container: 'web' });
  conversation.ask('1', observe({ topic: 'netstat', container: 'wbe' }));
  conversation.ask('2', good);
  say({ type: 'error', code: 'container_not_found', detail: 'There is no container "wbe"', hint: 'Look', id: '1' });
  say(subscribed('2', 'c1'), state('c1', 'live'), snapshot('c1', 1));
  const [[id, error] = []] = refused;
  assert.equal(id, '1');
  assert.ok(error instanceof TerrariumError);
  assert.deepEqual(
    [error.code, error.status, error.detail, error.hint],
    ['container_not_found', 404, 'There is no container "wbe"', 'Look'],
  );
  assert.equal(typeof (await read(good.reader)), 'object');
});

const event = (seq: number): EventFrame => ({
  ...{ type: 'event', seq, at, event: 'lab.appeared', engine: 'local', lab: 'demo', container: null, namespace: null },
});

test('events: a slow reader leaves the server to keep them, and comes back for the rest', async () => {
  const host = makeHost();
  const events = new Events({ topic: 'events' }, host);
  for (let seq = 1; seq <= 2_000; seq += 1) events.news(event(seq), 'boot');
  assert.deepEqual(host.calls, ['release']);
  const seen: number[] = [];
  while (!host.calls.includes('place')) {
    const news = await read(events.reader);
    assert.ok(typeof news === 'object' && news.type === 'event');
    seen.push(news.seq);
  }
  assert.deepEqual(events.wish(), { topic: 'events', bootId: 'boot', seq: seen.at(-1) });
  assert.deepEqual(
    seen,
    Array.from({ length: seen.length }, (_, index) => index + 1),
  );
  assert.ok(seen.length < 2_000);
  events.news(event(seen.length + 1), 'boot');
  const next = await read(events.reader);
  assert.ok(typeof next === 'object' && next.type === 'event' && next.seq === seen.length + 1);
});

test('events: what was on its way to one who has left is not told to the next', async () => {
  const { conversation, say } = converse();
  const first = new Events({ topic: 'events' }, makeHost());
  conversation.ask('1', first);
  say(subscribed('1', '', 'events'), event(1));
  conversation.leave('1');
  const second = new Events({ topic: 'events' }, makeHost());
  conversation.ask('2', second);
  say(
    event(2),
    { type: 'gap', at, from: 0, to: 2, reason: 'overrun' } as ServerFrame,
    subscribed('2', '', 'events'),
    event(3),
  );
  const news = await read(second.reader);
  assert.ok(typeof news === 'object' && news.type === 'event' && news.seq === 3, JSON.stringify(news));
  assert.equal(await read(second.reader), 'nothing');
});

test('logs: after a cut each line once, and a gap where lines are missing', async () => {
  const logs = new Logs({ topic: 'logs', container: 'web' }, makeHost());
  const line = (second: number) => ({
    stream: 'stdout' as const,
    at: `2026-01-31T12:00:0${second}.000000000Z`,
    line: `${second}`,
  });
  const say = (...seconds: number[]) => logs.lines({ type: 'log', key: key('c1', 'logs'), lines: seconds.map(line) });
  logs.begun(key('c1', 'logs'));
  say(1, 2);
  logs.cut();
  logs.begun(key('c1', 'logs'));
  say(1, 2, 3);
  say(4);
  logs.cut();
  logs.begun(key('c1', 'logs'));
  say(8, 9);
  const seen: string[] = [];
  for (let news = await read(logs.reader); typeof news === 'object'; news = await read(logs.reader))
    seen.push(
      news.type === 'lines' ? news.lines.map((one) => one.line).join() : news.type === 'state' ? news.state : news.type,
    );
  assert.deepEqual(seen, ['1,2', 'stale', '3', '4', 'stale', 'gap', '8,9']);
  assert.deepEqual(logs.wish(), { topic: 'logs', container: 'c1', tail: 10_000 });
});

test('logs: a line of one output that is written behind later ones of the other is told', async () => {
  const logs = new Logs({ topic: 'logs', container: 'web' }, makeHost());
  const line = (stream: 'stdout' | 'stderr', second: number) => ({
    stream,
    at: `2026-01-31T12:00:0${second}.000000000Z`,
    line: `${stream} ${second}`,
  });
  const say = (...lines: ReturnType<typeof line>[]) => logs.lines({ type: 'log', key: key('c1', 'logs'), lines });
  logs.begun(key('c1', 'logs'));
  say(line('stdout', 3), line('stderr', 1));
  say(line('stderr', 2));
  logs.cut();
  logs.begun(key('c1', 'logs'));
  say(line('stdout', 3), line('stderr', 1), line('stderr', 2), line('stdout', 4));
  const seen: string[] = [];
  for (let news = await read(logs.reader); typeof news === 'object'; news = await read(logs.reader))
    if (news.type === 'lines') seen.push(...news.lines.map((one) => one.line));
    else assert.notEqual(news.type, 'gap');
  assert.deepEqual(seen, ['stdout 3', 'stderr 1', 'stderr 2', 'stdout 4']);
});

test('logs: who asks for what another has needs a connection of its own', () => {
  const { conversation, say, collided } = converse();
  const make = (container: string): Subscriber => new Logs({ topic: 'logs', container }, makeHost());
  conversation.ask('1', make('web'));
  conversation.ask('2', make('c1'));
  say(subscribed('1', 'c1', 'logs'), subscribed('2', 'c1', 'logs'));
  assert.deepEqual(collided, ['2']);
});

test('an aborted signal ends a reader at once, with its reason', async () => {
  const aborting = new AbortController();
  const host = { ...makeHost(), signal: aborting.signal };
  const events = new Events({ topic: 'events' }, host);
  events.news(event(1), 'boot');
  const reason = new Error('enough');
  aborting.abort(reason);
  await assert.rejects(events.reader.next(), reason);
  assert.deepEqual(await events.reader.next(), { done: true, value: undefined });
});
