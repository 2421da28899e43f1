// `terrarium logs`: what a container has written, each output to its own.
import { type Command, InvalidArgumentError } from 'commander';
import { exitCode } from '../exit-codes.ts';
import { perform } from '../invocation.ts';
import { LogPrinter } from '../log-printer.ts';
import { addCommon, addExamples, given } from '../options.ts';

interface Options {
  readonly follow?: boolean;
  readonly tail: number | 'all';
  readonly timestamps?: boolean;
  readonly engine?: string;
}

export function addLogs(program: Command): void {
  const command = program
    .command('logs')
    .summary('the log of a container')
    .description('What a container has written: its standard output to standard output, its errors to standard error.')
    .argument('<container>', 'name, id, or unique prefix of an id')
    .option('-f, --follow', 'go on, over restarts, until the container is removed')
    .option('-n, --tail <lines>', 'only the last lines', readTail, 'all' as const)
    .option('-t, --timestamps', 'with the time before each line')
    .action(
      perform<Options>(
        async (run, { follow, tail, timestamps, engine }, [container = '']) => {
          const printer = new LogPrinter(run, await run.client(), container, { withTime: timestamps === true });
          const query = { tail, ...given({ engine }) };
          if (follow) await printer.follow(query, run.signal);
          else await printer.read(query, run.signal);
          return exitCode.ok;
        },
        { isQuietAboutConnection: true },
      ),
    );
  addCommon(command);
  addExamples(
    command,
    ['terrarium logs web --tail 10', 'the last ten lines'],
    ['terrarium logs -f web', 'as they are written; Ctrl-C ends it'],
  );
}

function readTail(value: string): number | 'all' {
  if (value === 'all') return value;
  if (!/^\d+$/.test(value) || Number(value) > 1_000_000)
    throw new InvalidArgumentError('It has to be a number of lines, or all.');
  return Number(value);
}
