// `terrarium ps`: the containers.
import type { Command } from 'commander';
import type { ContainerState, ListOptions, Mode } from '../../client/node.ts';
import { UsageError } from '../errors.ts';
import { perform } from '../invocation.ts';
import { addCommon, addExamples, given, repeatable } from '../options.ts';
import { formatContainers } from '../print/container-lines.ts';

interface Options {
  readonly all?: boolean;
  readonly quiet?: boolean;
  readonly trunc: boolean;
  readonly filter?: readonly string[];
  readonly scope?: 'managed' | 'all';
  readonly engine?: string;
}

/** By what can be filtered; `status` is docker's word. */
const filterNames = ['mode', 'lab', 'state', 'status', 'name'] as const;
type FilterName = (typeof filterNames)[number];

export function addPs(program: Command): void {
  const command = program
    .command('ps')
    .summary('list containers')
    .description('Lists the containers that Terrarium made and that run, as docker ps.')
    .option('-a, --all', 'those that do not run too')
    .option('-q, --quiet', 'ids only')
    .option('--no-trunc', 'whole ids')
    .addOption(repeatable('-f, --filter <name=value>', `only those that fit: ${filterNames.join(', ')}`))
    .option('--scope <scope>', 'all: those that others made too')
    .action(
      perform<Options>(async (run, { all, quiet, trunc, filter = [], scope, engine }) => {
        const filters = readFilters(filter);
        const state = filters.state ?? filters.status;
        const query = given({
          mode: filters.mode as Mode | undefined,
          lab: filters.lab,
          state: state as ContainerState | undefined,
          scope,
          engine,
        });
        const client = await run.client();
        const listed = await client.containers.list({ ...(query as ListOptions), signal: run.signal });
        const containers = listed.filter(
          (one) =>
            (all === true || state !== undefined || one.state === 'running' || one.state === 'paused') &&
            one.name.includes(filters.name ?? ''),
        );
        if (run.isJson) run.printJson(containers);
        else if (quiet) run.print(...containers.map(({ id }) => (trunc ? id.slice(0, 12) : id)));
        else {
          const withEngine = new Set(containers.map((one) => one.engine)).size > 1;
          run.print(
            ...formatContainers(containers, { style: run.style, now: Date.now(), isWhole: !trunc, withEngine }),
          );
        }
      }),
    );
  addCommon(command);
  addExamples(
    command,
    ['terrarium ps -a', 'also those that have ended'],
    ['terrarium ps -f lab=demo -q', 'the ids of a lab'],
    ['terrarium ps --json | jq .[].ports', 'for programs'],
  );
}

function readFilters(filters: readonly string[]): Partial<Record<FilterName, string>> {
  return Object.fromEntries(
    filters.map((filter) => {
      const [name = '', ...value] = filter.split('=');
      if (!filterNames.includes(name as FilterName) || value.length === 0)
        throw new UsageError(
          `There is no filter "${filter}"`,
          `Filters are NAME=VALUE, with the names ${filterNames.join(', ')}`,
        );
      return [name, value.join('=')];
    }),
  );
}
