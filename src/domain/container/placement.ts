// Which engine a container goes to where its request names none: by labels, and the least loaded of those that fit. Pure.

import type { Placement } from '../../schemas/create.ts';
import { Failure } from '../../schemas/failure.ts';

/** An engine as a place for a container, in the order of the configuration. */
export interface PlaceCandidate {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly isLive: boolean;
  /** Containers that run there or are being made, whoever made them, without helpers of ours. */
  readonly containers: number;
  /** null where it is not known: then it counts as one. */
  readonly cpus: number | null;
  /** Why this container cannot be there, whatever its load; null where it can. */
  readonly refusal: string | null;
}

export interface Place {
  readonly name: string;
  /** As a part of a sentence: "least loaded of 2: …". */
  readonly reason: string;
}

/** Containers for each CPU. */
export function measureLoad({ containers, cpus }: PlaceCandidate): number {
  return containers / Math.max(1, cpus ?? 1);
}

/** Those that carry every label that is asked for. */
export function selectByLabels<Candidate extends Pick<PlaceCandidate, 'labels'>>(
  placement: Placement,
  candidates: readonly Candidate[],
): Candidate[] {
  if (placement === 'least-loaded') return [...candidates];
  const wanted = Object.entries(placement.labels);
  return candidates.filter(({ labels }) =>
    wanted.every(([name, value]) => Object.hasOwn(labels, name) && labels[name] === value),
  );
}

/**
 * The least loaded engine that fits; of equals the first.
 *
 * @throws {Failure} `invalid_request` where none has the labels, `engine_unavailable` where those that fit are away, `state_conflict` where none can
 * have the container
 */
export function choosePlace(placement: Placement, candidates: readonly PlaceCandidate[]): Place {
  const labelled = selectByLabels(placement, candidates);
  if (labelled.length === 0) throw noSuchLabels(placement, candidates);
  const live = labelled.filter(({ isLive }) => isLive);
  if (live.length === 0)
    throw new Failure('engine_unavailable', `No engine to place the container on answers: ${list(labelled)}`, {
      field: 'placement',
      hint: 'GET /api/v1/engines shows when one is back; other labels may fit others.',
      retryAfter: 2,
    });
  const able = live.filter(({ refusal }) => refusal === null);
  const [first, ...others] = [...able].sort((one, other) => measureLoad(one) - measureLoad(other));
  if (first === undefined) {
    const reasons = live.map(({ name, refusal }) => `${name}: ${refusal}`).join('; ');
    throw new Failure('state_conflict', `No engine can have the container (${reasons})`, { field: 'placement' });
  }
  const fits = placement === 'least-loaded' ? '' : `it has the labels ${describeLabels(placement.labels)}, and `;
  if (others.length === 0) return { name: first.name, reason: `${fits}${describeOnly(labelled.length)}` };
  const loads = [first, ...others].map((one) => `${one.name} ${measureLoad(one).toFixed(2)}`).join(', ');
  return {
    name: first.name,
    reason: `${fits}it is the least loaded of ${able.length} (containers for each CPU: ${loads})`,
  };
}

function describeOnly(fitting: number): string {
  return fitting === 1 ? 'no other engine fits' : 'no other engine that fits can have it now';
}

function noSuchLabels(placement: Placement, candidates: readonly PlaceCandidate[]): Failure {
  const wanted = placement === 'least-loaded' ? '' : describeLabels(placement.labels);
  const known = candidates.map(({ name, labels }) => `${name} (${describeLabels(labels) || 'none'})`).join(', ');
  return new Failure('invalid_request', `No engine has the labels ${wanted}`, {
    field: 'placement.labels',
    hint: `Labels of the engines: ${known}`,
  });
}

function list(candidates: readonly PlaceCandidate[]): string {
  return candidates.map(({ name }) => name).join(', ');
}

function describeLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
}
