// `terrarium reach`: who reaches whom, through which port, and if not, why not.
import type { Command } from 'commander';
import type { Reachability, ReachabilityNode, ReachabilityPair, VerifiedEntry } from '../../client/node.ts';
import { UsageError } from '../errors.ts';
import { exitCode } from '../exit-codes.ts';
import { type Invocation, perform } from '../invocation.ts';
import { addCommon, addExamples, given } from '../options.ts';
import { Screen } from '../print/screen.ts';
import { type Cell, formatTable } from '../print/table.ts';

interface Options {
  readonly lab?: string;
  readonly scope?: 'managed' | 'all';
  readonly engine?: string;
  readonly verify?: boolean;
  readonly verbose?: boolean;
}

export function addReach(program: Command): void {
  const command = program
    .command('reach')
    .summary('who reaches whom, through which port, and if not, why not')
    .description(
      `Shows for every pair of containers and the host whether one reaches the other. With two names only these, port by port, and it ends with 0
where one reaches the other and with 1 where it does not. With --verify real connections are made, and it ends with 1 where they are not as
predicted.`,
    )
    .argument('[from]', 'a container, host, or outside')
    .argument('[to]', 'a container, or host')
    .option('--lab <name>', 'only containers of this lab')
    .option('--scope <scope>', 'all: also those that others made')
    .option('--verify', 'prove it by real connections; each is accepted by some program')
    .option('-v, --verbose', 'every address and port')
    .action(
      perform<Options>(async (run, { verify = false, verbose = false, lab, scope, engine }, [from, to]) => {
        const client = await run.client();
        const query = { ...given({ lab, scope, engine }), signal: run.signal };
        const answer = verify
          ? await verifyWithProgress(run, client.reachability.verify, query)
          : await client.reachability.predict(query);
        const isPair = from !== undefined && to !== undefined;
        const entries = select(answer, from, to);
        if (run.isJson) run.printJson(isPair || from !== undefined ? { ...answer, entries } : answer);
        else if (from !== undefined || verbose) run.print(...formatEntries(run, answer, entries));
        else run.print(...formatMatrix(run, answer));
        if (!run.isJson) tellVerification(run, answer);
        const isWrong = (answer.verification?.disagreements.length ?? 0) > 0;
        const isBlocked = isPair && !entries.some(({ outcome }) => outcome === 'reaches');
        return isWrong || isBlocked ? exitCode.fail : exitCode.ok;
      }),
    );
  addCommon(command);
  addExamples(
    command,
    ['terrarium reach', 'the matrix'],
    ['terrarium reach t2 web', 'does it, and if not, why not?'],
    ['terrarium reach --lab demo --verify', 'and is it so?'],
  );
}

type Query = { lab?: string; scope?: 'managed' | 'all'; engine?: string; signal: AbortSignal };

async function verifyWithProgress(
  run: Invocation,
  verify: (
    options: Query & { onProgress: (progress: { done: number; total: number }) => void },
  ) => Promise<Reachability>,
  query: Query,
): Promise<Reachability> {
  const screen = process.stderr.isTTY && !run.isJson ? new Screen(process.stderr) : null;
  try {
    return await verify({
      ...query,
      onProgress: ({ done, total }) => screen?.draw([`${done} of ${total} connections`]),
    });
  } finally {
    screen?.draw([]);
    screen?.end();
  }
}

/** Fails where there is nobody of that name. */
function select({ nodes, entries }: Reachability, from: string | undefined, to: string | undefined): VerifiedEntry[] {
  const idOf = (name: string | undefined) => {
    if (name === undefined || name === 'outside') return name;
    const found =
      nodes.find((one) => one.name === name || one.id === name) ??
      nodes.find(({ id }) => name.length > 3 && id.startsWith(name));
    if (found === undefined)
      throw new UsageError(
        `"${name}" is nobody here`,
        `There are ${nodes.map((one) => one.name).join(', ')} and outside; --scope all shows those that others made`,
      );
    return found.id;
  };
  const [source, target] = [idOf(from), idOf(to)];
  return entries.filter(
    (entry) => (source === undefined || entry.from === source) && (target === undefined || entry.to === target),
  );
}

const marks = { reaches: '✓', fails: '✗', unknown: '?' } as const;
const formats = { reaches: 'green', fails: 'red', unknown: 'yellow' } as const;

function mark(run: Invocation, outcome: ReachabilityPair['outcome']): Cell {
  if (outcome === null) return { text: '-', shown: run.style('dim', '-') };
  return { text: marks[outcome], shown: run.style(formats[outcome], marks[outcome]) };
}

/** Sources down, targets across; `-` where a target listens on nothing. */
function formatMatrix(run: Invocation, { nodes, pairs }: Reachability): string[] {
  const outcomes = new Map(pairs.map(({ from, to, outcome }) => [`${from} ${to}`, outcome]));
  const rows = nodes.map((from) => [
    from.name,
    ...nodes.map((to): Cell => (from.id === to.id ? '' : mark(run, outcomes.get(`${from.id} ${to.id}`) ?? null))),
  ]);
  return formatTable(['FROM \\ TO', ...nodes.map(({ name }) => name)], rows);
}

function formatEntries(run: Invocation, { nodes }: Reachability, entries: readonly VerifiedEntry[]): string[] {
  const names = new Map(nodes.map(({ id, name }: ReachabilityNode) => [id, name]));
  const nameOf = (id: string) => names.get(id) ?? id;
  const rows = entries.map((entry): Cell[] => [
    nameOf(entry.from),
    nameOf(entry.to),
    `${entry.protocol}/${entry.address.includes(':') ? `[${entry.address}]` : entry.address}:${entry.port}`,
    mark(run, entry.outcome),
    entry.verified ?? '',
    entry.sentence,
  ]);
  return formatTable(['FROM', 'TO', 'PORT', '', 'VERIFIED', 'WHY'], rows);
}

function tellVerification(run: Invocation, { unknown, verification }: Reachability): void {
  for (const reason of unknown) run.note(reason);
  if (verification === null) return;
  const { connections, agreed, disagreements, unverified } = verification;
  run.print('', `${connections} connections, ${agreed} as predicted, ${disagreements.length} not`);
  for (const { from, to, address, port, predicted, observed } of disagreements)
    run.print(run.style('red', `${from} → ${to} ${address}:${port}: ${observed}, but ${predicted.sentence}`));
  for (const { from, reason, entries } of unverified)
    run.print(run.style('dim', `${from}: ${entries} not tried: ${reason}`));
}
