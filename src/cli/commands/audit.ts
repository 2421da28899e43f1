// `terrarium audit`: what is left over.
import type { Command } from 'commander';
import { exitCode } from '../exit-codes.ts';
import { perform } from '../invocation.ts';
import { addCommon, addExamples, given } from '../options.ts';
import { formatTable } from '../print/table.ts';

export function addAudit(program: Command): void {
  const command = program
    .command('audit')
    .summary('what is left over: of no lab, beyond its time, or in no file')
    .description(
      'Lists what Terrarium made and nothing accounts for, and removes nothing. Ends with 0 where there is nothing, with 1 where there is.',
    )
    .action(
      perform<{ engine?: string }>(async (run, { engine }) => {
        const client = await run.client();
        const audit = await client.labs.audit({ ...given({ engine }), signal: run.signal });
        const { findings } = audit;
        if (run.isJson) run.printJson(audit);
        else if (findings.length > 0) {
          const rows = findings.map((one) => [one.kind, one.name, one.lab ?? '', one.engine, one.detail]);
          run.print(...formatTable(['KIND', 'NAME', 'LAB', 'ENGINE', 'WHY'], rows));
        } else run.print('nothing is left over');
        return findings.length === 0 ? exitCode.ok : exitCode.fail;
      }),
    );
  addCommon(command);
  addExamples(command, ['terrarium audit || terrarium ls', 'after a class']);
}
