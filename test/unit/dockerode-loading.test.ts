// What dockerode loads, and what it is kept from.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test from 'node:test';
import { loadDockerode } from '../../src/engine/docker/dockerode.ts';

const load = createRequire(import.meta.url);
const isLoaded = (name: string) => Object.keys(load.cache).some((file) => file.includes(`/node_modules/${name}/`));

test('dockerode is loaded without gRPC and without an SSH client, and keeps nobody else from them', () => {
  const Docker = loadDockerode();
  assert.equal(typeof new Docker({ socketPath: '/nowhere' }).modem.dial, 'function');
  assert.ok(isLoaded('dockerode') && isLoaded('docker-modem'));
  for (const name of ['@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs', 'ssh2']) assert.ok(!isLoaded(name), name);
  assert.equal(typeof load('ssh2').Client, 'function');
  assert.equal(loadDockerode(), Docker);
});
