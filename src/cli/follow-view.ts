// Shows the newest of something that changes: in its place on a terminal, else each state after the other.
import type { Invocation } from './invocation.ts';
import { Screen } from './print/screen.ts';

export interface View {
  /** Standing and titles: above the text on a terminal, on standard error elsewhere. */
  readonly standing: string;
  readonly lines: readonly string[];
}

/** Draws until the source ends or the command is interrupted. */
export async function showView(run: Invocation, views: AsyncIterable<View>): Promise<undefined> {
  const screen = run.stdout.isTTY ? new Screen(run.stdout) : null;
  let newest: View | null = null;
  const redraw = () => newest !== null && screen?.draw([run.style('dim', newest.standing), ...newest.lines]);
  run.stdout.on('resize', redraw);
  let standing = '';
  let text = '';
  try {
    for await (const view of views) {
      newest = view;
      if (screen !== null) {
        redraw();
        continue;
      }
      if (view.standing !== standing && standing !== '') run.note(view.standing);
      standing = view.standing;
      const now = view.lines.join('\n');
      if (now === text || now === '') continue;
      run.print(...(text === '' ? [] : ['']), ...view.lines);
      text = now;
    }
  } finally {
    run.stdout.off('resize', redraw);
    screen?.end();
  }
}
