// Carries out the actions of a plan: each as soon as those before it are done, all others at the same time. It knows no engine. The first that
// fails stops the rest; what is under way ends, one way or the other, before the failure is told.
import type { PlanAction } from '../../domain/lab/lab-plan.ts';
import type { LabProgress } from '../../schemas/lab-view.ts';

export interface Execution {
  readonly actions: readonly PlanAction[];
  /** Does one of them. The signal is aborted when there is no point in it any more. Words that it answers say why it was left, and nothing ends by it. */
  perform(action: PlanAction, signal: AbortSignal): Promise<string | undefined>;
  /** Aborted, with a failure as its reason, to stop. */
  readonly signal: AbortSignal;
  tell(progress: LabProgress): void;
}

export async function carryOut({ actions, perform, signal, tell }: Execution): Promise<void> {
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const byId = new Map(actions.map((action) => [action.id, action]));
  const begun = new Map<string, Promise<void>>();

  function begin(action: PlanAction): Promise<void> {
    const known = begun.get(action.id);
    if (known !== undefined) return known;
    const result = take(action);
    begun.set(action.id, result);
    return result;
  }

  async function take(action: PlanAction): Promise<void> {
    await Promise.all(action.after.map((id) => byId.get(id)).map((before) => before && begin(before)));
    stop.throwIfAborted();
    tell(describeAction(action, 'began'));
    let left: string | undefined;
    try {
      left = await perform(action, stop);
    } catch (error) {
      tell(describeAction(action, 'failed', error instanceof Error ? error.message : String(error)));
      if (!failed.signal.aborted) failed.abort(error);
      throw error;
    }
    tell(describeAction(action, left === undefined ? 'done' : 'failed', left));
  }

  await Promise.allSettled(actions.map(begin));
  // What failed first is the reason; where nothing failed, somebody stopped it before all was begun.
  if (failed.signal.aborted) throw signal.aborted ? signal.reason : failed.signal.reason;
  const outcomes = await Promise.allSettled(begun.values());
  if (outcomes.some(({ status }) => status === 'rejected')) throw signal.reason;
}

export function describeAction(
  { do: verb, kind, key, name, engine }: PlanAction,
  state: 'began' | 'done' | 'failed' | 'undone',
  detail?: string,
): LabProgress {
  return { event: 'action', state, do: verb, kind, key, name, engine, ...(detail !== undefined && { detail }) };
}
