// `terrarium run MODE`: makes a container in one of the four models with docker's flags, and stays with it as `docker run` does.
import { type Command, Option } from 'commander';
import { type Container, type EventNews, type TerrariumClient, TerrariumError } from '../../client/node.ts';
import { runExitCodeOf, UsageError } from '../errors.ts';
import { exitCode } from '../exit-codes.ts';
import { type Invocation, perform } from '../invocation.ts';
import { LogPrinter } from '../log-printer.ts';
import { addCommon, addExamples, given, repeatable, wholeNumber } from '../options.ts';
import { pullWithProgress } from '../pull-progress.ts';
import { type RunBody, type RunFlags, type RunMode, toCreateBody } from '../run-body.ts';
import { converse, requireTerminal, sizeOf } from '../terminal-session.ts';

interface Options extends RunFlags {
  readonly detach?: boolean;
  readonly dryRun?: boolean;
}

interface Model {
  readonly mode: RunMode;
  readonly about: string;
  readonly examples: readonly (readonly [call: string, about: string])[];
}

const models: readonly Model[] = [
  {
    mode: 'closed',
    about: 'a network namespace with lo only (--network none)',
    examples: [
      ['terrarium run closed --name t1', 'nothing but lo'],
      ['terrarium run closed --rm busybox ifconfig -a', 'what it has, and away with it'],
    ],
  },
  {
    mode: 'bridged',
    about: 'an address on a bridge: docker0, or --network',
    examples: [
      ['terrarium run bridged --name t2', 'on docker0'],
      ['terrarium run bridged -it --rm busybox sh', 'a shell with an address'],
      ['terrarium run bridged -d --lab demo busybox httpd -f -p 80', 'on the bridge of a lab'],
    ],
  },
  {
    mode: 'joined',
    about: 'the network namespace of --target (--network container:TARGET)',
    examples: [['terrarium run joined --rm --target web busybox netstat -tan', "a look from web's own namespace"]],
  },
  {
    mode: 'open',
    about: 'reachable from outside: -p, -P, or --host (--network host)',
    examples: [
      ['terrarium run open -d --name web -p 2222 busybox httpd -f -p 2222', 'a web server on a dynamic port'],
      ['terrarium run open -p 127.0.0.1:8080:80 -d busybox httpd -f', 'on a port of your choice'],
      ['terrarium run open --host -it --rm busybox sh', "in the host's own namespace"],
    ],
  },
];

export function addRun(program: Command): void {
  const group = program
    .command('run')
    .summary('make a container: closed, bridged, joined or open')
    .description(
      `Makes a container in one of the four models and starts it, with the flags of docker run.

With a command it stays until that ends, shows what it writes, and ends with its exit code (125: not started, 126: no program, 127: no such
program); -it puts it on this terminal, -d leaves it alone and prints its id. Without a command it stays up by itself, as with -itd.`,
    );
  for (const model of models) addModel(group, model);
  addExamples(group, ...models.flatMap(({ examples }) => examples.slice(0, 1)));
}

function addModel(group: Command, { mode, about, examples }: Model): void {
  const command = group
    .command(mode)
    .summary(about)
    .description(`Makes a container that is ${mode}: ${about}.`)
    .helpOption('--help', 'display help for command')
    .argument('[image]', "default: the server's, busybox:latest unless it is configured otherwise")
    .argument('[command...]', 'the program and its arguments');
  for (const option of makeOptions(mode)) command.addOption(option);
  command
    .passThroughOptions()
    .action(
      perform<Options>((run, flags, words) => runContainer(run, mode, flags, words), { toExitCode: runExitCodeOf }),
    );
  addCommon(command, { engine: false });
  addExamples(command, ...examples);
}

/** All flags go with every model, so that the server says why one does not fit; the help shows those that do. */
function makeOptions(mode: RunMode): Option[] {
  const only = (option: Option, ...modes: readonly RunMode[]) => option.hideHelp(!modes.includes(mode));
  const flag = (flags: string, about: string) => new Option(flags, about);
  return [
    flag('--name <name>', 'its name'),
    flag('-d, --detach', 'print its id and leave'),
    flag('-i, --interactive', 'keep its input open'),
    flag('-t, --tty', 'give it a terminal'),
    flag('--rm', 'remove it when it ends'),
    only(repeatable('-p, --publish <port>', 'a port, as 80, 8080:80, 127.0.0.1::80 or 127.0.0.1:8080:80'), 'open'),
    only(flag('-P, --publish-all', 'every port that the image exposes'), 'open'),
    only(flag('--host', "the host's own namespace"), 'open'),
    only(flag('--target <container>', 'whose namespace'), 'joined'),
    only(flag('--network <network>', 'a network, by name'), 'bridged', 'open'),
    only(flag('--ip <address>', 'its IPv4 address there'), 'bridged', 'open'),
    only(flag('--ip6 <address>', 'its IPv6 address there'), 'bridged', 'open'),
    only(repeatable('--network-alias <name>', 'another name there'), 'bridged', 'open'),
    only(repeatable('--dns <address>', 'a name server'), 'bridged', 'open'),
    repeatable('-e, --env <name=value>', 'an environment variable'),
    flag('--entrypoint <program>', "in place of the image's"),
    only(flag('-h, --hostname <name>', 'its host name'), 'closed', 'bridged', 'open'),
    flag('-w, --workdir <path>', 'its working directory'),
    flag('-u, --user <user>', 'its user, by name or 1000:1000'),
    repeatable('-l, --label <name=value>', 'a label'),
    flag('-m, --memory <size>', 'memory at most, as 64m'),
    flag('--cpus <number>', 'CPUs at most, as 0.5'),
    flag('--pids-limit <number>', 'processes at most').argParser(wholeNumber(1, 4_194_304)),
    repeatable('--cap-add <name>', 'NET_ADMIN or NET_RAW'),
    flag('--restart <policy>', 'no, always, unless-stopped, on-failure[:N]'),
    flag('--pull <when>', 'missing (default), always, never'),
    flag('--lab <name>', 'the lab it belongs to'),
    flag('--ttl <time>', 'its life time, as 2h'),
    flag('--engine <name>', 'the engine it is made on'),
    flag('--place <where>', 'the engine is chosen: least-loaded, or by labels, such as room=a,gpu=yes'),
    flag('--dry-run', 'print what would be sent to the engine, and make nothing'),
  ];
}

async function runContainer(
  run: Invocation,
  mode: RunMode,
  flags: Options,
  words: readonly string[],
): Promise<number | undefined> {
  const body = toCreateBody(mode, words, flags, run.env);
  const client = await run.client();
  if (flags.dryRun) {
    const { signal } = run;
    return run.printJson(await client.containers.dryRun(mode, body as never, { signal }));
  }
  const isBare = words.length < 2 && !flags.interactive && !flags.tty;
  if (flags.detach || isBare) {
    const container = await create(run, client, mode, body);
    if (run.isJson) run.printJson(container);
    else run.print(container.id);
    return exitCode.ok;
  }
  if (run.isJson)
    throw new UsageError('a container that is stayed with cannot be printed as JSON', 'Add -d, or leave out --json');
  if (flags.tty) return attach(run, client, mode, body, flags);
  if (flags.interactive)
    throw new UsageError(
      '-i without -t cannot be stayed with',
      'Add -t; or -d, and hand the input on with terrarium exec -i',
    );
  return stay(run, client, mode, body);
}

/** On this terminal, until the process ends or the user detaches. */
async function attach(
  run: Invocation,
  client: TerrariumClient,
  mode: RunMode,
  body: RunBody,
  flags: Options,
): Promise<number> {
  if (!flags.interactive) throw new UsageError('-t without -i cannot be stayed with', 'Add -i, or -d');
  requireTerminal(run, 'Leave out -t, or add -d');
  const { id, engine } = await create(run, client, mode, body);
  try {
    const terminal = await client.containers.terminal(id, { attach: true, engine, ...sizeOf(run), signal: run.signal });
    return (await converse(run, terminal)) ?? exitCode.ok;
  } catch (error) {
    // It ended before anybody came.
    const after = await client.containers.get(id, { engine }).catch(() => null);
    if (after !== null && after.exitCode !== null && !run.signal.aborted) {
      await new LogPrinter(run, client, id).read({ tail: 'all', engine }, run.signal);
      if (flags.rm) await client.containers.remove(id, { engine }).catch(() => {});
      return after.exitCode;
    }
    if (run.signal.aborted && flags.rm) await client.containers.remove(id, { engine }).catch(() => {});
    throw error;
  }
}

/** Shows its log until it has ended. */
async function stay(run: Invocation, client: TerrariumClient, mode: RunMode, body: RunBody): Promise<number> {
  const events = client.subscribe({ topic: 'events' }, { signal: run.signal });
  await events.next(); // nothing is missed from here on
  // The engine would forget its log, and how it ended, as soon as it has: it is removed here.
  const { autoRemove, ...kept } = body;
  const { id, engine } = await create(run, client, mode, autoRemove ? kept : body);
  const printer = new LogPrinter(run, client, id);
  const following = new AbortController();
  const signal = AbortSignal.any([run.signal, following.signal]);
  const follow = printer.follow({ tail: 'all', engine }, signal).catch(() => {});
  try {
    const code = await waitForEnd(events, id);
    following.abort();
    await follow;
    await printer.read({ tail: 'all', engine }, run.signal).catch((error) => {
      if (!(error instanceof TerrariumError && error.code === 'container_not_found')) throw error;
    });
    return code;
  } catch (error) {
    // Ctrl-C is meant for what runs there.
    if (run.signal.aborted) await client.containers.stop(id, { engine }).catch(() => {});
    throw error;
  } finally {
    following.abort();
    if (autoRemove) await client.containers.remove(id, { engine }).catch(() => {});
  }
}

async function waitForEnd(events: AsyncIterable<EventNews>, id: string): Promise<number> {
  for await (const news of events) {
    const containers = news.type === 'snapshot' ? news.data.containers : news.type === 'event' ? [news.container] : [];
    const ended = containers.find((one) => one?.id === id && (one.exitCode !== null || isGone(news)));
    if (ended !== undefined && ended !== null) return ended.exitCode ?? exitCode.notStarted;
  }
  return exitCode.notStarted;
}

const isGone = (news: EventNews) => news.type === 'event' && news.event === 'container.removed';

/** As a create does it by itself; but where an image has to be pulled, its progress is shown. */
async function create(run: Invocation, client: TerrariumClient, mode: RunMode, body: RunBody): Promise<Container> {
  const { signal } = run;
  const make = (pull: RunBody['pull']) =>
    client.containers.create(mode, { ...body, ...given({ pull }) } as never, { signal });
  const { image, pull } = body;
  if (image === undefined || pull === 'never') return make(pull);
  const fetch = () => pullWithProgress(run, client.images.pull(image, { ...given({ engine: body.engine }), signal }));
  if (pull === 'always') {
    await fetch();
    return make('never');
  }
  try {
    return await make('never');
  } catch (error) {
    if (!(error instanceof TerrariumError && error.code === 'image_not_found')) throw error;
    await fetch();
    return make('never');
  }
}
