// The command on a terminal: a shell in a container, what is drawn in its place, and the terminal as it was before, whatever happens.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startApp } from '../support/app.ts';
import { type CliTerminal, findBuild, useCli } from '../support/cli.ts';
import { dockerApi, removeContainer, runCommand } from '../support/engine.ts';
import { listProcesses } from '../support/processes.ts';
import { uniqueName } from '../support/run-id.ts';
import { startServerProcess } from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';

const build = await findBuild({ after });
const app = await startApp({ after });
const terrarium = useCli({ url: app.url, build }, { after });
const esc = '\u001b';

async function make(...words: string[]): Promise<string> {
  const name = uniqueName('cli');
  after(() => removeContainer(name));
  const { code, stderr } = await terrarium('run', 'closed', '-d', '--name', name, 'busybox', ...words);
  assert.equal(code, 0, stderr);
  return name;
}

/** Waits until the shell answers, so that it is there. */
async function awaitShell(terminal: CliTerminal, mark: string): Promise<void> {
  await terminal.until('a prompt', ({ stdout }) => stdout.includes('# '));
  // Typed in two parts, so that its echo is not taken for the answer.
  terminal.type(`echo ${mark.slice(0, 2)}""${mark.slice(2)}\r`);
  await terminal.until('an answer', ({ stdout }) => stdout.includes(mark));
}

test('sh: a terminal with its size, Ctrl-C, and the exit code', async () => {
  const name = await make('sleep', '3600');
  const shell = terrarium.startOnTerminal('sh', name);
  await awaitShell(shell, 'ready');
  shell.type('stty size; tty\r');
  await shell.until('the size', ({ stdout }) => /\n30 100\r/.test(stdout));
  await runCommand('stty', ['-F', shell.tty, 'rows', '41', 'cols', '133']);
  // The real stty sets one after the other, and what is typed may come between.
  await waitFor(
    (see) => {
      shell.type('stty size\r');
      return /\n41 133\r/.test(see(shell.stdout));
    },
    { what: 'the new size', intervalMs: 200 },
  );
  shell.type('sleep 98765\r');
  await waitFor(async (see) => see(await listProcesses(name)).some((line) => line.includes('98765')), {
    what: 'the sleep',
  });
  shell.type('\u0003');
  await waitFor(async (see) => !see(await listProcesses(name)).some((line) => line.includes('98765')), {
    what: 'Ctrl-C',
  });
  shell.type('exit 7\r');
  assert.equal(await shell.end(), 7);
  assert.equal(shell.modes.after, shell.modes.before, shell.stdout);
});

test('sh: Ctrl-D ends it, and a program in place of a shell', async () => {
  const name = await make('sleep', '3600');
  const shell = terrarium.startOnTerminal('exec', '-it', name, 'sh');
  await awaitShell(shell, 'ready');
  shell.type('\u0004');
  assert.equal(await shell.end(), 0);
  assert.equal(shell.modes.after, shell.modes.before, shell.stdout);
  const program = terrarium.startOnTerminal('sh', name, 'sh', '-c', 'test -t 0 && echo a terminal; exit 3');
  assert.equal(await program.end(), 3);
  assert.match(program.stdout, /a terminal/);
  const nothing = terrarium.startOnTerminal('sh', name, 'no-such-program');
  assert.equal(await nothing.end(), 126);
  assert.match(nothing.stdout, /terrarium: There is no program "no-such-program"/);
  assert.equal(nothing.modes.after, nothing.modes.before, nothing.stdout);
});

test('sh: killed, or cut by the end of the server: the terminal is as before, and nothing runs on', async () => {
  const server = await startServerProcess({ after });
  const cli = useCli({ url: server.url, build }, { after });
  const name = await make('sleep', '3600');
  const countShells = async () => (await listProcesses(name)).filter((line) => /^\S*sh( |$)/.test(line)).length;
  const killed = cli.startOnTerminal('sh', name);
  await awaitShell(killed, 'ready');
  assert.ok((await countShells()) > 0);
  const own = (await runCommand('ps', ['-o', 'pid=,args=', '-t', killed.tty.replace('/dev/', '')])).stdout;
  const pid = Number(/^\s*(\d+) \S+ \S+main\.js sh /m.exec(own)?.[1]);
  assert.ok(pid > 0, own);
  process.kill(pid, 'SIGTERM');
  assert.equal(await killed.end(), 143);
  assert.equal(killed.modes.after, killed.modes.before, killed.stdout);
  await waitFor(async (see) => see(await countShells()) === 0, { what: 'the shell to end' });

  const cut = cli.startOnTerminal('sh', name);
  await awaitShell(cut, 'ready');
  await server.kill('SIGKILL');
  assert.equal(await cut.end(), 125);
  assert.match(cut.stdout, /terrarium: The terminal was cut/);
  assert.equal(cut.modes.after, cut.modes.before, cut.stdout);
  await waitFor(async (see) => see(await countShells()) === 0, { what: 'the shell to end', timeoutMs: 40_000 });
});

test('run -it --rm: attached to the main process, and gone with it', async () => {
  const name = uniqueName('cli');
  after(() => removeContainer(name));
  const run = terrarium.startOnTerminal('run', 'closed', '-it', '--rm', '--name', name, 'busybox', 'sh');
  await awaitShell(run, 'ready');
  run.type('exit 5\r');
  assert.equal(await run.end(), 5);
  assert.equal(run.modes.after, run.modes.before, run.stdout);
  await waitFor(async (see) => see((await dockerApi('GET', `/containers/${name}/json`)).status) === 404, {
    what: 'it to be gone',
  });
});

test('what is followed is drawn in its place; Ctrl-C ends it and leaves the cursor', async () => {
  const name = await make('sh', '-c', 'while true; do httpd -f -p 2222 & sleep 1; kill $!; sleep 1; done');
  for (const args of [
    ['netstat', '-tln', '-f', name, '--interval', '100'],
    ['watch', name, '--interval', '100'],
  ]) {
    const follower = terrarium.startOnTerminal(...args);
    const drawings = () => follower.stdout.split(`${esc}[J`).length - 1;
    await follower.until('the listener to come and go', ({ stdout }) => drawings() > 3 && stdout.includes('2222'));
    // In the place of the last one: up by its lines.
    assert.ok(new RegExp(`${esc}\\[\\d+A${esc}\\[J`).test(follower.stdout), JSON.stringify(follower.stdout));
    follower.type('\u0003');
    assert.equal(await follower.end(), 130);
    assert.ok(
      follower.stdout.lastIndexOf(`${esc}[?25h`) > follower.stdout.lastIndexOf(`${esc}[?25l`),
      'the cursor stays hidden',
    );
    assert.equal(follower.modes.after, follower.modes.before, follower.stdout);
  }
  const coloured = terrarium.startOnTerminal('ps');
  assert.equal(await coloured.end(), 0);
  assert.ok(coloured.stdout.includes(`${esc}[32m`), 'a terminal gets colours');
  const plain = terrarium.startOnTerminal('ps', '--no-color');
  assert.equal(await plain.end(), 0);
  assert.ok(!plain.stdout.includes(esc), plain.stdout);
});
