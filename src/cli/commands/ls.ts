// `terrarium ls`: the labs.
import type { Command } from 'commander';
import type { LabView } from '../../client/node.ts';
import { perform } from '../invocation.ts';
import { addCommon, addExamples, given } from '../options.ts';
import { formatTimeLeft } from '../print/sizes.ts';
import type { Format, Style } from '../print/style.ts';
import { type Cell, formatTable } from '../print/table.ts';

interface Options {
  readonly engine?: string;
  readonly quiet?: boolean;
}

export function addLs(program: Command): void {
  const command = program
    .command('ls')
    .summary('list labs')
    .description(
      `Lists labs: whether each is as its file describes it, what is in it, and when it ends. A lab without a file is one of containers and networks that
were made with its name.`,
    )
    .option('-q, --quiet', 'names only')
    .action(
      perform<Options>(async (run, { engine, quiet }) => {
        const client = await run.client();
        const labs = await client.labs.list({ ...given({ engine }), signal: run.signal });
        if (run.isJson) return run.printJson(labs);
        if (quiet) return run.print(...labs.map(({ name }) => name));
        return run.print(...formatLabs(labs, run.style));
      }),
    );
  addCommon(command);
  addExamples(
    command,
    ['terrarium ls', 'every lab, and whether it is as its file says'],
    ['terrarium plan lab.yaml', 'in what one differs'],
  );
}

const states: Readonly<Record<LabView['state'], { readonly word: string; readonly format: Format }>> = {
  as_described: { word: 'as described', format: 'green' },
  differs: { word: 'differs', format: 'yellow' },
  unknown: { word: 'no file', format: 'dim' },
  ending: { word: 'ending', format: 'yellow' },
};

function formatLabs(labs: readonly LabView[], style: Style): string[] {
  const withEngine = new Set(labs.flatMap(enginesOf)).size > 1;
  const heading = ['LAB', 'STATE', 'CONTAINERS', 'NETWORKS', 'INSTANCES', 'OWNER', 'ENDS'];
  const rows = labs.map((lab): Cell[] => {
    const { word, format } = states[lab.state];
    return [
      ...(withEngine ? [enginesOf(lab).join(', ')] : []),
      lab.name,
      { text: word, shown: style(format, word) },
      formatStates(lab.containers),
      String(lab.networks.length),
      lab.instances === null ? '' : String(lab.instances),
      lab.owner ?? '',
      lab.expiresAt === null ? 'never' : formatTimeLeft(lab.expiresAt, Date.now()),
    ];
  });
  return formatTable(withEngine ? ['ENGINE', ...heading] : heading, rows);
}

/** Where it is, its home first. */
function enginesOf({ engine, containers, networks }: LabView): string[] {
  return [...new Set([engine, ...[...containers, ...networks].map((member) => member.engine)])];
}

/** `running(3), exited(1)`, as docker compose ls has it; what runs is told first. */
function formatStates(members: LabView['containers']): string {
  const states = [...new Set(members.map(({ state }) => state))].sort();
  const found = [...states.filter((one) => one === 'running'), ...states.filter((one) => one !== 'running')];
  return found.map((state) => `${state}(${members.filter((one) => one.state === state).length})`).join(', ');
}
