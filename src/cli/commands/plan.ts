// `terrarium plan FILE`: what `up` would do, and why.
import type { Command } from 'commander';
import { exitCode } from '../exit-codes.ts';
import { perform } from '../invocation.ts';
import { pointAt, readLab } from '../lab-file.ts';
import { addFileOptions, type FileFlags, labExitCodeOf } from '../lab-options.ts';
import { addExamples, given } from '../options.ts';
import { formatPlan } from '../print/plan-lines.ts';

interface Options extends FileFlags {
  readonly exitCode?: boolean;
}

export function addPlan(program: Command): void {
  const command = program
    .command('plan')
    .summary('what up would do with a lab file, and why')
    .description(
      `Shows as a diff what up would do: what is created (+), replaced, started or rejoined (~), removed (-) and kept (=), with every reason.
Changes nothing. Ends with 1 where something stands in the way.`,
    )
    .argument('[file]', 'the lab file, YAML or JSON; - is standard input')
    .option('--exit-code', 'end with 1 where something would change, as git diff has it')
    .action(
      perform<Options>(
        async (run, { name, lesson, as, instances, engine, exitCode: isAsked = false }, [file]) => {
          const lab = await readLab(run, file, given({ name, lesson }));
          const client = await run.client();
          const query = { ...given({ as, instances, engine }), signal: run.signal };
          const plan = await client.labs.plan(lab.name, lab.text, query).catch((error) => {
            throw pointAt(lab, error);
          });
          if (run.isJson) run.printJson(plan);
          else run.print(...formatPlan(plan, run.style));
          return plan.conflicts.length > 0 || (isAsked && !plan.empty) ? exitCode.fail : exitCode.ok;
        },
        { toExitCode: labExitCodeOf },
      ),
    );
  addFileOptions(command);
  addExamples(
    command,
    ['terrarium plan lab.yaml', 'before an up'],
    ['terrarium plan lab.yaml --exit-code', 'is the lab still what the file says?'],
    ['terrarium plan lab.yaml --instances 30', 'for a class'],
  );
}
