// Following over HTTP: one terrarium.v1 frame a line, for as long as somebody reads.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, test } from 'node:test';
import { startApp } from '../support/app.ts';
import { removeContainer } from '../support/engine.ts';
import { listHelpers, makeTarget } from '../support/observed.ts';
import { StreamReader } from '../support/stream-client.ts';
import { waitFor } from '../support/wait-for.ts';

const server = await startApp({ after }, { env: { TERRARIUM_OBSERVER: 'helper' } });

/** A reader of an NDJSON answer. `ended` is true once the answer has come to its end. */
class LineClient extends StreamReader {
  ended = false;
  contentType: string | undefined;
  leave: () => void = () => {};
}

function follow(path: string, { url, headers } = server): Promise<LineClient> {
  const client = new LineClient();
  return new Promise((resolve, reject) => {
    const call = request(`${url}/api/v1/containers/${path}`, {
      headers: { ...headers, accept: 'application/x-ndjson' },
    });
    call.on('error', reject);
    call.on('response', (answer) => {
      client.contentType = answer.headers['content-type'];
      client.leave = () => answer.destroy();
      let rest = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) client.take(JSON.parse(line));
      });
      answer.on('error', () => {});
      answer.on('end', () => {
        client.ended = true;
      });
      resolve(client);
    });
    call.end();
    after(() => call.destroy());
  });
}

test('hello, state, snapshot, then deltas, and the end when the container is removed', async () => {
  const target = await makeTarget({ after }, server);
  const client = await follow(`${target.id}/netstat?options=tl&intervalMs=100`);
  assert.match(client.contentType ?? '', /^application\/x-ndjson/);
  await waitFor((see) => see(client.data), { what: 'a snapshot' });
  assert.deepEqual(
    client.frames.slice(0, 3).map(({ type }) => type),
    ['hello', 'state', 'snapshot'],
  );
  assert.deepEqual(client.frames[2]?.key, { topic: 'netstat', container: target.id, options: 'tln', format: 'json' });
  await target.run('httpd -p 2222');
  const delta = await waitFor((see) => see(client.of('delta'))[0], { what: 'a delta' });
  assert.equal(delta.added[0].local.port, 2222);
  await removeContainer(target.id);
  await waitFor((see) => see(client.ended), { what: 'the end of the answer' });
  assert.equal(client.frames.at(-1)?.state, 'ended');
});

test('who goes away is missed by nobody, and the helper goes too', async () => {
  const target = await makeTarget({ after }, server);
  const client = await follow(`${target.id}/ifconfig?format=both&intervalMs=100`);
  await waitFor((see) => see(client.data), { what: 'a snapshot' });
  assert.match(client.text ?? '', /^eth0 /);
  assert.equal((await listHelpers(target)).length, 1);
  client.leave();
  await waitFor((see) => see(server.app.services.streams.size.sessions) === 0, { what: 'the session to end' });
  await waitFor(async (see) => see(await listHelpers(target)).length === 0, { what: 'the helper to be gone' });
});

test('a closing server ends the answers', async () => {
  const other = await startApp({ after }, { env: { TERRARIUM_OBSERVER: 'helper' } });
  const target = await makeTarget({ after }, other);
  const client = await follow(`${target.id}/netstat`, other);
  await waitFor(async (see) => see(await listHelpers(target)).length === 1, { what: 'a helper' });
  await other.close();
  assert.deepEqual(await listHelpers(target), [], 'none is left when the server has closed');
  await waitFor((see) => see(client.ended), { what: 'the end of the answer' });
});
