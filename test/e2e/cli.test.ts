// The command as a process, on a real server and engine: what it prints, how it ends, and that it leaves nothing. Where docker has the same
// command, docker is asked too.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { startApp } from '../support/app.ts';
import { findBuild, useCli } from '../support/cli.ts';
import {
  docker,
  dockerApi,
  findFreePort,
  inspectContainer,
  removeContainer,
  removeNetwork,
  runCommand,
} from '../support/engine.ts';
import { clearLab, labName } from '../support/labs.ts';
import { listProcesses } from '../support/processes.ts';
import { runId, testLabel, uniqueName } from '../support/run-id.ts';
import { startServerProcess } from '../support/server-process.ts';
import { type See, waitFor } from '../support/wait-for.ts';

const build = await findBuild({ after });
const app = await startApp({ after });
const server = { url: app.url, build };
const terrarium = useCli(server, { after });

/** A name whose container is removed after the test. */
function newName(): string {
  const name = uniqueName('cli');
  after(() => removeContainer(name));
  return name;
}

/** Makes a container that stays. */
async function make(mode: string, name: string, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await terrarium('run', mode, '-d', '--name', name, ...words);
  assert.equal(code, 0, stderr);
  return stdout.trim();
}

const stay = ['busybox', 'sleep', '3600'];
const esc = '\u001b';

test('the four models: made, listed, looked into, removed', async () => {
  const [closed, bridged, joined, open] = [newName(), newName(), newName(), newName()];
  const lab = uniqueName('lab');
  const web = ['busybox', 'httpd', '-f', '-p', '2222'];
  const id = await make(
    'open',
    open,
    '-p',
    '127.0.0.1::2222',
    '--lab',
    lab,
    '-e',
    'A=b',
    '-w',
    '/tmp',
    '-m',
    '64m',
    '-l',
    'x=y',
    ...web,
  );
  await make('joined', joined, '--network', `container:${open}`, '--lab', lab, ...stay);
  await make('closed', closed, '--lab', lab, '--rm', ...stay);
  const bare = await terrarium('run', 'bridged', '--name', bridged, '--lab', lab, '--ttl', '1h');
  assert.equal(bare.code, 0, bare.stderr);

  const { Id, Config, HostConfig } = await inspectContainer(open);
  assert.equal(Id, id);
  assert.deepEqual([Config.WorkingDir, Config.Labels.x, HostConfig.Memory], ['/tmp', 'y', 64 * 1024 ** 2]);
  assert.ok(Config.Env.includes('A=b'));
  assert.equal((await inspectContainer(closed)).HostConfig.AutoRemove, true);

  const listed = await terrarium('ps', '-f', `lab=${lab}`);
  const [heading = '', ...rows] = listed.stdout.trimEnd().split('\n');
  assert.match(heading, /^CONTAINER ID {3}NAME .* MODE .* IMAGE .* STATUS .* ADDRESS .* PORTS .* LAB$/);
  assert.equal(rows.length, 4);
  assert.ok(rows.some((row) => row.includes(`joined to ${open}`)));
  assert.ok(rows.some((row) => /127\.0\.0\.1:\d+->2222\/tcp/.test(row)));
  assert.ok(!listed.stdout.includes(esc), 'a pipe gets no colours');
  assert.ok((await useCli(server, { after }, { FORCE_COLOR: '1' })('ps')).stdout.includes(esc));
  const filter = ['--filter', `label=io.terrarium.lab=${lab}`];
  const ids = await docker('ps', '--quiet', '--no-trunc', ...filter);
  const own = await terrarium('ps', '--quiet', '--no-trunc', '-f', `lab=${lab}`);
  assert.deepEqual(own.stdout.trim().split('\n').sort(), ids.stdout.trim().split('\n').sort());
  assert.equal(
    JSON.parse((await terrarium('ps', '-f', `lab=${lab}`, '-f', 'mode=closed', '--json')).stdout)[0].name,
    closed,
  );
  const [labLine] = JSON.parse((await terrarium('ls', '--json')).stdout).filter(
    (one: { name: string }) => one.name === lab,
  );
  assert.deepEqual(
    labLine.containers.map(({ state }: { state: string }) => state),
    Array(4).fill('running'),
  );
  assert.match((await terrarium('ls')).stdout, new RegExp(`^${lab} +no file +running\\(4\\) `, 'm'));

  assert.equal((await terrarium('ports', open)).stdout, (await docker('port', open)).stdout);
  assert.equal((await terrarium('ports', open, '2222')).stdout, (await docker('port', open, '2222')).stdout);
  assert.equal((await terrarium('ports', open, '80')).code, 1);
  assert.match(
    (await terrarium('netstat', joined, '-tln')).stdout,
    /^Active .*\nProto .*\n(.*\n)*tcp .*:::2222 .*LISTEN/,
  );
  assert.match((await terrarium('ifconfig', closed)).stdout, /^lo {8}Link encap:Local Loopback/);
  assert.equal(
    (await terrarium('ns', 'identify', String((await inspectContainer(open)).State.Pid))).stdout
      .split('\n')[1]
      ?.split(' ')[0],
    open,
  );
  const shared = await terrarium('ns', 'show', joined, '--json');
  const net = JSON.parse(shared.stdout).kinds.find(({ kind }: { kind: string }) => kind === 'net');
  assert.deepEqual(
    net.sharedWith.map(({ name }: { name: string }) => name),
    [open],
  );
  assert.equal((await terrarium('reach', joined, open)).code, 0);
  assert.equal((await terrarium('reach', open, closed)).code, 1);
  assert.equal((await terrarium('path', open, '2222', '--from', 'host')).code, 0);
  const blocked = await terrarium('path', open, '99', '--from', bridged);
  assert.deepEqual([blocked.code, /✗ nothing listens on tcp 99/.test(blocked.stdout)], [1, true], blocked.stdout);

  const paused = await terrarium('pause', closed, bridged);
  assert.deepEqual([paused.code, paused.stdout], [0, `${closed}\n${bridged}\n`]);
  assert.equal((await terrarium('unpause', closed, bridged)).code, 0);
  assert.equal((await terrarium('stop', '-t', '0', bridged)).code, 0);
  assert.match((await terrarium('ps', '-a', '-f', `name=${bridged}`)).stdout, /Exited \(137\)/);
  const refused = await terrarium('rm', bridged, open, 'nobody');
  assert.deepEqual([refused.code, refused.stdout], [1, `${bridged}\n`]);
  assert.match(refused.stderr, new RegExp(`terrarium: Container "${open}" is running\n.*rm -f`));
  assert.match(refused.stderr, /There is no container "nobody"\n {2}terrarium ps -a/);
  assert.equal((await terrarium('rm', '-f', open, joined, closed, 'nobody')).code, 0);
  assert.equal(JSON.parse((await terrarium('ps', '-a', '-f', `lab=${lab}`, '--json')).stdout).length, 0);
});

/** Both ways to end a process, and not to begin one. */
const endings: readonly string[][] = [
  ['true'],
  ['sh', '-c', 'exit 3'],
  ['sh', '-c', 'kill -9 $$'],
  ['sh', '-c', 'echo out; echo err >&2; exit 255'],
  ['no-such-program'],
  ['/etc/passwd'],
];

test('exit codes and outputs of run and exec are those of docker', async () => {
  const name = newName();
  await make('closed', name, ...stay);
  const label = ['--label', `${testLabel}=${runId}`];
  for (const command of endings) {
    const ours = await terrarium('exec', name, ...command);
    const theirs = await docker('exec', name, ...command);
    assert.equal(ours.code, theirs.code, `exec ${command}: ${ours.stderr}`);
    const run = await terrarium('run', 'closed', '--rm', '--name', newName(), 'busybox', ...command);
    const dockerRun = await docker('run', '--rm', '--network', 'none', ...label, 'busybox', ...command);
    assert.equal(run.code, dockerRun.code, `run ${command}: ${run.stderr}`);
    if (run.code >= 125 && run.code <= 127) continue;
    assert.deepEqual([ours.stdout, ours.stderr], [theirs.stdout, theirs.stderr], String(command));
    assert.deepEqual([run.stdout, run.stderr], [dockerRun.stdout, dockerRun.stderr], String(command));
  }
  const text = await terrarium.withInput('closed bridged\n', 'exec', '-i', name, 'wc', '-w');
  assert.deepEqual([text.code, text.stdout], [0, '2\n']);
  const late = await terrarium('exec', '--timeout', '1', name, 'sleep', '60');
  assert.equal(late.code, 124, late.stderr);
});

test('the log: each output to its own, as docker logs', async () => {
  const name = newName();
  await make(
    'closed',
    name,
    'busybox',
    'sh',
    '-c',
    'for n in 1 2 3; do echo out $n; echo err $n >&2; done; sleep 3600',
  );
  await waitFor(async (see) => see((await docker('logs', name)).stderr).includes('err 3'), { what: 'the log' });
  for (const flags of [[], ['--tail', '2'], ['-n', '1'], ['--timestamps']]) {
    const ours = await terrarium('logs', ...flags, name);
    const theirs = await docker('logs', ...flags, name);
    assert.deepEqual([ours.code, ours.stdout, ours.stderr], [0, theirs.stdout, theirs.stderr], String(flags));
  }
  const lines = (await terrarium('logs', '--json', '--tail', '1', name)).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(lines.length, 1);
});

test('exit codes: 1 is refused, 2 could not be tried; one line names the culprit, one the way out', async () => {
  const port = await findFreePort();
  const nobody = useCli({ url: `http://127.0.0.1:${port}`, build }, { after });
  const stranger = useCli(server, { after }, { TERRARIUM_TOKEN: 'wrong-token-wrong-token' });
  const elsewhere = useCli(server, { after }, { TERRARIUM_TOKEN: '' });
  const cases: [cli: typeof terrarium, args: string[], code: number, says: RegExp][] = [
    [
      nobody,
      ['ps'],
      2,
      new RegExp(`no answer from http://127\\.0\\.0\\.1:${port} \\(ECONNREFUSED\\)\n {2}terrarium serve`),
    ],
    [nobody, ['netstat', 'x', '-f'], 2, /no answer/],
    [nobody, ['events'], 2, /no answer/],
    [nobody, ['exec', 'x', 'true'], 125, /no answer/],
    [stranger, ['ps'], 2, /token.*\n {2}Set TERRARIUM_TOKEN/],
    [elsewhere, ['ps'], 2, /This needs a token/],
    [terrarium, ['netstat', 'nobody'], 1, /There is no container "nobody"\n {2}terrarium ps -a/],
    [terrarium, ['netstat', 'nobody', '-f'], 1, /There is no container "nobody"/],
    [terrarium, ['logs', '-f', 'nobody'], 1, /There is no container "nobody"/],
    [terrarium, ['exec', 'nobody', 'true'], 125, /There is no container "nobody"/],
    [terrarium, ['run', 'closed', '-p', '80'], 125, /takes no "ports".*\n {2}Use terrarium run open/],
    [terrarium, ['run', 'bridged', '--network', 'none'], 125, /closed, not bridged\n {2}terrarium run closed/],
    [terrarium, ['run', 'closed', '-it', 'busybox'], 125, /the input device is not a TTY/],
    [terrarium, ['sh', 'nobody'], 125, /the input device is not a TTY\n {2}terrarium exec/],
    [terrarium, ['run', 'closed', '--nope'], 125, /unknown option '--nope'/],
    [terrarium, ['ps', '--nope'], 2, /unknown option '--nope'/],
    [terrarium, ['ps', '-f', 'colour=red'], 2, /There is no filter "colour=red"\n {2}.*mode, lab/],
    [terrarium, ['pss'], 2, /unknown command 'pss'/],
    [terrarium, ['netstat'], 2, /missing required argument 'container'/],
    [terrarium, ['netstat', 'x', '-f', '--interval', '5'], 2, /whole number from 100/],
    [terrarium, ['reach', 'nobody', 'noone'], 2, /"nobody" is nobody here/],
    [terrarium, ['ps', '--url', 'nonsense'], 2, /"nonsense" is no address/],
  ];
  for (const [cli, args, expected, says] of cases) {
    const { code, stdout, stderr } = await cli(...args);
    assert.equal(code, expected, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, says, args.join(' '));
    assert.match(stderr, /^terrarium: /, args.join(' '));
    assert.ok(!/ at .*\.ts:\d+/.test(stderr), stderr);
    assert.equal(stdout, '', args.join(' '));
  }
});

test('the help of every command has examples', async () => {
  const { stdout, code } = await terrarium('--help');
  assert.equal(code, 0);
  const names = [...stdout.matchAll(/^ {2}([a-z]+)(?:\|\w+)?(?: \[| <| {2,})/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help');
  assert.ok(names.length > 20, names.join());
  for (const name of names) {
    const help = await terrarium(name, '--help');
    assert.equal(help.code, 0, name);
    assert.match(help.stdout, /\nExamples:\n(.*\n)* {2}.*terrarium/, name);
  }
});

test('Ctrl-C leaves nothing of what was begun', async () => {
  const name = newName();
  await make('closed', name, ...stay);
  const exec = terrarium.start('exec', name, 'sleep', '54321');
  const runs = async (see: See) => see(await listProcesses(name)).some((line) => line.includes('54321'));
  await waitFor(runs, { what: 'the command' });
  exec.kill('SIGINT');
  assert.equal(await exec.end(), 130);
  await waitFor(async (see) => !(await runs(see)), { what: 'the command to be killed' });

  const gone = newName();
  const run = terrarium.start('run', 'closed', '--rm', '--name', gone, 'busybox', 'sh', '-c', 'echo begun; sleep 3600');
  await run.until('its output', ({ stdout }) => stdout.includes('begun'));
  run.kill('SIGINT');
  assert.equal(await run.end(), 130);
  assert.equal((await dockerApi('GET', `/containers/${gone}/json`)).status, 404);

  for (const args of [
    ['netstat', '-f', name],
    ['events', '--json'],
    ['watch', name],
    ['ifconfig', '-f', name],
  ]) {
    const follower = terrarium.start(...args);
    await follower.until('its first words', ({ stdout }) => stdout.includes('\n'));
    follower.kill('SIGTERM');
    assert.equal(await follower.end(), 143, args.join(' '));
    assert.ok(!follower.stdout.includes(esc), args.join(' '));
    assert.equal(follower.stderr, '', args.join(' '));
  }
});

test('what is followed goes on over a restart of the server', async () => {
  const first = await startServerProcess({ after });
  const cli = useCli({ url: first.url, build }, { after });
  const name = newName();
  const script = 'n=0; while true; do n=$((n+1)); echo $n; [ $n = 40 ] && httpd -p 2222; sleep 0.1; done';
  await make('closed', name, 'busybox', 'sh', '-c', script);
  const text = cli.start('netstat', '-f', name, '-tln', '--interval', '100');
  const json = cli.start('netstat', '-f', name, '-tln', '--json', '--interval', '100');
  const logs = cli.start('logs', '-f', name);
  const events = cli.start('events', '--container', name, '--json');
  for (const one of [text, json, logs, events])
    await one.until('its first words', ({ stdout }) => stdout.includes('\n'));
  await first.kill('SIGKILL');
  await json.until('the cut', ({ documents }) => documents.at(-1).reason === 'disconnected');
  assert.equal((await terrarium('pause', name)).code, 0);
  assert.equal((await terrarium('unpause', name)).code, 0);
  const second = await startServerProcess({ after }, { port: Number(new URL(first.url).port) });

  await text.until('the listener', ({ stdout }) => /:::2222 .*LISTEN/.test(stdout), 30_000);
  await json.until('the listener', ({ documents }) =>
    documents.at(-1).data?.sockets.some(({ local }: { local: { port: number } }) => local.port === 2222),
  );
  assert.match(text.stderr, new RegExp(`terrarium: ${name}: stale \\(disconnected\\)\n`));
  await events.until('the gap', ({ documents }) => documents.some(({ type }) => type === 'gap'));
  await logs.until('more lines', ({ stdout }) => stdout.includes('\n60\n'), 30_000);
  const numbers = logs.stdout.trim().split('\n').map(Number);
  assert.deepEqual(
    numbers,
    Array.from({ length: numbers.length }, (_, index) => index + 1),
  );
  assert.match(logs.stderr, /trying again\n(.*\n)*terrarium: connected again\n/);

  await removeContainer(name);
  for (const one of [text, json, logs]) assert.equal(await one.end(), 0, one.stderr);
  assert.match(text.stderr, new RegExp(`terrarium: ${name}: ended \\(removed\\)\n`));
  events.kill('SIGINT');
  assert.equal(await events.end(), 130);
  await second.kill('SIGTERM');
});

test('a reader that leaves ends it', async () => {
  const name = newName();
  await make('closed', name, 'busybox', 'sh', '-c', 'yes; sleep 3600');
  const { code, stdout, stderr } = await runCommand(
    'bash',
    ['-c', `set -o pipefail; ${terrarium.words} logs -f ${name} | head -3`],
    { env: terrarium.env },
  );
  assert.deepEqual([code, stdout, stderr], [0, 'y\ny\ny\n', '']);
});

test('serve is the server; its token is found without being told', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'terrarium-cli-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const port = await findFreePort();
  const env = {
    TERRARIUM_STATE_DIR: folder,
    TERRARIUM_PORT: String(port),
    TERRARIUM_TOKEN: undefined,
    TERRARIUM_URL: undefined,
  };
  const cli = useCli({ url: '', build }, { after }, env);
  const serving = cli.start('serve');
  await serving.until('it to listen', ({ stdout }) => stdout.includes(`http://127.0.0.1:${port}`), 30_000);
  assert.equal((await cli('engines')).code, 0);
  for (const flags of [[], ['--view-only']])
    assert.match(
      (await cli('login', ...flags)).stdout,
      new RegExp(`^http://127\\.0\\.0\\.1:${port}/login#code=\\S+\n$`),
    );
  serving.kill('SIGTERM');
  await once(serving.child, 'exit');
  assert.equal(serving.child.exitCode, 0, serving.stderr);
  assert.equal((await cli('engines')).code, 2);
});

test('daemon check needs no server, and says what the server says', async () => {
  const offline = useCli({ url: 'http://127.0.0.1:9', build }, { after }, { TERRARIUM_TOKEN: '' });
  const files: [text: string, code: number, says: RegExp][] = [
    [
      '{ "bip": "192.168.1.5/24", "mtu": 1400 }',
      0,
      /dockerd starts with this file\n(.*\n)*docker0 +192\.168\.1\.5\/24\n/,
    ],
    ['{ "bip": "192.168.1.0/99" }', 1, /dockerd does not start with this file\n\nerror bip: /],
    ['{ "hosts": ["tcp://0.0.0.0:2375"] }', 0, /warning hosts: /],
    ['{ nonsense', 1, /error: /],
  ];
  for (const [text, code, says] of files) {
    const shown = await offline.withInput(text, 'daemon', 'check', '-');
    assert.equal(shown.code, code, shown.stderr);
    assert.match(shown.stdout, says);
    const own = await offline.withInput(text, 'daemon', 'check', '-', '--json');
    const headers = { authorization: `Bearer ${app.token}`, 'content-type': 'text/plain' };
    const asked = await fetch(`${app.url}/api/v1/daemon-config/check`, { method: 'POST', headers, body: text });
    assert.deepEqual(JSON.parse(own.stdout), await asked.json(), text);
  }
  const missing = await offline('daemon', 'check', '/nonexistent');
  assert.deepEqual([missing.code, missing.stderr], [2, 'terrarium: "/nonexistent" cannot be read (ENOENT)\n']);
  assert.match((await terrarium('daemon', 'show')).stdout, /^bip +\d/m);
});

test('networks: made, shown, connected, removed', async () => {
  const [network, name] = [uniqueName('net'), newName()];
  after(() => removeNetwork(network));
  await make('bridged', name, ...stay);
  const made = await terrarium('networks', 'create', network, '--mtu', '1400', '--no-icc', '-l', 'a=b');
  assert.match(made.stdout, /^[0-9a-f]{64}\n$/, made.stderr);
  assert.equal((await terrarium('networks', 'connect', network, name, '--alias', 'www')).code, 0);
  const shown = await terrarium('networks', 'show', network);
  assert.match(shown.stdout, /^mtu +1400$/m);
  assert.match(shown.stdout, /^icc +false$/m);
  assert.match(shown.stdout, new RegExp(`^${name} +running +\\d`, 'm'));
  assert.equal((await terrarium('networks', 'rm', network)).code, 1, 'it is in use');
  assert.equal((await terrarium('networks', 'disconnect', network, name)).code, 0);
  assert.match(
    (await terrarium('network', 'ls')).stdout,
    new RegExp(`^${made.stdout.slice(0, 12)} +${network} +bridge`, 'm'),
  );
  assert.equal((await terrarium('networks', 'rm', network)).stdout, `${network}\n`);
});

test('completion knows commands, options, containers, labs and checks', async () => {
  const name = newName();
  const lab = labName();
  after(() => clearLab(lab));
  const file = 'containers: { one: { mode: closed } }\nchecks: { lo-only: { container: one, interfaces: [lo] } }\n';
  assert.equal((await terrarium.withInput(file, 'up', '-', '--name', lab)).code, 0);
  await make('closed', name, ...stay);
  const script = (await terrarium('completion', 'bash')).stdout;
  const complete = async (...words: string[]) => {
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const call = `${script}\nterrarium() { ${terrarium.words} "$@"; }\nCOMP_WORDS=(terrarium ${quoted}); COMP_CWORD=${words.length}; _terrarium; echo "\${COMPREPLY[*]}"`;
    const { stdout, stderr } = await runCommand('bash', ['-c', call], { env: terrarium.env });
    assert.equal(stderr, '');
    return stdout.trim();
  };
  assert.equal(await complete('nets'), 'netstat');
  assert.equal(await complete('network'), 'networks');
  assert.equal(await complete('run', 'cl'), 'closed');
  assert.equal(await complete('ps', '--no-t'), '--no-trunc');
  assert.equal(await complete('netstat', name.slice(0, -1)), name);
  for (const command of ['check', 'down', 'extend']) assert.equal(await complete(command, lab.slice(0, -1)), lab);
  assert.equal(await complete('check', lab, 'lo'), 'lo-only');
  assert.equal(await complete('down', 'other', lab.slice(0, -1)), lab);
  assert.equal(await complete('check', 'no-such-lab', ''), '');
  for (const shell of ['zsh', 'fish']) assert.match((await terrarium('completion', shell)).stdout, /netstat/);
});
