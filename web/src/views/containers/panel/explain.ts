// What a container's mode means, in one sentence, and what stands in the way of an action. Pure but for the language and the login.
import type { Container } from '../../../../../src/client/index.ts';
import { mayChange } from '../../../session.ts';
import { messages } from './messages.ts';

/** Of how it is attached, and of what it really has now. */
export function explainMode({ mode, effective, joinedTo, orphaned, ports }: Container): string {
  const t = messages.value.meaning;
  if (mode === 'joined') {
    const target = joinedTo?.name ?? joinedTo?.id.slice(0, 12) ?? '?';
    if (orphaned) return t.stranded(target);
    return `${t.joined(target)} ${effective === null ? t.later : t.asTarget[effective]}`;
  }
  if (effective === null) return t.notRunning[mode];
  if (effective === 'open' && ports.length === 0) return t.bridged;
  return t[effective];
}

/** What can be done to a container from the panel. */
export const verbs = ['start', 'stop', 'restart', 'pause', 'unpause', 'rejoin'] as const;
export type Verb = (typeof verbs)[number];

/** Those that its state offers: what is not among them would change nothing. */
export function listVerbs({ state, mode, orphaned }: Container): readonly Verb[] {
  const isUp = state === 'running' || state === 'paused' || state === 'restarting';
  if (state === 'removing') return [];
  return [
    ...(isUp ? (['stop', 'restart'] as const) : (['start'] as const)),
    ...(state === 'running' ? (['pause'] as const) : []),
    ...(state === 'paused' ? (['unpause'] as const) : []),
    ...(mode === 'joined' && orphaned ? (['rejoin'] as const) : []),
  ];
}

/** Why nothing can be done to it; null where something can. */
export function explainRefusal({ managed, stale, engine }: Container, isGone: boolean): string | null {
  const t = messages.value;
  if (isGone) return t.goneRefusal;
  if (!mayChange.value) return t.viewerRefusal;
  if (!managed) return t.notManaged;
  return stale ? t.staleRefusal(engine) : null;
}
