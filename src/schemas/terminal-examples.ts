// One example of each message of a terminal, as the AsyncAPI document shows it: a short session, in this order. A test holds it against the schemas
// and has it with a real shell.
import type { TerminalClientFrame, TerminalServerFrame } from './terminal.ts';

/** The text frames, by type. */
export const terminalExamples: {
  readonly [Type in Exclude<(TerminalClientFrame | TerminalServerFrame)['type'], 'error'>]: Extract<
    TerminalClientFrame | TerminalServerFrame,
    { type: Type }
  >;
} = {
  resize: { type: 'resize', cols: 120, rows: 40 },
  pause: { type: 'pause' },
  resume: { type: 'resume' },
  exit: { type: 'exit', exitCode: 7 },
};

/** The binary frames, as text: what is typed, and what is then read among the rest. */
export const terminalBytes = { input: 'stty size; exit 7\r', output: '40 120\r\n' } as const;
