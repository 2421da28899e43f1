// Pages of other origins at WebSockets, tickets used twice, tokens in URLs, and requests that two programs could read in two ways: on the real server,
// byte for byte.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { startApp } from '../support/app.ts';
import { exchange } from '../support/raw-exchange.ts';
import { send, upgradeHeaders } from '../support/raw-http.ts';

const running = await startApp({ after });
const { host, port } = new URL(running.url);
const sockets = running.app.routeTable
  .filter(({ websocket, method }) => websocket && method === 'GET')
  .map(({ url }) => url.replaceAll(/:\w+/g, 'no-such-thing'));

const issueTicket = async () =>
  (await send(running.url, { method: 'POST', path: '/api/v1/tickets', headers: running.headers })).body
    .ticket as string;

test('a page of another origin opens no WebSocket, with or without a right ticket, and uses up none', async () => {
  assert.ok(sockets.length >= 5);
  const ticket = await issueTicket();
  const foreign = [
    'https://evil.example',
    `http://127.0.0.1:${Number(port) + 1}`,
    'http://127.0.0.1',
    `https://${host}`,
    `http://localhost:${port}`,
    `http://${host}.evil.example`,
    `http://evil.example/${host}`,
    `http://${host}@evil.example`,
    'null',
    'file://',
    'about:blank',
    'chrome-extension://abcdefgh',
    '',
    '*',
  ];
  for (const path of sockets) {
    for (const origin of foreign) {
      const { status, body } = await send(running.url, {
        path: `${path}?ticket=${ticket}`,
        headers: { ...upgradeHeaders, origin },
      });
      assert.deepEqual([status, body?.code], [403, 'origin_not_allowed'], `${path} from ${origin}`);
    }
    const byToken = { ...upgradeHeaders, ...running.headers, origin: 'https://evil.example' };
    assert.equal((await send(running.url, { path, headers: byToken })).status, 403, path);
    const rebound = { ...upgradeHeaders, origin: 'http://rebound.example', host: 'rebound.example' };
    const answer = await send(running.url, { path: `${path}?ticket=${ticket}`, headers: rebound });
    assert.deepEqual([answer.status, answer.body.code], [403, 'host_not_allowed'], path);
  }
  const own = { ...upgradeHeaders, origin: running.url };
  const path = `/api/v1/stream?ticket=${ticket}`;
  assert.equal((await send(running.url, { path, headers: own })).status, 101, 'none of those used it up');
  assert.equal((await send(running.url, { path, headers: own })).status, 401);
});

test('of many who use one ticket at once exactly one gets in', async () => {
  for (let round = 0; round < 5; round += 1) {
    const ticket = await issueTicket();
    const path = `/api/v1/stream?ticket=${ticket}`;
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => send(running.url, { path, headers: { ...upgradeHeaders } })),
    );
    const statuses = answers.map(({ status }) => status).sort();
    assert.equal(statuses.filter((status) => status === 101).length, 1, String(statuses));
    assert.ok(
      statuses.every((status) => [101, 401, 429].includes(status)),
      String(statuses),
    );
  }
});

test('a token in the URL is refused by every route, and told to nobody', async () => {
  for (const { method, url } of running.app.routeTable) {
    const path = url.replaceAll(/:\w+/g, 'no-such-thing');
    for (const name of ['token', 'access_token']) {
      const answer = await send(running.url, {
        method,
        path: `${path}?${name}=${running.token}`,
        headers: { ...running.headers },
      });
      assert.equal(answer.status, 400, `${method} ${path}`);
      assert.ok(!answer.text.includes(running.token));
    }
  }
  for (const path of sockets)
    assert.equal(
      (await send(running.url, { path: `${path}?token=${running.token}`, headers: { ...upgradeHeaders } })).status,
      400,
    );
});

test('who guesses login codes is slowed down, also beside somebody who is known at the address', async (t) => {
  const { url, headers } = await startApp(t);
  assert.equal((await send(url, { path: '/api/v1/engines', headers })).status, 200);
  const guess = (code: string) => send(url, { method: 'POST', path: '/api/v1/login', body: { code } });
  const statuses: number[] = [];
  for (let count = 0; count < 14; count += 1) statuses.push((await guess(`guess-${count}`)).status);
  assert.deepEqual(statuses, [...Array.from({ length: 10 }, () => 401), 429, 429, 429, 429]);
  // Who is known there is not locked out.
  const { body } = await send(url, { method: 'POST', path: '/api/v1/login-codes', headers });
  assert.equal((await guess(body.code)).status, 200);
});

const authorization = `Authorization: ${running.headers.authorization}\r\n`;
const inner = `GET /api/v1/engines HTTP/1.1\r\nHost: ${host}\r\n${authorization}\r\n`;

/** What proxies and servers have read differently (RFC 9112 §11.2): each with a second request hidden in it. */
const smuggled: Record<string, string> = {
  'both lengths': `POST /api/v1/tickets HTTP/1.1\r\nHost: ${host}\r\n${authorization}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
  'two lengths': `POST /api/v1/tickets HTTP/1.1\r\nHost: ${host}\r\n${authorization}Content-Length: 0\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
  'two lengths in one': `POST /api/v1/tickets HTTP/1.1\r\nHost: ${host}\r\n${authorization}Content-Length: 0, ${inner.length}\r\n\r\n${inner}`,
  'a signed length': `POST /api/v1/tickets HTTP/1.1\r\nHost: ${host}\r\n${authorization}Content-Length: +0\r\n\r\n${inner}`,
  'a negative length': `POST /api/v1/tickets HTTP/1.1\r\nHost: ${host}\r\n${authorization}Content-Length: -1\r\n\r\n${inner}`,
  'a hexadecimal length': `POST /api/v1/tickets HTTP/1.1\r\nHost: ${host}\r\n${authorization}Content-Length: 0x0\r\n\r\n${inner}`,
  'a length beyond all': `POST /api/v1/tickets HTTP/1.1\r\nHost: ${host}\r\n${authorization}Content-Length: 18446744073709551617\r\n\r\n${inner}`,
  'an encoding that is not the last': `POST /api/v1/tickets HTTP/1.1\r\nHost: ${host}\r\n${authorization}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${inner}`,
  'an unknown encoding': `POST /api/v1/tickets HTTP/1.1\r\nHost: ${host}\r\n${authorization}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${inner}`,
  'a blank before the colon': `POST /api/v1/tickets HTTP/1.1\r\nHost: ${host}\r\n${authorization}Content-Length : 5\r\n\r\n12345${inner}`,
  'a folded line': `POST /api/v1/tickets HTTP/1.1\r\nHost: ${host}\r\n${authorization}X-Folded: a\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
  'a line that begins blank': `POST /api/v1/tickets HTTP/1.1\r\n Host: ${host}\r\nHost: ${host}\r\n${authorization}\r\n${inner}`,
  'lines that end with LF': `POST /api/v1/tickets HTTP/1.1\nHost: ${host}\n${authorization.replace('\r', '')}\n${inner}`,
  'a line that ends with CR': `POST /api/v1/tickets HTTP/1.1\r\nHost: ${host}\rX: y\r\n${authorization}\r\n${inner}`,
  'a NUL in a header': `POST /api/v1/tickets HTTP/1.1\r\nHost: ${host}\r\n${authorization}X: a\0b\r\n\r\n${inner}`,
  'a chunk of no size': `POST /api/v1/tickets HTTP/1.1\r\nHost: ${host}\r\n${authorization}Transfer-Encoding: chunked\r\n\r\nzz\r\n0\r\n\r\n${inner}`,
  'a chunk of too large a size': `POST /api/v1/tickets HTTP/1.1\r\nHost: ${host}\r\n${authorization}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nx\r\n0\r\n\r\n${inner}`,
  'no Host': `POST /api/v1/tickets HTTP/1.1\r\n${authorization}\r\n${inner}`,
  'another version': `POST /api/v1/tickets HTTP/3.7\r\nHost: ${host}\r\n${authorization}\r\n${inner}`,
  'two Hosts': `POST /api/v1/tickets HTTP/1.1\r\nHost: ${host}\r\nHost: evil.example\r\nConnection: close\r\n${authorization}\r\n`,
  'two Hosts, the right one last': `POST /api/v1/tickets HTTP/1.1\r\nHost: evil.example\r\nhost: ${host}\r\nConnection: close\r\n${authorization}\r\n`,
};

for (const [what, bytes] of Object.entries(smuggled)) {
  test(`a request that could be read in two ways is refused, and nothing after it is read: ${what}`, async () => {
    const answer = await exchange(running.url, bytes, { halfClose: true });
    assert.ok(
      answer.status === 400 || (what.includes('Host') && answer.status === 403),
      `${answer.status} ${answer.body}`,
    );
    assert.match(answer.headers['content-type'] ?? '', /problem\+json/);
    assert.equal(answer.headers.connection, 'close');
    assert.ok(JSON.parse(answer.body.toString()).detail.length > 0);
  });
}

test('the target of a request names no other host, and no header is made of what is asked', async () => {
  const ask = (target: string, more = '') =>
    exchange(
      running.url,
      `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${authorization}Connection: close\r\n${more}\r\n`,
    );
  for (const target of [
    'http://evil.example/api/v1/engines',
    'https://evil.example/',
    'ftp://evil.example/x',
    `http://evil.example@${host}/api/v1/engines`,
    `http://${host}.evil.example/`,
    '*',
    'evil.example:80',
    '//evil.example/api/v1/engines',
  ]) {
    const { status } = await ask(target);
    assert.ok(status >= 400 && status < 500, `${target}: ${status}`);
  }
  for (const target of [
    '/api/v1/containers/x%0d%0aX-Injected:%20yes',
    '/api/v1/containers/%E5%98%8A%E5%98%8DX-Injected:yes',
    '/api/v1/networks/x%0aX-Injected:yes?engine=x%0d%0aX-Injected:yes',
    '/assets/x%0d%0aX-Injected:%20yes',
    '/docs/%0d%0aX-Injected:%20yes',
  ]) {
    const { headers, status } = await ask(target);
    assert.equal(headers['x-injected'], undefined, target);
    assert.ok(status >= 400 && status < 500, `${target}: ${status}`);
  }
  const { headers } = await ask('/api/v1/engines', 'X-Request-Id: a b<script>\r\n');
  assert.match(headers['x-request-id'] ?? '', /^[0-9a-f-]{36}$/);
});

test('no path leads to a file beside those of the page', async () => {
  for (const target of [
    '/assets/../../package.json',
    '/assets/..%2f..%2fpackage.json',
    '/assets/%2e%2e/%2e%2e/package.json',
    '/assets/..%5c..%5cpackage.json',
    '/assets/....//package.json',
    '/assets/%00',
    '/assets/favicon.svg%00.js',
    '/docs/../package.json',
    '/..%2f..%2f..%2fetc/passwd',
    '/assets//etc/passwd',
    '/api/v1/lessons/..%2f..%2fpackage',
    '/api/v1/lessons/%2e%2e%2f%2e%2e%2fpackage.json',
  ]) {
    const { status, body } = await exchange(
      running.url,
      `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${authorization}Connection: close\r\n\r\n`,
    );
    assert.ok(status >= 400 && status < 500, `${target}: ${status} ${body.subarray(0, 100)}`);
  }
});
