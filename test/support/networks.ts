// Networks as a test's client of the API makes them: subnets that no other run is likely to use, and everything removed after the test.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import type { Test } from 'supertest';
import type { CreatedNetwork } from '../../src/schemas/network.ts';
import type { Api } from './api.ts';
import { defer } from './defer.ts';
import { type Cleanup, removeNetwork } from './engine.ts';
import { uniqueName } from './run-id.ts';

/** The first three numbers of a /24. */
export const randomNet = () => `10.${randomInt(100, 180)}.${randomInt(256)}`;

/** The first 64 bits of a private IPv6 /64, `fd12:3456:789a:1`. */
export function randomNet6(): string {
  const group = () => randomInt(1, 0x1_0000).toString(16);
  return `fd${randomInt(16, 256).toString(16)}:${group()}:${group()}:1`;
}

/** `POST /networks`, whatever it answers; whatever it makes is removed after the test. Default name: a unique one. */
export function tryCreateNetwork(
  api: Api,
  cleanup: Cleanup,
  { name = uniqueName('net'), ...body }: Record<string, unknown> = {},
  query = '',
): Test {
  defer(cleanup, () => removeNetwork(String(name)));
  return api.post(`/networks${query}`, { name, ...body });
}

/** The same, expecting 201. */
export async function createNetwork(
  api: Api,
  cleanup: Cleanup,
  wanted?: Record<string, unknown>,
): Promise<CreatedNetwork> {
  const { status, body } = await tryCreateNetwork(api, cleanup, wanted);
  assert.equal(status, 201, JSON.stringify(body));
  return body;
}
