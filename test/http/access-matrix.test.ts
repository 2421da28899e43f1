// Who may what: every route of the OpenAPI document and every topic of a stream, for nobody, a viewer, operators, an admin, one who was revoked and one
// whose time is up, on what is their own and on what is another's; and nowhere in all that an operator is told does anything of another's show.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { allTopics } from '../../src/schemas/stream-key.ts';
import { type Belongings, fillPath, type Judgement, judgements, labFile } from '../support/access-judgements.ts';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { inspectContainer } from '../support/engine.ts';
import { labName, useLabs } from '../support/labs.ts';
import { createNetwork } from '../support/networks.ts';
import { makeTokensFile } from '../support/principals.ts';
import { type RawAnswer, send } from '../support/raw-http.ts';
import { uniqueName } from '../support/run-id.ts';
import { connectStream } from '../support/stream-client.ts';

const people = {
  alice: {},
  bob: {},
  seer: { rights: ['list_all'] },
  helper: { rights: ['pull', 'daemon_config', 'rules', 'host'] },
  looker: { role: 'viewer' },
  chief: { role: 'admin' },
} as const;
const file = await makeTokensFile({ after }, { ...people, revoked: {}, expired: { expiresAt: Date.now() - 1_000 } });
const server = await startApp({ after }, { env: { TERRARIUM_TOKENS_FILE: file.path } });
await file.write({ ...people, expired: { expiresAt: Date.now() - 1_000 } });

type Caller = keyof typeof people | 'nobody' | 'revoked' | 'expired';
const headersOf = (caller: Caller): Record<string, string> => (caller === 'nobody' ? {} : file.headersOf(caller));
const secret = labFile.containers.only.env.PASSWORD;

interface World extends Belongings {
  /** Everything by which what is there could be known. */
  readonly marks: readonly string[];
}

async function makeWorld(owner: 'alice' | 'bob'): Promise<World> {
  const as = { url: server.url, headers: file.headersOf(owner) };
  const api = useApi(as, { after });
  const { lab } = await useLabs(as, { after }).apply(labName(), JSON.stringify(labFile));
  const network = await createNetwork(api, { after });
  const container = await api.create('open', {
    name: uniqueName(owner),
    command: ['httpd', '-f', '-p', '80'],
    ports: ['127.0.0.1::80'],
    network: network.name,
    env: { PASSWORD: secret },
  });
  assert.equal(container.owner, owner);
  const ids = [container.id, network.id, ...lab.containers.map(({ id }) => id)];
  const names = [container.name, network.name, lab.name, ...lab.containers.map(({ name }) => name)];
  return {
    owner,
    container: container.id,
    network: network.id,
    lab: lab.name,
    namespace: container.namespace?.id ?? '',
    marks: [...ids.map((id) => id.slice(0, 12)), ...names, secret],
  };
}

const worlds = { alice: await makeWorld('alice'), bob: await makeWorld('bob') };

function call(caller: Caller, route: string, its: Belongings, judgement: Judgement): Promise<RawAnswer> {
  const { method, path } = fillPath(route, its);
  const { query, body, headers = {} } = judgement;
  const content = body?.(its);
  const events = route === 'GET /api/v1/events' ? { accept: 'text/event-stream', 'x-first-bytes': '1' } : {};
  return send(server.url, {
    method,
    path: query === undefined ? path : `${path}?${query}`,
    headers: { ...headersOf(caller), ...headers, ...events },
    ...(content !== undefined && { body: content }),
  });
}

/** What an answer comes to, as far as access goes: whether the thing could be done is another question. */
function describe({ status, body }: RawAnswer): string {
  // Who goes on with a token that is none is told to wait instead.
  if (status === 401 || /failed logins/.test(body?.detail)) return '401';
  if (status === 403) return `403 ${body?.code}`;
  if (status === 404) return '404';
  if (body?.code === 'name_taken') return 'taken';
  return status >= 500 ? `${status}` : 'admitted';
}

/** By the judgement of the route alone. `mine`: the caller owns what it is about. */
function expected(caller: Caller, { access }: Judgement, route: string, mine: boolean): string {
  if (access === 'open') return route === 'POST /api/v1/login' ? '401' : 'admitted';
  if (caller === 'nobody' || caller === 'revoked' || caller === 'expired') return '401';
  if (caller === 'chief') return 'admitted';
  if (typeof access === 'object') {
    const has =
      caller === 'looker'
        ? access.forViewers
        : (people[caller] as { rights?: readonly string[] }).rights?.includes(access.right);
    return has ? 'admitted' : '403 forbidden';
  }
  const seesAll = caller === 'looker' || caller === 'seer';
  switch (access) {
    case 'anyone':
      return 'admitted';
    case 'server':
      return seesAll ? 'admitted' : '403 forbidden';
    case 'invite':
    case 'make':
      return caller === 'looker' ? '403 forbidden' : 'admitted';
    case 'look':
      return mine || seesAll ? 'admitted' : '404';
    case 'claim':
      return caller === 'looker' ? '403 forbidden' : mine ? 'admitted' : 'taken';
    case 'inside':
    case 'change':
      if (caller === 'looker') return '403 forbidden';
      if (mine) return 'admitted';
      // Nothing is being changed of a lab that is not there.
      if (route.endsWith('/cancel')) return 'admitted';
      return seesAll ? '403 forbidden' : '404';
  }
}

/** Followed answers never end by themselves, and answers to upgrades are sockets: both have tests of their own below. */
const isFollowed = (route: string) => ['GET /api/v1/events', 'GET /api/v1/stream'].includes(route);

test('every route is judged, and every judgement is of a route', async () => {
  const { body } = await send(server.url, { path: '/openapi.json', headers: server.headers });
  const documented = Object.entries(body.paths as Record<string, object>).flatMap(([url, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${url}`),
  );
  const served = server.app.routeTable
    .filter(({ method, hidden }) => !hidden && method !== 'HEAD')
    .map(({ method, url }) => `${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`);
  const known = new Set([...documented, ...served]);
  assert.deepEqual([...known].filter((route) => judgements[route] === undefined).sort(), [], 'nobody has judged these');
  assert.deepEqual(
    Object.keys(judgements).filter((route) => !known.has(route)),
    [],
  );
  for (const { method, url, open } of server.app.routeTable) {
    const judgement = judgements[`${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`];
    if (judgement !== undefined) assert.equal(judgement.access === 'open', open, `${method} ${url}`);
  }
});

test("nobody is let in by what is not theirs: every route, every kind of caller, another's objects", async () => {
  const callers: Caller[] = ['nobody', 'revoked', 'expired', 'bob', 'seer', 'helper', 'looker'];
  const before = await inspectContainer(worlds.alice.container);
  for (const [route, judgement] of Object.entries(judgements)) {
    if (isFollowed(route)) continue;
    for (const caller of callers) {
      const wanted = expected(caller, judgement, route, false);
      const answer = await call(caller, route, worlds.alice, judgement);
      assert.equal(describe(answer), wanted, `${caller}: ${route}: ${answer.status} ${answer.text.slice(0, 300)}`);
      if (caller !== 'bob' && caller !== 'helper') continue;
      refuseLeaks(answer, worlds.alice, `${caller}: ${route}`, [
        worlds.alice.container,
        worlds.alice.network,
        worlds.alice.lab,
      ]);
    }
  }
  const afterwards = await inspectContainer(worlds.alice.container);
  assert.deepEqual(afterwards.State, before.State, 'nothing has changed');
  const { status, body } = await send(server.url, {
    path: `/api/v1/labs/${worlds.alice.lab}`,
    headers: headersOf('alice'),
  });
  assert.deepEqual([status, body.generation], [200, 1]);
});

/** Nothing of what is there may be said, but what the caller has said themselves. */
function refuseLeaks({ text, headers }: RawAnswer, its: World, what: string, said: readonly string[] = []): void {
  let told = text + JSON.stringify(headers);
  for (const one of said) told = told.replaceAll(one, '');
  for (const mark of its.marks) assert.ok(!told.includes(mark), `${what} tells ${mark}: ${told.slice(0, 600)}`);
}

test("what is another's is not told by its name either, and answers as what is not there", async () => {
  const { alice } = worlds;
  const names = (await send(server.url, { path: `/api/v1/containers/${alice.container}`, headers: headersOf('alice') }))
    .body;
  const network = names.networks[0].name;
  const ask = (path: string) => send(server.url, { path, headers: headersOf('bob') });
  const blank = ({ text }: RawAnswer, ref: string) => text.replaceAll(ref, 'REF').replace(/"instance":"[^"]*"/, '');
  for (const [url, ref, absent] of [
    ['/api/v1/containers/', names.name, 'no-such-container'],
    ['/api/v1/containers/', alice.container, 'f'.repeat(64)],
    ['/api/v1/containers/', alice.container.slice(0, 9), 'fffffffff'],
    ['/api/v1/networks/', network, 'no-such-network'],
    ['/api/v1/networks/', alice.network, 'f'.repeat(64)],
    ['/api/v1/labs/', alice.lab, 'no-such-lab'],
  ]) {
    const [there, nowhere] = await Promise.all([ask(`${url}${ref}`), ask(`${url}${absent}`)]);
    assert.equal(there.status, 404);
    assert.equal(blank(there, ref ?? ''), blank(nowhere, absent ?? ''), 'there is no telling them apart');
    refuseLeaks(there, alice, url ?? '', [ref ?? '']);
  }
});

test('lists, matrices, paths and refusals tell nothing of others', async () => {
  const { alice, bob } = worlds;
  const bobs = (await send(server.url, { path: `/api/v1/containers/${bob.container}`, headers: headersOf('bob') }))
    .body;
  const alices = (
    await send(server.url, { path: `/api/v1/containers/${alice.container}`, headers: headersOf('alice') })
  ).body;
  const port = alices.ports[0].hostPort;
  const [subnet] = (await send(server.url, { path: `/api/v1/networks/${alice.network}`, headers: headersOf('alice') }))
    .body.subnets;
  const asked: [method: string, path: string, body?: unknown, status?: number][] = [
    ['GET', '/api/v1/containers'],
    ['GET', '/api/v1/networks'],
    ['GET', '/api/v1/networks/bridge'],
    ['GET', '/api/v1/labs'],
    ['GET', '/api/v1/audit'],
    ['GET', '/api/v1/namespaces'],
    ['GET', '/api/v1/engines'],
    ['GET', `/api/v1/containers/${bob.container}/namespaces`],
    ['GET', `/api/v1/namespaces/${encodeURIComponent(bob.namespace)}`],
    ['GET', '/api/v1/reachability'],
    ['GET', '/api/v1/reachability?verify=true'],
    ['GET', `/api/v1/containers/${bob.container}/ports/80/path`],
    ['GET', `/api/v1/containers/${bob.container}/ports/80/path?from=${alices.networks[0].ipv4}`],
    ['GET', `/api/v1/containers?lab=${alice.lab}`],
    ['GET', `/api/v1/reachability?lab=${alice.lab}`],
    // What is in the way is hidden where it is another's: a name, a port, a subnet, a lab, a target, a network.
    ['POST', '/api/v1/containers/closed', { name: alices.name }, 409],
    ['POST', '/api/v1/containers/open', { ports: [`127.0.0.1:${port}:80`] }, 409],
    [
      'POST',
      '/api/v1/networks',
      { name: uniqueName('net'), bip: `${subnet.bridge}/${subnet.subnet.split('/')[1]}` },
      409,
    ],
    ['POST', '/api/v1/containers/closed', { lab: alice.lab }, 409],
    ['POST', '/api/v1/containers/joined', { target: alice.container }, 404],
    ['POST', '/api/v1/containers/bridged', { network: alice.network }, 404],
    ['POST', '/api/v1/containers/bridged', { network: alices.networks[0].name }, 404],
    ['POST', `/api/v1/networks/${bob.network}/connect`, { container: alice.container }, 404],
    ['POST', `/api/v1/networks/${alice.network}/connect`, { container: bob.container }, 404],
    ['POST', '/api/v1/networks', { name: alices.networks[0].name }, 409],
  ];
  for (const caller of ['bob', 'helper'] as const) {
    for (const [method, path, body, status] of asked) {
      if (caller === 'helper' && path.includes(bob.container)) continue;
      const answer = await send(server.url, {
        method,
        path,
        headers: headersOf(caller),
        ...(body !== undefined && { body }),
      });
      const what = `${caller}: ${method} ${path} ${JSON.stringify(body)}`;
      if (status !== undefined && caller === 'bob') assert.equal(answer.status, status, `${what}: ${answer.text}`);
      else if (status === undefined && !path.includes(bob.namespace))
        assert.equal(answer.status, 200, `${what}: ${answer.text}`);
      refuseLeaks(answer, alice, what, [JSON.stringify(body ?? ''), path].join(' ').match(/[\w.-]{6,}/g) ?? []);
      if (
        method === 'GET' &&
        caller === 'bob' &&
        !path.includes('?') &&
        !path.endsWith('/bridge') &&
        !path.endsWith('engines')
      )
        assert.ok(
          answer.text.includes(bobs.name) || answer.text.includes(bob.lab) || answer.text.includes(bob.container),
          `${what}: their own is there: ${answer.text.slice(0, 300)}`,
        );
    }
  }
});

test('an idempotency key of another is no key to what that has made', async () => {
  const key = { 'idempotency-key': uniqueName('key') };
  const make = (caller: 'alice' | 'bob') =>
    send(server.url, {
      method: 'POST',
      path: '/api/v1/containers/closed',
      headers: { ...headersOf(caller), ...key },
      body: {},
    });
  const [first, second] = [await make('alice'), await make('bob')];
  for (const [caller, { body }] of [
    ['alice', first],
    ['bob', second],
  ] as const)
    await send(server.url, { method: 'DELETE', path: `/api/v1/containers/${body.id}`, headers: headersOf(caller) });
  assert.deepEqual([first.status, second.status], [201, 201]);
  assert.notEqual(first.body.id, second.body.id);
});

test('every topic: the own is told, of others nothing, whoever asks for it', async (t) => {
  const { alice, bob } = worlds;
  for (const caller of ['bob', 'looker', 'seer', 'chief'] as const) {
    const client = await connectStream(t, `${server.url}/api/v1/stream`, { headers: headersOf(caller) });
    for (const topic of allTopics)
      for (const [whose, its] of Object.entries(worlds))
        client.socket.send(
          JSON.stringify({ type: 'subscribe', id: `${topic} ${whose}`, topic, container: its.container }),
        );
    const outcome = (id: string) =>
      client.until(`an answer about ${id}`, () =>
        client.frames.find((one) => one.id === id && ['error', 'subscribed'].includes(one.type)),
      );
    for (const topic of allTopics)
      for (const whose of ['alice', 'bob'] as const) {
        const answer = await outcome(`${topic} ${whose}`);
        const said = answer.type === 'subscribed' ? 'admitted' : answer.code;
        const isInside = topic === 'logs';
        const mine = caller === whose || caller === 'chief';
        const wanted = mine
          ? 'admitted'
          : caller === 'bob'
            ? 'container_not_found'
            : isInside
              ? 'forbidden'
              : 'admitted';
        assert.equal(said, wanted, `${caller}: ${topic} of ${whose}`);
      }
    if (caller !== 'bob') continue;
    // By lab there is nothing to refuse: nobody of that lab is there.
    client.socket.send(JSON.stringify({ type: 'subscribe', id: 'lab', topic: 'netstat', lab: alice.lab }));
    client.socket.send(JSON.stringify({ type: 'subscribe', id: 'events', topic: 'events' }));
    client.socket.send(JSON.stringify({ type: 'subscribe', id: 'all', topic: 'events', scope: 'all' }));
    assert.equal((await outcome('all')).code, 'forbidden');
    await outcome('events');
    const restart = (who: 'alice' | 'bob') =>
      send(server.url, {
        method: 'POST',
        path: `/api/v1/containers/${worlds[who].container}/restart`,
        headers: headersOf(who),
      });
    assert.deepEqual([(await restart('alice')).status, (await restart('bob')).status], [200, 200]);
    await client.until('the restart of the own', () =>
      client.frames.find(
        (one) => one.type === 'event' && one.event === 'container.started' && one.container?.id === bob.container,
      ),
    );
    const told = JSON.stringify(client.frames).replaceAll(alice.container, '');
    for (const mark of alice.marks.filter((one) => !alice.container.startsWith(one)))
      assert.ok(!told.includes(mark), `the stream tells ${mark}`);
    assert.ok(!client.frames.some((one) => one.type === 'event' && JSON.stringify(one).includes(alice.container)));
  }
});

test('what is their own they may do, and an admin may all: every route, in the order of the table', async () => {
  // The last one removes what the others need.
  for (const [caller, whose] of [
    ['alice', 'alice'],
    ['chief', 'bob'],
  ] as const) {
    const its = worlds[whose];
    for (const [route, judgement] of Object.entries(judgements)) {
      if (isFollowed(route)) continue;
      // A namespace is another one after a restart.
      const shown = await send(server.url, { path: `/api/v1/containers/${its.container}`, headers: headersOf(caller) });
      const namespace = shown.body?.namespace?.id ?? its.namespace;
      if (route === 'GET /api/v1/namespaces/{id}' && shown.status === 404) continue;
      const isConnect = route.includes('/networks/{name}/') && shown.status === 404;
      const answer = await call(caller, route, { ...its, namespace }, judgement);
      const wanted = isConnect ? '404' : expected(caller, judgement, route, true);
      assert.equal(describe(answer), wanted, `${caller}: ${route}: ${answer.status} ${answer.text.slice(0, 300)}`);
    }
  }
});
