// Checks as they change: they turn green in their place on a terminal; elsewhere each change is a line.
import type { CheckOptions, CheckResult, TerrariumClient, TerrariumError } from '../client/node.ts';
import { translateHint } from './errors.ts';
import { showView, type View } from './follow-view.ts';
import type { Invocation } from './invocation.ts';
import { formatChange, formatResultsWithin, titleOf } from './print/check-lines.ts';

type Query = CheckOptions & { readonly signal: AbortSignal };

/** Until it is interrupted. */
export async function followChecks(run: Invocation, lab: string, query: Query): Promise<undefined> {
  const client = await run.client();
  if (run.stdout.isTTY && !run.isJson) return showView(run, viewChecks(run, client, lab, query));
  const onCut = (error: TerrariumError | null) =>
    run.note(error === null ? 'connected again' : `${error.message}; trying again`);
  for await (const result of client.labs.watchChecks(lab, { ...query, onCut }))
    if (run.isJson) run.printJson(result, 'line');
    else run.print(formatChange(result, run));
  return undefined;
}

/** All of them, as often as one changes; and whether what is shown is still so. */
async function* viewChecks(run: Invocation, client: TerrariumClient, lab: string, query: Query): AsyncGenerator<View> {
  const results = new Map<string, CheckResult>();
  let cut: TerrariumError | null = null;
  let end: { readonly error: unknown } | null = null;
  let wake = () => {};
  let changed = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const onCut = (error: TerrariumError | null) => {
    cut = error;
    wake();
  };
  const read = async () => {
    for await (const result of client.labs.watchChecks(lab, { ...query, onCut })) {
      results.set(titleOf(result), result);
      wake();
    }
  };
  read().catch((error: unknown) => {
    end = { error };
    wake();
  });
  for (;;) {
    await changed;
    changed = new Promise((resolve) => {
      wake = resolve;
    });
    if (end !== null) throw (end as { error: unknown }).error;
    yield describe(run, lab, [...results.values()], cut);
  }
}

function describe(
  { style, stdout }: Invocation,
  lab: string,
  results: readonly CheckResult[],
  cut: TerrariumError | null,
): View {
  const good = results.filter(({ status }) => status === 'pass').length;
  const standing = `${lab}: ${good} of ${results.length} hold`;
  return {
    standing: cut === null ? standing : `${standing}, before the connection was cut: ${cut.message}; trying again`,
    lines: formatResultsWithin((stdout.rows || 24) - 2, results, { style, translate: translateHint }),
  };
}
