// 200 clients that never read, beside one that does, on a real server that watches a real container: the server closes the silent ones with 1013, and
// the reader stays connected. `slow-readers-time.test.ts` measures the delay of the readers.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { testToken } from '../support/app.ts';
import { readMetric } from '../support/metric.ts';
import { startServerProcess } from '../support/server-process.ts';
import { connectSilentClients } from '../support/silent-clients.ts';
import { makeCrowd } from '../support/socket-crowd.ts';
import { connectStream } from '../support/stream-client.ts';
import { waitFor } from '../support/wait-for.ts';

const silent = 200;

test(`the server closes ${silent} clients that never read, and only those`, async () => {
  const { id } = await makeCrowd({ after });
  const server = await startServerProcess(
    { after },
    { env: { TERRARIUM_OBSERVER: 'probe', TERRARIUM_LOG_LEVEL: 'warn' } },
  );
  const headers = { ...server.headers };
  await waitFor(
    async (see) => see((await fetch(`${server.url}/api/v1/containers/${id}`, { headers })).status) === 200,
    {
      what: 'the server to know the container',
    },
  );
  const url = `${server.url}/api/v1/containers/${id}/netstat?options=tuan&intervalMs=200`;
  const reader = await connectStream({ after }, url, { headers });
  await reader.until('a snapshot', ({ data }) => data);
  const crowd = await connectSilentClients({ after }, { url, token: testToken, count: silent });
  // Metrics count a close when the server decides on it. The server then waits for the client to answer it.
  await waitFor(async (see) => see(await readMetric(server, 'stream_closes_total')) === silent, {
    what: 'the server to close the silent clients',
    timeoutMs: 120_000,
  });
  assert.deepEqual(await crowd.readToEnd(), { 1013: silent });
  assert.equal(reader.closed, undefined);
});
