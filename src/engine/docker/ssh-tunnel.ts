// The way to an engine over SSH: one ssh, kept, that forwards a socket of ours to the engine's. It is started by the first request, again by the next
// one after it has ended (not at once where that was in vain), and it ends with this process, whatever ends that.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { Failure } from '../../schemas/failure.ts';
import { chooseDelay } from '../backoff.ts';
import type { SshFiles } from './credential-files.ts';
import type { SshEndpoint } from './endpoint.ts';
import { composeSshArguments, composeSshEnvironment, connectSeconds, guardScript } from './ssh-command.ts';
import { describeRefusedChannel, describeSshEnd, type SshFault } from './ssh-errors.ts';
import type { EngineLabel } from './translate-errors.ts';
import type { Transport, Way } from './transport.ts';
import { makeTunnelFolder, sweepTunnelFolders, type TunnelFolder } from './tunnel-folder.ts';

/** How often it is looked whether ssh listens already, in milliseconds: it says so to nobody. */
const lookEveryMs = 20;
/** The connection, and the login after it. */
const startDeadlineMs = 2 * connectSeconds * 1_000;
/** Where somebody has to do something first, it is tried this much more seldom. */
const lastingFactor = 10;
/** How much of what ssh says is kept. */
const keptOutput = 8_192;
/** A connection that was cut within this of ssh's own words was cut because of what they say. */
const refusalFreshMs = 1_000;

type Ssh = ChildProcessByStdio<Writable, null, Readable>;

/** One run of ssh. */
interface Run {
  readonly folder: TunnelFolder;
  readonly child: Ssh;
  readonly ended: Promise<void>;
  output: string;
}

export class SshTunnel implements Transport {
  readonly isSecure = false;
  readonly #endpoint: SshEndpoint;
  readonly #label: EngineLabel;
  readonly #files: SshFiles;
  #run: Run | undefined;
  #starting: Promise<Run> | undefined;
  #failure: Failure | undefined;
  #failures = 0;
  #notBefore = 0;
  #refusal: { readonly fault: SshFault; readonly at: number } | undefined;
  #isClosed = false;

  constructor(endpoint: SshEndpoint, label: EngineLabel, files: SshFiles) {
    this.#endpoint = endpoint;
    this.#label = label;
    this.#files = files;
  }

  get obstacle(): string | undefined {
    return this.#starting === undefined ? undefined : `ssh to ${this.#endpoint.host} is still being connected`;
  }

  async open(): Promise<Way> {
    const { folder } = this.#run ?? (await this.#connect());
    return { socketPath: folder.socket };
  }

  async explain(): Promise<Failure | undefined> {
    // ssh says why before it cuts a connection, but on another stream: what it has said is read by the next turn of the event loop.
    await turn();
    await turn();
    if (this.#refusal !== undefined && performance.now() - this.#refusal.at < refusalFreshMs)
      return this.#toFailure(this.#refusal.fault);
    return this.#run === undefined ? this.#failure : undefined;
  }

  renew(): void {}

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#starting?.catch(() => {}); // its failure was its caller's
    const run = this.#run;
    if (run === undefined) return;
    run.child.stdin.destroy();
    await run.ended;
  }

  /** Everybody waits for the same one. */
  #connect(): Promise<Run> {
    if (this.#isClosed)
      return Promise.reject(new Failure('shutting_down', `The tunnel to the engine ${this.#label.name} is closed`));
    if (this.#starting !== undefined) return this.#starting;
    if (this.#failure !== undefined && performance.now() < this.#notBefore) return Promise.reject(this.#failure);
    const starting = this.#start()
      .then(
        (run) => {
          this.#failure = undefined;
          this.#failures = 0;
          return run;
        },
        (error: unknown) => {
          throw this.#noteFailure(error);
        },
      )
      .finally(() => {
        this.#starting = undefined;
      });
    starting.catch(() => {}); // who waited may have gone
    this.#starting = starting;
    return starting;
  }

  #noteFailure(error: unknown): Failure {
    const fault = error as SshFault;
    const failure =
      error instanceof Error
        ? this.#toFailure({ why: error.message, hint: '', isLasting: true })
        : this.#toFailure(fault);
    const factor = error instanceof Error || fault.isLasting ? lastingFactor : 1;
    this.#notBefore = performance.now() + chooseDelay(this.#failures) * factor;
    this.#failures += 1;
    this.#failure = failure;
    return failure;
  }

  #toFailure({ why, hint }: SshFault): Failure {
    return new Failure('engine_unavailable', `The engine ${this.#label.name} is away: ${why}`, {
      ...(hint !== '' && { hint }),
      retryAfter: 2,
    });
  }

  /** Resolves when ssh listens. Throws an {@link SshFault}. */
  async #start(): Promise<Run> {
    await sweepTunnelFolders();
    if (!(await hasSsh())) throw noSsh;
    const folder = await makeTunnelFolder();
    const run = this.#spawn(folder);
    const deadline = performance.now() + startDeadlineMs;
    let hasEnded = false;
    void run.ended.then(() => {
      hasEnded = true;
    });
    while (!hasEnded && !this.#isClosed && performance.now() < deadline) {
      if (await exists(folder.socket)) {
        this.#run = run;
        void run.ended.then(() => this.#noteEnd(run));
        return run;
      }
      await Promise.race([sleep(lookEveryMs), run.ended]);
    }
    run.child.stdin.destroy();
    await run.ended;
    throw describeSshEnd(hasEnded ? run.output : `${run.output}\ntimed out`, this.#endpoint, this.#files.knownHosts);
  }

  #spawn(folder: TunnelFolder): Run {
    const ssh = ['ssh', ...composeSshArguments(this.#endpoint, this.#files, folder.socket)];
    const child = spawn('sh', ['-c', guardScript, 'sh', folder.path, ...ssh], {
      stdio: ['pipe', 'ignore', 'pipe'],
      env: composeSshEnvironment(process.env),
      // What a terminal sends to everybody (Ctrl-C) is not for it: until the server has cleaned up, it needs the way.
      detached: true,
    });
    child.stdin.on('error', () => {}); // ssh has ended: that is told elsewhere
    const ended = Promise.race([once(child, 'close'), once(child, 'error')]).then(() =>
      rm(folder.path, { recursive: true, force: true }),
    );
    const run: Run = { folder, child, ended, output: '' };
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      run.output = (run.output + text).slice(-keptOutput);
      const fault = describeRefusedChannel(text, this.#endpoint);
      if (fault !== undefined) this.#refusal = { fault, at: performance.now() };
    });
    return run;
  }

  /** It was connected, and is not any more: the next request connects it again. */
  #noteEnd(run: Run): void {
    if (this.#run !== run) return;
    this.#run = undefined;
    if (!this.#isClosed) this.#noteFailure(describeSshEnd(run.output, this.#endpoint, this.#files.knownHosts));
  }
}

const noSsh: SshFault = {
  why: 'there is no ssh on this machine',
  hint: 'Install OpenSSH for clients (openssh-client), or reach the engine in another way.',
  isLasting: true,
};

async function hasSsh(): Promise<boolean> {
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const found = await Promise.all(['sh', 'ssh'].map((program) => isOnPath(program, folders)));
  return found.every((one) => one);
}

async function isOnPath(program: string, folders: readonly string[]): Promise<boolean> {
  const tries = folders.map((folder) => access(path.join(folder, program), constants.X_OK));
  return (await Promise.allSettled(tries)).some(({ status }) => status === 'fulfilled');
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
