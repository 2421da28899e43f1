// Strings that others control (names, labels, commands, environments, interfaces, log lines, networks) hold orders for terminals, line ends and scripts:
// in what the command prints, in the log, in metrics, in streams and in reports they are text and nothing else. On an engine of its own.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, test } from 'node:test';
import { type CommandResult, callDocker, dockerApi, execInContainer, runCommand } from '../support/engine.ts';
import { forEachParallel } from '../support/generated-strings.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { findOrder } from '../support/terminal-orders.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
/** Sets the title, clears, turns text around, forges a line and a row, and is script in a page and in XML. */
const evil =
  '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202etxt\r\nterrarium: forged\u2028row <script>alert(1)</script> "\\ ]]>';
/** What Docker takes for an environment or a label: no NUL. */
const labels = {
  'io.terrarium.managed': 'true',
  'io.terrarium.lab': evil,
  'io.terrarium.owner': evil,
  'io.terrarium.item': evil,
  'io.terrarium.expires-at': evil,
  'io.terrarium.target': evil,
  [evil]: evil,
};

interface Scene {
  readonly server: ServerProcess;
  readonly web: string;
  readonly networks: readonly string[];
}

async function makeScene(): Promise<Scene> {
  const engine = await startPrivateEngine({ after }, { image: 'busybox:latest' });
  process.env.DOCKER_HOST = engine.host;
  const make = async (name: string, body: object) => {
    await callDocker('POST', `/containers/create?name=${name}`, { Image: 'busybox:latest', Labels: labels, ...body });
    await callDocker('POST', `/containers/${name}/start`);
  };
  // Of networks Docker refuses hardly any name.
  const networks: string[] = [];
  for (const name of [`evil ${evil}`, 'evil \u001b[31mred', 'evil\nline']) {
    const { status } = await dockerApi('POST', '/networks/create', {
      Name: name,
      Driver: 'bridge',
      Labels: labels,
      Options: { [evil]: evil },
    });
    if (status < 300) networks.push(name);
  }
  const script = `printf '%b' "$EVIL_BYTES\\n"; httpd -p 80; exec sleep 3600`;
  await make('web', {
    Cmd: ['sh', '-c', script, evil],
    Env: [`EVIL=${evil}`, `EVIL_BYTES=${evil.replaceAll('\\', '\\\\')}`],
    HostConfig: { CapAdd: ['NET_ADMIN'] },
  });
  await make('mate', { Cmd: ['sleep', '3600', evil], HostConfig: { NetworkMode: 'container:web' } });
  const { code, stderr } = await execInContainer('web', 'ip', 'link', 'add', 'evil\u001b[31mred', 'type', 'dummy');
  if (code === 0) await execInContainer('web', 'ip', 'link', 'set', 'evil\u001b[31mred', 'up');
  else assert.match(stderr, /not supported|Unknown|RTNETLINK/i);
  const server = await startServerProcess(
    { after },
    { env: { TERRARIUM_LOG_LEVEL: 'debug', TERRARIUM_JANITOR_MS: '500' } },
  );
  return { server, web: 'web', networks };
}

const scene = skip === false ? await makeScene() : undefined;
const root = path.resolve(import.meta.dirname, '..', '..');

function cliEnv({ server }: Scene): NodeJS.ProcessEnv {
  return {
    TERRARIUM_URL: server.url,
    TERRARIUM_TOKEN: server.headers.authorization.slice(7),
    TERRARIUM_STATE_DIR: '/nonexistent',
  };
}

function run(at: Scene, ...args: string[]): Promise<CommandResult> {
  return runCommand(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], {
    cwd: root,
    env: cliEnv(at),
    timeoutMs: 120_000,
  });
}

/** The same on a terminal: what comes out is what a person's terminal would be told. */
async function runOnTerminal(at: Scene, ...args: string[]): Promise<string> {
  const words = [process.execPath, '--import', 'tsx', 'src/cli/main.ts', ...args].map(
    (word) => `'${word.replaceAll("'", `'\\''`)}'`,
  );
  const { stdout } = await runCommand('script', ['-qec', words.join(' '), '/dev/null'], {
    cwd: root,
    env: { ...cliEnv(at), TERM: 'xterm-256color' },
    timeoutMs: 120_000,
  });
  return stdout;
}

function assertHarmless(shown: string, about: string): void {
  assert.equal(findOrder(shown), null, about);
  for (const line of shown.split('\n')) assert.ok(!line.startsWith('terrarium: forged'), `${about}: a line was forged`);
}

const commands = [
  ['ps', '-a', '--scope', 'all'],
  ['ls'],
  ['audit'],
  ['networks'],
  ['ns'],
  ['ns', 'web'],
  ['ifconfig', 'web', '-a'],
  ['reach', '--scope', 'all'],
  ['path', 'web', '80'],
  ['ps', '--lab', evil],
  ['stop', evil],
  ['plan', evil],
];

test('what the command prints holds no order to a terminal, whatever things are called', {
  skip,
  timeout: 900_000,
}, async () => {
  assert.ok(scene);
  const seen: string[] = [];
  const named = scene.networks.map((network) => ['networks', 'inspect', network]);
  const at = scene;
  await forEachParallel([...commands, ...named.slice(0, 1)], async (args) => {
    const { stdout, stderr } = await run(at, ...args);
    assertHarmless(stdout, `${args[0]} prints`);
    assertHarmless(stderr, `${args[0]} notes`);
    seen.push(stdout, stderr);
  });
  assert.ok(
    seen.some((text) => text.includes(String.raw`\x1b]0;owned`)),
    'such names were shown, as what they are',
  );
});

test('nor does it on a terminal, and its JSON neither', { skip, timeout: 900_000 }, async () => {
  assert.ok(scene);
  for (const args of [['ps', '-a', '--scope', 'all'], ['ifconfig', 'web', '-a'], ['networks'], ['stop', evil]])
    assertHarmless(await runOnTerminal(scene, ...args), `${args[0]} on a terminal`);
  for (const args of [
    ['ps', '-a', '--json'],
    ['networks', '--json'],
    ['ifconfig', 'web', '-a', '--json'],
  ]) {
    const { stdout } = await run(scene, ...args);
    assertHarmless(stdout, `${args[0]} as JSON`);
    JSON.parse(stdout);
  }
});

async function get({ server }: Scene, target: string, accept = 'application/json'): Promise<string> {
  return (await fetch(`${server.url}${target}`, { headers: { ...server.headers, accept } })).text();
}

test('answers are JSON in which such text is text', { skip, timeout: 300_000 }, async () => {
  assert.ok(scene);
  const at = scene;
  const list = JSON.parse(await get(at, '/api/v1/containers?scope=all'));
  const web = list.find(({ name }: { name: string }) => name === 'web');
  assert.equal(web.lab, evil);
  for (const target of [
    '/api/v1/labs',
    '/api/v1/audit',
    '/api/v1/networks',
    `/api/v1/containers/${web.id}`,
    `/api/v1/containers/${web.id}/ifconfig`,
    '/api/v1/namespaces',
  ])
    JSON.parse(await get(at, target));
  const problem = JSON.parse(await get(at, `/api/v1/containers/${encodeURIComponent(evil)}`));
  assert.ok(problem.detail.includes('owned'));
});

test('a log line is one line, whatever it holds: in the JSON of the API and of the stream of a log', {
  skip,
  timeout: 300_000,
}, async () => {
  assert.ok(scene);
  const text = await get(scene, '/api/v1/containers/web/logs?tail=10', 'application/x-ndjson');
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  // It holds one end of a line, and so it is two.
  assert.ok(lines.length >= 2 && lines.every(({ line }) => typeof line === 'string'));
  assert.ok(lines.some(({ line }) => line.includes('\u001b]0;owned')));
});

test('an event is one message of server-sent events and one line, whatever it tells of', {
  skip,
  timeout: 300_000,
}, async () => {
  assert.ok(scene);
  const at = scene;
  for (const [accept, take] of [
    ['text/event-stream', (line: string) => (line.startsWith('data: ') ? line.slice(6) : null)],
    ['application/x-ndjson', (line: string) => (line === '' ? null : line)],
  ] as const) {
    const leave = new AbortController();
    const answer = await fetch(`${at.server.url}/api/v1/events?scope=all`, {
      headers: { ...at.server.headers, accept },
      signal: leave.signal,
    });
    let text = '';
    const reading = (async () => {
      for await (const chunk of answer.body ?? []) text += Buffer.from(chunk).toString();
    })().catch(() => {});
    await callDocker('POST', '/containers/web/pause');
    await callDocker('POST', '/containers/web/unpause');
    await waitFor((see) => see(text).includes('container.unpaused'), { what: 'the event' });
    leave.abort();
    await reading;
    const whole = text.slice(0, text.lastIndexOf('\n'));
    for (const line of whole.split('\n')) {
      if (accept === 'text/event-stream') assert.match(line, /^(|(data|id|retry|event): [^\r\n]*)$/);
      const data = take(line);
      if (data !== null) JSON.parse(data);
    }
    assert.ok(text.includes('owned'), 'such names were told of');
  }
});

test('metrics hold no name of others, and each line is one of the format', { skip, timeout: 300_000 }, async () => {
  assert.ok(scene);
  const text = await get(scene, '/metrics', '*/*');
  assert.ok(!text.includes('owned'));
  for (const line of text.trimEnd().split('\n')) assert.match(line, /^(|#.*|[a-z_:][a-z0-9_:]*(\{[^\n]*\})? \S+)$/i);
});

test('the log is a line of JSON for each thing that happened, and none is forged', {
  skip,
  timeout: 300_000,
}, async () => {
  assert.ok(scene);
  await get(scene, `/api/v1/containers/${encodeURIComponent(evil)}`);
  const lines = scene.server.output().split('\n');
  const entries = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  assert.ok(entries.length > 10);
  // Beside the log only the two lines at the start.
  const others = lines.filter((line) => line !== '' && !line.startsWith('{'));
  assert.deepEqual(
    others.filter((line) => !/^(Terrarium listens on|Log in )/.test(line)),
    [],
  );
  for (const entry of entries) assert.ok(entry.level < 50, JSON.stringify(entry));
});
