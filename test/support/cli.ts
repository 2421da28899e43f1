// The command `terrarium` as a process: run to its end, or on a terminal of its own, from a build of this very tree. It shares no code with src/cli.
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { testToken } from './app.ts';
import { defer } from './defer.ts';
import { type Cleanup, type CommandResult, runCommand } from './engine.ts';
import { loadScript } from './script.ts';
import { type See, waitFor } from './wait-for.ts';

const root = path.resolve(import.meta.dirname, '..', '..');

/** A folder with the package as it is now: this tree, where its `dist` is up to date, else one that is compiled for it and goes after the test. */
export async function findBuild(cleanup: Cleanup): Promise<string> {
  const { build } = await loadScript('setup/build.mjs');
  return (await build.check()).ok ? root : buildPackage(cleanup);
}

/** Compiles the package as it is now into a folder that goes after the test; answers that folder. */
async function buildPackage(cleanup: Cleanup): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'terrarium-build-'));
  defer(cleanup, () => rm(folder, { recursive: true, force: true }));
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [tsc, '-p', 'tsconfig.build.json', '--noCheck', '--outDir', path.join(folder, 'dist')];
  const { code, stdout } = await runCommand(process.execPath, args, { cwd: root, timeoutMs: 120_000 });
  if (code !== 0) throw new Error(`the sources do not compile: ${stdout}`);
  const bundle = [path.join(root, 'scripts', 'bundle.mjs'), path.join(folder, 'dist')];
  const bundled = await runCommand(process.execPath, bundle, { cwd: root, timeoutMs: 120_000 });
  if (bundled.code !== 0) throw new Error(`the programs cannot be bundled: ${bundled.stderr}`);
  await copyFile(path.join(root, 'package.json'), path.join(folder, 'package.json'));
  for (const name of ['node_modules', 'web', 'labs']) await symlink(path.join(root, name), path.join(folder, name));
  return folder;
}

/** Of whom the command is a client, and where it was built. */
export interface CliPlace {
  readonly url: string;
  /** What {@link findBuild} answered. */
  readonly build: string;
}

export interface Cli {
  readonly env: NodeJS.ProcessEnv;
  /** The command as words of a shell. */
  readonly words: string;
  /** Runs it to its end. */
  (...args: string[]): Promise<CommandResult>;
  /** The same, with this on its standard input. */
  withInput(input: string, ...args: string[]): Promise<CommandResult>;
  /** Starts it, and ends it after the test. */
  start(...args: string[]): CliProcess;
  /** Starts it on a terminal of its own. */
  startOnTerminal(...args: string[]): CliTerminal;
}

/** The command, as a client of this server; `added` adds to its environment. */
export function useCli({ url, build }: CliPlace, cleanup: Cleanup, added: NodeJS.ProcessEnv = {}): Cli {
  const env = {
    TERRARIUM_URL: url,
    TERRARIUM_TOKEN: testToken,
    TERRARIUM_STATE_DIR: '/nonexistent',
    NO_COLOR: undefined,
    FORCE_COLOR: undefined,
    ...added,
  };
  const node = process.execPath;
  const before = [path.join(build, 'dist', 'src', 'cli', 'main.js')];
  const run = (input: string | undefined, args: string[]) =>
    runCommand(node, [...before, ...args], {
      env,
      cwd: root,
      timeoutMs: 60_000,
      ...(input !== undefined && { input }),
    });
  const startWith = (command: string, args: readonly string[]) =>
    spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  const cli = (...args: string[]) => run(undefined, args);
  return Object.assign(cli, {
    env,
    words: [node, ...before].map(quote).join(' '),
    withInput: (input: string, ...args: string[]) => run(input, args),
    start: (...args: string[]) => new CliProcess(startWith(node, [...before, ...args]), cleanup),
    startOnTerminal(...args: string[]) {
      const words = [node, ...before, ...args].map(quote).join(' ');
      // Also what the terminal is like before and after. Ctrl-C is for the command: the shell around it, which some shells would end too, lives on.
      const script = `trap : INT; stty rows 30 cols 100; echo "tty=$(tty). before=$(stty -g)."; ${words}; code=$?; echo "after=$(stty -g)."; exit $code`;
      return new CliTerminal(startWith('script', ['-qec', script, '/dev/null']), cleanup);
    },
  });
}

/** A command that runs. */
export class CliProcess {
  readonly child: ChildProcessWithoutNullStreams;
  #stdout = '';
  #stderr = '';
  /** It has ended, and all that it printed was read. */
  #isOver = false;

  constructor(child: ChildProcessWithoutNullStreams, cleanup: Cleanup) {
    this.child = child;
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      this.#stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.#stderr += chunk;
    });
    child.stdin.on('error', () => {});
    child.once('close', () => {
      this.#isOver = true;
    });
    defer(cleanup, async () => {
      if (hasEnded(child)) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    });
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** What it printed, one JSON document a line. */
  // biome-ignore lint/suspicious/noExplicitAny: a reader reads JSON
  get documents(): any[] {
    return this.#stdout
      .split('\n')
      .slice(0, -1)
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  }

  async until(what: string, probe: (self: this) => unknown, timeoutMs?: number): Promise<void> {
    const look = (see: See) => {
      if (probe(this)) return true;
      this.#note(see);
      if (hasEnded(this.child)) throw new Error('it has ended');
      return false;
    };
    await waitFor(look, { what, timeoutMs, intervalMs: 20 });
  }

  #note(see: See): void {
    see(this.#stdout);
    see(this.#stderr);
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Its exit code, when it has ended. */
  async end(timeoutMs?: number): Promise<number | null> {
    const isOver = (see: See) => {
      this.#note(see);
      return this.#isOver;
    };
    await waitFor(isOver, { what: 'the command to end', timeoutMs, intervalMs: 20 });
    return this.child.exitCode;
  }
}

/** The same on a terminal: what is printed is on `stdout`. */
export class CliTerminal extends CliProcess {
  type(text: string): void {
    this.child.stdin.write(text);
  }

  /** `/dev/pts/7`. */
  get tty(): string {
    return /tty=(\S+)\./.exec(this.stdout)?.[1] ?? '';
  }

  /** The terminal's modes before the command, and after it, as `stty -g` says them. */
  get modes(): { readonly before: string | undefined; readonly after: string | undefined } {
    const [, before] = /before=(\S+)\./.exec(this.stdout) ?? [];
    const [, after] = /after=(\S+)\./.exec(this.stdout) ?? [];
    return { before, after };
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
