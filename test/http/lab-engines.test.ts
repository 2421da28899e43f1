// Labs on several engines: each is on the one that its file or its URL names, and an engine that is away says so and holds nobody else up.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { LabFile } from '../../src/schemas/lab.ts';
import { callApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { labName, listLabObjects } from '../support/labs.ts';
import { type PrivateEngine, startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();

const file: LabFile = {
  networks: { lan: null },
  containers: {
    web: { mode: 'open', network: 'lan', command: ['httpd', '-f', '-p', '2222'], ports: [2222], ready: ['up'] },
    mate: { mode: 'joined', target: 'web' },
  },
  checks: { up: { container: 'web', listens: 2222 }, shared: { container: 'mate', sharesNamespaceWith: 'web' } },
};

const start = () =>
  skip === false ? startPrivateEngine({ after }, { image: 'busybox:latest' }) : Promise.reject(new Error(skip));
const engines = skip === false ? await Promise.all([start(), start()]) : [];
const [left, right] = engines as [PrivateEngine, PrivateEngine];

const startOnBoth = () =>
  startApp(
    { after },
    {
      config: {
        engines: [
          { name: 'left', endpoint: left.host, insecure: false },
          { name: 'right', endpoint: right.host, insecure: false },
        ],
      },
    },
  );

/** Names of a lab's members that the engine has. */
const members = ({ docker }: PrivateEngine, lab: string) => listLabObjects(docker, lab);

test('a lab is on the engine that its file or its URL names, and only there', { skip }, async () => {
  const app = await startOnBoth();
  const name = labName();
  const whole = [`${name}-lan`, `${name}-mate`, `${name}-web`, `terrarium-lab-${name}-1`].sort();
  const plan = await callApi(app, 'post', `/labs/${name}/plan?engine=right`, file);
  assert.deepEqual([plan.body.engine, plan.body.steps.length], ['right', 3]);
  assert.equal((await callApi(app, 'put', `/labs/${name}`, { ...file, engine: 'right' })).status, 200);
  assert.deepEqual([await members(left, name), await members(right, name)], [[], whole]);
  assert.equal((await callApi(app, 'get', `/labs/${name}`)).body.engine, 'right', 'it is found without being named');
  assert.equal((await callApi(app, 'post', `/labs/${name}/check`)).body.status, 'pass');

  // The same name on the other one is another lab.
  assert.equal((await callApi(app, 'put', `/labs/${name}?engine=left`, file)).status, 200);
  assert.deepEqual([await members(left, name), await members(right, name)], [whole, whole]);
  const shown = await callApi(app, 'get', `/labs/${name}`);
  assert.deepEqual([shown.status, shown.body.code, shown.body.engines], [409, 'ambiguous', ['left', 'right']]);
  assert.equal((await callApi(app, 'delete', `/labs/${name}`)).body.code, 'ambiguous');
  assert.equal((await callApi(app, 'post', `/labs/${name}/check?engine=right`)).body.engine, 'right');
  const listed = (await callApi(app, 'get', '/labs')).body as { name: string; engine: string }[];
  assert.deepEqual(
    listed.filter((one) => one.name === name).map(({ engine }) => engine),
    ['left', 'right'],
  );
  assert.equal((await callApi(app, 'get', '/labs?engine=left')).body.length, 1);

  assert.equal((await callApi(app, 'delete', `/labs/${name}?engine=left`)).status, 200);
  assert.deepEqual([await members(left, name), await members(right, name)], [[], whole]);
  assert.equal((await callApi(app, 'delete', `/labs/${name}`)).status, 200);
  assert.deepEqual(await members(right, name), []);
  await app.close();
});

test('an engine that nobody knows, or that is named twice, is told before anything is made', { skip }, async () => {
  const app = await startOnBoth();
  const name = labName();
  const unknown = await callApi(app, 'put', `/labs/${name}?engine=middle`, file);
  assert.deepEqual([unknown.status, unknown.body.code], [404, 'engine_not_found']);
  assert.match(unknown.body.hint, /left, right/);
  const twice = await callApi(app, 'put', `/labs/${name}?engine=left`, { ...file, engine: 'right' });
  assert.deepEqual([twice.status, twice.body.field], [400, 'engine']);
  assert.deepEqual([await members(left, name), await members(right, name)], [[], []]);
  await app.close();
});

test('an engine that is away says so of what is on it, and does not hold up the rest', { skip }, async () => {
  const app = await startOnBoth();
  const [here, there, next] = [labName(), labName(), labName()];
  assert.equal((await callApi(app, 'put', `/labs/${here}?engine=left`, file)).status, 200);
  assert.equal((await callApi(app, 'put', `/labs/${there}?engine=right`, file)).status, 200);
  await right.kill();
  await waitFor(async (see) => see((await callApi(app, 'get', '/engines/right')).body.state) === 'stale', {
    what: 'it to be away',
  });

  // One server has known it, another has never met it.
  for (const server of [app, await startOnBoth()]) {
    for (const method of ['put', 'delete'] as const) {
      const { status, body } = await callApi(
        server,
        method,
        `/labs/${there}?engine=right`,
        method === 'put' ? file : undefined,
      );
      assert.deepEqual([status, body.code], [503, 'engine_unavailable'], JSON.stringify(body));
      assert.match(body.detail, /\bright\b/);
    }
    const again = await callApi(server, 'put', `/labs/${here}?engine=left`, file);
    assert.deepEqual([again.status, again.body.changed], [200, false], JSON.stringify(again.body));
    assert.equal((await callApi(server, 'get', `/labs/${here}`)).body.state, 'as_described');
    assert.equal((await callApi(server, 'post', `/labs/${here}/check`)).body.status, 'pass');
    assert.ok((await callApi(server, 'get', '/labs')).body.some((one: { name: string }) => one.name === here));
    assert.deepEqual((await callApi(server, 'get', '/audit')).body.away, ['right']);
    assert.equal((await callApi(server, 'post', `/labs/${here}/cancel`)).status, 503, 'it may be changed on the other');
    assert.equal((await callApi(server, 'post', `/labs/${here}/cancel?engine=left`)).body.code, 'state_conflict');
    assert.equal((await callApi(server, 'put', `/labs/${next}?engine=left`, file)).status, 200);
    assert.equal((await callApi(server, 'delete', `/labs/${next}`)).status, 200);
  }
  assert.equal((await callApi(app, 'get', `/labs/${there}`)).body.engine, 'right', 'what was last known is shown');

  await right.restart();
  const back = await waitFor(
    async (see) => {
      const answer = await callApi(app, 'put', `/labs/${there}?engine=right`, file);
      return see(answer.status) === 503 ? false : answer;
    },
    { what: 'it to be back', timeoutMs: 60_000, intervalMs: 250 },
  );
  assert.equal(back.status, 200, JSON.stringify(back.body));
  assert.equal((await callApi(app, 'post', `/labs/${there}/check`)).body.status, 'pass');
  for (const name of [here, there]) assert.equal((await callApi(app, 'delete', `/labs/${name}`)).status, 200);
});
