// The probe instead of helpers: what it shows is what the containers themselves show, by one container without a right for all of them.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import request from 'supertest';
import { parseNetstatOptions } from '../../src/domain/observation/netstat-options.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import {
  callDocker,
  createTestContainer,
  inspectContainer,
  listContainerIds,
  removeContainer,
} from '../support/engine.ts';
import { startEngineRelay } from '../support/engine-relay.ts';
import { listHelpers, makeTarget, type Target } from '../support/observed.ts';
import { connectStream, type Frame, type StreamClient } from '../support/stream-client.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

const server = await startApp({ after });

function get(target: { id: string }, path: string, accept = 'application/json') {
  return request(server.url)
    .get(`/api/v1/containers/${target.id}/${path}`)
    .set({ ...server.headers, accept });
}

function watch(target: { id: string }, query = 'options=tuwan&intervalMs=100'): Promise<StreamClient> {
  const url = `${server.url}/api/v1/containers/${target.id}/netstat?${query}`;
  return connectStream({ after }, url, { headers: { ...server.headers } });
}

const ports = (client: StreamClient) => client.data?.sockets.map(({ local }: Frame) => local.port) ?? [];

/** Full ids of the app's probes; other servers may have theirs on the same engine. */
function listProbes({ serverId }: RunningApp): Promise<string[]> {
  return listContainerIds('io.terrarium.role=probe', `io.terrarium.server=${serverId}`);
}

/** The only probe of an app that observes by one. */
async function findProbe(app: RunningApp): Promise<string> {
  for (const mirror of app.app.services.catalogue.mirrors)
    assert.deepEqual(app.app.services.observation.observerOf(mirror), { via: 'probe', reason: null });
  const [probe, ...others] = await listProbes(app);
  assert.deepEqual(others, []);
  return probe ?? assert.fail('no probe');
}

/** Sockets of every kind and family, in many states, and all of them quiet. A new address cannot be bound at once. */
const busyLine = `
  httpd -p 80; httpd -p 127.0.0.1:23; ip addr add 2001:db8:1234:5678:9abc:def0:1234:5678/64 dev lo
  until httpd -p [2001:db8:1234:5678:9abc:def0:1234:5678]:8080; do sleep 0.1; done
  (sleep 3600 | nc 127.0.0.1 80) & (sleep 3600 | nc ::1 80) &
  (sleep 3600 | nc 2001:db8:1234:5678:9abc:def0:1234:5678 8080) &
  ping -i 3600 127.0.0.1 >/dev/null &
  syslogd -n -R 127.0.0.1:5514 -O /dev/null & sleep 0.2; logger one
  exec sleep 3600`;

async function makeBusyTarget(): Promise<Target> {
  const target = await makeTarget({ after }, server, {
    body: { Cmd: ['sh', '-c', busyLine], HostConfig: { CapAdd: ['NET_ADMIN'], Sysctls: ipv6 } },
  });
  await waitFor(
    async (see) => {
      const text = await target.run('netstat -tuwan');
      // A message that came before its daemon did is lost.
      if (!text.includes('\nudp ')) await target.run('logger one; true');
      return (
        see(text.match(/ESTABLISHED/g)?.length ?? 0) === 6 &&
        see(text).includes('\nudp ') &&
        see(text).includes('\nraw ')
      );
    },
    { what: 'the sockets to be there' },
  );
  return target;
}

const ipv6 = { 'net.ipv6.conf.all.disable_ipv6': '0' };

test('netstat as text is byte for byte what the real program prints, for every choice of letters', async () => {
  const target = await makeBusyTarget();
  for (const protocols of ['', 't', 'u', 'w', 'tu', 'tw', 'uw', 'tuw']) {
    for (const shown of ['', 'l', 'a']) {
      const letters = protocols + shown;
      const { status, text } = await get(target, `netstat?options=${letters}`, 'text/plain');
      assert.equal(status, 200);
      assert.equal(text, await target.run(`netstat -${parseNetstatOptions(letters)}`), letters);
    }
  }
  assert.deepEqual(await listHelpers(target), [], 'no helper looks at sockets');
});

test('netstat as JSON is what the container itself reads, with the inode of its namespace', async () => {
  const target = await makeBusyTarget();
  const askedAt = Date.now();
  const { body } = await get(target, 'netstat');
  const answeredAt = Date.now();
  assert.equal(`net:[${body.namespace.inode}]`, (await target.run('readlink /proc/self/ns/net')).trim());
  const rows = (await target.run('netstat -tuwan')).split('\n').length - 3;
  assert.equal(body.sockets.length, rows);
  const open = new Set((await target.run('ls -l /proc/[0-9]*/fd 2>/dev/null; true')).match(/socket:\[\d+\]/g));
  for (const { id } of body.sockets) assert.ok(open.has(`socket:[${id.split('/')[1]}]`), id);
  const readAt = Date.parse(body.asOf);
  assert.ok(readAt >= askedAt - 5 && readAt <= answeredAt + 5, `read at ${readAt}, asked at ${askedAt}`);
});

test('one probe for all, without a right that it does not need, and none when nobody has looked for a while', async () => {
  const app = await startApp({ after });
  const targets = await Promise.all([1, 2, 3].map(() => makeTarget({ after }, app)));
  const look = () =>
    Promise.all(
      targets.map(({ id }) => request(app.url).get(`/api/v1/containers/${id}/netstat`).set(app.headers).expect(200)),
    );
  assert.deepEqual(await listProbes(app), []);
  await look();
  const { Config, HostConfig, Image, Mounts } = await inspectContainer(await findProbe(app));
  assert.equal(Config.User, '65534:65534');
  assert.equal(HostConfig.PidMode, 'host');
  assert.equal(HostConfig.NetworkMode, 'none');
  assert.deepEqual(HostConfig.CapDrop, ['ALL']);
  assert.equal(HostConfig.CapAdd, null);
  assert.equal(HostConfig.Privileged, false);
  assert.equal(HostConfig.ReadonlyRootfs, true);
  // The engine adds label=disable to whatever shares the host's processes.
  assert.deepEqual(
    HostConfig.SecurityOpt.filter((option: string) => option !== 'label=disable'),
    ['no-new-privileges'],
  );
  assert.equal(HostConfig.LogConfig.Type, 'none');
  assert.equal(HostConfig.AutoRemove && Config.OpenStdin && Config.StdinOnce && !Config.Tty, true);
  assert.ok(HostConfig.Memory > 0 && HostConfig.PidsLimit > 0 && HostConfig.CpuQuota > 0);
  assert.deepEqual(
    Mounts.map(({ Type, Source, Destination, RW }: Frame) => [Type, Source, Destination, RW]),
    [['bind', '/sys/fs/cgroup', '/sys/fs/cgroup', false]],
  );
  assert.equal(Config.Image, Image, 'pinned by id');
  await waitFor(async (see) => see(await listProbes(app)).length === 0, { what: 'the probe to go after its grace' });
  await look();
  assert.equal((await listProbes(app)).length, 1);
  await app.close();
  assert.deepEqual(await listProbes(app), [], 'a server that closes leaves none');
});

test('what is idle is not read again, and what happens within one tick is seen', async () => {
  // Without an init, which wakes up each second, and without a bridge, whose others' packets arrive.
  const target = await makeTarget({ after }, server, { body: { HostConfig: { Init: false, NetworkMode: 'none' } } });
  await target.run('httpd -p 1111');
  const walks = () => server.app.services.observation.probeNumbers().reduce((sum, one) => sum + one.walks, 0);
  const client = await watch(target);
  await client.until('the listener', () => ports(client).includes(1111));
  // Nothing else is watched: in many ticks there is not a read.
  await waitFor(
    async (see) => {
      const before = walks();
      await letTimePass(1_000, 'ten ticks, in which nothing may be read');
      return see(walks()) === before;
    },
    { what: 'reads to end' },
  );
  // The number of sockets does not change, so only the CPU time of the container shows that something happened. A later test of this file requires that no
  // forced read found a change.
  for (let port = 2000; port < 2010; port += 1) {
    await target.run(`kill $(pidof httpd); httpd -p ${port}`);
    await client.until(`port ${port}`, () => ports(client).includes(port) && !ports(client).includes(port - 1));
  }
  await client.close();
});

test('while nothing moves watchers are told nothing, and who comes then is told by when it was still so', async () => {
  const target = await makeTarget({ after }, server);
  const first = await watch(target);
  await first.until('a snapshot', ({ data }) => data);
  for (let round = 0; round < 5; round += 1) {
    const before = Date.now();
    await waitFor(
      async (see) => {
        const newcomer = await watch(target);
        await newcomer.until('a snapshot', ({ data }) => data);
        await newcomer.close();
        const told = newcomer.of('snapshot')[0];
        return [told?.at, told?.data.asOf].every((at) => see(Date.parse(at)) > before);
      },
      { what: `round ${round}: a newcomer to be told that it was still so after ${before}` },
    );
  }
  assert.equal(first.of('snapshot').length + first.of('delta').length, 1);
});

test('a container that is renamed while nothing moves is shown by its new name', async () => {
  const target = await makeTarget({ after }, server);
  const client = await watch(target);
  await client.until('a snapshot', ({ data }) => data);
  await letTimePass(500, 'several ticks in which nothing moves, so that nothing is read any more');
  const renamed = `${target.name}-renamed`;
  after(() => removeContainer(renamed));
  await callDocker('POST', `/containers/${target.id}/rename?name=${renamed}`);
  await client.until('the new name', ({ data }) => data?.container.name === renamed);
});

test('a container that joins is seen by what it does there', async () => {
  const target = await makeTarget({ after }, server);
  const client = await watch(target);
  await client.until('a snapshot', ({ data }) => data);
  const joined = await createTestContainer(
    { after },
    { body: { Cmd: ['httpd', '-f', '-p', '81'], HostConfig: { NetworkMode: `container:${target.id}` } } },
  );
  await client.until('its listener', () => ports(client).includes(81));
  const { body } = await get(joined, 'netstat?options=tl');
  assert.deepEqual(
    body.sockets.map(({ local }: Frame) => local.port),
    [81],
  );
  await client.close();
});

test('the host, a paused container, and one without a shell are looked into as well', async () => {
  const host = await makeTarget({ after }, server, { body: { HostConfig: { NetworkMode: 'host' } } });
  const { body } = await get(host, 'netstat?options=tl');
  assert.equal(body.namespace.id, 'local~host');
  assert.equal(`net:[${body.namespace.inode}]`, (await host.run('readlink /proc/self/ns/net')).trim());
  const inside = (await host.run('netstat -tln')).split('\n').slice(2, -1);
  assert.ok(body.sockets.length > 0 && Math.abs(body.sockets.length - inside.length) <= 3, 'others listen there too');
  const paused = await makeTarget({ after }, server, { body: { Cmd: ['httpd', '-f', '-p', '83'] } });
  await waitFor(async (see) => see(await paused.run('netstat -tln')).includes(':83 '), { what: 'it to listen' });
  await callDocker('POST', `/containers/${paused.id}/pause`);
  const seen = await get(paused, 'netstat?options=tl');
  await callDocker('POST', `/containers/${paused.id}/unpause`);
  assert.deepEqual(
    seen.body.sockets.map(({ local }: Frame) => local.port),
    [83],
  );
});

test('a probe that is killed is replaced, and the watchers need do nothing', async () => {
  const app = await startApp({ after });
  const target = await makeTarget({ after }, app);
  const url = `${app.url}/api/v1/containers/${target.id}/netstat?options=tl&intervalMs=100`;
  const stream = await connectStream({ after }, url, { headers: { ...app.headers } });
  await stream.until('a snapshot', ({ data }) => data);
  const probe = await findProbe(app);
  await callDocker('POST', `/containers/${probe}/kill`);
  await target.run('httpd -p 82');
  await stream.until('the listener', () => ports(stream).includes(82));
  assert.deepEqual([...new Set(stream.states)], ['live']);
  const next = await findProbe(app);
  assert.notEqual(next, probe);
  await stream.close();
  // Who comes when it has just ended is answered all the same.
  await callDocker('POST', `/containers/${next}/kill`);
  const other = await makeTarget({ after }, app);
  const look = await fetch(`${app.url}/api/v1/containers/${other.id}/netstat`, app);
  assert.equal(look.status, 200);
});

test('an engine that refuses a probe is observed by helpers, and says why', async () => {
  const relay = await startEngineRelay({ after });
  const app = await startApp({ after }, { env: { DOCKER_HOST: relay.endpoint } });
  const target = await makeTarget({ after }, app);
  const words = 'cannot share the host PID namespace when user namespaces are enabled';
  relay.answerNext(/containers\/create\?name=terrarium-probe-/, 400, words);
  // The relay passes no attach on, so the helper that is tried next cannot look either: who is tried is what matters here.
  await request(app.url).get(`/api/v1/containers/${target.id}/netstat`).set(app.headers);
  const { body } = await request(app.url).get('/api/v1/engines/local').set(app.headers);
  assert.equal(body.capabilities.observer.via, 'helper');
  assert.match(body.capabilities.observer.reason, new RegExp(words));
});

test('metrics tell what the probe does', async () => {
  const { text } = await request(server.url).get('/metrics').set(server.headers);
  assert.match(text, /^terrarium_probe_walks_total [1-9]/m);
  assert.match(text, /^terrarium_probe_cpu_seconds_total 0\.\d*[1-9]/m);
  assert.match(text, /^terrarium_probe_forced_changes_total 0$/m);
});

test('engines say by what they are observed', async () => {
  const { body } = await request(server.url).get('/api/v1/engines/local').set(server.headers);
  assert.deepEqual(body.capabilities.observer, { available: true, via: 'probe', reason: null });
});
