// The set-up as a command: what a person sees when something is wrong. Nothing is installed or started here.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { findFreePort, runCommand } from '../support/engine.ts';

const setup = (args: string[], env: Record<string, string> = {}) =>
  runCommand(process.execPath, ['scripts/setup.mjs', ...args], { env });

test('--help names the steps', async () => {
  const { code, stdout } = await setup(['--help']);
  assert.equal(code, 0);
  for (const step of ['node', 'dependencies', 'build', 'engine', 'image', 'test-tools'])
    assert.match(stdout, new RegExp(`\\b${step}\\b`));
});

test('an unknown step is refused', async () => {
  const { code, stderr } = await setup(['engine', 'kitchen']);
  assert.equal(code, 2);
  assert.match(stderr, /^setup: unknown step "kitchen"\. Steps: node, .*\n$/);
});

test('a DOCKER_HOST that does not answer is one clear line, and no other engine is started', async () => {
  const host = `tcp://127.0.0.1:${await findFreePort()}`;
  for (const env of [{ DOCKER_HOST: host }, { DOCKER_HOST: host, TERRARIUM_NO_INSTALL: '1' }]) {
    const { code, stdout, stderr } = await setup(['engine'], env);
    assert.equal(code, 1);
    assert.match(stderr, /^setup: .*DOCKER_HOST is tcp:\/\/127\.0\.0\.1:\d+ but no Docker Engine answers there .*\n$/);
    assert.doesNotMatch(stdout, /starting/);
  }
});

test('something else that answers on DOCKER_HOST is no engine', async (t) => {
  const server = createServer((_, answer) => answer.writeHead(404).end('nothing here'));
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { code, stderr } = await setup(['engine'], {
    DOCKER_HOST: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
  assert.equal(code, 1);
  assert.match(stderr, /no Docker Engine answers there \(it answered 404\)/);
});

test('only checking names everything that is missing in one line', async () => {
  const env = { TERRARIUM_NO_INSTALL: '1', DOCKER_HOST: 'unix:///nowhere/docker.sock' };
  const { code, stdout, stderr } = await setup(['node', 'engine', 'image'], env);
  assert.equal(code, 1);
  assert.match(stdout, /^setup node: there/);
  assert.equal(stderr.trim().split('\n').length, 1);
  assert.match(stderr, /TERRARIUM_NO_INSTALL is set, so nothing was changed; missing: .*docker\.sock.*busybox:latest/);
});
