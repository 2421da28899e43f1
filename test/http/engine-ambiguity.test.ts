// Two engines that have the same names: every route about an object says so until the engine is named, and then is about that one alone. The routes
// are those of the OpenAPI document, so that a new one is judged too.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import request from 'supertest';
import WebSocket from 'ws';
import { type RunningApp, startApp } from '../support/app.ts';
import { labName } from '../support/labs.ts';
import { type PrivateEngine, startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
const start = () => startPrivateEngine({ after }, { image: 'busybox:latest' });
const [left, right] = (skip === false ? await Promise.all([start(), start()]) : []) as [PrivateEngine, PrivateEngine];
const app =
  skip === false
    ? await startApp(
        { after },
        {
          config: {
            engines: [
              { name: 'left', endpoint: left.host, insecure: false },
              { name: 'right', endpoint: right.host, insecure: false },
            ],
          },
        },
      )
    : ({} as RunningApp);

const call = (method: string, path: string, body?: object) => {
  const sent = request(app.url)[method as 'get' | 'post' | 'put' | 'delete'](path).set(app.headers);
  return body === undefined ? sent : sent.send(body);
};

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: object;
  readonly 'x-websocket'?: object;
}

interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

const lab = labName();
const twins: Readonly<Record<string, string>> = { containers: 'twin', networks: 'twin-net', labs: lab };

/** Routes about one object by a name that another engine may have too. */
async function listRoutes(): Promise<Route[]> {
  const { body: document } = await call('get', '/openapi.json');
  return Object.entries<Record<string, Operation>>(document.paths).flatMap(([path, methods]) =>
    /^\/api\/v1\/(containers|networks|labs)\/\{/.test(path)
      ? Object.entries(methods).map(([method, operation]) => ({ method, path, operation }))
      : [],
  );
}

/** What a request is sent with, where a route wants a body. */
const bodies: Readonly<Record<string, object>> = {
  '/api/v1/containers/{id}/exec': { command: ['true'] },
  '/api/v1/networks/{name}/connect': { container: 'bystander' },
  '/api/v1/networks/{name}/disconnect': { container: 'bystander' },
  '/api/v1/labs/{name}/extend': { ttl: '1h' },
};
/** They do not look for one that is there: what makes a lab makes it on the engine of its file, and a change is cancelled wherever it is going on. */
const notAboutOne = ['put /api/v1/labs/{name}', 'post /api/v1/labs/{name}/plan', 'post /api/v1/labs/{name}/cancel'];
/** They take the object away: last, and in this order. */
const endings = ['delete /api/v1/networks/{name}', 'delete /api/v1/containers/{id}', 'delete /api/v1/labs/{name}'];
const keyOf = ({ method, path }: Route) => `${method} ${path}`;

function urlOf({ path }: Route): string {
  const kind = path.split('/')[3] ?? '';
  return path
    .replace(/\{(id|name)\}/, twins[kind] ?? '')
    .replace('{port}', '80')
    .replace('{protocol}', 'tcp');
}

/** What both engines have, as they themselves tell it. */
async function look({ docker }: PrivateEngine): Promise<string> {
  const format = '{{.Names}} {{.State}} {{.Networks}}';
  const containers = await docker(
    'ps',
    '--all',
    '--no-trunc',
    '--filter',
    'label=io.terrarium.mode',
    '--format',
    format,
  );
  const started = await docker('inspect', '--format', '{{.State.StartedAt}} {{.State.Status}}', 'twin');
  const networks = await docker('network', 'ls', '--filter', 'label=io.terrarium.managed', '--format', '{{.Name}}');
  return [containers.stdout, started.stdout, networks.stdout].join('\n');
}

/** How a WebSocket that is asked for ends, or the first text it is sent. */
async function tryUpgrade(path: string): Promise<number | 'open'> {
  const socket = new WebSocket(app.url.replace('http', 'ws') + path, 'terrarium.v1', { headers: app.headers });
  socket.on('error', () => {});
  try {
    return await Promise.race([
      once(socket, 'unexpected-response').then(([, response]) => response.statusCode as number),
      once(socket, 'message').then(() => 'open' as const),
      once(socket, 'close').then(([code]) => code as number),
    ]);
  } finally {
    socket.terminate();
  }
}

test('every route about an object takes ?engine=, and wants it where the name is on several', { skip }, async () => {
  const file = {
    containers: { web: { mode: 'closed' as const } },
    checks: { lo: { container: 'web', interfaces: ['lo'] } },
    ttl: '1h',
  };
  for (const engine of ['left', 'right']) {
    assert.equal((await call('post', `/api/v1/networks?engine=${engine}`, { name: 'twin-net' })).status, 201);
    const twin = await call('post', `/api/v1/containers/bridged?engine=${engine}`, {
      name: 'twin',
      command: ['httpd', '-f', '-p', '80'],
    });
    assert.equal(twin.status, 201, JSON.stringify(twin.body));
    assert.equal((await call('post', `/api/v1/containers/closed?engine=${engine}`, { name: 'bystander' })).status, 201);
    const made = await call('put', `/api/v1/labs/${lab}?engine=${engine}`, file);
    assert.equal(made.status, 200, JSON.stringify(made.body));
  }
  const before = await look(left);
  const routes = await listRoutes();
  const judged = routes.filter((route) => !notAboutOne.includes(keyOf(route)));
  assert.ok(judged.length >= 25, String(judged.length));
  for (const one of [...notAboutOne, ...endings])
    assert.ok(
      routes.some((route) => keyOf(route) === one),
      one,
    );

  for (const route of judged) {
    const { method, path, operation } = route;
    const what = keyOf(route);
    assert.ok(
      operation.parameters?.some((one) => one.in === 'query' && one.name === 'engine'),
      `${what} takes no engine`,
    );
    const body = bodies[path];
    assert.equal(body !== undefined, operation.requestBody !== undefined, `${what}: say what its body is`);
    if (path.endsWith('/terminal')) continue;
    const unnamed = await call(method, urlOf(route), body);
    assert.deepEqual([unnamed.status, unnamed.body.code], [409, 'ambiguous'], `${what}: ${unnamed.text}`);
    assert.deepEqual(unnamed.body.engines, ['left', 'right'], what);
    assert.match(unnamed.body.hint, /engine/, what);
    const unknown = await call(method, `${urlOf(route)}?engine=middle`, body);
    assert.deepEqual([unknown.status, unknown.body.code], [404, 'engine_not_found'], `${what}: ${unknown.text}`);
  }
  for (const route of routes.filter(({ operation }) => operation['x-websocket'] !== undefined)) {
    assert.ok([409, 4409].includes((await tryUpgrade(urlOf(route))) as number), `${keyOf(route)} as a WebSocket`);
    assert.equal(await tryUpgrade(`${urlOf(route)}?engine=right`), 'open', `${keyOf(route)} as a WebSocket`);
  }
  assert.equal(await look(left), before, 'what was refused has changed something');

  const order = (route: Route) => endings.indexOf(keyOf(route));
  for (const route of [...judged].sort((one, other) => order(one) - order(other))) {
    if (route.path.endsWith('/terminal')) continue;
    const named = await call(route.method, `${urlOf(route)}?engine=right`, bodies[route.path]);
    // That it is not stranded, or not running after a stop, is an answer about the right one too.
    assert.ok(
      named.status < 300 || (named.status === 409 && named.body.code !== 'ambiguous'),
      `${keyOf(route)}: ${named.status} ${named.text}`,
    );
    if (typeof named.body.engine === 'string') assert.equal(named.body.engine, 'right', keyOf(route));
    if (keyOf(route).endsWith('/stop')) await call('post', '/api/v1/containers/twin/start?engine=right');
  }
  assert.equal(await look(left), before, 'what was said to the one has reached the other');
  await waitFor(async (see) => !/twin/.test(see(await look(right))), { what: 'the one to be gone' });
  // There is one of each name now, and the engine need not be named any more.
  assert.equal((await call('get', '/api/v1/containers/twin')).body.engine, 'left');
});

test('a topic of a stream wants it too', { skip }, async () => {
  for (const engine of ['left', 'right'])
    assert.equal((await call('post', `/api/v1/containers/closed?engine=${engine}`, { name: 'topic' })).status, 201);
  const socket = new WebSocket(`${app.url.replace('http', 'ws')}/api/v1/stream`, 'terrarium.v1', {
    headers: app.headers,
  });
  const frames: { type: string; id?: string; code?: string; key?: { container?: string } }[] = [];
  socket.on('message', (text) => frames.push(JSON.parse(String(text))));
  await once(socket, 'open');
  const ask = async (id: string, more: object) => {
    socket.send(JSON.stringify({ type: 'subscribe', id, topic: 'netstat', container: 'topic', ...more }));
    return waitFor((see) => see(frames).find((frame) => frame.id === id), {
      what: `an answer to ${id}`,
    });
  };
  assert.equal((await ask('unnamed', {})).code, 'ambiguous');
  assert.equal((await ask('unknown', { engine: 'middle' })).code, 'engine_not_found');
  const { id } = (await call('get', '/api/v1/containers/topic?engine=right')).body;
  assert.equal((await ask('named', { engine: 'right' })).key?.container, id);
  socket.terminate();
});
