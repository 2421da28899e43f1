// Runs the examples of docs/swarm.md as written, on two real engines of one swarm, and holds what they print against what it shows; its command line too.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { startApp, testToken } from '../support/app.ts';
import { extractExamples, findUntrue, joinExamples, splitOutput } from '../support/docs-examples.ts';
import { runCommand } from '../support/engine.ts';
import { whyNoPrivateEngine } from '../support/private-engine.ts';
import { startSwarm } from '../support/swarm.ts';

const skip = whyNoPrivateEngine();
const root = path.resolve(import.meta.dirname, '..', '..');

test('docs/swarm.md works as written, shows what is printed, and leaves nothing', { skip }, async (t) => {
  const { engines, nodes } = await startSwarm(t);
  const app = await startApp(t, { config: { engines } });
  const text = await readFile(path.join(root, 'docs', 'swarm.md'), 'utf8');
  const examples = extractExamples(text);
  const env = { TERRARIUM_PORT: new URL(app.url).port, TERRARIUM_TOKEN: testToken };
  const { code, stdout, stderr } = await runCommand('bash', ['-e', '-c', joinExamples(examples)], {
    env,
    timeoutMs: 120_000,
  });
  const printed = splitOutput(stdout);
  assert.equal(code, 0, `${printed.at(-1)}\n${stderr}`);
  for (const [index, { shown }] of examples.entries())
    for (const one of shown) {
      const untrue = findUntrue(one, printed[index] ?? '');
      assert.equal(
        untrue,
        null,
        `docs/swarm.md:${one.line} shows what is not printed:\n${untrue}\n\nbut:\n${printed[index]}`,
      );
    }
  const names = async () => {
    const filter = ['--filter', 'label=io.terrarium.managed'];
    const lists = await Promise.all(
      nodes.flatMap(({ engine }) => [
        engine.docker('ps', '-aq', ...filter),
        engine.docker('network', 'ls', '-q', ...filter),
      ]),
    );
    return lists.map((list) => list.stdout).join('');
  };
  assert.equal(await names(), '', 'nothing is left');

  const command = /^terrarium (networks create .*)$/m.exec(text)?.[1] ?? assert.fail('no command line');
  const cliEnv = { ...env, TERRARIUM_URL: app.url };
  const cli = (...args: string[]) =>
    runCommand(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], { cwd: root, env: cliEnv });
  const made = await cli(...command.split(' '));
  assert.equal(made.code, 0, made.stderr);
  const shown = await cli('networks', 'show', 'mesh');
  assert.match(shown.stdout, /driver +overlay/);
  assert.match(shown.stdout, /engines +manager/);
  const wrong = await cli('networks', 'create', 'other', '--driver', 'overlay', '--engine', 'worker');
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.stderr, /"engine": "manager"/);
  assert.equal((await cli('networks', 'rm', 'mesh')).code, 0);
  assert.equal(await names(), '');
});
