// `terrarium down LAB`: a lab goes with everything that belongs to it.
import type { Command } from 'commander';
import { type LabRemoved, type OnEngine, TerrariumError } from '../../client/node.ts';
import { showChange } from '../change-progress.ts';
import { tryEach } from '../each.ts';
import { type Invocation, perform } from '../invocation.ts';
import { readLabName } from '../lab-file.ts';
import { addLabOptions, type LabFlags } from '../lab-options.ts';
import { addExamples, given } from '../options.ts';

interface Options extends LabFlags {
  readonly force?: boolean;
}

export function addDown(program: Command): void {
  const command = program
    .command('down')
    .summary('remove labs with everything that belongs to them')
    .description(
      `Removes labs: containers, networks and the record of their files. It ends when nothing is left, which the server looks for. Once begun it goes on
also after Ctrl-C; terrarium cancel stops it.`,
    )
    .argument('<lab...>', 'name of the lab, or its file')
    .option('-f, --force', 'one that there is not is no error')
    .action(
      perform<Options>(async (run, { force = false, as, engine }, words) => {
        const labs = await Promise.all(words.map((word) => readLabName(run, word, as)));
        return tryEach(run, labs, async (_client, name) => {
          try {
            return { lab: name, ...(await remove(run, name, given({ engine }))) };
          } catch (error) {
            if (force && error instanceof TerrariumError && error.code === 'lab_not_found') return null;
            throw error;
          }
        });
      }),
    );
  addLabOptions(command);
  addExamples(
    command,
    ['terrarium down lab', 'by name'],
    ['terrarium down lab.yaml --as alice', "somebody's"],
    ['terrarium down $(terrarium ls -q)', 'every lab'],
  );
}

async function remove(run: Invocation, name: string, query: OnEngine): Promise<Omit<LabRemoved, 'done'>> {
  const client = await run.client();
  const progress = showChange(run, name);
  try {
    const { removed } = await client.labs.remove(name, { ...query, signal: run.signal, onProgress: progress.take });
    return { removed };
  } finally {
    progress.end();
  }
}
