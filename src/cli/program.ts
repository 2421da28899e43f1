// Every command of `terrarium`, in the order of its help. Adding one is adding a line.
import { readFileSync } from 'node:fs';
import { Command, type CommanderError } from 'commander';
import { addAudit } from './commands/audit.ts';
import { addCancel } from './commands/cancel.ts';
import { addCheck } from './commands/check.ts';
import { addCompletion } from './commands/completion.ts';
import { addDaemon } from './commands/daemon.ts';
import { addDown } from './commands/down.ts';
import { addEngines } from './commands/engines.ts';
import { addEvents } from './commands/events.ts';
import { addExec, addSh } from './commands/exec.ts';
import { addExtend } from './commands/extend.ts';
import { addImages, addPull } from './commands/images.ts';
import { addLessons } from './commands/lessons.ts';
import { addLifecycle } from './commands/lifecycle.ts';
import { addLogin } from './commands/login.ts';
import { addLogs } from './commands/logs.ts';
import { addLs } from './commands/ls.ts';
import { addNetworks } from './commands/networks.ts';
import { addNs } from './commands/ns.ts';
import { addIfconfig, addNetstat } from './commands/observe.ts';
import { addPath } from './commands/path.ts';
import { addPlan } from './commands/plan.ts';
import { addPorts } from './commands/ports.ts';
import { addPs } from './commands/ps.ts';
import { addReach } from './commands/reach.ts';
import { addRun } from './commands/run.ts';
import { addServe } from './commands/serve.ts';
import { addToken } from './commands/token.ts';
import { addUp } from './commands/up.ts';
import { addWatch } from './commands/watch.ts';
import { exitCode } from './exit-codes.ts';

const groups: readonly (readonly [title: string, add: readonly ((program: Command) => void)[]])[] = [
  ['Labs:', [addUp, addPlan, addCheck, addLs, addExtend, addCancel, addDown, addAudit]],
  ['Containers:', [addRun, addPs, addLifecycle, addExec, addSh, addLogs]],
  ['Looking inside:', [addNetstat, addIfconfig, addWatch, addEvents]],
  ['Connections:', [addReach, addPath, addPorts, addNetworks, addNs]],
  ['Learning:', [addLessons]],
  ['Images and engines:', [addImages, addPull, addEngines, addDaemon]],
  ['Server:', [addServe, addLogin, addToken, addCompletion]],
];

const epilogue = `
Environment:
  TERRARIUM_URL        the server (default: http://127.0.0.1:4242)
  TERRARIUM_TOKEN      its token (default, for a server of this machine: the one in TERRARIUM_STATE_DIR)
  NO_COLOR             no colours

Exit codes:
  0 done, or it is so; 1 refused, or it is not so; 2 it could not be tried. exec, sh and run: those of the process.`;

export function buildProgram(): Command {
  const program = new Command('terrarium')
    .description('Containers and their networks: made, looked into, proved.')
    .version(readVersion(), '-V, --version', 'print the version')
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .addHelpText('after', epilogue);
  for (const [title, adds] of groups) {
    program.commandsGroup(title);
    for (const add of adds) add(program);
  }
  setEnds(program, exitCode.cannotRun);
  return program;
}

/** What starts a process: as docker has it. */
const starters: ReadonlySet<string> = new Set(['run', 'exec', 'sh']);

/** A mistake in the words is no failure of what they ask: it has an exit code of its own. */
function setEnds(command: Command, ofMistakes: number): void {
  command.configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'terrarium: ')) });
  command.exitOverride((error: CommanderError) => process.exit(error.exitCode === 0 ? 0 : ofMistakes));
  for (const one of command.commands) setEnds(one, starters.has(one.name()) ? exitCode.notStarted : ofMistakes);
}

function readVersion(): string {
  for (const up of ['../../', '../../../']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(`${up}package.json`, import.meta.url), 'utf8'));
      if (name === 'terrarium') return version;
    } catch {
      // It is one folder further up.
    }
  }
  return '';
}
