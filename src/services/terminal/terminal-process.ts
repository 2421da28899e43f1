// What a terminal is connected to: a command of its own, or the main process of a container. Types only.
import type { Readable, Writable } from 'node:stream';
import type { TerminalSize } from '../../schemas/terminal.ts';

export interface TerminalProcess {
  readonly stdin: Writable;
  /** Bytes of the TTY. Ends with the process, with the connection to it, and when the user detaches. */
  readonly output: Readable;
  /** Resolves when the TTY has it; a process that has ended needs none. */
  resize(size: TerminalSize): Promise<void>;
  /** How it ended, once the output has; null where it has not. Fails with what keeps us from knowing. */
  readExit(): Promise<number | null>;
  /** Lets go of it, and resolves when nothing that the terminal started is left. Never fails. */
  leave(): Promise<void>;
}
