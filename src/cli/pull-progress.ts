// Shows a pull on standard error: a bar a layer in its place on a terminal, a line for each layer that is done elsewhere.
import type { Image, PullDone, PullStep } from '../client/node.ts';
import { TerrariumError } from '../client/node.ts';
import type { Invocation } from './invocation.ts';
import { showControlsInLine } from './print/harmless.ts';
import { Screen } from './print/screen.ts';
import { formatSize } from './print/sizes.ts';

const barWidth = 24;

/** Answers the image when it is there. */
export async function pullWithProgress(run: Invocation, steps: AsyncIterable<PullStep | PullDone>): Promise<Image> {
  const { stderr } = process;
  const screen = stderr.isTTY && !run.isJson ? new Screen(stderr) : null;
  const layers = new Map<string, string>();
  try {
    for await (const step of steps) {
      if ('done' in step) return step.image;
      if (run.isJson) continue;
      const { layer, status = '' } = step;
      if (layer === undefined) {
        if (screen === null) stderr.write(`${showControlsInLine(status)}\n`);
        continue;
      }
      if (screen === null && status === 'Pull complete') stderr.write(`${showControlsInLine(layer)}: ${status}\n`);
      layers.set(layer, `${layer}: ${status}${formatProgress(step)}`);
      screen?.draw([...layers.values()]);
    }
  } finally {
    screen?.end();
  }
  throw new TerrariumError('unexpected_answer', 'The pull ended without a word');
}

function formatProgress({ current, total }: PullStep): string {
  if (current === undefined || total === undefined || total === 0) return '';
  const done = Math.min(barWidth, Math.round((current / total) * barWidth));
  return ` [${'='.repeat(done)}${' '.repeat(barWidth - done)}] ${formatSize(current)}/${formatSize(total)}`;
}
