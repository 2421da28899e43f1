// `terrarium exec` and `terrarium sh`: a command in a container, with its exit code.
import type { Command } from 'commander';
import { TerrariumError } from '../../client/node.ts';
import { execExitCodeOf, UsageError } from '../errors.ts';
import { exitCode } from '../exit-codes.ts';
import { type Invocation, perform } from '../invocation.ts';
import { addCommon, addExamples, given, wholeNumber } from '../options.ts';
import { converse, requireTerminal, sizeOf } from '../terminal-session.ts';

interface Options {
  readonly engine?: string;
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly timeout: number;
}

/** Seconds. Node's own HTTP client waits for an answer no longer than five minutes. */
const timeouts = { default: 240, max: 290 } as const;

export function addExec(program: Command): void {
  const command = program
    .command('exec')
    .summary('run a command in a container')
    .description(
      'Runs a command in a container and ends with its exit code. 125: it was not tried; 126: it could not be started; 124: it was killed at the time-out.',
    )
    .argument('<container>', 'name, id, or unique prefix of an id')
    .argument('<command...>', 'the program and its arguments; no shell reads them')
    .option('-i, --interactive', 'hand the whole of standard input on')
    .option('-t, --tty', 'on a terminal: as terrarium sh')
    .option(
      '--timeout <seconds>',
      'kill it after this time, without -t',
      wholeNumber(1, timeouts.max),
      timeouts.default,
    )
    .passThroughOptions()
    .action(
      perform<Options>(
        async (run, { tty, interactive, timeout, engine }, [container = '', ...words]) => {
          if (tty) return openShell(run, container, words, engine);
          const stdin = interactive ? await readAll(run) : undefined;
          const request = { command: words, timeoutMs: timeout * 1_000, ...given({ stdin }) };
          const client = await run.client();
          const result = await client.containers.exec(container, request, { ...given({ engine }), signal: run.signal });
          if (run.isJson) run.printJson(result);
          else {
            run.stdout.write(result.stdout);
            process.stderr.write(result.stderr);
          }
          if (result.truncated) run.note('there was more output than the server keeps: it is cut');
          if (!result.timedOut) return result.exitCode ?? exitCode.notStarted;
          run.note(
            `the command was killed after ${timeout} s`,
            'terrarium exec --timeout gives it more time; terrarium exec -t has no limit',
          );
          return exitCode.timedOut;
        },
        { toExitCode: execExitCodeOf },
      ),
    );
  addCommon(command);
  addExamples(
    command,
    ['terrarium exec web netstat -tan', 'its own netstat'],
    ["terrarium exec web sh -c 'ip a | grep inet'", 'with a shell'],
    ['echo hello | terrarium exec -i web nc -w 1 127.0.0.1 2222', 'with an input'],
    ['terrarium exec -it web top', 'on a terminal'],
  );
}

export function addSh(program: Command): void {
  const command = program
    .command('sh')
    .summary('a shell in a container, on this terminal')
    .description(
      'Opens a shell in a container, or another command, on this terminal, and ends with its exit code. It ends with the terminal: nothing is left in the container.',
    )
    .argument('<container>', 'name, id, or unique prefix of an id')
    .argument('[command...]', 'in place of a shell')
    .passThroughOptions()
    .action(
      perform<Options>((run, { engine }, [container = '', ...words]) => openShell(run, container, words, engine), {
        toExitCode: execExitCodeOf,
      }),
    );
  addCommon(command);
  addExamples(command, ['terrarium sh web', 'a shell'], ['terrarium sh web top -d 1', 'another program']);
}

async function openShell(
  run: Invocation,
  container: string,
  words: readonly string[],
  engine: string | undefined,
): Promise<number> {
  if (run.isJson) throw new UsageError('a terminal cannot be printed as JSON', 'Leave out --json, or -t');
  requireTerminal(run, 'terrarium exec runs a command without a terminal');
  const client = await run.client();
  const command = words.length === 0 ? undefined : words;
  const terminal = await client.containers.terminal(container, {
    ...given({ command, engine }),
    ...sizeOf(run),
    signal: run.signal,
  });
  return (await converse(run, terminal)) ?? exitCode.ok;
}

async function readAll({ stdin, signal }: Invocation): Promise<string> {
  const chunks: Buffer[] = [];
  const abort = () => stdin.destroy(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  for await (const chunk of stdin) chunks.push(chunk as Buffer);
  signal.removeEventListener('abort', abort);
  const text = Buffer.concat(chunks);
  if (text.length > 1_000_000)
    throw new TerrariumError('payload_too_large', 'standard input is larger than the server takes (1 MB)', {
      status: 413,
    });
  return text.toString();
}
