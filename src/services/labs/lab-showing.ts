// Labs and plans as the API shows them.

import { deriveMode } from '../../domain/container/mode.ts';
import type { LabPlan } from '../../domain/lab/lab-plan.ts';
import { isEmptyPlan } from '../../domain/lab/lab-planner.ts';
import type { On } from '../../domain/lab/observed-lab.ts';
import { withoutEnvironment } from '../../domain/lab/without-environment.ts';
import { label } from '../../domain/labels.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import type { LabFile } from '../../schemas/lab.ts';
import type { LabPlanView, LabView } from '../../schemas/lab-view.ts';
import { mayReadEnvironment, maySee, type Principal } from '../access.ts';
import type { LabDocument } from './lab-documents.ts';
import type { FoundLab, LabLook, Wanted } from './lab-look.ts';

export function showPlan({ home, identity }: Pick<Wanted, 'home' | 'identity'>, plan: LabPlan): LabPlanView {
  return {
    lab: identity.lab,
    engine: home.engine.name,
    empty: isEmptyPlan(plan),
    steps: plan.steps.map((step) => ({ ...step, reasons: [...step.reasons] })),
    conflicts: plan.conflicts.map(({ code, message, field = null, hint = null }) => ({
      code,
      detail: message,
      field,
      hint,
    })),
  };
}

/** As `principal` may see it. */
export function showLab(
  look: LabLook,
  principal: Principal,
  { home, lab, document }: Pick<FoundLab, 'home' | 'lab' | 'document'>,
): LabView {
  const members = look.members(home, lab);
  const containers = members.containers.filter(({ facts }) => maySee(principal, { kind: 'container', facts }));
  const networks = members.networks.filter(({ facts }) => maySee(principal, { kind: 'network', facts }));
  const record = document?.record ?? null;
  const item = ({
    engine,
    facts: { id, name, labels },
  }: On<{ id: string; name: string; labels: Readonly<Record<string, string>> }>) => ({
    key: labels[label.item] ?? null,
    id,
    name,
    engine,
  });
  return {
    name: lab,
    engine: home.engine.name,
    document: document === null ? 'lost' : 'present',
    state: judgeState(look, home, document),
    generation: document?.generation ?? null,
    instances: record?.instances ?? null,
    owner: record?.owner ?? containers[0]?.facts.labels[label.owner] ?? null,
    createdAt: record?.createdAt ?? null,
    appliedAt: record?.appliedAt ?? null,
    expiresAt: record?.expiresAt ?? null,
    containers: containers.map((one) => ({ ...item(one), mode: deriveMode(one.facts), state: one.facts.state })),
    networks: networks.map(item),
  };
}

function judgeState(look: LabLook, home: EngineMirror, document: LabDocument | null): LabView['state'] {
  if (document === null) return 'unknown';
  if (document.record.ending === true) return 'ending';
  return isEmptyPlan(look.planAgain(home, document)) ? 'as_described' : 'differs';
}

/** As far as this principal may read it; null where it is lost. */
export function showFile(principal: Principal, document: LabDocument | null): LabFile | null {
  if (document === null) return null;
  const { file } = document.record;
  return mayReadEnvironment(principal, document.record.owner) ? file : withoutEnvironment(file);
}
