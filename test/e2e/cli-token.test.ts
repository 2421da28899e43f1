// `terrarium token` as a process: what it writes lets people in and out of a server that has the file, and what is wrong changes nothing.
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { startApp, testToken } from '../support/app.ts';
import { findBuild, useCli } from '../support/cli.ts';
import { defer } from '../support/defer.ts';
import { waitFor } from '../support/wait-for.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'terrarium-token-'));
defer({ after }, () => rm(folder, { recursive: true, force: true }));
const file = path.join(folder, 'tokens.json');
const build = await findBuild({ after });
/** It asks no server: there is none where it looks. */
const nowhere = { url: 'http://127.0.0.1:1', build };
const terrarium = useCli(nowhere, { after }, { TERRARIUM_TOKENS_FILE: file });
const withoutFile = useCli(nowhere, { after }, { TERRARIUM_TOKENS_FILE: undefined });

const read = () => readFile(file, 'utf8');
const aToken = /^trm_[\w-]{43}\n$/;

test('what it writes lets people in, as what was said, and out', async (t) => {
  const made = await terrarium('token', 'create', 'alice');
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, aToken);
  assert.match(made.stderr, /the one time/);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.ok(!(await read()).includes(made.stdout.trim()), 'the token itself is in the file');
  const words = ['--role', 'viewer', '--expires', '90d', '--max-streams', '3', '--json'];
  const beamer = JSON.parse((await terrarium('token', 'create', 'beamer', ...words)).stdout);
  assert.deepEqual([beamer.entry.name, beamer.entry.quotas, beamer.file], ['beamer', { streams: 3 }, file]);
  await chmod(file, 0o640);

  const server = await startApp(t, { env: { TERRARIUM_TOKENS_FILE: file } });
  const session = async (token: string) => {
    const answer = await fetch(`${server.url}/api/v1/session`, { headers: { authorization: `Bearer ${token}` } });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  assert.equal((await session(made.stdout.trim())).body.role, 'operator');
  const seen = (await session(beamer.token)).body;
  assert.deepEqual([seen.name, seen.role, (seen.quotas as { streams: number }).streams], ['beamer', 'viewer', 3]);
  assert.equal((await session(testToken)).body.role, 'admin', 'the token of the server is good beside the file');

  const second = (await terrarium('token', 'create', 'alice', '--add')).stdout.trim();
  await waitFor(async (see) => see((await session(second)).status) === 200, { what: 'the second token to be known' });
  assert.equal((await session(made.stdout.trim())).status, 200, 'the first is good beside it');
  assert.equal((await stat(file)).mode & 0o777, 0o640, 'the group may read it still');

  const listed = await terrarium('token', 'ls');
  assert.match(listed.stdout, /^NAME +ROLE +TOKENS +UNTIL +RIGHTS +QUOTAS\n/);
  assert.match(listed.stdout, /^alice +operator +2 +- +- +-$/m);
  assert.match(listed.stdout, /^beamer +viewer +1 +20\d\d-\d\d-\d\dT\S+Z +- +streams=3$/m);
  const rows = JSON.parse((await terrarium('token', 'ls', '--json')).stdout);
  assert.deepEqual(
    rows.map((row: { name: string; tokens: number }) => [row.name, row.tokens]),
    [
      ['alice', 2],
      ['beamer', 1],
    ],
  );

  const revoked = await terrarium('token', 'revoke', 'alice');
  assert.equal(revoked.code, 0, revoked.stderr);
  for (const token of [made.stdout.trim(), second])
    await waitFor(async (see) => see((await session(token)).status) === 401, { what: 'alice to be out' });
  assert.equal((await session(beamer.token)).status, 200);
});

test('what is wrong is named, ends with 2, and changes nothing', async (t) => {
  await rm(file, { force: true });
  assert.equal((await terrarium('token', 'create', 'alice', '--role', 'viewer')).code, 0);
  const before = await read();
  const wrong: [words: string[], told: RegExp][] = [
    [['create', 'alice'], /"alice" is in .*tokens\.json already.*--add/s],
    [['create', 'bob', '--add'], /no "bob"/],
    [['create', 'bob', '--role', 'king'], /admin, operator, viewer/],
    [['create', 'bob', '--right', 'fly'], /fly/],
    [['create', 'bob', '--role', 'viewer', '--right', 'pull'], /right/],
    [['create', 'a b'], /a b/],
    [['create', 'bob', '--expires', 'soon'], /2027-01-31T18:00:00Z/],
    [['create', 'bob', '--max-memory', 'much'], /memory/],
    [['create', 'bob', '--max-labs', '-1'], /-1/],
    [['create'], /name/],
    [['revoke', 'bob'], /no "bob".*token ls/s],
    [['ls', '--file', path.join(folder, 'absent.json')], /absent\.json.*ENOENT/],
  ];
  for (const [words, told] of wrong) {
    const { code, stdout, stderr } = await terrarium('token', ...words);
    assert.deepEqual([code, stdout], [2, ''], `${words.join(' ')}: ${stderr}`);
    assert.match(stderr, told, words.join(' '));
  }
  assert.equal((await withoutFile('token', 'revoke', 'alice')).code, 2, 'no file is named');
  const broken = path.join(folder, 'broken.json');
  t.after(() => rm(broken, { force: true }));
  await writeFile(broken, '{ "principals": [ { "name": "x" } ] }');
  const told = await terrarium('token', 'create', 'bob', '--file', broken);
  assert.equal(told.code, 2);
  assert.match(told.stderr, /broken\.json: /);
  assert.equal(await read(), before);
  assert.deepEqual((await readdir(folder)).sort(), ['broken.json', 'tokens.json'], 'no draft is left');
});

test('without a file it prints the line to put there, and that line is good', async () => {
  const { code, stdout, stderr } = await withoutFile('token', 'create', 'ci', '--right', 'pull', '--max-memory', '8g');
  assert.equal(code, 0, stderr);
  assert.match(stdout, aToken);
  const line = stderr.trim().split('\n').at(-1) ?? '';
  await writeFile(file, `{ "principals": [ ${line} ] }`, { mode: 0o600 });
  const [row] = JSON.parse((await terrarium('token', 'ls', '--json')).stdout);
  assert.deepEqual([row.name, row.rights, row.quotas.memory], ['ci', ['pull'], 8 * 1024 ** 3]);
});
