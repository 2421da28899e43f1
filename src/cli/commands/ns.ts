// `terrarium ns`: network namespaces, with the words of `ip netns`.
import type { Command } from 'commander';
import type { ContainerNamespaces, Namespace } from '../../client/node.ts';
import { type Invocation, perform } from '../invocation.ts';
import { addCommon, addExamples, given } from '../options.ts';
import { formatTable } from '../print/table.ts';

interface Options {
  readonly engine?: string;
  readonly scope?: 'managed' | 'all';
}

export function addNs(program: Command): void {
  const group = program
    .command('ns')
    .summary('network namespaces: who shares which')
    .description('Network namespaces, in the words of ip netns; and what containers share of every other kind.');
  addList(group);
  addShow(group);
  addIdentify(group);
  addPids(group);
  addExamples(
    group,
    ['terrarium ns', 'every namespace and who is in it'],
    ['terrarium ns show joined', 'what it shares with whom'],
    ['terrarium ns identify 4711', "whose namespace a process of the host's is in"],
  );
}

function addList(group: Command): void {
  const command = group
    .command('list', { isDefault: true })
    .summary('every network namespace and the containers in it')
    .description('Lists network namespaces and the containers in them, as ip netns list.')
    .option('--scope <scope>', "all: also those of others' containers, and the host's")
    .action(
      perform<Options>(async (run, { engine, scope }) => {
        const client = await run.client();
        return showList(run, await client.namespaces.list({ ...given({ engine, scope }), signal: run.signal }));
      }),
    );
  addCommon(command);
}

function addIdentify(group: Command): void {
  const command = group
    .command('identify')
    .summary('the namespace of a process')
    .description("The network namespace that a process of the engine's host is in, as ip netns identify.")
    .argument('<pid>', "a PID of the engine's host")
    .action(
      perform<Options>(async (run, { engine }, [pid = '']) => {
        const client = await run.client();
        const query = { pid: pid as unknown as number, ...given({ engine }), signal: run.signal };
        return showList(run, await client.namespaces.list(query));
      }),
    );
  addCommon(command);
}

function showList(run: Invocation, namespaces: readonly Namespace[]): undefined {
  if (run.isJson) return run.printJson(namespaces);
  const rows = namespaces.map(({ id, inode, owner, host, members, engine }) => [
    host ? `${engine} (host)` : (owner?.name ?? id),
    inode === null ? '' : String(inode),
    members.map(({ name, state }) => (state === 'running' ? name : `${name} (${state})`)).join(', '),
  ]);
  return run.print(...formatTable(['OWNER', 'INODE', 'CONTAINERS'], rows));
}

function addShow(group: Command): void {
  const command = group
    .command('show')
    .summary('what a container shares, and what is its own')
    .description(
      'What a container shares with whom, of each kind of namespace; by the inodes of the kernel, not by how it was made.',
    )
    .argument('<container>', 'name, id, or unique prefix of an id')
    .action(
      perform<Options>(async (run, { engine }, [container = '']) => {
        const client = await run.client();
        const shown = await client.containers.namespaces(container, { ...given({ engine }), signal: run.signal });
        if (run.isJson) return run.printJson(shown);
        const rows = shown.kinds.map((kind) => [
          kind.kind,
          kind.inode === null ? '' : String(kind.inode),
          formatSharing(kind),
        ]);
        return run.print(...formatTable(['KIND', 'INODE', 'SHARED WITH'], rows));
      }),
    );
  addCommon(command);
}

/** Of those that share one; `--json` has all. */
const mostNames = 6;

function formatSharing({ host, sharedWith, isolated, reason }: ContainerNamespaces['kinds'][number]): string {
  if (isolated === true) return '(its own)';
  const named = sharedWith.slice(0, mostNames).map(({ name }) => name);
  const rest = sharedWith.length - named.length;
  const others = [...(host ? ['the host'] : []), ...named, ...(rest > 0 ? [`${rest} more`] : [])];
  return others.length > 0 ? others.join(', ') : `unknown${reason === null ? '' : `: ${reason}`}`;
}

function addPids(group: Command): void {
  const command = group
    .command('pids')
    .summary('the processes of a container')
    .description("The PIDs of a container's processes on the engine's host, as ip netns pids.")
    .argument('<container>', 'name, id, or unique prefix of an id')
    .action(
      perform<Options>(async (run, { engine }, [container = '']) => {
        const client = await run.client();
        const { pid, pids } = await client.containers.namespaces(container, {
          ...given({ engine }),
          signal: run.signal,
        });
        const all = pids ?? [pid];
        if (run.isJson) return run.printJson(all);
        return run.print(...all.map(String));
      }),
    );
  addCommon(command);
}
