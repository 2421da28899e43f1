// A plan as a diff: what is made, made anew, removed and kept, and why; while it is carried out, how far each is.
import type { LabPlanView } from '../../../../src/client/index.ts';
import type { Change } from './changes.ts';
import { messages } from './messages.ts';

const signs = { create: '+', replace: '±', remove: '−', start: '▶', rejoin: '↻', keep: '=' } as const;

export function PlanDiff({ plan, actions = new Map() }: { plan: LabPlanView; actions?: Change['actions'] }) {
  const t = messages.value;
  const changing = plan.steps.filter((step) => step.do !== 'keep');
  const kept = plan.steps.filter((step) => step.do === 'keep');
  return (
    <div class="labs-plan">
      {plan.conflicts.map(({ code, detail, hint, field }) => (
        <p key={`${code} ${detail}`} class="labs-conflict" role="alert">
          {t.conflict}: {detail} {field !== null && <code>{field}</code>} {hint}
        </p>
      ))}
      <p class="labs-counts" role="status">
        {plan.empty ? t.nothingToDo : t.counts(countSteps(plan))}
      </p>
      {changing.length > 0 && (
        <ul class="labs-steps-of-plan" aria-label={t.plan}>
          {changing.map((step) => {
            const action = actions.get(`${step.kind} ${step.key}`);
            return (
              <li key={`${step.kind} ${step.key} ${step.do}`} class={`plan-${step.do}`} data-action={action?.state}>
                <span class="plan-sign" aria-hidden="true">
                  {signs[step.do]}
                </span>
                <span>
                  {t.stepDo(step.do)} {t.kind(step.kind)} <b>{step.name}</b>
                  {step.reasons
                    .filter(({ code }) => code !== 'missing' || step.do !== 'create')
                    .map((reason) => (
                      <span key={`${reason.code} ${reason.field}`} class="plan-reason">
                        {reason.text}
                      </span>
                    ))}
                </span>
                {action !== undefined && (
                  <span class={`plan-state plan-state-${action.state}`}>
                    {t.actionState(action.state)}
                    {action.state === 'began' && action.do === 'await' && ` ${t.untilReady}`}
                    {action.detail !== undefined && `: ${action.detail}`}
                  </span>
                )}
              </li>
            );
          })}
        </ul>
      )}
      {kept.length > 0 && (
        <details>
          <summary>{t.kept(kept.length)}</summary>
          <ul class="labs-steps-of-plan">
            {kept.map(({ kind, key, name }) => (
              <li key={`${kind} ${key}`} class="plan-keep">
                <span class="plan-sign" aria-hidden="true">
                  {signs.keep}
                </span>
                <span>
                  {t.kind(kind)} {name}
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function countSteps({ steps }: LabPlanView) {
  const count = (...what: LabPlanView['steps'][number]['do'][]) =>
    steps.filter((step) => what.includes(step.do)).length;
  return {
    create: count('create'),
    replace: count('replace'),
    remove: count('remove'),
    heal: count('start', 'rejoin'),
  };
}
