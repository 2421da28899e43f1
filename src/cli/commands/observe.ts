// `terrarium netstat` and `terrarium ifconfig`: what the programs would say inside, once or followed.
import type { Command } from 'commander';
import type { Ifconfig, Netstat, Observation } from '../../client/node.ts';
import { exitCode } from '../exit-codes.ts';
import { showView, type View } from '../follow-view.ts';
import { type Invocation, perform } from '../invocation.ts';
import { addCommon, addExamples, given, wholeNumber } from '../options.ts';
import { showControls } from '../print/harmless.ts';

interface FollowOptions {
  readonly follow?: boolean;
  readonly interval?: number;
  readonly engine?: string;
}
interface NetstatFlags extends FollowOptions {
  readonly tcp?: boolean;
  readonly udp?: boolean;
  readonly raw?: boolean;
  readonly listening?: boolean;
  readonly all?: boolean;
}

export function addNetstat(program: Command): void {
  const command = program
    .command('netstat')
    .summary('the sockets of a container')
    .description(
      "The sockets of a container's network namespace, exactly as busybox's netstat prints them inside; whatever the container's own image has. Without letters as -tuwan.",
    )
    .argument('<container>', 'name, id, or unique prefix of an id')
    .option('-t, --tcp', 'TCP sockets')
    .option('-u, --udp', 'UDP sockets')
    .option('-w, --raw', 'raw sockets')
    .option('-l, --listening', 'those that listen')
    .option('-a, --all', 'all of them')
    .option('-n, --numeric', 'as always: numbers, no names');
  addFollow(command).action(
    perform<NetstatFlags>(
      async (run, flags, [container = '']) => {
        const letters = readLetters(flags);
        const { follow, interval: intervalMs, engine } = flags;
        const options = letters === '' ? undefined : letters;
        const client = await run.client();
        const query = given({ options, engine });
        if (!follow && run.isJson)
          return run.printJson(await client.containers.netstat(container, { ...query, signal: run.signal }));
        if (!follow)
          return write(run, await client.containers.netstatText(container, { ...query, signal: run.signal }));
        const wish = {
          topic: 'netstat',
          container,
          format: run.isJson ? 'json' : 'text',
          ...given({ options, engine, intervalMs }),
        } as const;
        return followObservation(run, container, client.subscribe(wish, { signal: run.signal }));
      },
      { isQuietAboutConnection: true },
    ),
  );
  addCommon(command);
  addExamples(
    command,
    ['terrarium netstat web -tan', 'as netstat -tan inside'],
    ['terrarium netstat web -tln -f', 'who listens, as it changes; Ctrl-C ends it'],
    ['terrarium netstat web --json | jq .sockets', 'for programs'],
  );
}

export function addIfconfig(program: Command): void {
  const command = program
    .command('ifconfig')
    .summary('the interfaces of a container')
    .description("The interfaces of a container's network namespace, exactly as busybox's ifconfig prints them inside.")
    .argument('<container>', 'name, id, or unique prefix of an id')
    .option('-a, --all', 'those that are not UP too');
  addFollow(command).action(
    perform<NetstatFlags>(
      async (run, { follow, interval: intervalMs, engine, all }, [container = '']) => {
        const client = await run.client();
        const query = given({ engine, ...(all && { all }) });
        if (!follow && run.isJson)
          return run.printJson(
            await client.containers.ifconfig(container, { ...given({ engine }), signal: run.signal }),
          );
        if (!follow)
          return write(run, await client.containers.ifconfigText(container, { ...query, signal: run.signal }));
        const wish = {
          topic: 'ifconfig',
          container,
          format: run.isJson ? 'json' : 'text',
          ...given({ engine, intervalMs }),
          ...(all && { options: 'a' }),
        } as const;
        return followObservation(run, container, client.subscribe(wish, { signal: run.signal }));
      },
      { isQuietAboutConnection: true },
    ),
  );
  addCommon(command);
  addExamples(
    command,
    ['terrarium ifconfig t2', 'what is UP'],
    ['terrarium ifconfig t2 -a -f', 'all, and the counters as they move'],
  );
}

function addFollow(command: Command): Command {
  return command
    .option('-f, --follow', 'go on: in its place on a terminal, state after state elsewhere')
    .option('--interval <ms>', 'with -f: at most one look in this time (default: 1000)', wholeNumber(100, 60_000));
}

/** `tan`, in busybox's letters; empty: as the server has it. */
function readLetters({ tcp, udp, raw, listening, all }: NetstatFlags): string {
  const letters = [tcp && 't', udp && 'u', raw && 'w', listening && 'l', all && 'a'];
  return letters.filter((letter) => letter !== undefined && letter !== false).join('');
}

function write(run: Invocation, text: string): undefined {
  // Byte for byte what the program prints, except to a terminal: an interface may be called anything.
  run.stdout.write(run.stdout.isTTY ? showControls(text) : text);
}

/** Ends with the container, which is no failure. */
async function followObservation(
  run: Invocation,
  container: string,
  observations: AsyncIterable<Observation<Netstat> | Observation<Ifconfig>>,
): Promise<number> {
  if (run.isJson) for await (const observation of observations) run.printJson(observation, 'line');
  else await showView(run, toViews(container, observations));
  return exitCode.ok;
}

async function* toViews(container: string, observations: AsyncIterable<Observation<unknown>>): AsyncGenerator<View> {
  for await (const { state, reason, text } of observations) {
    const standing = `${container}: ${state}${reason === null ? '' : ` (${reason})`}`;
    yield { standing, lines: (text ?? '').replace(/\n+$/, '').split('\n') };
  }
}
