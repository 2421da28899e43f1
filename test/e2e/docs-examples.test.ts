// Runs the examples of the documentation as written, and holds what they print against what the documents show. On an engine of its own: names
// such as `web` and port 4242 are free there, whatever else this machine does.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { errorKinds } from '../../src/schemas/error-codes.ts';
import { reachabilityCodes } from '../../src/schemas/reachability-codes.ts';
import { extractExamples, findUntrue, joinExamples, splitOutput } from '../support/docs-examples.ts';
import { runCommand } from '../support/engine.ts';
import { type PrivateEngine, startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { loadScript } from '../support/script.ts';
import { findServerProgram } from '../support/server-program.ts';
import { waitFor } from '../support/wait-for.ts';

const documents = [
  'docs/api.md',
  'docs/streams.md',
  'docs/lecture.md',
  'docs/namespaces.md',
  'docs/daemon-json.md',
  'docs/networks.md',
  'docs/packet-path.md',
  'docs/reachability.md',
  'docs/labs.md',
  'docs/lessons.md',
  'docs/cli.md',
  'docs/client.md',
  'docs/access.md',
];
const root = path.resolve(import.meta.dirname, '..', '..');
const registry = '127.0.0.1:5000';

test('the examples of the documentation', { skip: whyNoPrivateEngine() }, async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'terrarium-docs-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  // The command and the package are what was built.
  const { build } = await loadScript('setup/build.mjs');
  if (!(await build.check()).ok) await build.apply();
  // What Docker Hub is to an engine with a way out.
  const engine = await startPrivateEngine(t, {
    image: 'busybox:latest',
    args: ['--registry-mirror', `http://${registry}`],
  });
  await startMirror(t, engine, folder);
  const env = {
    DOCKER_HOST: engine.host,
    TERRARIUM_STATE_DIR: path.join(folder, 'state'),
    TERRARIUM_LOG_LEVEL: 'warn',
    // As they are on a newcomer's machine.
    TERRARIUM_PORT: undefined,
    TERRARIUM_TOKEN: undefined,
  };
  const server = startInside(t, engine, env, process.execPath, ...(await findServerProgram()));
  await waitFor((see) => server.hasEnded() || see(server.output()).includes('Terrarium listens'), {
    what: 'the server to listen',
  });

  for (const document of documents) {
    await t.test(`${document} works as written, shows what is printed, and leaves nothing`, async (t) => {
      t.after(() => removeAll(engine));
      const examples = extractExamples(await readFile(path.join(root, document), 'utf8'));
      const [program = '', ...args] = inside(engine, 'bash', '-e', '-c', joinExamples(examples));
      const { code, stdout, stderr } = await runCommand(program, args, { env, timeoutMs: 280_000 });
      const printed = splitOutput(stdout);
      const last = Math.max(0, printed.length - 1);
      const told = `${printed[last]}\n${stderr.slice(-3_000)}\n${server.output().slice(-3_000)}`;
      assert.equal(code, 0, `${document}:${examples[last]?.line} ended with ${code}:\n${told}`);
      for (const [index, { shown }] of examples.entries())
        for (const one of shown) {
          const untrue = findUntrue(one, printed[index] ?? '');
          assert.equal(
            untrue,
            null,
            `${document}:${one.line} shows what is not printed:\n${untrue}\n\nbut:\n${printed[index]}`,
          );
        }
      assert.deepEqual(await listOwn(engine), [], `${document} leaves something behind`);
    });
  }
  assert.equal(server.hasEnded(), false, server.output());
});

test('an output that is shown and not printed is found', () => {
  const json = (content: string) => ({ line: 1, kind: 'json' as const, content });
  const text = (content: string) => ({ line: 1, kind: 'text' as const, content });
  const printed = '{"name":"t1","mode":"closed","ports":[],"pid":7}\n\n2222/tcp -> 0.0.0.0:32768\n';
  assert.equal(findUntrue(json('{ "mode": "closed", "pid": 1234 }'), printed), null);
  assert.equal(findUntrue(json('{\n  "name": "…",\n  "ports": []\n}'), printed), null);
  assert.equal(findUntrue(text('2222/tcp   -> 0.0.0.0:1'), printed), null);
  for (const untrue of ['{ "mode": "open" }', '{ "modes": "closed" }', '{ "ports": [{}] }', '{ "pid": null }'])
    assert.notEqual(findUntrue(json(untrue), printed), null, untrue);
  for (const untrue of ['2222/udp -> 0.0.0.0:1', '2222/tcp', '2222/tcp -> 0.0.0.0:1\n2222/tcp -> 0.0.0.0:1'])
    assert.notEqual(findUntrue(text(untrue), printed), null, untrue);
  assert.throws(() => extractExamples('```json\n{}\n```'));
});

test('the table of errors holds every code', async () => {
  const api = await readFile(path.join(root, 'docs', 'api.md'), 'utf8');
  const table = /<!-- errors:begin -->(.*?)<!-- errors:end -->/s.exec(api)?.[1] ?? '';
  const rows = table.split('\n').filter((line) => line.startsWith('| `'));
  const kinds = Object.entries(errorKinds);
  assert.deepEqual(
    rows,
    kinds.map(([code, { status, close, title }]) => `| \`${code}\` | ${status} | ${close} | ${title} |`),
  );
});

test('the table of what becomes of a connection holds every code', async () => {
  const text = await readFile(path.join(root, 'docs', 'reachability.md'), 'utf8');
  const table = /<!-- codes:begin -->(.*?)<!-- codes:end -->/s.exec(text)?.[1] ?? '';
  const rows = table.split('\n').filter((line) => line.startsWith('| `'));
  assert.deepEqual(
    rows,
    Object.entries(reachabilityCodes).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`),
  );
});

/** A command where the engine publishes its ports. */
function inside(engine: PrivateEngine, ...command: string[]): string[] {
  return ['nsenter', '--target', String(engine.pid), '--net', '--', ...command];
}

/** Starts a program there and ends it after the test. */
function startInside(t: TestContext, engine: PrivateEngine, env: NodeJS.ProcessEnv, ...command: string[]) {
  const [program = '', ...args] = inside(engine, ...command);
  const child = spawn(program, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => output.push(chunk));
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  t.after(async () => {
    if (hasEnded()) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  });
  return { output: () => output.join(''), hasEnded };
}

/** A registry that has `busybox:1.36`, which the engine takes for Docker Hub. */
async function startMirror(t: TestContext, engine: PrivateEngine, folder: string): Promise<void> {
  const file = path.join(folder, 'registry.json');
  const settings = { version: '0.1', log: { level: 'error' }, storage: { inmemory: {} }, http: { addr: registry } };
  await writeFile(file, JSON.stringify(settings));
  startInside(t, engine, {}, 'docker-registry', 'serve', file);
  const copy = `${registry}/library/busybox:1.36`;
  await engine.docker('tag', 'busybox:latest', copy);
  await waitFor(async (see) => see((await engine.docker('push', '--quiet', copy)).code) === 0, {
    what: 'the registry',
  });
  await engine.docker('image', 'rm', copy);
}

/** Containers that are no helpers, and networks, of Terrarium's making. */
async function listOwn(engine: PrivateEngine): Promise<string[]> {
  const filter = ['--filter', 'label=io.terrarium.managed', '--format'];
  const containers = await engine.docker('ps', '--all', ...filter, '{{.Names}}');
  const networks = await engine.docker('network', 'ls', ...filter, '{{.Name}}');
  return `${containers.stdout}${networks.stdout}`.split('\n').filter((name) => name !== '');
}

async function removeAll(engine: PrivateEngine): Promise<void> {
  const { stdout } = await engine.docker('ps', '--all', '--quiet');
  const ids = stdout.split('\n').filter((id) => id !== '');
  if (ids.length > 0) await engine.docker('rm', '--force', '--volumes', ...ids);
}
