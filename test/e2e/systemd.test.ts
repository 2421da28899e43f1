// The unit that ships with Terrarium, under a real systemd: what it allows itself, that the server runs with no more, that it comes back when it was killed,
// and that it ends in order. The engine is the one of the tests, reached by its socket.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { findBuild } from '../support/cli.ts';
import { defer } from '../support/defer.ts';
import { localEndpoint, removeContainer } from '../support/engine.ts';
import { startOperatorsMachine } from '../support/operators-machine.ts';
import { removeCgroups } from '../support/private-engine.ts';
import { uniqueName } from '../support/run-id.ts';
import { type See, waitFor } from '../support/wait-for.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const unit = await readFile(path.join(root, 'docs', 'systemd', 'terrarium.service'), 'utf8');
/** Of systemd's own measure of what a service could do: 0 is nothing, 10 all. Above 5 it calls a service exposed. */
const mostExposure = 2.5;

/** The engine's socket has to be where the unit's user can reach it. */
const skip = localEndpoint().startsWith('unix://') ? false : 'the engine is not reached by a socket';

test('systemd finds no fault with the unit, and little that it could do', async (t) => {
  const machine = await startOperatorsMachine(t);
  await machine.mustRun('useradd', '--system', 'terrarium');
  await machine.mustRun('mkdir', '-p', '/opt/terrarium');
  await machine.write('/etc/systemd/system/terrarium.service', unit);
  const verified = await machine.run('systemd-analyze', 'verify', '--man=no', 'terrarium.service');
  const about = (text: string) => text.split('\n').filter((line) => line.includes('terrarium.service'));
  assert.deepEqual(about(verified.stderr), []);
  // It is a judge: it finds a mistake.
  await machine.write('/etc/systemd/system/wrong.service', unit.replace('ProtectHome=yes', 'ProtectHose=yes'));
  const wrong = await machine.run('systemd-analyze', 'verify', '--man=no', 'wrong.service');
  assert.match(wrong.stderr, /ProtectHose/);

  const judged = await machine.mustRun(
    ...['systemd-analyze', 'security', '--offline=true', '--json=short'],
    '/etc/systemd/system/terrarium.service',
  );
  const findings = JSON.parse(judged) as { description: string; exposure: string | null }[];
  const overall = await machine.run(
    ...['systemd-analyze', 'security', '--offline=true', `--threshold=${mostExposure * 10}`],
    '/etc/systemd/system/terrarium.service',
  );
  assert.equal(overall.code, 0, overall.stdout);
  t.diagnostic(overall.stdout.split('\n').find((line) => line.includes('Overall')) ?? '');
  assert.ok(findings.length > 50);
});

/** The program, where the unit looks for it. `node_modules` may be a link. */
async function bindProgram(build: string) {
  const from = (name: string) => (name === 'dist' ? path.join(build, name) : path.join(root, name));
  const names = ['package.json', 'node_modules', 'dist', 'web', 'labs', 'docs'];
  return Promise.all(
    names.map(async (name) => ({
      Type: 'bind',
      Source: await realpath(from(name)),
      Target: `/opt/terrarium/${name}`,
      ReadOnly: true,
    })),
  );
}

/**
 * Becomes systemd. Where the machine has cgroup v1, which systemd wants no more, it is given the unified hierarchy that lies beside: below a group of its own,
 * in which it sees nobody else.
 */
const becomeSystemd = (group: string) => `
  if ! [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    umount -R /sys/fs/cgroup && mkdir -p /tmp/unified && mount -t cgroup2 none /tmp/unified &&
    mkdir -p /tmp/unified/${group} && echo $$ > /tmp/unified/${group}/cgroup.procs && umount /tmp/unified &&
    exec unshare --cgroup sh -c 'mount -t cgroup2 none /sys/fs/cgroup && exec /sbin/init'
  fi
  exec /sbin/init`;

test('under systemd: it starts, works with no rights, comes back when it was killed, and ends in order', {
  skip,
}, async (t) => {
  const group = `terrarium-systemd-${uniqueName('test')}`;
  defer(t, () => removeCgroups(group));
  const socket = localEndpoint().replace('unix://', '');
  const machine = await startOperatorsMachine(t, {
    Cmd: ['sh', '-c', becomeSystemd(group)],
    Env: ['container=docker'],
    HostConfig: {
      Init: false,
      NetworkMode: 'bridge',
      Privileged: true,
      CgroupnsMode: 'private',
      Tmpfs: { '/run': '', '/run/lock': '', '/tmp': '' },
      Mounts: [
        ...(await bindProgram(await findBuild(t))),
        { Type: 'bind', Source: socket, Target: '/var/run/docker.sock' },
      ],
    },
  });
  const { run, mustRun, write } = machine;
  await waitFor(async (see) => /running|degraded/.test(see((await run('systemctl', 'is-system-running')).stdout)), {
    what: 'systemd',
    timeoutMs: 60_000,
  });
  const token = randomBytes(24).toString('hex');
  await mustRun('groupadd', '--non-unique', '--gid', String((await stat(socket)).gid), 'docker');
  // As the unit and the documentation tell.
  await mustRun('useradd', '--system', '--home-dir', '/var/lib/terrarium', '--shell', '/usr/sbin/nologin', 'terrarium');
  await write('/etc/terrarium.env', `TERRARIUM_TOKEN=${token}\n`);
  await write('/etc/systemd/system/terrarium.service', unit);
  await mustRun('systemctl', 'daemon-reload');
  await mustRun('systemctl', 'enable', '--now', 'terrarium');

  const show = async (property: string) =>
    (await mustRun('systemctl', 'show', '--value', '--property', property, 'terrarium')).trim();
  const logOf = async () =>
    (await run('journalctl', '-u', 'terrarium', '--output', 'cat', '--no-pager')).stdout.slice(-3_000);
  const ask = async (method: string, target: string, body?: unknown) => {
    const sent = body === undefined ? [] : ['-H', 'content-type: application/json', '-d', JSON.stringify(body)];
    const line = ['curl', '-sS', '-X', method, '-H', `authorization: Bearer ${token}`, '-w', '\n%{http_code}', ...sent];
    const said = (await run(...line, `http://127.0.0.1:4242${target}`)).stdout;
    return { status: Number(said.slice(said.lastIndexOf('\n'))), text: said.slice(0, said.lastIndexOf('\n')) };
  };
  const isReady = async (see: See) => {
    const { status, text } = see(await ask('GET', '/readyz'));
    return status === 200 && JSON.parse(text).engines[0].state === 'live';
  };
  const waitUntilReady = async () => {
    await waitFor(isReady, { what: 'the server to be ready' }).catch(async (cause) => {
      throw new Error(await logOf(), { cause });
    });
  };
  await waitUntilReady();

  const status = await mustRun('cat', `/proc/${await show('MainPID')}/status`);
  assert.match(status, /^CapEff:\s0{16}$/m);
  assert.match(status, /^CapBnd:\s0{16}$/m);
  assert.match(status, /^NoNewPrivs:\s1$/m);
  assert.match(status, /^Seccomp:\s2$/m);
  const uid = (await mustRun('id', '-u', 'terrarium')).trim();
  assert.match(status, new RegExp(`^Uid:\\s${uid}\\s`, 'm'));
  const within = async (command: string) =>
    (await run('nsenter', '--target', await show('MainPID'), '--mount', 'sh', '-c', command)).stderr;
  for (const file of ['/etc/x', '/opt/terrarium/x', '/usr/x', '/var/x', '/home/x'])
    assert.match(await within(`touch ${file}`), /Read-only file system|Permission denied/, file);
  assert.equal(await within('touch /var/lib/terrarium/x /tmp/x'), '');

  const name = uniqueName('closed');
  defer(t, () => removeContainer(name));
  const made = await ask('POST', '/api/v1/containers/closed', { name, command: ['nc', '-l', '-p', '2222'] });
  assert.equal(made.status, 201, made.text);
  await waitFor(
    async (see) => see((await ask('GET', `/api/v1/containers/${name}/netstat`)).text).includes('"port":2222'),
    {
      what: 'the listener to be seen',
    },
  );

  await mustRun('systemctl', 'kill', '--signal=KILL', 'terrarium');
  await waitFor(async (see) => see(await show('NRestarts')) === '1', {
    what: 'systemd to start it again',
  });
  await waitUntilReady();
  assert.equal((await ask('GET', `/api/v1/containers/${name}`)).status, 200);
  assert.equal((await ask('DELETE', `/api/v1/containers/${name}`)).status, 204);

  await mustRun('systemctl', 'stop', 'terrarium');
  assert.deepEqual(
    [await show('Result'), await show('ExecMainStatus'), await show('ActiveState')],
    ['success', '0', 'inactive'],
  );
});
