// What the commands about labs share: whose lab, how a file is refused, how failures end.
import type { Command } from 'commander';
import { TerrariumError } from '../client/node.ts';
import { exitCodeOf } from './errors.ts';
import { exitCode } from './exit-codes.ts';
import { addCommon, wholeNumber } from './options.ts';

/** Of every command about one lab. */
export interface LabFlags {
  readonly as?: string;
  readonly engine?: string;
}

/** Of those that take a file. */
export interface FileFlags extends LabFlags {
  readonly name?: string;
  readonly lesson?: string;
  readonly instances?: number;
}

export function addLabOptions(command: Command): Command {
  command.option('--as <who>', 'the lab NAME.WHO, which was made from the same file for somebody');
  return addCommon(command);
}

export function addFileOptions(command: Command): Command {
  command
    .option(
      '--lesson <name>',
      'instead of a file: a lesson that comes with the server, as terrarium lessons lists them',
    )
    .option('--name <name>', 'what the lab is called (default: as the file says, or as the file is called)')
    .option('--instances <count>', 'all of it so many times, numbered from 1', wholeNumber(1, 100));
  return addLabOptions(command);
}

/** A file that is wrong is a mistake in the words, as a flag is. */
export function labExitCodeOf(error: unknown): number {
  return error instanceof TerrariumError && error.code === 'invalid_request' ? exitCode.cannotRun : exitCodeOf(error);
}
