// `terrarium extend LAB TTL`: the end of a lab is put off.
import type { Command } from 'commander';
import { perform } from '../invocation.ts';
import { readLabName } from '../lab-file.ts';
import { addLabOptions, type LabFlags, labExitCodeOf } from '../lab-options.ts';
import { addExamples, given } from '../options.ts';
import { formatTimeLeft } from '../print/sizes.ts';

export function addExtend(program: Command): void {
  const command = program
    .command('extend')
    .summary('let a lab live longer')
    .description('Puts off the end of a lab that has one, at most to 30 days from now.')
    .argument('<lab>', 'name of the lab, or its file')
    .argument('<duration>', 'by how much, as 30m, 2h, 1h30m')
    .action(
      perform<LabFlags>(
        async (run, { as, engine }, [word = '', ttl = '']) => {
          const name = await readLabName(run, word, as);
          const client = await run.client();
          const lab = await client.labs.extend(name, ttl, { ...given({ engine }), signal: run.signal });
          if (run.isJson) return run.printJson(lab);
          const { expiresAt } = lab;
          return run.print(`${name} ends ${expiresAt === null ? 'never' : formatTimeLeft(expiresAt, Date.now())}`);
        },
        { toExitCode: labExitCodeOf },
      ),
    );
  addLabOptions(command);
  addExamples(command, ['terrarium extend lab 1h', 'one hour more']);
}
