// What the flags of `terrarium run` mean, in docker's words.
import assert from 'node:assert/strict';
import test from 'node:test';
import { toCreateBody } from '../../src/cli/run-body.ts';

const env = { HOME: '/root', EMPTY: '' };
const body = (
  ...[mode, words = [], flags = {}]: [
    Parameters<typeof toCreateBody>[0],
    string[]?,
    Parameters<typeof toCreateBody>[2]?,
  ]
) => toCreateBody(mode, words, flags, env);

test('without anything the server decides', () => {
  assert.deepEqual(body('closed'), {});
  assert.deepEqual(body('closed', ['alpine']), { image: 'alpine' });
});

test('a command has a terminal and an input only where they are asked for', () => {
  assert.deepEqual(body('closed', ['busybox', 'ls', '-l']), {
    image: 'busybox',
    command: ['ls', '-l'],
    tty: false,
    stdin: false,
  });
  assert.deepEqual(body('closed', ['busybox'], { interactive: true, tty: true }), {
    image: 'busybox',
    tty: true,
    stdin: true,
  });
});

test("docker's flags", () => {
  const flags = {
    name: 'web',
    rm: true,
    env: ['A=1', 'B=x=y', 'HOME', 'EMPTY', 'NOWHERE'],
    label: ['a=b', 'c', 'd=e=f'],
    memory: '64m',
    cpus: '0.5',
    pidsLimit: 10,
    capAdd: ['net_admin', 'CAP_NET_RAW'],
    workdir: '/tmp',
    entrypoint: '/bin/sh',
    networkAlias: ['www'],
    publish: ['127.0.0.1:8080:80'],
    publishAll: true,
  };
  assert.deepEqual(body('open', [], flags), {
    name: 'web',
    autoRemove: true,
    env: ['A=1', 'B=x=y', 'HOME=/root', 'EMPTY='],
    labels: { a: 'b', c: '', d: 'e=f' },
    limits: { memory: '64m', cpus: 0.5, pids: 10 },
    capabilities: ['NET_ADMIN', 'NET_RAW'],
    workingDir: '/tmp',
    entrypoint: ['/bin/sh'],
    aliases: ['www'],
    ports: ['127.0.0.1:8080:80'],
    publishAll: true,
  });
  assert.deepEqual(body('closed', [], { entrypoint: '' }), { entrypoint: [] });
  assert.throws(() => body('closed', [], { cpus: 'many' }), /--cpus is "many"/);
});

test("--network in docker's words, and where it names another model", () => {
  assert.deepEqual(body('closed', [], { network: 'none' }), {});
  assert.deepEqual(body('open', [], { network: 'host' }), { host: true });
  assert.deepEqual(body('joined', [], { network: 'container:web' }), { target: 'web' });
  assert.deepEqual(body('joined', [], { target: 'web' }), { target: 'web' });
  assert.deepEqual(body('bridged', [], { network: 'mine' }), { network: 'mine' });
  for (const [mode, network, hint] of [
    ['bridged', 'none', 'terrarium run closed makes it'],
    ['closed', 'host', 'terrarium run open --host makes it'],
    ['open', 'container:web', 'terrarium run joined --target web makes it'],
  ] as const)
    assert.throws(
      () => body(mode, [], { network }),
      (error) => (error as { hint?: string }).hint === hint,
    );
});

test('what does not fit the model is sent all the same, so that the server names it', () => {
  assert.deepEqual(body('closed', [], { publish: ['80'], network: 'mine' }), { ports: ['80'], network: 'mine' });
});

test('where it goes: to the least loaded engine, or by labels', () => {
  assert.deepEqual(body('closed', [], { place: 'least-loaded' }), { placement: 'least-loaded' });
  assert.deepEqual(body('closed', [], { place: 'room=a,gpu=' }), { placement: { labels: { room: 'a', gpu: '' } } });
  for (const place of ['', 'most-loaded', 'room=a,', '=a'])
    assert.throws(() => body('closed', [], { place }), /--place is/);
});
