// `terrarium cancel LAB`: a change of a lab that is under way ends.
import type { Command } from 'commander';
import { perform } from '../invocation.ts';
import { readLabName } from '../lab-file.ts';
import { addLabOptions, type LabFlags } from '../lab-options.ts';
import { addExamples, given } from '../options.ts';

export function addCancel(program: Command): void {
  const command = program
    .command('cancel')
    .summary('end a change of a lab that is under way')
    .description(
      'Ends an up or a down that is under way, whoever began it. What an up has made is removed again; a down stops where it is.',
    )
    .argument('<lab>', 'name of the lab, or its file')
    .action(
      perform<LabFlags>(async (run, { as, engine }, [word = '']) => {
        const name = await readLabName(run, word, as);
        const client = await run.client();
        await client.labs.cancel(name, { ...given({ engine }), signal: run.signal });
        return run.isJson ? run.printJson({ cancelled: name }) : run.print(name);
      }),
    );
  addLabOptions(command);
  addExamples(command, ['terrarium cancel lab', 'where an up waits for what never comes']);
}
