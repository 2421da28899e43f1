// The package as others use it: packed, put into a separate TypeScript project, compiled there with the strictest settings, and run against a real
// server; for Node, and for a page that has nothing of Node's.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { startApp } from '../support/app.ts';
import { findBuild } from '../support/cli.ts';
import { removeContainer, runCommand } from '../support/engine.ts';
import { uniqueName } from '../support/run-id.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const project = await mkdtemp(path.join(tmpdir(), 'terrarium-project-'));
after(() => rm(project, { recursive: true, force: true }));
const server = await startApp({ after });

const forNode = `
import { createClient, findServer, TerrariumError, type Container, type Netstat } from 'terrarium';
import { errorKinds } from 'terrarium/schemas/error-codes';

const client = createClient(await findServer());
const name: string = process.argv[2] ?? '';
const made: Container = await client.containers.create('closed', { name, command: ['httpd', '-f', '-p', '2222'] });
const ports: number[] = [];
for await (const { state, data } of client.subscribe({ topic: 'netstat', container: name, options: 'tln' })) {
  const seen: Netstat | null = data;
  ports.push(...(seen?.sockets ?? []).map(({ local }) => local.port));
  if (state === 'live' && ports.length > 0) break;
}
const refused = await client.containers.get('nobody').catch((error: unknown) => error);
if (!(refused instanceof TerrariumError)) throw refused;
// @ts-expect-error there is no such model
const wrong = () => client.containers.create('shut', {});
// @ts-expect-error closed takes no ports
const misplaced = () => client.containers.create('closed', { ports: ['80'] });
console.log(JSON.stringify({ mode: made.mode, ports, code: refused.code, status: errorKinds.container_not_found.status, unused: [typeof wrong, typeof misplaced] }));
await client.containers.remove(name);
client.close();
`;

const forPage = `
import { createClient, type EventNews, type TerrariumClient } from 'terrarium';

export async function listen(client: TerrariumClient = createClient({ url: location.origin, token: 'x' })): Promise<EventNews | undefined> {
  for await (const news of client.subscribe({ topic: 'events' })) return news;
  return undefined;
}
`;

const strict = {
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  target: 'es2023',
  outDir: 'out',
};

async function compile(name: string, source: string, options: object): Promise<void> {
  const folder = path.join(project, name);
  await mkdir(folder);
  await writeFile(path.join(folder, 'index.ts'), source);
  await writeFile(
    path.join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...strict, ...options }, files: ['index.ts'] }),
  );
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { code, stdout } = await runCommand(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
    cwd: folder,
    timeoutMs: 120_000,
  });
  assert.equal(code, 0, stdout);
}

test('packed, put into a project, compiled and run', async (t) => {
  const build = await findBuild(t);
  // Only what is packed counts: docs and the like are packed from there too.
  const packed = await runCommand('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', project], {
    cwd: build,
    timeoutMs: 120_000,
  });
  assert.equal(packed.code, 0, packed.stderr);
  const home = path.join(project, 'node_modules', 'terrarium');
  await mkdir(home, { recursive: true });
  const archive = path.join(project, packed.stdout.trim());
  const unpacked = await runCommand('tar', ['-xzf', archive, '-C', home, '--strip-components=1']);
  assert.equal(unpacked.code, 0, unpacked.stderr);
  // In place of an installation from a registry.
  await symlink(path.join(root, 'node_modules'), path.join(home, 'node_modules'));
  await mkdir(path.join(project, 'node_modules', '@types'));
  await symlink(
    path.join(root, 'node_modules', '@types', 'node'),
    path.join(project, 'node_modules', '@types', 'node'),
  );
  await symlink(path.join(root, 'node_modules', 'undici-types'), path.join(project, 'node_modules', 'undici-types'));
  await writeFile(path.join(project, 'package.json'), JSON.stringify({ name: 'other', type: 'module', private: true }));

  await t.test('for Node', async () => {
    await compile('node', forNode, { module: 'nodenext', lib: ['es2023'], types: ['node'] });
    const name = uniqueName('package');
    t.after(() => removeContainer(name));
    const env = { TERRARIUM_URL: server.url, TERRARIUM_TOKEN: server.token };
    const run = await runCommand(process.execPath, [path.join(project, 'node', 'out', 'index.js'), name], { env });
    assert.equal(run.code, 0, run.stderr);
    const { unused: _, ...said } = JSON.parse(run.stdout);
    assert.deepEqual(said, { mode: 'closed', ports: [2222], code: 'container_not_found', status: 404 });
  });

  await t.test('for a page, without a type of Node', async () => {
    await compile('page', forPage, {
      module: 'esnext',
      moduleResolution: 'bundler',
      lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'],
      types: [],
    });
  });

  await t.test('its command', async () => {
    const { code, stdout } = await runCommand(process.execPath, [
      path.join(home, 'dist', 'src', 'cli', 'main.js'),
      '--version',
    ]);
    assert.deepEqual([code, stdout], [0, '0.1.0\n']);
  });
});
