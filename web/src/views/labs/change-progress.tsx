// A change of a lab that this page makes: how far it is, its end, and the way to end it.
import { Button } from '../../ui/button.tsx';
import { perform } from '../../ui/toasts.tsx';
import { cancelChange, changeOf, dismissChange, type Place } from './changes.ts';
import { messages } from './messages.ts';
import { PlanDiff } from './plan.tsx';
import { spellFailure } from './workbench.tsx';

export function ChangeProgress({ place }: { place: Place }) {
  const t = messages.value;
  const change = changeOf(place);
  if (change === undefined) return null;
  const { kind, state, plan, actions, error, isCancelled } = change;
  return (
    <section class={`labs-change labs-change-${state}`} aria-label={t.change} data-change={`${kind} ${state}`}>
      <div class="labs-tools">
        <b role="status">{isCancelled && state === 'running' ? t.cancelling : t.changeState(kind, state)}</b>
        {state === 'running' ? (
          <Button disabled={isCancelled} onClick={() => void perform(() => cancelChange(place))}>
            {t.cancel}
          </Button>
        ) : (
          <Button onClick={() => dismissChange(place)}>{t.close}</Button>
        )}
      </div>
      {error !== null && (
        <p class="field-error" role="alert">
          {spellFailure(error)}
        </p>
      )}
      {plan !== null && <PlanDiff plan={plan} actions={actions} />}
      {plan === null && actions.size > 0 && (
        <ul class="labs-steps-of-plan">
          {[...actions.values()].map(({ kind: what, key, name, state: how, detail }) => (
            <li key={`${what} ${key}`}>
              <span class="plan-sign" aria-hidden="true">
                −
              </span>
              <span>
                {t.kind(what)} <b>{name}</b>
              </span>
              <span class={`plan-state plan-state-${how}`}>
                {t.actionState(how)}
                {detail !== undefined && `: ${detail}`}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
