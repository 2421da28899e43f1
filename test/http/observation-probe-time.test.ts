// @lane quiet
// Measures the time until the probe shows that a timer of the kernel ended a row. No process of the container does anything at that moment.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startApp } from '../support/app.ts';
import { makeTarget } from '../support/observed.ts';
import { connectStream, type Frame } from '../support/stream-client.ts';

const server = await startApp({ after });

test('rows that the kernel takes away by itself are gone, in no more than their time and a second', async () => {
  const sysctls = { 'net.ipv4.tcp_fin_timeout': '3' };
  const target = await makeTarget({ after }, server, {
    body: { HostConfig: { NetworkMode: 'none', Sysctls: sysctls } },
  });
  // One end closes and the other does not, so the row stays in FIN_WAIT2 until the kernel's timer ends it.
  await target.run('nc -l -p 90 -e sleep 3600 & sleep 0.2; sleep 3600 | nc 127.0.0.1 90 & sleep 0.3; killall -9 nc');
  const url = `${server.url}/api/v1/containers/${target.id}/netstat?options=tuwan&intervalMs=100`;
  const client = await connectStream({ after }, url, { headers: { ...server.headers } });
  const waiting = () => client.data?.sockets.filter(({ state }: Frame) => state === 'FIN_WAIT2').length;
  await client.until('a socket in FIN_WAIT2', () => waiting() === 1);
  await client.until('it to be gone', () => waiting() === 0, 6_000);
  assert.ok(!(await target.run('netstat -tuwan')).includes('FIN_WAIT2'));
  await client.close();
});
