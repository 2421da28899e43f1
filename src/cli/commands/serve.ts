// `terrarium serve`: the server, in this very process, so that signals and the exit code are its own.
import type { Command } from 'commander';
import { addExamples } from '../options.ts';

/** The server's own program; a client imports nothing of it. Built, this is part of cli/main.js. */
const program = new URL(import.meta.url.endsWith('.ts') ? '../../main.ts' : '../main.js', import.meta.url);

export function addServe(parent: Command): void {
  const command = parent
    .command('serve')
    .summary('start the server')
    .description(
      'Starts the server and stays until Ctrl-C. It is configured by environment variables: TERRARIUM_PORT, TERRARIUM_HOST, TERRARIUM_TOKEN, DOCKER_HOST, …; the README lists all.',
    )
    .action(async () => {
      await import(program.href);
    });
  addExamples(
    command,
    ['terrarium serve', 'on 127.0.0.1:4242'],
    ['TERRARIUM_PORT=8080 terrarium serve', 'on another port'],
  );
}
