// Host, Origin and CORS: which names and pages may use the server, spelled in every way.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { startApp } from '../support/app.ts';
import { send, upgradeHeaders } from '../support/raw-http.ts';

const running = await startApp(
  { after },
  {
    env: {
      TERRARIUM_ALLOWED_HOSTS: 'Lab.Example,proxy.example:8443,[2001:db8::5]',
      TERRARIUM_ALLOWED_ORIGINS: 'https://lab.example,http://localhost:5173',
    },
  },
);
const { port } = new URL(running.url);

async function codeFor(
  headers: Record<string, string>,
  { method = 'POST', path = '/api/v1/tickets' } = {},
): Promise<string> {
  const { status, body } = await send(running.url, { method, path, headers: { ...running.headers, ...headers } });
  return status < 300 ? 'ok' : body.code;
}

test('hosts: this machine, the listening address and the configured names, however they are spelled', async () => {
  const allowed = [
    `127.0.0.1:${port}`,
    `localhost:${port}`,
    `LocalHost:${port}`,
    `localhost.:${port}`,
    `[::1]:${port}`,
    `[0:0:0:0:0:0:0:1]:${port}`,
    // A tunnel or a mapped port has another number at its other end.
    'localhost',
    '127.0.0.1:9999',
    'lab.example',
    'LAB.example:1234',
    'lab.example.',
    'proxy.example:8443',
    '[2001:db8:0::5]:80',
  ];
  for (const host of allowed) assert.equal(await codeFor({ host }), 'ok', host);
});

test('hosts: everything else is refused', async () => {
  const refused = [
    'rebound.example',
    `rebound.example:${port}`,
    'localhost.rebound.example',
    '127.0.0.1.rebound.example',
    `rebound.example@127.0.0.1:${port}`,
    '127.0.0.1/',
    '127.0.0.1:0',
    '127.0.0.1:port',
    '127.0.0.2',
    '0.0.0.0',
    '[::]',
    '::1',
    'proxy.example',
    'proxy.example:443',
    'sub.lab.example',
    'localhost, lab.example',
  ];
  for (const host of refused) assert.equal(await codeFor({ host }), 'host_not_allowed', JSON.stringify(host));
});

test('hosts: listening on every address is no name', async (t) => {
  const open = await startApp(t, { env: { TERRARIUM_HOST: '0.0.0.0', TERRARIUM_ALLOWED_HOSTS: 'lab.example' } });
  const ask = (host: string) => send(open.url, { path: '/healthz', headers: { host } });
  for (const host of ['0.0.0.0', '[::]', '0', '0x0.0.0.0']) assert.equal((await ask(host)).status, 403, host);
  for (const host of ['lab.example', '127.0.0.1']) assert.equal((await ask(host)).status, 200, host);
});

test('origins: the page that this server served, and configured ones, to scheme, host and port', async () => {
  const own = `http://127.0.0.1:${port}`;
  assert.equal(await codeFor({}), 'ok', 'no Origin: not a browser');
  for (const origin of [
    own,
    own.toUpperCase(),
    'https://lab.example',
    'HTTPS://LAB.EXAMPLE:443',
    'http://localhost:5173',
  ])
    assert.equal(await codeFor({ origin }), 'ok', origin);
  const refused = [
    'null',
    '',
    `https://127.0.0.1:${port}`,
    'http://127.0.0.1',
    `http://127.0.0.1:${Number(port) + 1}`,
    // Another address of the same machine may be another program.
    `http://localhost:${port}`,
    `${own}/`,
    `${own}, ${own}`,
    `http://user@127.0.0.1:${port}`,
    'http://lab.example',
    'https://lab.example:8443',
    'https://sub.lab.example',
    'https://lab.example.evil.example',
    'file://',
    'chrome-extension://abc',
  ];
  for (const origin of refused) assert.equal(await codeFor({ origin }), 'origin_not_allowed', JSON.stringify(origin));
});

test('origins: a page loaded by another allowed name is its own, and no other name', async () => {
  assert.equal(await codeFor({ host: 'lab.example:8080', origin: 'http://lab.example:8080' }), 'ok');
  assert.equal(await codeFor({ host: 'lab.example:8080', origin: 'http://lab.example:9090' }), 'origin_not_allowed');
  assert.equal(await codeFor({ host: 'localhost', origin: 'http://localhost' }), 'ok');
  assert.equal(await codeFor({ host: 'localhost:80', origin: 'http://localhost' }), 'ok');
});

test('origins count for upgrades too, though they are GETs', async () => {
  const upgrade = { method: 'GET', path: '/api/v1/containers/nothing-here/netstat' };
  const foreign = { ...upgradeHeaders, origin: `http://127.0.0.1:${Number(port) + 1}` };
  assert.equal(await codeFor(foreign, upgrade), 'origin_not_allowed');
  assert.equal(await codeFor({ ...upgradeHeaders, origin: 'null' }, upgrade), 'origin_not_allowed');
  assert.equal(await codeFor({ ...upgradeHeaders, origin: running.url }, upgrade), 'container_not_found');
});

test('a page elsewhere gets no CORS header, and a configured one gets what it needs', async () => {
  const preflight = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type',
  };
  const ask = (origin: string) =>
    send(running.url, { method: 'OPTIONS', path: '/api/v1/tickets', headers: { origin, ...preflight } });

  const allowed = await ask('https://lab.example');
  assert.equal(allowed.status, 204);
  assert.equal(allowed.headers['access-control-allow-origin'], 'https://lab.example');
  assert.match(String(allowed.headers['access-control-allow-headers']), /Authorization/);
  assert.equal(allowed.headers['access-control-allow-credentials'], undefined);
  const read = await send(running.url, {
    path: '/api/v1/engines',
    headers: { ...running.headers, origin: 'https://lab.example' },
  });
  assert.equal(read.headers['access-control-allow-origin'], 'https://lab.example');

  for (const origin of ['https://evil.example', running.url, 'null'])
    assert.equal((await ask(origin)).headers['access-control-allow-origin'], undefined, origin);
  const foreignRead = await send(running.url, { path: '/healthz', headers: { origin: 'https://evil.example' } });
  assert.equal(foreignRead.headers['access-control-allow-origin'], undefined);
  assert.equal(foreignRead.headers['cross-origin-resource-policy'], 'same-origin');
});
