// Pulling from a registry on this machine: progress as it comes, and an error in the midst of it that is not taken for success.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { connectEngine } from '../../src/engine/docker/docker-engine.ts';
import type { Engine, PullProgress } from '../../src/engine/engine.ts';
import { docker, findFreePort, runCommand } from '../support/engine.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { uniqueName } from '../support/run-id.ts';
import { waitFor } from '../support/wait-for.ts';

async function startRegistry(t: TestContext): Promise<{ port: number; folder: string }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'terrarium-registry-'));
  const port = await findFreePort();
  const config = path.join(folder, 'config.yml');
  const storage = `storage: { filesystem: { rootdirectory: "${folder}" }, maintenance: { uploadpurging: { enabled: false } } }`;
  await writeFile(config, `version: 0.1\nlog: { level: error }\n${storage}\nhttp: { addr: ":${port}" }\n`);
  const registry = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  const ended = new Promise((resolve) => registry.once('close', resolve));
  t.after(async () => {
    registry.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  });
  await waitFor(async (see) => see((await fetch(`http://127.0.0.1:${port}/v2/`)).status) === 200, {
    what: 'the registry to answer',
  });
  return { port, folder };
}

async function pull(engine: Engine, reference: string): Promise<PullProgress[]> {
  const seen: PullProgress[] = [];
  for await (const progress of engine.pullImage(reference)) seen.push(progress);
  return seen;
}

test('an image is pulled, layer by layer, and one that breaks on the way is an error', {
  skip: whyNoPrivateEngine(),
}, async (t) => {
  const { port, folder } = await startRegistry(t);
  const own = await startPrivateEngine(t, { tcp: true, args: ['--insecure-registry', '169.254.0.0/16'] });
  const engine = connectEngine({ name: 'own', endpoint: own.host });
  t.after(() => engine.close());

  // The shared engine puts its busybox there: loopback registries need no TLS.
  const repository = uniqueName('pull');
  const local = `127.0.0.1:${port}/${repository}`;
  t.after(() => docker('rmi', `${local}:v1`));
  assert.equal((await docker('tag', 'busybox:latest', `${local}:v1`)).code, 0);
  const push = await docker('push', `${local}:v1`);
  assert.equal(push.code, 0, push.stderr);

  const far = `${own.hostAddress}:${port}/${repository}`;
  const progress = await pull(engine, `${far}:v1`);
  assert.ok(progress.every(({ error }) => error === undefined));
  assert.ok(progress.some(({ status, layer }) => status === 'Pull complete' && layer !== undefined));
  assert.ok(progress.some(({ current, total }) => current !== undefined && total !== undefined));
  const image = await engine.inspectImage(`${far}:v1`);
  assert.deepEqual(image.tags, [`${far}:v1`]);
  assert.equal(image.digests.length, 1);

  await assert.rejects(pull(engine, `${far}:v2`), { code: 'image_not_found' });
  await assert.rejects(pull(engine, 'UPPER:case'), { code: 'engine_refused' });

  // By digest, with nothing there yet, and its layer gone from the registry.
  const digest = image.digests[0]?.replace(/^.*@/, '') ?? '';
  assert.equal((await own.docker('rmi', `${far}:v1`)).code, 0);
  const blobs = path.join(folder, 'docker/registry/v2/blobs');
  const { stdout } = await runCommand('find', [blobs, '-name', 'data', '-size', '+500k']);
  assert.notEqual(stdout, '');
  await rm(stdout.trim());
  const broken = await pull(engine, `${far}@${digest}`);
  assert.ok(broken.length > 1, 'it began well');
  assert.match(broken.at(-1)?.error ?? '', /\w/, JSON.stringify(broken.at(-1)));
  await assert.rejects(engine.inspectImage(`${far}:v1`), { code: 'image_not_found' });
});
