// The API as a client of one test file uses it: calls with the token, and containers that are removed after the test.
import assert from 'node:assert/strict';
import request, { type Test } from 'supertest';
import type { Container, Mode } from '../../src/schemas/container.ts';
import type { RunningApp } from './app.ts';
import { defer } from './defer.ts';
import { type Cleanup, removeContainer } from './engine.ts';
import { uniqueName } from './run-id.ts';

export interface Api {
  get(path: string): Test;
  post(path: string, body?: object): Test;
  delete(path: string): Test;
  /** `POST /containers/MODE`, whatever it answers; whatever it makes is removed after the test. Default name: a unique one. */
  tryCreate(mode: Mode, body?: Record<string, unknown>): Test & { readonly containerName: string };
  /** The same, expecting 201. */
  create(mode: Mode, body?: Record<string, unknown>): Promise<Container>;
}

/** One call with the token, whatever it answers. Paths are relative to `/api/v1`. */
export function callApi(
  { url, headers }: Pick<RunningApp, 'url' | 'headers'>,
  method: 'get' | 'post' | 'put' | 'delete',
  path: string,
  body?: object,
): Test {
  const sent = request(url)[method](`/api/v1${path}`).set(headers);
  return body === undefined ? sent : sent.send(body);
}

/** Paths are relative to `/api/v1`. */
export function useApi(server: Pick<RunningApp, 'url' | 'headers'>, cleanup: Cleanup): Api {
  const api: Api = {
    get: (path) => callApi(server, 'get', path),
    post: (path, body) => callApi(server, 'post', path, body),
    delete: (path) => callApi(server, 'delete', path),
    tryCreate(mode, { name = uniqueName(mode), ...body } = {}) {
      const containerName = String(name);
      defer(cleanup, () => removeContainer(containerName));
      return Object.assign(api.post(`/containers/${mode}`, { name, ...body }), { containerName });
    },
    async create(mode, body) {
      const { status, body: container } = await api.tryCreate(mode, body);
      assert.equal(status, 201, JSON.stringify(container));
      return container;
    },
  };
  return api;
}
