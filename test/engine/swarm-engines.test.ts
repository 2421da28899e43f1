// The engines of test/support/swarm.ts are a swarm as Docker means it: two nodes, and an overlay that carries between containers on both. No server here.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectFrom, containerPlace } from '../support/outside-client.ts';
import { whyNoPrivateEngine } from '../support/private-engine.ts';
import { startSwarm } from '../support/swarm.ts';

test('an overlay of the manager carries to a container on a worker', { skip: whyNoPrivateEngine() }, async (t) => {
  const { manager, worker, outside } = await startSwarm(t);
  const docker = async ({ engine }: typeof manager, ...args: string[]) => {
    const { code, stdout, stderr } = await engine.docker(...args);
    assert.equal(code, 0, `docker ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  const states = await docker(manager, 'node', 'ls', '--format', '{{.ID}} {{.Status}}');
  assert.deepEqual(states.split('\n').sort(), [`${manager.id} Ready`, `${worker.id} Ready`].sort());
  await docker(manager, 'network', 'create', '--driver', 'overlay', '--attachable', 'over');
  const run = ['run', '--detach', '--init', '--network', 'over', '--publish', '8080:80'];
  const server = ['busybox:latest', 'httpd', '-f', '-p', '80'];
  await docker(manager, ...run, '--name', 'near', ...server);
  await docker(worker, ...run, '--name', 'far', ...server);
  const address = await docker(worker, 'inspect', '--format', '{{.NetworkSettings.Networks.over.IPAddress}}', 'far');
  assert.equal(await connectFrom(await containerPlace(manager.engine, 'near'), { address, port: 80 }), 'open');
  assert.equal(await connectFrom(outside, { address: worker.address, port: 8080 }), 'open');
});
