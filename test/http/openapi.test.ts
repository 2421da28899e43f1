// The OpenAPI document: valid, complete against the route table, and true of the answers the server really gives.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Compile } from 'typebox/schema';
import { errorCodes, errorKinds } from '../../src/schemas/error-codes.ts';
import { startApp } from '../support/app.ts';
import { createTestContainer } from '../support/engine.ts';
import { send } from '../support/raw-http.ts';

const running = await startApp({ after });
const get = (path: string, headers: Record<string, string> = running.headers) => send(running.url, { path, headers });
const { body: document } = await get('/openapi.json');

/** Every operation with its path, method and route. */
function operations() {
  return running.app.routeTable
    .filter(({ method, hidden }) => method !== 'HEAD' && !hidden)
    .map((route) => {
      const path = route.url.replaceAll(/:(\w+)/g, '{$1}');
      return { ...route, path, operation: document.paths[path]?.[route.method.toLowerCase()] };
    });
}

function resolve(value: { $ref?: string }): Record<string, unknown> {
  if (value.$ref === undefined) return value as Record<string, unknown>;
  const found = value.$ref
    .split('/')
    .slice(1)
    .reduce((at, key) => at?.[key], document);
  assert.ok(found, `${value.$ref} leads nowhere`);
  return found;
}

/** References are pointers into the document; inlined they need no resolver. */
function inline(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inline);
  if (typeof value !== 'object' || value === null) return value;
  if ('$ref' in value) return inline(resolve(value as { $ref: string }));
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, inline(member)]));
}

test('it is valid OpenAPI 3.1, at both URLs', async () => {
  assert.equal(document.openapi, '3.1.0');
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  assert.ok(valid, JSON.stringify(errors, null, 2));
  assert.deepEqual((await get('/api/v1/openapi.json')).body, document);
});

test('every route is in it, and nothing else', () => {
  const registered = operations();
  assert.ok(registered.length > 20);
  for (const { method, url, operation } of registered) assert.ok(operation, `${method} ${url} is not documented`);
  const documented = Object.entries<Record<string, unknown>>(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(documented.sort(), registered.map(({ method, path }) => `${method} ${path}`).sort());
});

test('what is hidden is the page and its files, and nothing of the API', () => {
  const hidden = running.app.routeTable.filter((route) => route.hidden && !route.websocket);
  for (const { url } of hidden) assert.match(url, /^\/(login|docs|docs\/.*|assets\/.*)?$/);
});

test('every operation has a name of its own, a summary, a known tag, an answer, and its refusals', () => {
  const tags = document.tags.map(({ name }: { name: string }) => name);
  const names = operations().map(({ operation }) => operation.operationId);
  assert.equal(new Set(names).size, names.length);
  for (const { method, url, open, operation, path } of operations()) {
    const what = `${method} ${url}`;
    assert.ok(operation.summary, `${what} has no summary`);
    assert.ok(
      operation.tags?.length > 0 && operation.tags.every((tag: string) => tags.includes(tag)),
      `${what}: ${operation.tags}`,
    );
    const statuses = Object.keys(operation.responses);
    assert.ok(
      statuses.some((status) => /^[12]/.test(status)),
      `${what} has no success`,
    );
    for (const status of [
      '400',
      '403',
      '429',
      '500',
      '503',
      ...(open ? [] : ['401']),
      ...(path.includes('{') ? ['404'] : []),
    ])
      assert.ok(statuses.includes(status), `${what} does not say when it answers ${status}`);
    for (const [status, response] of Object.entries<{ $ref?: string }>(operation.responses)) {
      const { description, content } = resolve(response) as { description: string; content?: Record<string, unknown> };
      assert.ok(description && description !== 'Default Response', `${what} ${status} says nothing`);
      if (Number(status) >= 400 && !(path === '/readyz'))
        assert.ok(content?.['application/problem+json'], `${what} ${status}`);
    }
  }
});

test('what needs the token says so, and what is open says that', () => {
  assert.deepEqual(document.security, [{ bearerAuth: [] }]);
  assert.deepEqual(document.components.securitySchemes.bearerAuth, { type: 'http', scheme: 'bearer' });
  for (const { open, operation, url } of operations()) assert.deepEqual(operation.security, open ? [] : undefined, url);
});

test('every WebSocket URL is marked', () => {
  const sockets = operations().filter(({ websocket }) => websocket);
  assert.ok(sockets.length >= 2);
  for (const { operation, url, websocket } of operations()) {
    assert.equal(operation['x-websocket'] !== undefined, websocket, url);
    assert.equal(operation.responses['101'] !== undefined, websocket, url);
  }
  for (const { operation } of sockets)
    assert.ok(
      operation.parameters.some(
        ({ name, in: place }: { name: string; in: string }) => name === 'ticket' && place === 'query',
      ),
    );
});

test('schemas with a name are components, and every reference leads somewhere', () => {
  const { schemas } = document.components;
  for (const name of ['Container', 'CreateClosed', 'CreateBridged', 'CreateJoined', 'CreateOpen', 'Problem', 'Engine'])
    assert.ok(schemas[name], `${name} is no component`);
  const text = JSON.stringify(document);
  const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, $ref = '']) => $ref);
  assert.ok(references.length > 50);
  for (const $ref of new Set(references)) resolve({ $ref });
  assert.doesNotMatch(text, /x-terrarium-component|"\$id"|"~kind"|def-\d/);
});

test('every request body has an example, which is a request that would be taken', () => {
  const bodies = operations().filter(({ operation }) => operation.requestBody !== undefined);
  assert.ok(bodies.length >= 5);
  for (const { operation, path } of bodies) {
    const schema = resolve(operation.requestBody.content['application/json'].schema);
    const examples = schema.examples as unknown[] | undefined;
    assert.ok(examples !== undefined && examples.length > 0, `${path} has no example`);
    const validator = Compile(inline(schema) as object);
    for (const example of examples) assert.ok(validator.Check(example), `${path}: ${JSON.stringify(example)}`);
  }
});

test('every error code is described under its status', () => {
  for (const code of errorCodes) {
    const { description } = document.components.responses[`Problem${errorKinds[code].status}`];
    assert.ok(description.includes(`\`${code}\``), code);
  }
  assert.deepEqual(document.components.schemas.Problem.properties.code.enum, errorCodes);
});

/** A validator for the schema of a documented JSON answer, its references included. */
function answerValidator(path: string, method: string, status: number) {
  const content = resolve(document.paths[path][method].responses[status]).content as Record<string, { schema: object }>;
  const media = content['application/json'] ?? content['application/problem+json'];
  assert.ok(media, `${method} ${path} ${status} is not documented as JSON`);
  return Compile(inline(media.schema) as object);
}

test('real answers are what the document says', async (t) => {
  const { id } = await createTestContainer(t);
  const asked: [url: string, path: string, status: number, authorized: boolean][] = [
    ['/healthz', '/healthz', 200, false],
    ['/readyz', '/readyz', 200, false],
    ['/api/v1/engines', '/api/v1/engines', 200, true],
    ['/api/v1/engines/local', '/api/v1/engines/{name}', 200, true],
    ['/api/v1/engines/nowhere', '/api/v1/engines/{name}', 404, true],
    ['/api/v1/engines/local', '/api/v1/engines/{name}', 401, false],
    ['/api/v1/containers?scope=all', '/api/v1/containers', 200, true],
    ['/api/v1/containers?scope=none', '/api/v1/containers', 400, true],
    [`/api/v1/containers/${id}`, '/api/v1/containers/{id}', 200, true],
    [`/api/v1/containers/${id}/netstat`, '/api/v1/containers/{id}/netstat', 200, true],
    [`/api/v1/containers/${id}/ifconfig`, '/api/v1/containers/{id}/ifconfig', 200, true],
  ];
  for (const [url, path, status, authorized] of asked) {
    const answer = await get(url, authorized ? running.headers : {});
    assert.equal(answer.status, status, `${url}: ${answer.text}`);
    const validator = answerValidator(path, 'get', status);
    assert.ok(validator.Check(answer.body), `${url}: ${JSON.stringify(validator.Errors(answer.body)[1][0])}`);
  }
});

test('the documentation is a page anyone may load, and it holds no secret', async () => {
  const page = await get('/docs', {});
  assert.equal(page.status, 200);
  assert.match(String(page.headers['content-type']), /^text\/html/);
  const files = [...page.text.matchAll(/(?:src|href)="(\/(?:docs|assets)\/[^"]+\.(?:js|css|svg))"/g)].map(
    ([, file = '']) => file,
  );
  assert.ok(files.length >= 5, page.text);
  for (const file of files) {
    const answer = await get(file, {});
    assert.equal(answer.status, 200, file);
    assert.ok(answer.text.length > 100, file);
    assert.equal((await get(file, { 'if-none-match': String(answer.headers.etag) })).status, 304, file);
  }
  // A strict policy lets no inline script or style run, so none may be there.
  for (const path of ['/', '/login', '/docs', '/docs/errors']) {
    const { text, status } = await get(path, {});
    assert.equal(status, 200);
    assert.doesNotMatch(text, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/i, path);
    assert.doesNotMatch(text, /https?:\/\/(?!HOST)/, `${path} loads something from elsewhere`);
  }
});

test('the type of every problem leads to its description', async () => {
  const { body } = await get('/api/v1/nowhere');
  const [path = '', anchor = ''] = body.type.split('#');
  const page = await get(path, {});
  assert.equal(page.status, 200);
  assert.ok(page.text.includes(`id="${anchor}"`));
  for (const code of errorCodes) assert.ok(page.text.includes(`id="${code}"`), code);
});
