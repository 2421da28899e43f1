// A machine that has nothing but Debian, Node, npm, git and curl: a privileged container with a network, a process table
// and (once something installs it) an engine of its own. What happens there cannot touch the engine under it.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { type CommandResult, createTestContainer, docker, runCommand } from './engine.ts';
import { buildKeptImage } from './kept-image.ts';
import { waitFor } from './wait-for.ts';

const base = 'terrarium-test-base:trixie';
const image = 'terrarium-test-machine:trixie';
const authorities = process.env.NODE_EXTRA_CA_CERTS || '/etc/ssl/certs/ca-certificates.crt';

/** Built once; the layers stay on the engine. A fresh machine has no package lists either. */
const dockerfile = `FROM ${base}
RUN apt-get update -qq \\
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm git curl ca-certificates \\
 && rm -rf /var/lib/apt/lists/*
`;

/** A program that runs on the machine. */
export interface MachineProgram {
  /** What it printed so far, both streams in order of arrival. */
  output(): string;
  hasEnded(): boolean;
  /** Sends a signal to the program itself and waits for its end; answers its exit code. */
  stop(signal: 'TERM' | 'INT'): Promise<number | null>;
}

export interface BareMachine {
  /** Runs a command to its end; never throws for an exit code. */
  run(...command: string[]): Promise<CommandResult>;
  /** Runs a command that has to succeed, and answers its standard output. */
  mustRun(...command: string[]): Promise<string>;
  /** Starts a program in a folder and goes on. */
  start(folder: string, ...command: string[]): MachineProgram;
}

/** Starts a bare machine with the project's repository at `/repository`; it is removed after the test. */
export async function startBareMachine(t: TestContext): Promise<BareMachine> {
  await buildKeptImage(image, dockerfile);

  const cache = path.join(os.homedir(), '.npm');
  const bind = (Source: string, Target: string, ReadOnly = true) => ({ Type: 'bind', Source, Target, ReadOnly });
  const { id } = await createTestContainer(t, {
    body: {
      Image: image,
      Cmd: ['sleep', 'infinity'],
      Env: ['npm_config_cache=/npm-cache', 'npm_config_update_notifier=false', 'NODE_EXTRA_CA_CERTS=/host-ca.crt'],
      HostConfig: {
        Privileged: true,
        CgroupnsMode: 'private',
        Mounts: [
          bind(path.resolve('.'), '/repository'),
          // Downloads are not what is tested; and a proxy that opens TLS is trusted here as on this machine.
          ...(existsSync(cache) ? [bind(cache, '/npm-cache', false)] : []),
          ...(existsSync(authorities) ? [bind(authorities, '/host-ca.crt')] : []),
          { Type: 'volume', Target: '/var/lib/docker' },
        ],
      },
    },
  });

  const run = (...command: string[]) => runCommand('docker', ['exec', id, ...command], { timeoutMs: 240_000 });
  const mustRun = async (...command: string[]) => {
    const { code, stdout, stderr } = await run(...command);
    assert.equal(code, 0, `${command.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  const start = (folder: string, ...command: string[]) => startProgram(id, folder, command);
  return { run, mustRun, start };
}

let programs = 0;

function startProgram(machine: string, folder: string, command: string[]): MachineProgram {
  programs += 1;
  const pidFile = `/run/program-${programs}.pid`;
  // The shell notes its process id and becomes the program: docker exec passes no signals on.
  const script = `echo $$ > ${pidFile}; exec "$@"`;
  const child: ChildProcess = spawn('docker', [
    'exec',
    '--workdir',
    folder,
    machine,
    'sh',
    '-c',
    script,
    'sh',
    ...command,
  ]);
  let printed = '';
  let exit: number | null | undefined;
  const keep = (chunk: Buffer) => {
    printed += chunk.toString();
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.on('close', (code) => {
    exit = code;
  });
  return {
    output: () => printed,
    hasEnded: () => exit !== undefined,
    async stop(signal) {
      if (exit !== undefined) return exit;
      await docker('exec', machine, 'sh', '-c', `kill -${signal} $(cat ${pidFile})`);
      await waitFor((see) => see(exit) !== undefined, {
        what: `the end of ${command.join(' ')}: ${printed}`,
      });
      return exit ?? null;
    },
  };
}
