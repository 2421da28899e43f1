// Who gets in: every route of the real app, without a token, with a wrong one, from foreign hosts and pages.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { startApp } from '../support/app.ts';
import { type RawAnswer, send, upgradeHeaders } from '../support/raw-http.ts';

const running = await startApp({ after });

/** Routes with their parameters filled in; HEAD and GET of one URL both. */
function routes() {
  const table = running.app.routeTable.map((route) => ({
    ...route,
    path: route.url.replaceAll(/:\w+/g, 'no-such-thing'),
  }));
  assert.ok(table.length > 30, `only ${table.length} routes`);
  return table;
}

function assertProblem(answer: RawAnswer, status: number, code: string, what: string): void {
  assert.equal(answer.status, status, `${what}: ${answer.text}`);
  assert.match(String(answer.headers['content-type']), /^application\/problem\+json/, what);
  // HEAD has no body.
  if (answer.text !== '') assert.equal(answer.body.code, code, what);
}

test('what is open without a token is a short list', () => {
  const open = routes().filter((route) => route.open && route.method !== 'HEAD');
  assert.deepEqual(open.map(({ method, url }) => `${method} ${url}`).sort(), [
    'GET /',
    // What a lab file may hold: editors cannot send a token.
    'GET /api/v1/labs/schema.json',
    'GET /assets/:file',
    'GET /assets/docs.css',
    'GET /assets/docs.js',
    'GET /assets/favicon.svg',
    'GET /docs',
    'GET /docs/errors',
    'GET /docs/swagger-ui-bundle.js',
    'GET /docs/swagger-ui.css',
    'GET /healthz',
    'GET /login',
    'GET /readyz',
    'POST /api/v1/login',
  ]);
});

test('every other route answers 401 without a token, before anything else is looked at', async () => {
  for (const { method, path, open } of routes()) {
    if (open) continue;
    const body = method === 'POST' ? { nonsense: true } : undefined;
    const answer = await send(running.url, { method, path: `${path}?nonsense=1`, body });
    assertProblem(answer, 401, 'unauthorized', `${method} ${path}`);
    assert.match(String(answer.headers['www-authenticate']), /^Bearer/);
  }
});

test('every WebSocket route answers 401 to an upgrade without a token or ticket', async () => {
  const sockets = routes().filter((route) => route.websocket && route.method === 'GET');
  assert.ok(sockets.length >= 2);
  for (const { path } of sockets) {
    assertProblem(await send(running.url, { path, headers: upgradeHeaders }), 401, 'unauthorized', path);
    const withTicket = await send(running.url, { path: `${path}?ticket=made-up`, headers: upgradeHeaders });
    assertProblem(withTicket, 401, 'unauthorized', path);
  }
});

test('a URL that leads nowhere tells strangers nothing either', async () => {
  assertProblem(await send(running.url, { path: '/api/v1/secret' }), 401, 'unauthorized', 'unknown');
  assertProblem(
    await send(running.url, { path: '/api/v1/secret', headers: running.headers }),
    404,
    'route_not_found',
    '',
  );
  assertProblem(
    await send(running.url, { path: '/', method: 'DELETE', headers: running.headers }),
    404,
    'route_not_found',
    '',
  );
});

test('every route refuses a foreign Host, and every unsafe one a foreign Origin', async () => {
  for (const { method, path } of routes()) {
    const headers = { ...running.headers, host: 'rebound.example' };
    assertProblem(await send(running.url, { method, path, headers }), 403, 'host_not_allowed', `${method} ${path}`);
    if (method === 'GET' || method === 'HEAD') continue;
    const foreign = { ...running.headers, origin: 'https://evil.example' };
    const answer = await send(running.url, { method, path, headers: foreign });
    assertProblem(answer, 403, 'origin_not_allowed', `${method} ${path}`);
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
  }
});

test('only a bearer token counts', async () => {
  const path = '/api/v1/engines';
  const { token } = running;
  const basic = Buffer.from(`admin:${token}`).toString('base64');
  const refused: Record<string, string>[] = [
    { authorization: token },
    { authorization: `Basic ${basic}` },
    { authorization: 'Bearer' },
    { authorization: 'Bearer ' },
    { authorization: `Bearer ${token} ${token}` },
    { authorization: `Bearer ${token.slice(0, -1)}` },
    { authorization: `Bearer ${token}x` },
    { cookie: `token=${token}; authorization=Bearer ${token}` },
    { 'x-api-key': token },
    { 'proxy-authorization': `Bearer ${token}` },
  ];
  for (const headers of refused)
    assertProblem(await send(running.url, { path, headers }), 401, 'unauthorized', JSON.stringify(headers));
  for (const scheme of ['Bearer', 'bearer', 'BEARER'])
    assert.equal((await send(running.url, { path, headers: { authorization: `${scheme} ${token}` } })).status, 200);
});

test('a token in the URL is refused in words, also beside a right header', async () => {
  for (const name of ['token', 'access_token', '%74oken'])
    for (const path of ['/api/v1/engines', '/healthz', '/login']) {
      const answer = await send(running.url, { path: `${path}?${name}=${running.token}`, headers: running.headers });
      assertProblem(answer, 400, 'invalid_request', name);
      assert.match(answer.body.detail, /URL is refused/);
      assert.ok(!answer.text.includes(running.token));
    }
});

test('no answer sets a cookie, and every one says what browsers may do', async () => {
  for (const path of ['/', '/docs', '/healthz', '/api/v1/engines', '/nowhere']) {
    const { headers } = await send(running.url, { path, headers: running.headers });
    assert.equal(headers['set-cookie'], undefined);
    assert.match(String(headers['content-security-policy']), /^default-src 'none'/);
    assert.doesNotMatch(String(headers['content-security-policy']), /unsafe|\*|https?:/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['x-frame-options'], 'DENY');
    assert.equal(headers['referrer-policy'], 'no-referrer');
  }
});

test('a principal may call thousands of times a second, and is stopped beyond its limit', async (t) => {
  const limited = await startApp(t, { config: { rateLimit: 20 } });
  const call = () => send(limited.url, { path: '/api/v1/engines', headers: limited.headers });
  const answers = await Promise.all(Array.from({ length: 40 }, call));
  const stopped = answers.filter(({ status }) => status === 429);
  assert.ok(stopped.length > 0 && stopped.length <= 20, `${stopped.length} of 40 were stopped`);
  assert.equal(stopped[0]?.body.code, 'rate_limited');
  assert.equal(stopped[0]?.headers['retry-after'], '1');
  // What needs no token has no limit.
  const probes = await Promise.all(Array.from({ length: 40 }, () => send(limited.url, { path: '/healthz' })));
  assert.ok(probes.every(({ status }) => status === 200));
  assert.ok(running.app.config.rateLimit >= 2_000);
});
