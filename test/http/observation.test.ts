// One look at a container's network over HTTP, held against what the container itself shows.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import request from 'supertest';
import { parseNetstatOptions } from '../../src/domain/observation/netstat-options.ts';
import { startApp } from '../support/app.ts';
import { callDocker, createTestNetwork, inspectContainer } from '../support/engine.ts';
import { listHelpers, makeTarget, type Target } from '../support/observed.ts';
import type { Frame } from '../support/stream-client.ts';
import { waitFor } from '../support/wait-for.ts';

const server = await startApp({ after }, { env: { TERRARIUM_OBSERVER: 'helper' } });

function get(target: { id: string }, path: string, accept = 'application/json') {
  return request(server.url)
    .get(`/api/v1/containers/${target.id}${path === '' ? '' : `/${path}`}`)
    .set({ ...server.headers, accept });
}

/** Sockets of every kind, and all of them quiet. */
const busyLine = `
  httpd -p 80; httpd -p 127.0.0.1:23
  (sleep 3600 | nc 127.0.0.1 80) & (sleep 3600 | nc ::1 80) &
  ping -i 3600 127.0.0.1 >/dev/null &
  syslogd -n -R 127.0.0.1:5514 -O /dev/null & sleep 0.2; logger one
  exec sleep 3600`;

async function makeBusyTarget(): Promise<Target> {
  const target = await makeTarget({ after }, server, { body: { Cmd: ['sh', '-c', busyLine] } });
  await waitFor(
    async (see) => {
      const text = await target.run('netstat -tuwan');
      return (
        see(text.match(/ESTABLISHED/g)?.length ?? 0) === 4 &&
        see(text).includes('\nudp ') &&
        see(text).includes('\nraw ')
      );
    },
    { what: 'the sockets to be there' },
  );
  return target;
}

test('netstat as JSON is what the container itself reads', async () => {
  const target = await makeBusyTarget();
  const askedAt = Date.now();
  const { status, body, headers } = await get(target, 'netstat');
  assert.equal(status, 200);
  assert.match(headers['content-type'] ?? '', /^application\/json/);
  assert.deepEqual(body.container, { id: target.id, name: target.name });
  const { State } = await inspectContainer(target.id);
  assert.equal(body.namespace.id, `local~${target.id}~${State.StartedAt}`);
  assert.equal(`net:[${body.namespace.inode}]`, (await target.run('readlink /proc/self/ns/net')).trim());
  const shown = await get(target, '');
  assert.equal(shown.body.namespace.inode, body.namespace.inode, 'once seen, the inode is shown with the container');
  assert.equal(body.truncated, false);
  const readAt = Date.parse(body.asOf);
  assert.ok(readAt >= askedAt - 5 && readAt <= Date.now() + 5, `read at ${readAt}, asked at ${askedAt}`);

  // Row for row as the text has them, in its order.
  const spell = ({ address, port }: Frame) => `${address}:${port === 0 ? '*' : port}`;
  const rows = body.sockets.map((socket: Frame) =>
    [
      socket.protocol.replace('6', ''),
      socket.recvQ,
      socket.sendQ,
      spell(socket.local),
      spell(socket.remote),
      socket.state ?? '-',
    ].join(' '),
  );
  const text = await target.run('netstat -tuwan');
  const printed = text
    .split('\n')
    .slice(2, -1)
    .map((line) => {
      const [protocol, recvQ, sendQ, local, remote, state = '-'] = line.trim().split(/\s+/);
      return [protocol, recvQ, sendQ, local, remote, protocol === 'raw' ? '-' : state].join(' ');
    });
  assert.deepEqual(rows, printed);
  assert.ok(rows.length >= 8, text);

  // The ids hold the inodes that the processes have open.
  const open = new Set((await target.run('ls -l /proc/[0-9]*/fd 2>/dev/null; true')).match(/socket:\[\d+\]/g));
  for (const { id } of body.sockets) assert.ok(open.has(`socket:[${id.split('/')[1]}]`), id);
});

test('netstat as text is byte for byte what the real program prints, for every choice of letters', async () => {
  const target = await makeBusyTarget();
  for (const protocols of ['', 't', 'u', 'w', 'tu', 'tw', 'uw', 'tuw']) {
    for (const shown of ['', 'l', 'a']) {
      const letters = protocols + shown;
      const { status, text, headers } = await get(target, `netstat?options=${letters}`, 'text/plain');
      assert.equal(status, 200);
      assert.match(headers['content-type'] ?? '', /^text\/plain/);
      assert.equal(text, await target.run(`netstat -${parseNetstatOptions(letters)}`), letters);
    }
  }
  // JSON shows the rows of the same letters.
  for (const letters of ['tl', 'u', 'wa', 't', '']) {
    const { body } = await get(target, `netstat?options=${letters}`);
    const text = await target.run(`netstat -${parseNetstatOptions(letters)}`);
    assert.equal(body.sockets.length, text.split('\n').length - 3, letters);
  }
  assert.equal((await listHelpers(target)).length, 1, 'whoever polls finds the helper that is there');
});

test('ifconfig as text is byte for byte what the real program prints, with and without all', async () => {
  const network = await createTestNetwork({ after });
  const target = await makeTarget({ after }, server, {
    body: { HostConfig: { NetworkMode: network.name, CapAdd: ['NET_ADMIN'] } },
  });
  await target.run('ip link add spare type veth; ip addr add 10.9.9.7/24 brd + label eth0:1 dev eth0');
  for (const [query, command] of [
    ['', 'ifconfig'],
    ['?all=false', 'ifconfig'],
    ['?all=true', 'ifconfig -a'],
  ] as const) {
    // Nobody can keep a bridge from sending a packet: what the program prints before and after has to be the same.
    const { text, printed } = await waitFor(
      async (see) => {
        const earlier = see(await target.run(command));
        const { text } = await get(target, `ifconfig${query}`, 'text/plain');
        return earlier === see(await target.run(command)) && { text, printed: earlier };
      },
      { what: `a quiet moment of ${command}` },
    );
    assert.equal(text, printed);
  }
  const { body } = await get(target, 'ifconfig');
  assert.equal(body.interfaces.length, 4, 'two ends of a veth that are DOWN, and no alias');
  const eth0 = body.interfaces.find(({ name }: Frame) => name === 'eth0');
  assert.equal(eth0.ipv4.length, 2);
  assert.deepEqual(eth0.ipv4[1], { address: '10.9.9.7', prefix: 24, broadcast: '10.9.9.255' });
  assert.ok(!body.interfaces.find(({ name }: Frame) => name === 'spare').flags.includes('UP'));
});

test('ifconfig as JSON is what the engine says it gave', async () => {
  const network = await createTestNetwork({ after });
  const target = await makeTarget({ after }, server, {
    body: { HostConfig: { NetworkMode: network.name, Dns: ['192.0.2.53'], DnsSearch: ['lab.test'] } },
  });
  const neighbour = await makeTarget({ after }, server, { body: { HostConfig: { NetworkMode: network.name } } });
  const endpoint = async ({ id }: Target) => (await inspectContainer(id)).NetworkSettings.Networks[network.name];
  const own = await endpoint(target);
  const other = await endpoint(neighbour);
  await target.run(`ping -c 1 ${other.IPAddress}`);

  const { body } = await get(target, 'ifconfig');
  const [eth0, lo] = body.interfaces;
  assert.equal(eth0.mac, own.MacAddress);
  assert.equal(eth0.mtu, 1500);
  assert.deepEqual(eth0.flags.sort(), ['BROADCAST', 'MULTICAST', 'RUNNING', 'UP']);
  assert.equal(eth0.ipv4[0].address, own.IPAddress);
  assert.equal(eth0.ipv4[0].prefix, own.IPPrefixLen);
  assert.ok(eth0.rx.packets > 0 && eth0.tx.bytes > 0);
  assert.deepEqual([lo.name, lo.mac, lo.ipv4], ['lo', null, [{ address: '127.0.0.1', prefix: 8, broadcast: null }]]);
  const fallback = body.routes.find(({ prefix }: Frame) => prefix === 0);
  assert.deepEqual([fallback.destination, fallback.gateway, fallback.interface], ['0.0.0.0', own.Gateway, 'eth0']);
  const seen = body.neighbours.find(({ address }: Frame) => address === other.IPAddress);
  assert.equal(seen?.mac, other.MacAddress);
  assert.deepEqual(body.dns.nameservers, ['127.0.0.11'], "the engine's own resolver");
  assert.deepEqual(body.dns.search, ['lab.test']);
});

test('rates are 0 at first, and then what flows', async () => {
  const network = await createTestNetwork({ after });
  const target = await makeTarget({ after }, server, { body: { HostConfig: { NetworkMode: network.name } } });
  const first = await get(target, 'ifconfig');
  for (const one of first.body.interfaces) assert.equal(one.rx.bytesPerSecond, 0);
  await target.run('ping -c 3 -i 0.2 -s 1000 127.0.0.1');
  const { body } = await get(target, 'ifconfig');
  const lo = body.interfaces.find(({ name }: Frame) => name === 'lo');
  assert.ok(lo.rx.bytesPerSecond > 0 && lo.tx.packetsPerSecond > 0, JSON.stringify(lo));
});

test('a socket is seen by the first look after it was opened', async () => {
  const target = await makeTarget({ after }, server);
  for (const port of [1001, 1002, 1003]) {
    await target.run(`httpd -p ${port}`);
    const { body } = await get(target, 'netstat?options=tl');
    assert.ok(
      body.sockets.some(({ local }: Frame) => local.port === port),
      `port ${port}`,
    );
  }
});

test('many looks at once are one reading, and none is older than its question', async () => {
  const target = await makeTarget({ after }, server);
  const askedAt = Date.now();
  const answers = await Promise.all(Array.from({ length: 30 }, () => get(target, 'netstat')));
  const times = new Set(answers.map(({ body }) => body.asOf));
  assert.ok(times.size <= 3, `${times.size} readings`);
  for (const time of times) assert.ok(Date.parse(time) >= askedAt - 5);
  assert.equal((await listHelpers(target)).length, 1);
});

test('a container that does not run is refused, and so is one that is not there', async () => {
  const target = await makeTarget({ after }, server, { start: false });
  for (const [path, accept] of [
    ['netstat', 'application/json'],
    ['ifconfig', 'text/plain'],
    ['netstat', 'application/x-ndjson'],
  ] as const) {
    const { status, body } = await get(target, path, accept);
    assert.deepEqual([status, body.code], [409, 'container_not_running']);
    assert.match(body.detail, /created/);
  }
  const absent = await get({ id: 'no-such-container' }, 'netstat');
  assert.deepEqual([absent.status, absent.body.code], [404, 'container_not_found']);
  assert.deepEqual(await listHelpers(target), []);
});

test('what is asked wrongly is refused by name', async () => {
  const target = await makeTarget({ after }, server, { start: false });
  for (const [path, field] of [
    ['netstat?options=tx', 'options'],
    ['netstat?options=-tan', 'options'],
    ['netstat?options=t;reboot', 'options'],
    [`netstat?options=${'t'.repeat(33)}`, 'options'],
    ['netstat?options=t&options=u', 'options'],
    ['netstat?all=true', 'all'],
    ['ifconfig?all=yes', 'all'],
    ['ifconfig?options=tan', 'options'],
    ['ifconfig?intervalMs=99', 'intervalMs'],
    ['ifconfig?intervalMs=60001', 'intervalMs'],
    ['ifconfig?intervalMs=soon', 'intervalMs'],
    ['ifconfig?intervalMs=1e3', 'intervalMs'],
    ['netstat?format=xml', 'format'],
    ['netstat?format=json', 'format'],
    ['netstat?intervalMs=1000', 'intervalMs'],
  ] as const) {
    const { status, body } = await get(target, path);
    assert.deepEqual([status, body.code, body.field], [400, 'invalid_request', field], path);
  }
  const engine = await get(target, 'netstat?engine=nowhere');
  assert.deepEqual([engine.status, engine.body.code], [404, 'engine_not_found']);
  const html = await get(target, 'netstat', 'text/html');
  assert.deepEqual([html.status, html.body.code], [406, 'not_acceptable']);
  const post = await request(server.url).post(`/api/v1/containers/${target.id}/netstat`).set(server.headers);
  assert.equal(post.status, 404);
  const anonymous = await request(server.url).get(`/api/v1/containers/${target.id}/netstat`);
  assert.equal(anonymous.status, 401);
});

test('the helper has no right that it does not need', async () => {
  const target = await makeTarget({ after }, server);
  await get(target, 'netstat');
  const [id = ''] = await listHelpers(target);
  const { Config, HostConfig, Image, Mounts } = await inspectContainer(id);
  assert.equal(Config.User, '65534:65534');
  assert.deepEqual(HostConfig.CapDrop, ['ALL']);
  assert.equal(HostConfig.CapAdd, null);
  assert.equal(HostConfig.Privileged, false);
  assert.equal(HostConfig.ReadonlyRootfs, true);
  assert.deepEqual(HostConfig.SecurityOpt, ['no-new-privileges']);
  assert.equal(HostConfig.LogConfig.Type, 'none');
  assert.equal(HostConfig.AutoRemove, true);
  assert.equal(HostConfig.PidMode, '');
  assert.ok(HostConfig.Memory > 0 && HostConfig.PidsLimit > 0 && HostConfig.CpuQuota > 0);
  assert.deepEqual(Mounts, []);
  assert.equal(Config.OpenStdin && Config.StdinOnce && !Config.Tty, true);
  assert.equal(Config.Labels['io.terrarium.managed'], undefined);
  const { Id } = await callDocker('GET', '/images/busybox:latest/json');
  assert.equal(Image, Id);
  assert.equal(Config.Image, Id, 'pinned by id');
});
