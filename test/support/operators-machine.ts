// The programs that operators run beside Terrarium, as Debian has them (nginx, Caddy, Prometheus, systemd): in an image, so that this machine gets none of
// them. Built once; its layers stay on the engine.
import assert from 'node:assert/strict';
import { type Cleanup, type CommandResult, createTestContainer, runCommand } from './engine.ts';
import { buildKeptImage } from './kept-image.ts';

const image = 'terrarium-test-operators:trixie';

const dockerfile = `FROM terrarium-test-base:trixie
RUN apt-get update -qq \\
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \\
    nginx-light caddy prometheus openssl systemd systemd-sysv nodejs curl ca-certificates \\
 && rm -rf /var/lib/apt/lists/*
`;

export interface OperatorsMachine {
  readonly id: string;
  /** Runs a command to its end; never throws for an exit code. */
  run(...command: string[]): Promise<CommandResult>;
  /** Runs a command that has to succeed, and answers its standard output. */
  mustRun(...command: string[]): Promise<string>;
  /** Writes a file there. */
  write(file: string, text: string): Promise<void>;
}

/**
 * A container with these programs, removed after the test. It sleeps, unless `body` has it do something else. On the host's network by default: it is as
 * if the programs ran on this machine.
 */
export async function startOperatorsMachine(
  cleanup: Cleanup,
  // biome-ignore lint/suspicious/noExplicitAny: a Docker create body is whatever the engine takes
  body: Record<string, any> = {},
): Promise<OperatorsMachine> {
  await buildKeptImage(image, dockerfile);
  const { id } = await createTestContainer(cleanup, {
    body: {
      Image: image,
      Cmd: ['sleep', 'infinity'],
      ...body,
      HostConfig: { NetworkMode: 'host', ...body.HostConfig },
    },
  });
  const run = (...command: string[]) => runCommand('docker', ['exec', id, ...command], { timeoutMs: 120_000 });
  return {
    id,
    run,
    async mustRun(...command) {
      const { code, stdout, stderr } = await run(...command);
      assert.equal(code, 0, `${command.join(' ')}: ${stdout}${stderr}`);
      return stdout;
    },
    async write(file, text) {
      const { code, stderr } = await runCommand('docker', ['exec', '--interactive', id, 'tee', file], { input: text });
      assert.equal(code, 0, `${file}: ${stderr}`);
    },
  };
}
