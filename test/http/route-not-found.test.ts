// A URL that leads nowhere: what is near it is named, so that a first guess leads on.
import assert from 'node:assert/strict';
import test from 'node:test';
import request from 'supertest';
import { startApp } from '../support/app.ts';

test('a URL that leads nowhere names what is near', async (t) => {
  const { url, headers } = await startApp(t);
  const ask = async (method: 'get' | 'post' | 'put' | 'patch', path: string) => {
    const { status, body } = await request(url)[method](path).set(headers);
    assert.deepEqual([status, body.code], [404, 'route_not_found'], path);
    assert.equal(body.detail, `There is no ${method.toUpperCase()} ${path.split('?')[0]}`);
    return body.hint as string;
  };
  const models = ['closed', 'bridged', 'joined', 'open'].map((mode) => `POST /api/v1/containers/${mode}`).join(', ');
  assert.equal(await ask('post', '/api/v1/containers'), `There is ${models}, GET /api/v1/containers`);
  assert.match(await ask('put', '/api/v1/containers/web?x=1'), /GET \/api\/v1\/containers\/\{id\}/);
  assert.match(await ask('patch', '/api/v1/containers/web/exec'), /POST \/api\/v1\/containers\/\{id\}\/exec/);
  for (const path of ['/api/v1/container', '/api/v1/containers/web/exec/twice', '/nothing', '/api/v1/'])
    assert.match(await ask('get', path), /openapi\.json/, path);
});
