// `terrarium check LAB`: the checks of a lab, proved on the live system.
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { CheckOptions, CheckReport } from '../../client/node.ts';
import { Interrupted, isPassing, translateHint, UsageError } from '../errors.ts';
import { openEvidence, writeEvidence } from '../evidence.ts';
import { exitCode } from '../exit-codes.ts';
import { followChecks } from '../follow-checks.ts';
import { type Invocation, perform } from '../invocation.ts';
import { readLabName } from '../lab-file.ts';
import { addLabOptions, type LabFlags } from '../lab-options.ts';
import { addExamples, duration, given, wholeNumber } from '../options.ts';
import { formatResults, formatResultsWithin, summarizeChecks } from '../print/check-lines.ts';
import { Screen } from '../print/screen.ts';

interface Options extends LabFlags {
  readonly instance?: number;
  /** Milliseconds. */
  readonly wait?: number;
  readonly follow?: boolean;
  readonly junit?: string;
  readonly evidence?: string;
}

/** Milliseconds that the server waits in one request: no longer than a client takes for an answer, and on a terminal until the next look at it. */
const waits = { piped: 60_000, shown: 1_000 } as const;
/** Milliseconds until a server that is away is asked again. */
const retryMs = 500;

export function addCheck(program: Command): void {
  const command = program
    .command('check')
    .summary('prove the checks of a lab on the live system')
    .description(
      `Looks whether the checks of a lab hold, and says what was seen where one does not. Ends with 0 where all hold, with 1 where one does not, with 2
where one could not be looked at.`,
    )
    .argument('<lab>', 'name of the lab, or its file')
    .argument('[check...]', 'only these')
    .option('--instance <number>', 'of this instance only', wholeNumber(1, 100))
    .option('--wait <duration>', 'until all hold, at most so long, as 30s', duration)
    .option(
      '-f, --follow',
      'go on: checks turn green in their place on a terminal, a line for each that changes elsewhere',
    )
    .option('--junit <file>', 'write the report there as JUnit XML too; - is standard output')
    .option(
      '--evidence <folder>',
      'for what does not hold: netstat, ifconfig, paths, logs of the containers it is about',
    )
    .action(
      perform<Options>(
        async (run, { as, engine, instance, wait, follow = false, junit, evidence }, [word = '', ...checks]) => {
          if (follow && (wait ?? junit ?? evidence) !== undefined)
            throw new UsageError(
              '-f goes on and comes to no report',
              'Leave out -f, or --wait, --junit and --evidence',
            );
          if (junit === '-' && run.isJson)
            throw new UsageError('Standard output is for one report', 'Give --junit a file, or leave out --json');
          if (evidence !== undefined) await openEvidence(evidence);
          const lab = await readLabName(run, word, as);
          const query = { ...given({ engine, instance }), ...(checks.length > 0 && { checks }), signal: run.signal };
          if (follow) return followChecks(run, lab, query);
          const report = await awaitReport(run, lab, query, wait ?? 0);
          if (junit !== undefined) await writeJunit(run, report, junit);
          if (evidence !== undefined) await writeEvidence(run, evidence, report);
          if (run.isJson) run.printJson(report);
          else if (junit !== '-') run.print(...formatReport(run, report));
          return { pass: exitCode.ok, fail: exitCode.fail, error: exitCode.cannotRun }[report.status];
        },
        { toExitCode: checkExitCodeOf, isQuietAboutConnection: true },
      ),
    );
  addLabOptions(command);
  addExamples(
    command,
    ['terrarium check lab', 'all of it'],
    ['terrarium check lab listens reaches', 'two of its checks'],
    ['terrarium check lab -f', 'while you work on it: they turn green'],
    ['terrarium check lab.yaml --wait 60s --junit report.xml --evidence evidence', 'in CI'],
  );
}

/** It was proved neither way. */
function checkExitCodeOf(error: unknown): number {
  return error instanceof Interrupted ? error.exitCode : exitCode.cannotRun;
}

type Query = CheckOptions & { signal: AbortSignal };

/** Until all hold, or the time is over; a server that goes away meanwhile may come back. */
async function awaitReport(run: Invocation, lab: string, query: Query, waitMs: number): Promise<CheckReport> {
  const client = await run.client();
  const { stderr } = process;
  const screen = waitMs > 0 && stderr.isTTY && !run.isJson ? new Screen(stderr) : null;
  const deadline = Date.now() + waitMs;
  const mostMs = screen === null ? waits.piped : waits.shown;
  let last: CheckReport | null = null;
  try {
    for (;;) {
      const left = Math.min(mostMs, deadline - Date.now());
      const wait = left > 0 ? { wait: `${Math.max(1, Math.ceil(left / 1_000))}s` } : {};
      try {
        last = await client.labs.check(lab, { ...query, ...wait });
        if (last.status === 'pass' || Date.now() >= deadline) return last;
        const look = { style: run.noteStyle, translate: translateHint };
        screen?.draw([...formatResultsWithin((stderr.rows || 24) - 3, last.results, look), '', summarizeChecks(last)]);
      } catch (error) {
        if (last === null || !isPassing(error) || Date.now() >= deadline) throw error;
        await sleep(retryMs, undefined, { signal: run.signal }).catch(() => run.signal.throwIfAborted());
      }
    }
  } finally {
    screen?.draw([]);
    screen?.end();
  }
}

function formatReport({ style }: Invocation, report: CheckReport): string[] {
  const { results } = report;
  const format = { pass: 'green', fail: 'red', error: 'yellow' } as const;
  if (results.length === 0) return [`${report.lab} has no checks`];
  return [
    ...formatResults(results, { style, translate: translateHint }),
    '',
    style(format[report.status], `${report.lab}: ${summarizeChecks(report)}`),
  ];
}

async function writeJunit({ stdout }: Invocation, report: CheckReport, file: string): Promise<void> {
  // Pure, and the server's own: both have to say the same.
  const { renderJunit } = await import('../../domain/check-report/junit.ts');
  const text = renderJunit(report);
  if (file === '-') stdout.write(text);
  else
    await writeFile(file, text).catch((error: NodeJS.ErrnoException) => {
      throw new UsageError(`"${file}" cannot be written (${error.code})`);
    });
}
