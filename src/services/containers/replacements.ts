// Tells when a container has taken another's place, whichever server made it: it carries the old one's id in a label, and has the old one's name as
// soon as that is gone.
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { isHelper, isManaged } from '../../domain/container/managed.ts';
import { label } from '../../domain/labels.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import type { ContainerRef } from '../../schemas/container.ts';

/** A container that was made anew under its old name: whoever followed `from` follows `to` now. */
export interface Replacement {
  readonly engine: string;
  readonly from: ContainerRef;
  readonly to: ContainerRef;
}

export interface Replacements {
  /** Listeners are told in a turn of their own, when everyone has taken in that the new one is there. */
  onReplaced(listener: (replacement: Replacement) => void): () => void;
  close(): void;
}

/** The name of one that is to take another's place, until it does. */
export function composeTemporaryName(name: string, suffix: string): string {
  return `${name}-rejoin-${suffix}`;
}

/** The name that it is to have; null for a name that is not temporary. */
export function readFinalName(temporary: string): string | null {
  return /^(.+)-rejoin-[0-9a-f]{6}$/.exec(temporary)?.[1] ?? null;
}

/** The id of the container whose place it is to take, or has taken. */
export function readPredecessor(facts: ContainerFacts): string | undefined {
  return isManaged(facts) && !isHelper(facts) ? facts.labels[label.replaces] : undefined;
}

export function createReplacements(mirrors: readonly EngineMirror[]): Replacements {
  const listeners = new Set<(replacement: Replacement) => void>();

  function tell(mirror: EngineMirror, { id, name }: ContainerFacts, predecessor: string): void {
    const replacement = { engine: mirror.engine.name, from: { id: predecessor, name }, to: { id, name } };
    queueMicrotask(() => {
      for (const listener of listeners) listener(replacement);
    });
  }

  const stops = mirrors.flatMap((mirror) => {
    // What was there before anybody looked has not happened now.
    let wasLive = mirror.status().state === 'live';
    return [
      mirror.onStatus(({ state }) => {
        wasLive ||= state === 'live';
      }),
      mirror.onContainer(({ before, after }) => {
        const predecessor = after === null ? undefined : readPredecessor(after);
        if (!wasLive || after === null || predecessor === undefined) return;
        const isNew = before === null || readFinalName(before.name) !== null;
        if (isNew && readFinalName(after.name) === null) tell(mirror, after, predecessor);
      }),
    ];
  });

  return {
    onReplaced(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      for (const stop of stops) stop();
    },
  };
}
