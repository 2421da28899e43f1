// GET /images and POST /images/pull, on a registry of the test's own.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import request from 'supertest';
import type { Image } from '../../src/schemas/images.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { docker, removeContainer } from '../support/engine.ts';
import { startEngineProxy } from '../support/engine-proxy.ts';
import { startImageRegistry } from '../support/image-registry.ts';
import { uniqueName } from '../support/run-id.ts';
import { waitFor } from '../support/wait-for.ts';

const registry = await startImageRegistry({ after });
const server = await startApp({ after }, { config: { registries: [registry.host] } });

// biome-ignore lint/suspicious/noExplicitAny: lines of several shapes
type Line = any;

function startPull(
  image: string,
  { at = server, accept, signal }: { at?: RunningApp; accept?: string; signal?: AbortSignal } = {},
) {
  return fetch(`${at.url}/api/v1/images/pull`, {
    method: 'POST',
    headers: { ...at.headers, 'content-type': 'application/json', ...(accept === undefined ? {} : { accept }) },
    body: JSON.stringify({ image }),
    ...(signal === undefined ? {} : { signal }),
  });
}

const readLines = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

async function pullLines(image: string, options?: Parameters<typeof startPull>[1]): Promise<Line[]> {
  const response = await startPull(image, options);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
  return readLines(text);
}

const isOnEngine = async (image: string) => (await docker('image', 'inspect', image)).code === 0;

/** Pulls that the engine has under way, as the proxy sees them. */
const pulling = /^POST \/v[\d.]+\/images\/create\?/;

test('a pull tells how far each layer is, and ends with the image', async () => {
  const image = await registry.publish(3_000_000);
  const lines = await pullLines(image);
  const steps = lines.slice(0, -1);
  assert.match(steps[0].status, /^Pulling from/);
  assert.equal(steps[0].layer, undefined, 'a tag is no layer');
  const { done, image: pulled } = lines.at(-1);
  assert.equal(done, true);
  assert.deepEqual([pulled.engine, pulled.tags], ['local', [image]]);
  assert.match(pulled.id, /^sha256:[0-9a-f]{64}$/);
  assert.ok(pulled.size >= 3_000_000);
  const measured = steps.filter(({ layer, total }) => layer !== undefined && total > 0);
  assert.ok(measured.length > 0, JSON.stringify(steps));
  for (const { current, total } of measured) assert.ok(current > 0 && current <= total);
  const [layer] = new Set(measured.map((step) => step.layer));
  assert.equal(steps.findLast((step) => step.layer === layer).status, 'Pull complete');
  assert.ok(await isOnEngine(image));
});

test('what is there already is pulled again without a layer', async () => {
  const image = await registry.publishCopy('busybox:latest');
  for (let time = 0; time < 2; time += 1) assert.equal((await pullLines(image)).at(-1).done, true);
  const images: Image[] = (await request(server.url).get('/api/v1/images').set(server.headers)).body;
  assert.ok(images.find(({ tags }) => tags.includes(image) && tags.includes('busybox:latest')));
});

test('as JSON the answer comes when it is done', async () => {
  const image = await registry.publish();
  const response = await startPull(image, { accept: 'application/json' });
  assert.equal(response.status, 200);
  const body = (await response.json()) as Image;
  assert.deepEqual([body.tags, body.engine], [[image], 'local']);
  assert.ok(await isOnEngine(image));
});

test('the list shows what the engine has', async () => {
  const { status, body } = await request(server.url).get('/api/v1/images').set(server.headers);
  assert.equal(status, 200);
  const { stdout } = await docker('image', 'inspect', '--format', '{{.Id}}', 'busybox:latest');
  const busybox = (body as Image[]).find(({ tags }) => tags.includes('busybox:latest'));
  assert.equal(busybox?.id, stdout.trim());
  const times = (body as Image[]).map(({ createdAt }) => Date.parse(createdAt));
  assert.deepEqual(
    times,
    [...times].sort((a, b) => b - a),
  );
  const elsewhere = await request(server.url).get('/api/v1/images?engine=mars').set(server.headers);
  assert.deepEqual([elsewhere.status, elsewhere.body.code], [404, 'engine_not_found']);
});

test('many who want the same image share one pull, and hear the same', async (t) => {
  const proxy = await startEngineProxy(t);
  const behind = await startApp(t, { env: { DOCKER_HOST: proxy.endpoint }, config: { registries: [registry.host] } });
  const image = await registry.publish();
  registry.freeze();
  t.after(() => registry.thaw());
  const answers = Array.from({ length: 5 }, () => pullLines(image, { at: behind }));
  await waitFor((see) => see(proxy.count(pulling)) === 1, { what: 'the pull to begin' });
  registry.thaw();
  const results = await Promise.all(answers);
  for (const lines of results) assert.deepEqual(lines.at(-1), results[0]?.at(-1));
  assert.equal(proxy.seen(pulling), 1);
});

test('a create pulls what is missing, shares a pull under way, and says where it may not', async (t) => {
  const image = await registry.publishCopy('busybox:latest');
  const name = uniqueName('pulled');
  t.after(() => removeContainer(name));
  const create = (body: object) =>
    request(server.url)
      .post('/api/v1/containers/closed')
      .set(server.headers)
      .send({ name, ...body });
  const made = await create({ image });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.equal(made.body.image, image);
  const absent = await create({ image: `${registry.host}/absent:v1`, name: uniqueName('absent') });
  assert.deepEqual([absent.status, absent.body.code], [404, 'image_not_found']);
  const elsewhere = await create({ image: 'quay.io/absent:v1', name: uniqueName('elsewhere') });
  assert.deepEqual([elsewhere.status, elsewhere.body.code], [403, 'forbidden']);
});

test('a pull that fails before it begins is an answer of its own', async (t) => {
  const cases: readonly [image: string, status: number, code: string, words: RegExp][] = [
    [`${registry.host}/nothing:v1`, 404, 'image_not_found', /not found|unknown/],
    ['busybox', 403, 'forbidden', /docker\.io/],
    ['quay.io/busybox:1', 403, 'forbidden', /quay\.io/],
    ['127.0.0.1:1/busybox', 403, 'forbidden', /127\.0\.0\.1:1/],
    ['BUSYBOX', 400, 'invalid_request', /lower case/],
    ['', 400, 'invalid_request', /empty/],
    ['../../containers/json', 400, 'invalid_request', /not valid/],
    [`busybox?fromSrc=-&x=`, 400, 'invalid_request', /not valid/],
    [`${'a'.repeat(600)}`, 400, 'invalid_request', /512/],
    [`sha256:${'0'.repeat(64)}`, 404, 'image_not_found', /cannot be pulled/],
  ];
  for (const [image, status, code, words] of cases) {
    for (const accept of ['application/x-ndjson', 'application/json']) {
      const response = await startPull(image, { accept });
      const body = (await response.json()) as { code: string; field: string; detail: string };
      assert.deepEqual([response.status, body.code, body.field], [status, code, 'image'], image);
      assert.match(body.detail, words);
    }
  }
  const unreachable = await startApp(t, { config: { registries: ['127.0.0.1:1'] } });
  const response = await startPull('127.0.0.1:1/busybox', { at: unreachable });
  const body = (await response.json()) as { code: string; detail: string; hint: string };
  assert.deepEqual([response.status, body.code], [422, 'engine_refused']);
  assert.match(body.detail, /connection refused/);
  assert.match(body.hint, /reaches the registry/);
});

test('the refusal of a registry names the setting that allows it', async () => {
  const { body } = await request(server.url).post('/api/v1/images/pull').set(server.headers).send({ image: 'busybox' });
  assert.match(body.hint, /TERRARIUM_REGISTRIES/);
  assert.ok(body.hint.includes(registry.host));
});

test('other bad requests are refused by field', async () => {
  const bad: readonly [body: object, field: string][] = [
    [{}, 'image'],
    [{ image: 5 }, 'image'],
    [{ image: 'busybox', tag: 'x' }, 'tag'],
    [{ image: 'busybox', auth: {} }, 'auth'],
  ];
  for (const [body, field] of bad) {
    const answer = await request(server.url).post('/api/v1/images/pull').set(server.headers).send(body);
    assert.deepEqual([answer.status, answer.body.code, answer.body.field], [400, 'invalid_request', field]);
  }
  const { status, body } = await request(server.url)
    .post('/api/v1/images/pull')
    .set({ ...server.headers, accept: 'text/html' })
    .send({ image: 'busybox' });
  assert.deepEqual([status, body.code], [406, 'not_acceptable']);
});

test('an error in the midst of the progress is an error', async (t) => {
  const broken = await startImageRegistry(t);
  const image = await broken.publish();
  await broken.loseBlobs();
  const at = await startApp(t, { config: { registries: [broken.host] } });
  const response = await startPull(image, { at });
  const lines = readLines(await response.text());
  assert.equal(response.status, 200, 'it had begun');
  assert.deepEqual(
    lines.map(({ done, error }) => done ?? error?.code),
    [...lines.slice(1).map(() => undefined), 'engine_refused'],
  );
  assert.match(lines.at(-1).error.detail, /could not be pulled: .*unknown blob/);
  const asJson = await startPull(image, { at, accept: 'application/json' });
  assert.equal(asJson.status, 422);
  assert.equal(await isOnEngine(image), false);
});

test('a pull that nobody waits for any more is given up; one that others want goes on', async (t) => {
  const proxy = await startEngineProxy(t);
  const behind = await startApp(t, { env: { DOCKER_HOST: proxy.endpoint }, config: { registries: [registry.host] } });
  const image = await registry.publish();
  registry.freeze();
  t.after(() => registry.thaw());
  const first = new AbortController();
  const second = new AbortController();
  for (const { signal } of [first, second]) startPull(image, { at: behind, signal }).catch(() => {});
  await waitFor((see) => see(proxy.count(pulling)) === 1, { what: 'the pull' });
  first.abort();
  const third = startPull(image, { at: behind });
  second.abort();
  registry.thaw();
  assert.equal((await third).status, 200);
  assert.equal(readLines(await (await third).text()).at(-1).done, true);

  const other = await registry.publish();
  registry.freeze();
  const only = new AbortController();
  startPull(other, { at: behind, signal: only.signal }).catch(() => {});
  await waitFor((see) => see(proxy.count(pulling)) === 1, { what: 'the pull' });
  only.abort();
  await waitFor((see) => see(proxy.count(pulling)) === 0, { what: 'the pull to be given up' });
});

test('a pull ends when the server closes', async (t) => {
  const proxy = await startEngineProxy(t);
  const closing = await startApp(t, { env: { DOCKER_HOST: proxy.endpoint }, config: { registries: [registry.host] } });
  const image = await registry.publish();
  registry.freeze();
  t.after(() => registry.thaw());
  const answer = startPull(image, { at: closing });
  await waitFor((see) => see(proxy.count(pulling)) === 1, { what: 'the pull' });
  await closing.close();
  const response = await answer;
  assert.deepEqual([response.status, ((await response.json()) as { code: string }).code], [503, 'shutting_down']);
});
