// `terrarium watch`: containers side by side as they are now: who listens, who is connected, what flows.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Ifconfig, Netstat } from '../../client/node.ts';
import { showView, type View } from '../follow-view.ts';
import { type Invocation, perform } from '../invocation.ts';
import { type LiveContainer, watchContainers } from '../live-containers.ts';
import { addCommon, addExamples, given, wholeNumber } from '../options.ts';
import { formatSize } from '../print/sizes.ts';
import { type Cell, formatTable } from '../print/table.ts';

interface Options {
  readonly lab?: string;
  readonly engine?: string;
  readonly interval?: number;
}

/** What happens at once is shown at once; between two drawings pass so many milliseconds. */
const drawingPauseMs = 100;

export function addWatch(program: Command): void {
  const command = program
    .command('watch')
    .summary('containers live: who listens, who is connected, what flows')
    .description(
      'Shows containers as they are now, in their place on a terminal, until Ctrl-C. Without names all that Terrarium made.',
    )
    .argument('[container...]', 'only these')
    .option('--lab <name>', 'those of this lab, as they come and go')
    .option('--interval <ms>', 'at most one look in this time (default: 1000)', wholeNumber(100, 60_000))
    .action(
      perform<Options>(
        async (run, { lab, engine, interval: intervalMs }, names) => {
          const client = await run.client();
          const states = watchContainers(client, { names, signal: run.signal, ...given({ lab, engine, intervalMs }) });
          if (!run.isJson) return showView(run, toViews(run, states));
          for await (const state of states) {
            run.printJson(state.map(describe), 'line');
            await sleep(drawingPauseMs);
          }
          return undefined;
        },
        { isQuietAboutConnection: true },
      ),
    );
  addCommon(command);
  addExamples(
    command,
    ['terrarium watch', 'everything'],
    ['terrarium watch --lab demo', 'a lab, as its containers come and go'],
    ['terrarium watch web joined --interval 250', 'two of them, four times a second'],
  );
}

interface LiveLine {
  readonly id: string;
  readonly name: string;
  readonly mode: string;
  readonly state: string;
  readonly addresses: readonly string[];
  readonly listens: readonly string[];
  /** Connections that are established. */
  readonly connections: number;
  /** Bytes a second, of everything but loopback. */
  readonly rx: number;
  readonly tx: number;
}

function describe({ id, container, sockets, interfaces, standing }: LiveContainer): LiveLine {
  const isUp = container.state === 'running' || container.state === 'paused';
  return {
    id,
    name: container.name,
    mode: container.mode,
    state: standing === 'stale' ? 'stale' : container.orphanReason === null ? container.state : 'orphaned',
    addresses: isUp ? addressesOf(interfaces) : [],
    listens: isUp ? listenersOf(sockets) : [],
    connections: isUp ? (sockets?.sockets.filter(({ state }) => state === 'ESTABLISHED').length ?? 0) : 0,
    rx: isUp ? rateOf(interfaces, 'rx') : 0,
    tx: isUp ? rateOf(interfaces, 'tx') : 0,
  };
}

const beyondLoopback = (interfaces: Ifconfig | null) =>
  (interfaces?.interfaces ?? []).filter(({ name }) => name !== 'lo');

function addressesOf(interfaces: Ifconfig | null): string[] {
  return beyondLoopback(interfaces).flatMap(({ ipv4 }) => ipv4.map(({ address }) => address));
}

/** Where Docker's own name server listens in every container of a network of one's own. */
const dockerDns = '127.0.0.11';

/** `tcp/2222`, each once, by number. */
function listenersOf(sockets: Netstat | null): string[] {
  const listening = (sockets?.sockets ?? []).filter(
    ({ protocol, state, local, remote }) =>
      local.address !== dockerDns && (state === 'LISTEN' || (protocol.startsWith('udp') && remote.port === 0)),
  );
  const ports = new Set(listening.map(({ protocol, local }) => `${protocol.replace('6', '')}/${local.port}`));
  return [...ports].sort((one, other) => Number(one.split('/')[1]) - Number(other.split('/')[1]));
}

function rateOf(interfaces: Ifconfig | null, way: 'rx' | 'tx'): number {
  return beyondLoopback(interfaces).reduce((sum, one) => sum + one[way].bytesPerSecond, 0);
}

async function* toViews(run: Invocation, states: AsyncIterable<readonly LiveContainer[]>): AsyncGenerator<View> {
  for await (const state of states) {
    const rows = state
      .map(describe)
      .map((line): Cell[] => [
        line.name,
        line.mode,
        { text: line.state, shown: run.style(line.state === 'running' ? 'green' : 'yellow', line.state) },
        line.addresses.join(', '),
        line.listens.join(', '),
        String(line.connections),
        `${formatSize(line.rx)}/s`,
        `${formatSize(line.tx)}/s`,
      ]);
    const heading = ['NAME', 'MODE', 'STATE', 'ADDRESS', 'LISTENS', 'CONNECTIONS', 'RX', 'TX'];
    yield { standing: `${state.length} containers`, lines: formatTable(heading, rows) };
    await sleep(drawingPauseMs);
  }
}
