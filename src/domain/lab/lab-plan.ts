// What a plan is: a list of tagged steps for people, and the actions that carry it out, each with those that have to come before it. Types only.
import type { Failure } from '../../schemas/failure.ts';

export type StepKind = 'create' | 'replace' | 'remove' | 'start' | 'rejoin' | 'keep';
export type ItemKind = 'network' | 'container';

/** Why a step is taken. */
export type ReasonCode =
  | 'changed'
  | 'moved'
  | 'renamed'
  | 'target_replaced'
  | 'network_replaced'
  | 'disconnected'
  | 'dead'
  | 'not_running'
  | 'orphaned'
  | 'missing'
  | 'not_in_file'
  | 'duplicate';

export interface Reason {
  readonly code: ReasonCode;
  /** The field of the file that changed, where that is known. */
  readonly field?: string;
  readonly text: string;
}

/** What becomes of one member of the lab. */
export interface PlanStep {
  readonly do: StepKind;
  readonly kind: ItemKind;
  /** Within the lab: `web`, `3/web`. */
  readonly key: string;
  /** On the engine. */
  readonly name: string;
  /** Where it is, or is to be. */
  readonly engine: string;
  /** Where it is now, of what moves to another engine; else null. */
  readonly from: string | null;
  /** Of what is there now; null where nothing is. */
  readonly id: string | null;
  readonly reasons: readonly Reason[];
}

/** One call, or one wait. A step that replaces is two of them. */
export interface PlanAction {
  readonly id: string;
  readonly do: 'create' | 'remove' | 'start' | 'rejoin' | 'await';
  readonly kind: ItemKind;
  readonly key: string;
  readonly name: string;
  /** The engine that does it. */
  readonly engine: string;
  /** Of what is removed, started or rejoined. */
  readonly engineId: string | null;
  /** Ids of the actions that are done before this one begins. */
  readonly after: readonly string[];
}

export interface LabPlan {
  /** Networks first, then containers, as they depend on each other; what is removed comes last. */
  readonly steps: readonly PlanStep[];
  readonly actions: readonly PlanAction[];
  /** What on the engines stands in the way: the plan cannot be carried out while it does. */
  readonly conflicts: readonly Failure[];
}
