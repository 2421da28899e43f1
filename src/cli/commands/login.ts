// `terrarium login`: a link that logs a browser in; and where this command's own token is from.
import type { Command } from 'commander';
import { perform } from '../invocation.ts';
import { addCommon, addExamples } from '../options.ts';

export function addLogin(program: Command): void {
  const command = program
    .command('login')
    .summary('a link that logs a browser in')
    .description(
      `Prints a link that logs one browser in, once, within ten minutes.

The command itself needs no login: it takes TERRARIUM_TOKEN, and for a server of this machine the token that it keeps in TERRARIUM_STATE_DIR
(~/.local/state/terrarium).`,
    )
    .option('--view-only', 'who uses it may look at everything and change nothing, for 12 hours: for a projector')
    .action(
      perform<{ readonly viewOnly?: boolean }>(async (run, { viewOnly }) => {
        const client = await run.client();
        const code = await client.access.loginCode({ ...(viewOnly && { role: 'viewer' }), signal: run.signal });
        if (run.isJson) run.printJson(code);
        else run.print(code.url);
      }),
    );
  addCommon(command, { engine: false });
  addExamples(
    command,
    ['xdg-open "$(terrarium login)"', 'opens the page, logged in'],
    ['terrarium login --view-only', 'for a screen that others stand at'],
  );
}
