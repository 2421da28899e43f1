// The plan of a lab as a diff: what is made, changed, removed and kept, each with its reasons. Pure.
import type { LabPlanView } from '../../client/node.ts';
import type { Format, Style } from './style.ts';

export type PlanStep = LabPlanView['steps'][number];

interface Look {
  readonly sign: string;
  readonly format: Format;
  readonly planned: string;
  readonly done: string;
}

const looks: Readonly<Record<PlanStep['do'], Look>> = {
  create: { sign: '+', format: 'green', planned: 'to create', done: 'created' },
  replace: { sign: '~', format: 'yellow', planned: 'to replace', done: 'replaced' },
  start: { sign: '~', format: 'yellow', planned: 'to start', done: 'started' },
  rejoin: { sign: '~', format: 'yellow', planned: 'to rejoin', done: 'rejoined' },
  remove: { sign: '-', format: 'red', planned: 'to remove', done: 'removed' },
  keep: { sign: '=', format: 'dim', planned: 'kept', done: 'kept' },
};
const order = ['create', 'replace', 'start', 'rejoin', 'remove', 'keep'] as const;

export function formatPlan(plan: LabPlanView, style: Style): string[] {
  const width = Math.max(0, ...plan.steps.map(({ key }) => key.length));
  const engines = [...new Set(plan.steps.map(({ engine }) => engine))];
  const engineWidth = Math.max(0, ...engines.map((engine) => engine.length));
  const lines = plan.steps.map(({ do: verb, kind, key, engine, reasons }) => {
    const { sign, format } = looks[verb];
    const isPlain = verb === 'create' || verb === 'keep';
    const words = isPlain ? [] : [`${verb}:`, reasons.map(({ text }) => text).join('; ')];
    const where = engines.length > 1 ? [engine.padEnd(engineWidth)] : [];
    return style(format, [sign, kind.padEnd(9), key.padEnd(width), ...where, ...words].join(' ').trimEnd());
  });
  return [
    ...lines,
    ...(lines.length === 0 ? [] : ['']),
    summarizePlan(plan, 'planned'),
    ...formatConflicts(plan, style),
  ];
}

/** `four: 2 to create, 1 kept`; `four: 2 created, 1 kept`. */
export function summarizePlan({ lab, empty, steps }: LabPlanView, tense: 'planned' | 'done'): string {
  const words = order.flatMap((verb) => {
    const count = steps.filter((step) => step.do === verb).length;
    return count === 0 ? [] : `${count} ${looks[verb][tense]}`;
  });
  const nothing = tense === 'planned' ? 'nothing to change' : 'nothing was to be changed';
  return `${lab}: ${[...(empty ? [nothing] : []), ...words].join(', ')}`;
}

/** What stands in the way. */
export function formatConflicts({ conflicts }: Pick<LabPlanView, 'conflicts'>, style: Style): string[] {
  return conflicts.flatMap(({ detail, hint }) => [
    style('red', `! ${detail}`),
    ...(hint === null ? [] : [`  ${hint}`]),
  ]);
}
