// Engines that hang, swallow everything, refuse or answer slowly, beside one that is well: what is asked of that one, and of all together, is answered
// while a call to the one that hangs is still waiting. No clock is looked at: only what comes before what.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import request from 'supertest';
import { type RunningApp, startApp } from '../support/app.ts';
import { type ChaosProxy, startChaosProxy } from '../support/chaos-proxy.ts';
import { type PrivateEngine, startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { connectStream } from '../support/stream-client.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
const start = () => startPrivateEngine({ after }, { image: 'busybox:latest' });
const [here, frozen, behind] = (skip === false ? await Promise.all([start(), start(), start()]) : []) as [
  PrivateEngine,
  PrivateEngine,
  PrivateEngine,
];
const line = skip === false ? await startChaosProxy({ after }, { target: behind.host }) : ({} as ChaosProxy);
const app =
  skip === false
    ? await startApp(
        { after },
        {
          config: {
            engines: [
              { name: 'frozen', endpoint: frozen.host, insecure: false },
              { name: 'hole', endpoint: line.endpoint, insecure: false },
              { name: 'nobody', endpoint: 'unix:///nowhere/docker.sock', insecure: false },
              { name: 'here', endpoint: here.host, insecure: false },
            ],
          },
        },
      )
    : ({} as RunningApp);

const call = (method: 'get' | 'post' | 'delete', path: string, body?: object) => {
  const sent = request(app.url)[method](`/api/v1${path}`).set(app.headers);
  return body === undefined ? sent : sent.send(body);
};

/** A call under way, and whether it still is. */
function watch<Answer>(answer: PromiseLike<Answer>): { readonly answer: Promise<Answer>; isPending: boolean } {
  const watched = { answer: Promise.resolve(answer), isPending: true };
  void watched.answer.finally(() => {
    watched.isPending = false;
  });
  return watched;
}

async function stateOf(name: string): Promise<string> {
  return (await call('get', `/engines/${name}`)).body.state;
}

/** A whole life on the engine that is well, and what is asked of all engines together. */
async function liveHere(name: string): Promise<void> {
  const made = await call('post', '/containers/bridged', {
    name,
    engine: 'here',
    command: ['httpd', '-f', '-p', '80'],
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const own = [
    `/containers/${name}`,
    `/containers/${name}/netstat`,
    '/containers',
    '/networks?engine=here',
    `/containers/${name}/logs`,
  ];
  const ofAll = ['/engines', '/images', '/labs', '/networks', '/namespaces', '/audit'];
  for (const path of [...own, ...ofAll]) {
    const { status, text } = await call('get', path);
    assert.equal(status, 200, `${path}: ${text}`);
  }
  const exec = await call('post', `/containers/${name}/exec`, { command: ['echo', 'well'] });
  assert.equal(exec.body.stdout, 'well\n', JSON.stringify(exec.body));
  const placed = await call('post', '/containers/closed', { name: `${name}-placed`, placement: 'least-loaded' });
  assert.equal(placed.status, 201, JSON.stringify(placed.body));
  const joined = await call('post', '/containers/joined', { name: `${name}-joined`, target: name });
  assert.equal(joined.status, 201, JSON.stringify(joined.body));
  assert.equal(
    (await call('post', '/containers/joined', { target: 'nowhere-at-all' })).body.code,
    'container_not_found',
  );
  assert.equal((await call('get', '/networks/nowhere-at-all')).body.code, 'network_not_found');
  for (const one of [`${name}-joined`, `${name}-placed`, name])
    assert.equal((await call('delete', `/containers/${one}`)).status, 204);
}

for (const [name, hang, recover, hasMade] of [
  ['frozen', () => frozen.freeze(), () => frozen.thaw(), (made: string) => frozen.docker('inspect', made)],
  [
    'hole',
    () => line.set({ kind: 'blackHole' }),
    () => {
      line.set({ kind: 'none' });
      line.cut();
    },
    (made: string) => behind.docker('inspect', made),
  ],
] as const)
  test(`${name}: while a call to it hangs, everything else goes on; what it is asked for later is not sent at all`, {
    skip,
  }, async (t) => {
    const watched = await call('post', '/containers/bridged', { name: `seen-${name}`, engine: 'here' });
    const url = `${app.url}/api/v1/containers/seen-${name}/netstat`;
    const stream = await connectStream(t, url, { headers: app.headers });
    await waitFor((see) => see(stream.frames).some(({ type }) => type === 'snapshot'), {
      what: 'the first frame',
    });
    await waitFor(async (see) => see(await stateOf(name)) === 'live', { what: 'it to be live', timeoutMs: 60_000 });
    const anchor = {
      name: `anchor-${name}`,
      engine: name,
      command: ['sh', '-c', 'trap exit TERM; while :; do sleep 0.1; done'],
    };
    assert.equal((await call('post', '/containers/closed', anchor)).status, 201);

    hang();
    t.after(recover);
    // It may take minutes, and so it is waited for so long.
    const hung = watch(call('post', `/containers/anchor-${name}/stop?timeout=300`));
    // At once, when nobody knows yet; and when it is known.
    await liveHere(`early-${name}`);
    await waitFor(async (see) => see(await stateOf(name)) === 'stale', { what: 'it to be away' });
    await liveHere(`late-${name}`);
    for (const port of [3001, 3002, 3003]) {
      await call('post', `/containers/seen-${name}/exec`, {
        command: ['sh', '-c', `nc -l -p ${port} >/dev/null 2>&1 &`],
      });
      await waitFor((see) => see(JSON.stringify(stream.frames)).includes(`"port":${port}`), {
        what: `a frame with port ${port}`,
      });
    }
    const refused = await Promise.all(
      Array.from({ length: 20 }, (_, i) => call('post', '/containers/closed', { name: `never-${i}`, engine: name })),
    );
    for (const { status, body, headers } of refused) {
      assert.deepEqual([status, body.code], [503, 'engine_unavailable'], JSON.stringify(body));
      assert.match(body.detail, new RegExp(`\\b${name}\\b`));
      assert.ok(Number(headers['retry-after']) > 0);
    }
    assert.equal((await call('get', `/containers?engine=${name}`)).headers['x-terrarium-stale'], 'true');
    assert.equal(hung.isPending, true, 'the call that hangs has ended before all this');
    const { body: shown } = await call('get', `/engines/${name}`);
    assert.ok(shown.failures > 0);
    assert.equal(shown.capabilities.writes.available, false);

    recover();
    await waitFor(async (see) => see(await stateOf(name)) === 'live', { what: 'it to be back', timeoutMs: 60_000 });
    await hung.answer;
    for (const i of [0, 19])
      assert.notEqual((await hasMade(`never-${i}`)).code, 0, 'it was made behind the back of its caller');
    const next = await call('post', '/containers/closed', { name: `next-${name}`, engine: name });
    assert.equal(next.status, 201, JSON.stringify(next.body));
    assert.equal(watched.status, 201);
  });

test('one that is slow, and one that refuses, slow nobody but who asks them', { skip }, async () => {
  line.set({ kind: 'delay', ms: 700 });
  const slow = watch(call('post', '/containers/closed', { name: 'slow', engine: 'hole' }));
  const { status, body } = await call('post', '/containers/closed', { name: 'never', engine: 'nobody' });
  assert.deepEqual([status, body.code], [503, 'engine_unavailable']);
  assert.match(body.detail, /there is no socket at unix:\/\/\/nowhere\/docker\.sock/);
  const made = await call('post', '/containers/closed', { name: 'quick', engine: 'here' });
  assert.equal(made.status, 201);
  assert.equal(slow.isPending, true);
  line.set({ kind: 'none' });
  assert.equal((await slow.answer).status, 201);
});

test('metrics and readiness tell each engine by its state', { skip }, async () => {
  const { text } = await request(app.url).get('/metrics').set(app.headers);
  assert.match(text, /^terrarium_engine_state\{engine="nobody",state="stale"\} 1$/m);
  assert.match(text, /^terrarium_engine_state\{engine="here",state="live"\} 1$/m);
  assert.match(text, /^terrarium_engine_state\{engine="here",state="stale"\} 0$/m);
  assert.match(text, /^terrarium_engine_failures\{engine="nobody"\} [1-9]/m);
  const { body } = await request(app.url).get('/readyz');
  const nobody = body.engines.find((one: { name: string }) => one.name === 'nobody');
  assert.deepEqual([body.ready, nobody.state, nobody.failures > 0], [true, 'stale', true]);
});
