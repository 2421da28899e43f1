// `terrarium start`, `stop`, `restart`, `pause`, `unpause`, `rejoin` and `rm`: each says the name of what it did, as docker does, and goes on with
// the next where one fails.
import type { Command } from 'commander';
import { type Container, TerrariumError } from '../../client/node.ts';
import { tryEach } from '../each.ts';
import { perform } from '../invocation.ts';
import { addCommon, addExamples, given, wholeNumber } from '../options.ts';

interface Options {
  readonly engine?: string;
  readonly time?: number;
  readonly rejoin?: boolean;
  readonly force?: boolean;
}

const verbs = [
  { verb: 'start', about: 'start containers', options: [] },
  { verb: 'stop', about: 'stop containers', options: ['time'] },
  { verb: 'restart', about: 'restart containers, and take along what is joined to them', options: ['time', 'rejoin'] },
  { verb: 'pause', about: 'freeze the processes of containers', options: [] },
  { verb: 'unpause', about: 'thaw the processes of containers', options: [] },
  { verb: 'rejoin', about: "bring stranded joined containers back into their target's namespace", options: ['time'] },
] as const;

export function addLifecycle(program: Command): void {
  for (const { verb, about, options } of verbs) {
    const command = program
      .command(verb)
      .summary(about)
      .description(
        `${about.charAt(0).toUpperCase()}${about.slice(1)}. Asking for the state that one is in is no error.`,
      )
      .argument('<container...>', 'name, id, or unique prefix of an id')
      .action(
        perform<Options>((run, { engine, time, rejoin }, names) =>
          tryEach(run, names, (client, name) => {
            const query = given({ engine, timeout: time, ...(rejoin === false && { rejoin }) });
            return client.containers[verb](name, { ...query, signal: run.signal } as never);
          }),
        ),
      );
    for (const option of options)
      if (option === 'time')
        command.option('-t, --time <seconds>', 'time to end before it is killed', wholeNumber(0, 600));
      else command.option('--no-rejoin', 'leave what is joined to them stranded');
    addCommon(command);
    addExamples(
      command,
      [`terrarium ${verb} web`, ''],
      [`terrarium ${verb} $(terrarium ps -aq -f lab=demo)`, 'a whole lab'],
    );
  }
  addRm(program);
}

function addRm(program: Command): void {
  const command = program
    .command('rm')
    .summary('remove containers')
    .description(
      'Removes containers, with their anonymous volumes. One that runs is removed with -f only, as docker rm has it.',
    )
    .argument('<container...>', 'name, id, or unique prefix of an id')
    .option('-f, --force', 'also those that run; one that there is not is no error')
    .option('-v, --volumes', 'as always: anonymous volumes go along')
    .action(
      perform<Options>((run, { engine, force = false }, names) =>
        tryEach(run, names, async (client, name) => {
          try {
            const container = await client.containers.get(name, { ...given({ engine }), signal: run.signal });
            if (!force && isUp(container))
              throw new TerrariumError('state_conflict', `Container "${container.name}" is ${container.state}`, {
                status: 409,
                hint: 'terrarium rm -f removes it all the same; terrarium stop stops it first',
              });
            await client.containers.remove(container.id, { engine: container.engine, signal: run.signal });
            return container;
          } catch (error) {
            if (force && error instanceof TerrariumError && error.code === 'container_not_found') return null;
            throw error;
          }
        }),
      ),
    );
  addCommon(command);
  addExamples(
    command,
    ['terrarium rm t1', 'one that has ended'],
    ['terrarium rm -f web joined', 'running or not'],
    ['terrarium rm -f $(terrarium ps -aq)', 'everything that Terrarium made'],
  );
}

const isUp = ({ state }: Container) => ['running', 'paused', 'restarting'].includes(state);
