// Events without a WebSocket: server-sent events with a working Last-Event-ID, and lines of JSON; across a server that is started anew.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { type ClientRequest, get } from 'node:http';
import { after, test } from 'node:test';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { defer } from '../support/defer.ts';
import { type Cleanup, dockerApi, execInContainer } from '../support/engine.ts';
import { EventReader } from '../support/event-reader.ts';
import { uniqueName } from '../support/run-id.ts';
import { startServerProcess } from '../support/server-process.ts';
import type { Frame } from '../support/stream-client.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

const server = await startApp({ after }, { config: { heartbeatMs: 300 } });
const api = useApi(server, { after });

interface Followed {
  readonly reader: EventReader;
  readonly frames: Frame[];
  readonly type: string | undefined;
  /** Of the last message that had one. */
  readonly lastId: () => string;
  readonly ended: () => boolean;
  cut(): void;
}

/** Follows a URL as an EventSource does, or line by line; frames go into `reader`. */
function follow(
  cleanup: Cleanup,
  url: string,
  headers: Record<string, string>,
  reader = new EventReader(),
): Promise<Followed> {
  return new Promise((resolve, reject) => {
    const call: ClientRequest = get(url, { headers, agent: false }, (answer) => {
      const isSse = answer.headers['content-type'] === 'text/event-stream';
      const frames: Frame[] = [];
      let rest = '';
      let lastId = headers['last-event-id'] ?? '';
      let ended = false;
      const take = (frame: Frame) => {
        frames.push(frame);
        reader.take(frame);
      };
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        const parts = (rest + chunk).split(isSse ? '\n\n' : '\n');
        rest = parts.pop() ?? '';
        for (const part of parts) {
          if (isSse) lastId = /^id: (.*)$/m.exec(part)?.[1] ?? lastId;
          take(JSON.parse(isSse ? (/^data: (.*)$/m.exec(part)?.[1] ?? '') : part));
        }
      });
      answer.on('error', () => {});
      answer.on('close', () => {
        ended = true;
      });
      if (answer.statusCode !== 200) return reject(Object.assign(new Error('refused'), { status: answer.statusCode }));
      const type = answer.headers['content-type'];
      resolve({ reader, frames, type, lastId: () => lastId, ended: () => ended, cut: () => call.destroy() });
    });
    call.on('error', reject);
    defer(cleanup, () => {
      call.destroy();
    });
  });
}

const sse = { ...server.headers, accept: 'text/event-stream' };

test('lines of JSON are what comes without a wish; heartbeats tell that it is alive', async () => {
  const lab = uniqueName('lab');
  const { reader, frames, type } = await follow({ after }, `${server.url}/api/v1/events?lab=${lab}`, server.headers);
  assert.equal(type, 'application/x-ndjson');
  const { id } = await api.create('closed', { lab });
  await waitFor((see) => see(reader.namesOf(id)).includes('container.started'), { what: 'the start' });
  await waitFor((see) => see(frames).some((frame) => frame.type === 'heartbeat'), { what: 'a heartbeat' });
  assert.deepEqual(
    frames.slice(0, 2).map((frame) => frame.type),
    ['hello', 'snapshot'],
  );
});

test('an EventSource that is cut goes on after its last event, and misses nothing', async () => {
  const lab = uniqueName('lab');
  const url = `${server.url}/api/v1/events?lab=${lab}`;
  const first = await follow({ after }, url, sse);
  assert.equal(first.type, 'text/event-stream');
  const { id } = await api.create('closed', { lab });
  await waitFor((see) => see(first.reader.namesOf(id)).includes('namespace.appeared'), { what: 'the start' });
  first.cut();
  await api.post(`/containers/${id}/pause`).expect(200);
  await api.post(`/containers/${id}/unpause`).expect(200);
  const { reader } = first;
  const second = await follow({ after }, url, { ...sse, 'last-event-id': first.lastId() }, reader);
  await waitFor((see) => see(reader.namesOf(id)).includes('container.unpaused'), { what: 'what was missed' });
  assert.deepEqual([reader.snapshots, reader.gaps], [1, []]);
  assert.deepEqual(reader.namesOf(id).slice(-2), ['container.paused', 'container.unpaused']);
  assert.equal(second.frames.filter(({ type }) => type === 'snapshot').length, 0);
  // The same by the query, for who has no such header.
  const query = await follow(
    { after },
    `${url}&bootId=${reader.bootId}&seq=${reader.seq - 1}`,
    server.headers,
    new EventReader(reader.seq - 1),
  );
  await waitFor((see) => see(query.frames).some(({ type }) => type === 'event'), { what: 'the last event' });
  assert.equal(query.frames.find(({ type }) => type === 'event')?.seq, reader.seq);
});

test("a pause that is over before anybody looks is told like any other: as often as the engine's own", async (t) => {
  const lab = uniqueName('lab');
  const { reader } = await follow({ after }, `${server.url}/api/v1/events?lab=${lab}`, server.headers);
  const { id } = await api.create('closed', { lab });
  await waitFor((see) => see(reader.namesOf(id)).includes('namespace.appeared'), { what: 'the start' });
  const engines = spawn('docker', [
    'events',
    '--since',
    '1h',
    '--filter',
    `container=${id}`,
    '--format',
    '{{.Action}}',
  ]);
  defer(t, () => void engines.kill('SIGKILL'));
  let words = '';
  engines.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    words += chunk;
  });
  await waitFor((see) => see(words).includes('start'), { what: "the engine's own word of the start" });
  const before = reader.namesOf(id).length;
  const pauses = 25;
  // Now and then the engine takes a container for paused once more, and says so, because containerd's word for it came when it was over: a pause is refused then.
  for (let i = 0; i < pauses; i += 1) {
    await dockerApi('POST', `/containers/${id}/pause`);
    // Some last until they are seen, and most do not.
    if (i % 5 === 0) await letTimePass(30, 'the server may see this pause while it lasts');
    await dockerApi('POST', `/containers/${id}/unpause`);
    if (i % 7 === 0) await letTimePass(30, 'the server may see that the container runs again');
  }
  // containerd tells in order what happens to a container: the end of a command comes after all pauses.
  await waitFor(async (see) => see(await execInContainer(id, 'true')).code === 0, { what: 'a command to run' });
  await waitFor((see) => see(words).includes('exec_die'), { what: "the engine's word of the command's end" });
  const wanted = words.match(/^(un)?pause$/gm) ?? [];
  assert.ok(wanted.length >= pauses, `${wanted.length} words of the engine's`);
  const told = () => reader.namesOf(id).slice(before);
  await waitFor((see) => see(told()).length >= wanted.length, { what: 'all of them' });
  assert.deepEqual(
    told(),
    wanted.map((word) => `container.${word}d`),
  );
  assert.equal(reader.containers.get(id)?.state, 'running');
});

test('a Last-Event-ID of somebody else is a gap and what is true now', async () => {
  for (const foreign of ['nonsense', 'other-boot:3', '']) {
    const { reader } = await follow({ after }, `${server.url}/api/v1/events`, { ...sse, 'last-event-id': foreign });
    await waitFor((see) => see(reader.snapshots) === 1, { what: 'a snapshot' });
    assert.deepEqual(
      reader.gaps.map(({ reason }) => reason),
      ['restarted'],
    );
  }
});

test('what cannot be produced is 406, and nothing is told without a token', async () => {
  const url = `${server.url}/api/v1/events`;
  await assert.rejects(follow({ after }, url, { ...server.headers, accept: 'text/html' }), { status: 406 });
  await assert.rejects(follow({ after }, url, { accept: 'text/event-stream' }), { status: 401 });
  await assert.rejects(follow({ after }, `${url}?seq=1`, sse), { status: 400 });
});

test('a server that was killed and started again: a gap, and a state that holds what happened meanwhile', async (t) => {
  const before = await startServerProcess(t);
  const lab = uniqueName('lab');
  const [stays, goes] = [await api.create('closed', { lab }), await api.create('closed', { lab })];
  const path = `/api/v1/events?lab=${lab}`;
  const first = await follow(t, `${before.url}${path}`, sse);
  await waitFor((see) => see(first.reader.containers.size) === 2, { what: 'both' });
  await before.kill('SIGKILL');
  await waitFor((see) => see(first.ended()), { what: 'the end' });
  await api.delete(`/containers/${goes.id}`).expect(204);
  const { bootId } = first.reader;
  const again = await startServerProcess(t);
  const { reader } = await follow(t, `${again.url}${path}`, { ...sse, 'last-event-id': first.lastId() }, first.reader);
  await waitFor((see) => see(reader.snapshots) === 2, { what: 'a fresh state' });
  assert.notEqual(reader.bootId, bootId);
  assert.deepEqual(
    reader.gaps.map(({ reason }) => reason),
    ['restarted'],
  );
  assert.deepEqual([...reader.containers.keys()], [stays.id]);
});
