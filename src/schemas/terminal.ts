// The text frames of a terminal's WebSocket. Its binary frames are the bytes of the TTY, in both directions.
import { type Static, Type } from 'typebox';
import { ErrorFrame } from './stream.ts';

/** Bounds of a terminal's window, in characters, and the size that one has to whom nobody told another. */
export const terminalSize = { min: 1, max: 1_000, cols: 80, rows: 24 } as const;

const cells = { minimum: terminalSize.min, maximum: terminalSize.max };
export const Cols = Type.Integer({ ...cells, description: `Columns, ${terminalSize.min} to ${terminalSize.max}` });
export const Rows = Type.Integer({ ...cells, description: `Rows, ${terminalSize.min} to ${terminalSize.max}` });

const strict = { additionalProperties: false } as const;

export const ResizeFrame = Type.Object({ type: Type.Literal('resize'), cols: Cols, rows: Rows }, strict);
export const PauseFrame = Type.Object({ type: Type.Literal('pause') }, strict);
export const ResumeFrame = Type.Object({ type: Type.Literal('resume') }, strict);
export const ExitFrame = Type.Object({
  type: Type.Literal('exit'),
  exitCode: Type.Union([Type.Integer(), Type.Null()], {
    description: '128 + the signal for a process that a signal ended; null where it did not end: you detached from it',
  }),
});

/** What a client may send as text. */
export const TerminalClientFrame = Type.Union([ResizeFrame, PauseFrame, ResumeFrame], { $id: 'TerminalClientFrame' });
export type TerminalClientFrame = Static<typeof TerminalClientFrame>;

/** What the server sends as text: always the last frame before the close. */
export const TerminalServerFrame = Type.Union([ExitFrame, ErrorFrame], { $id: 'TerminalServerFrame' });
export type TerminalServerFrame = Static<typeof TerminalServerFrame>;

export interface TerminalSize {
  readonly cols: number;
  readonly rows: number;
}
