// What the create form's picture shows, without a page.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Container, Network } from '../../src/client/index.ts';
import { findField } from '../../web/src/views/create/form.ts';
import { readPort } from '../../web/src/views/create/read-port.ts';
import { describeScene, findTarget } from '../../web/src/views/create/scene.ts';

const web = {
  id: 'aa1',
  name: 'web',
  joinedTo: null,
  effective: 'open',
  namespace: {
    id: 'local~aa1~x',
    inode: null,
    members: [
      { id: 'aa1', name: 'web' },
      { id: 'ab2', name: 'mate' },
    ],
  },
  networks: [{ name: 'bridge', ipv4: '172.17.0.2', prefix: 16 }],
  ports: ['0.0.0.0', '::', '127.0.0.1'].map((hostIp) => ({
    containerPort: 80,
    protocol: 'tcp',
    hostIp,
    hostPort: 8080,
  })),
} as unknown as Container;
const mate = {
  ...web,
  id: 'ab2',
  name: 'mate',
  joinedTo: { id: 'aa1', name: 'web' },
  networks: [],
  ports: [],
} as Container;
const onHost = { ...web, id: 'ac3', name: 'on-host', effective: 'host' } as Container;
const networks = [
  { id: 'n1', name: 'bridge', bip: '172.17.0.1/16' },
  { id: 'n2', name: 'lan', bip: '10.1.0.1/24' },
] as Network[];
const world = { containers: [web, mate, onHost], networks };

test('who joins has the interfaces and doors of the end of the chain', () => {
  const scene = describeScene('joined', { target: 'mate' }, null, world);
  assert.deepEqual(scene.namespace, {
    kind: 'shared',
    interfaces: [
      { name: 'eth0', address: '172.17.0.2/16' },
      { name: 'lo', address: '127.0.0.1' },
    ],
    members: ['web', 'mate'],
  });
  assert.deepEqual(scene.doors, [
    { host: '8080', address: '*', port: '80/tcp' },
    { host: '8080', address: '127.0.0.1', port: '80/tcp' },
  ]);
  assert.deepEqual(scene.bridge, { name: 'docker0', subnet: '172.17.0.1/16' });
  assert.equal(describeScene('joined', { target: 'on-host' }, null, world).namespace.kind, 'host');
  assert.deepEqual(describeScene('joined', { target: 'nobody' }, null, world).namespace.members, []);
});

test('a target is found as the server finds it', () => {
  const find = (target: string) => findTarget(target, world.containers)?.name;
  assert.deepEqual(['web', 'aa1', 'ab', 'a', '', 'we'].map(find), [
    'web',
    'web',
    'mate',
    undefined,
    undefined,
    undefined,
  ]);
});

test('ports that are typed are doors before the server has said so', () => {
  const scene = describeScene('open', { network: 'lan', ports: ['80', '[::1]:8080:80/udp', 'nonsense'] }, null, world);
  assert.deepEqual(scene.doors, [
    { host: null, address: '*', port: '80/tcp' },
    { host: '8080', address: '[::1]', port: '80/udp' },
  ]);
  assert.deepEqual(scene.bridge, { name: 'lan', subnet: '10.1.0.1/24' });
  assert.equal(describeScene('open', { host: true }, null, world).namespace.kind, 'host');
  assert.equal(describeScene('closed', {}, null, world).bridge, null);
});

test('the four forms are read, and nothing else', () => {
  assert.deepEqual(readPort(' 127.0.0.1::53/udp '), { ip: '127.0.0.1', hostPort: null, port: '53', protocol: 'udp' });
  assert.deepEqual(readPort('8000-8010:80'), { ip: null, hostPort: '8000-8010', port: '80', protocol: 'tcp' });
  for (const other of ['', 'a:80', '80/icmp', '::1:80:80', 'published=80,target=80'])
    assert.equal(readPort(other), null, other);
});

test('a problem belongs to the field that the mode has', () => {
  assert.deepEqual(findField('open', 'ports[3]'), { name: 'ports', line: 3 });
  assert.deepEqual(findField('closed', 'limits.memory'), { name: 'memory', line: 0 });
  assert.deepEqual(findField('closed', 'labels.io.terrarium.x'), { name: 'labels', line: 0 });
  for (const none of [undefined, 'ports[0]', 'constructor', '']) assert.equal(findField('closed', none), null);
});
