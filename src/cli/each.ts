// What is named on one command line, one after the other: docker goes on with the next where one fails, and so do we.
import { type TerrariumClient, TerrariumError } from '../client/node.ts';
import { exitCodeOf, hintOf, isPassing } from './errors.ts';
import { exitCode } from './exit-codes.ts';
import type { Invocation } from './invocation.ts';

/** Does it with each, and says its name; fails where one failed, after all were tried. null: there was nothing to do. */
export async function tryEach(
  run: Invocation,
  names: readonly string[],
  act: (client: TerrariumClient, name: string) => Promise<object | string | null>,
): Promise<number> {
  const client = await run.client();
  const done: (object | string)[] = [];
  let code: number = exitCode.ok;
  for (const name of names) {
    try {
      const result = await act(client, name);
      if (result === null) continue;
      done.push(result);
      if (!run.isJson) run.print(name);
    } catch (error) {
      run.signal.throwIfAborted();
      if (!(error instanceof TerrariumError) || isPassing(error) || error.status === 401) throw error;
      run.note(error.message, hintOf(error));
      code = Math.max(code, exitCodeOf(error));
    }
  }
  if (run.isJson) run.printJson(done);
  return code;
}
