// The lessons over HTTP: listed in the order in which they are taught, shown with their file, and kept from who has no token.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import request from 'supertest';
import type { Lesson, LessonSummary } from '../../src/schemas/lesson.ts';
import { startApp } from '../support/app.ts';

const folder = path.resolve(import.meta.dirname, '..', '..', 'labs');

test('every lab file that ships is a lesson, and is shown as it was written', async (t) => {
  const { url, headers } = await startApp(t);
  const get = (route: string) => request(url).get(`/api/v1${route}`).set(headers);
  const list: LessonSummary[] = (await get('/lessons')).body;
  assert.deepEqual(list.map(({ name }) => `${name}.yaml`).sort(), (await readdir(folder)).sort());
  assert.equal(list[0]?.name, 'closed');
  for (const summary of list) {
    const { status, body } = await get(`/lessons/${summary.name}`);
    const { text, file, ...rest } = body as Lesson;
    assert.equal(status, 200);
    assert.deepEqual(rest, summary);
    assert.equal(text, await readFile(path.join(folder, `${summary.name}.yaml`), 'utf8'));
    assert.equal(file.steps?.length, summary.steps);
    assert.equal(Object.keys(file.checks ?? {}).length, summary.checks);
    const plan = await request(url).post(`/api/v1/labs/${summary.name}/plan`).set(headers).send(file);
    assert.equal(plan.status, 200, `${summary.name} as JSON: ${JSON.stringify(plan.body)}`);
  }

  const unknown = await get('/lessons/close');
  assert.deepEqual([unknown.status, unknown.body.code], [404, 'lesson_not_found']);
  assert.match(unknown.body.detail, /"close"/);
  assert.match(unknown.body.hint, /closed, bridged, joined, open/);
  assert.equal((await get('/lessons/..%2fpackage')).status, 400);
  for (const route of ['/lessons', '/lessons/closed'])
    assert.equal((await request(url).get(`/api/v1${route}`)).status, 401, route);
});
