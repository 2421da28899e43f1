// The adapter over SSH, through a real sshd to a real engine: one connection for everything, host keys strictly checked, each refusal told by its
// culprit, and nothing left when the server ends, however it does.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after, type TestContext } from 'node:test';
import { connectEngine } from '../../src/engine/docker/docker-engine.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { Failure } from '../../src/schemas/failure.ts';
import { liveAContainersLife } from '../support/container-life.ts';
import { defer } from '../support/defer.ts';
import { findFreePort } from '../support/engine.ts';
import { type PrivateEngine, startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { makeSshKey, type SshServer, startSshServer, whyNoSshServer } from '../support/ssh-server.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine() || whyNoSshServer();

/** Where the sockets of tunnels are: a folder of this test's own. */
const base = await mkdtemp(path.join(tmpdir(), 'terrarium-tunnels-'));
const before = process.env.TMPDIR;
const cleanup = { after };
let far = {} as PrivateEngine;
let sshd = {} as SshServer;
if (skip === false)
  [far, sshd] = await Promise.all([startPrivateEngine(cleanup, { image: 'busybox:latest' }), startSshServer(cleanup)]);
process.env.TMPDIR = base;
defer(cleanup, async () => {
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
  assert.deepEqual(await listFolders(), [], 'a tunnel has left its folder');
  await rm(base, { recursive: true, force: true });
});

interface Way {
  readonly user?: string;
  readonly port?: number;
  readonly socket?: string;
  readonly identity?: string;
  readonly knownHosts?: string;
}

function connect(
  t: TestContext,
  {
    user = 'root',
    port = sshd.port,
    socket = far.socket,
    identity = sshd.identity,
    knownHosts = sshd.knownHosts,
  }: Way = {},
): Engine {
  const engine = connectEngine({
    name: 'far',
    endpoint: `ssh://${user}@127.0.0.1:${port}${socket}`,
    ssh: { identity, knownHosts },
  });
  defer(t, () => engine.close());
  return engine;
}

async function tell(t: TestContext, way: Way): Promise<Failure> {
  const engine = connect(t, way);
  const failure = await engine.ping({ deadlineMs: 20_000 }).then(
    () => assert.fail('it was reached'),
    (error: Failure) => error,
  );
  assert.equal(failure.code, 'engine_unavailable', failure.message);
  return failure;
}

/** Folders of tunnels. (Programs that a test runs keep other things where temporary files are.) */
async function listFolders(): Promise<string[]> {
  return (await readdir(base)).filter((name) => name.startsWith('terrarium-ssh-'));
}

/** Command lines of the processes whose parents are gone or ours, and that have to do with our tunnels. */
async function listTunnels(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(base));
}

test('a container lives over one ssh that is kept, in a folder of ours alone', { skip }, async (t) => {
  const logins = sshd.connections();
  const engine = connect(t);
  assert.deepEqual([engine.transport, engine.plainTcp], ['ssh', false]);
  await engine.ping({ deadlineMs: 20_000 });
  const [folder = ''] = await listFolders();
  assert.equal((await stat(path.join(base, folder))).mode & 0o777, 0o700);
  assert.equal((await stat(path.join(base, folder, 'docker.sock'))).mode & 0o777, 0o600);
  await liveAContainersLife(engine);
  await Promise.all(Array.from({ length: 50 }, () => engine.ping({ deadlineMs: 20_000 })));
  assert.equal(sshd.connections() - logins, 1, 'it has logged in once');
  await engine.close();
  assert.deepEqual(await listFolders(), []);
  assert.deepEqual(await listTunnels(), []);
});

test('a host that is not known, or is another one, is not spoken to', { skip }, async (t) => {
  const empty = path.join(base, '..', `${path.basename(base)}-known`);
  await writeFile(empty, '');
  defer(t, () => rm(empty));
  const unknown = await tell(t, { knownHosts: empty });
  assert.match(unknown.message, /the host key of 127\.0\.0\.1 is not in \S+-known/);
  assert.match(unknown.hint ?? '', /ssh-keyscan -p \d+ 127\.0\.0\.1/);
  assert.equal(await readFile(empty, 'utf8'), '', 'nothing is learned by asking');
  const other = await startSshServer(t);
  await other.start({ withNewKey: true });
  const changed = await tell(t, { port: other.port, identity: other.identity, knownHosts: other.knownHosts });
  assert.match(changed.message, /the host key of 127\.0\.0\.1 is another one than \S+ has/);
});

test('each refusal is told by its culprit', { skip }, async (t) => {
  const keys = await mkdtemp(path.join(tmpdir(), '..', 'terrarium-keys-'));
  defer(t, () => rm(keys, { recursive: true, force: true }));
  const stranger = await makeSshKey(keys, 'stranger');
  const open = path.join(keys, 'open');
  await copyFile(sshd.identity, open);
  await chmod(open, 0o644);
  await chmod(keys, 0o755);
  const closed = await startSshServer(t, { config: ['AllowStreamLocalForwarding no'] });
  const nobodyAt = await findFreePort();
  const cases: [what: string, way: Way, words: RegExp, hint: RegExp][] = [
    ['another key', { identity: stranger }, /ssh may not log in as root/, /authorized_keys/],
    ['a user who does not exist', { user: 'no-such-user' }, /ssh may not log in as no-such-user/, /authorized_keys/],
    ['a key that others may read', { identity: open }, /others may read the private key in \S+open/, /chmod 600/],
    [
      'nobody there',
      { port: nobodyAt },
      new RegExp(`nothing listens for ssh on 127\\.0\\.0\\.1 port ${nobodyAt}`),
      /sshd/,
    ],
    [
      'no engine there',
      { socket: '/nowhere/docker.sock' },
      /ssh reaches 127\.0\.0\.1, but not the Docker Engine there: \/nowhere\/docker\.sock is missing/,
      /group/,
    ],
    ['an engine that is not for this user', { user: 'nobody' }, /nobody may not use it/, /let nobody be a member/],
    [
      'no forwarding',
      { port: closed.port, identity: closed.identity, knownHosts: closed.knownHosts },
      /or sshd forwards no sockets/,
      /AllowStreamLocalForwarding/,
    ],
  ];
  for (const [what, way, words, hint] of cases) {
    const failure = await tell(t, way);
    assert.match(failure.message, words, what);
    assert.match(failure.hint ?? '', hint, what);
  }
});

test('without ssh on this machine that is what is told', { skip }, async (t) => {
  const path = process.env.PATH;
  process.env.PATH = base;
  t.after(() => {
    process.env.PATH = path;
  });
  const failure = await tell(t, {});
  assert.match(failure.message, /there is no ssh on this machine/);
  assert.match(failure.hint ?? '', /openssh-client/);
});

test('a connection that ends is made again by itself, and one that cannot be made is not asked for at every call', {
  skip,
}, async (t) => {
  const own = await startSshServer(t);
  const way = { port: own.port, identity: own.identity, knownHosts: own.knownHosts };
  const engine = connect(t, way);
  await engine.ping({ deadlineMs: 20_000 });
  await own.kill();
  const readPing = () =>
    engine.ping({ deadlineMs: 20_000 }).then(
      () => 'answered',
      ({ message }: Failure) => message,
    );
  await waitFor(async (see) => /nothing listens for ssh|has cut/.test(see(await readPing())), {
    what: 'the engine to be away',
  });
  await own.start();
  await waitFor(async (see) => see(await readPing()) === 'answered', {
    what: 'the engine to be back',
    timeoutMs: 60_000,
  });

  await own.start({ withNewKey: true });
  const before = own.log().split('Connection').length;
  const failures = new Set<string>();
  await waitFor(async (see) => /is another one/.test(see(await readPing())), {
    what: 'the new key to be refused',
  });
  for (let i = 0; i < 200; i += 1)
    await engine.ping({ deadlineMs: 20_000 }).catch(({ message }: Failure) => failures.add(message));
  assert.equal(failures.size, 1);
  assert.ok(own.log().split('Connection').length - before < 20, own.log());
});

test('a server that is SIGKILLed leaves no ssh, no socket and no folder', { skip }, async (t) => {
  const script = `
    import { connectEngine } from './src/engine/docker/docker-engine.ts';
    const engine = connectEngine({ name: 'far', endpoint: process.argv[1], ssh: { identity: process.argv[2], knownHosts: process.argv[3] } });
    await engine.ping({ deadlineMs: 20000 });
    // A stream that is open, and whose other end does not say a word.
    const exec = await engine.createExec(process.argv[4], { command: ['sleep', '600'], stdin: true });
    await engine.startExec(exec, { stdin: true });
    console.log('up');
    setInterval(() => {}, 1000);`;
  const made = await far.docker('run', '--detach', '--network', 'none', 'busybox:latest', 'sleep', '3600');
  const id = made.stdout.trim();
  defer(t, async () => void (await far.docker('rm', '--force', id)));
  const args = [`ssh://root@127.0.0.1:${sshd.port}${far.socket}`, sshd.identity, sshd.knownHosts, id];
  const server = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script, ...args], {
    cwd: path.resolve(import.meta.dirname, '..', '..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  defer(t, () => void server.kill('SIGKILL'));
  await once(server.stdout, 'data');
  assert.notDeepEqual(await listTunnels(), []);
  const gone = once(server, 'exit');
  server.kill('SIGKILL');
  await gone;
  await waitFor(async (see) => see(await listTunnels()).length === 0 && see(await listFolders()).length === 0, {
    what: 'nothing to be left',
  });
});

test('what a machine that lost its power has left is swept by the next tunnel', { skip }, async (t) => {
  // The sweep is once in a process: so in another one.
  const old = await mkdtemp(path.join(base, 'terrarium-ssh-'));
  const listener = spawn(
    process.execPath,
    [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(path.join(old, 'docker.sock'))}, () => console.log('up'))`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(listener.stdout, 'data');
  const gone = once(listener, 'exit');
  listener.kill('SIGKILL');
  await gone;
  const script = `
    import { sweepTunnelFolders } from './src/engine/docker/tunnel-folder.ts';
    await sweepTunnelFolders();`;
  const sweeper = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
    cwd: path.resolve(import.meta.dirname, '..', '..'),
    stdio: 'inherit',
  });
  defer(t, () => void sweeper.kill('SIGKILL'));
  await once(sweeper, 'exit');
  assert.deepEqual(await listFolders(), []);
});
