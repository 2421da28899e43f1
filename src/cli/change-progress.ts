// Shows a change of a lab on standard error as it goes on: a row for each member in its place on a terminal, a line for each step elsewhere.
import type { LabProgress } from '../client/node.ts';
import type { Invocation } from './invocation.ts';
import { ChangeRows } from './print/change-rows.ts';
import { showControlsInLine } from './print/harmless.ts';
import { Screen } from './print/screen.ts';

/** Milliseconds between two drawings, in which seconds go on. */
const pace = 200;

export interface ChangeProgress {
  take(progress: LabProgress): void;
  /** What is to be known about all of it from now on. */
  say(text: string): void;
  /** What is shown last stays. */
  end(): void;
}

export function showChange(run: Invocation, title: string): ChangeProgress {
  const { stderr } = process;
  if (run.isJson) return { take() {}, say: run.note, end() {} };
  const rows = new ChangeRows();
  if (!stderr.isTTY)
    return {
      take(progress) {
        const line = rows.take(progress, Date.now());
        if (line !== null) stderr.write(`${showControlsInLine(line)}\n`);
      },
      say: run.note,
      end() {},
    };
  const screen = new Screen(stderr);
  let heading = (count: string) => `${title}: ${count}`;
  const draw = () => {
    const look = { now: Date.now(), room: (stderr.rows || 24) - 1, style: run.noteStyle };
    if (!rows.isEmpty) screen.draw(rows.format(heading, look));
  };
  const timer = setInterval(draw, pace);
  return {
    take(progress) {
      rows.take(progress, Date.now());
    },
    say(text) {
      heading = () => `${title}: ${text}`;
    },
    end() {
      clearInterval(timer);
      draw();
      screen.end();
    },
  };
}
