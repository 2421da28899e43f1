// `terrarium events`: what happens, as it happens.
import type { Command } from 'commander';
import type { EventNews } from '../../client/node.ts';
import { type Invocation, perform } from '../invocation.ts';
import { addCommon, addExamples, given } from '../options.ts';

interface Options {
  readonly lab?: string;
  readonly container?: string;
  readonly scope?: 'all';
  readonly engine?: string;
}

export function addEvents(program: Command): void {
  const command = program
    .command('events')
    .summary('what happens to containers, namespaces, labs and engines')
    .description(
      'Tells what happens, a line each, until Ctrl-C. After a cut it tells what was missed, or that something was.',
    )
    .option('--lab <name>', 'of this lab')
    .option('--container <container>', 'of this container')
    .option('--scope <scope>', 'all: also of what others made')
    .action(
      perform<Options>(async (run, { lab, container, scope, engine }) => {
        const client = await run.client();
        const wish = { topic: 'events', ...given({ lab, container, scope, engine }) } as const;
        for await (const news of client.subscribe(wish, { signal: run.signal })) {
          if (run.isJson) run.printJson(news, 'line');
          else if (news.type !== 'snapshot') run.print(formatNews(run, news));
        }
      }),
    );
  addCommon(command);
  addExamples(
    command,
    ['terrarium events --lab demo', 'of a lab'],
    ['terrarium events --json | jq -c .event', 'for programs: the first line is what is true now'],
  );
}

function formatNews(run: Invocation, news: Exclude<EventNews, { type: 'snapshot' }>): string {
  if (news.type === 'gap')
    return run.style('yellow', `events ${news.from} to ${news.to} are not known any more (${news.reason})`);
  const { at, event, engine, lab, container, namespace, reason, network, from, to } = news;
  const about = [
    container === null ? null : `${container.name} (${container.id.slice(0, 12)})`,
    container === null && namespace !== null ? namespace : null,
    container === null && namespace === null ? (lab ?? engine) : null,
    lab !== null && container !== null ? `lab=${lab}` : null,
    network === undefined ? null : `network=${network}`,
    from === undefined ? null : `from=${from.name}`,
    to === undefined ? null : `to=${to.name}`,
    event === 'container.stopped' ? `exit=${container?.exitCode}` : null,
    reason === undefined || reason === null ? null : `reason=${reason}`,
  ];
  return [at, run.style('cyan', event), ...about.filter((part) => part !== null)].join(' ');
}
