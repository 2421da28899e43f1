// What a network has to be for a container of ours to be on it, and what Docker's default bridge does not offer.
import { Failure } from '../../schemas/failure.ts';
import type { NetworkFacts } from '../container/facts.ts';

/**
 * Refuses what a container cannot be bridged to.
 *
 * @throws Failure naming the field that named it
 */
export function refuseUnusable(network: NetworkFacts, field?: string): void {
  const refuse = (why: string, hint: string): never => {
    throw new Failure('invalid_request', `The network "${network.name}" cannot be used here: ${why}`, {
      ...(field !== undefined && { field }),
      hint,
    });
  };
  if (network.driver === 'null') refuse('it is no network at all', 'Use POST /api/v1/containers/closed.');
  if (network.driver === 'host') refuse("it is the host's own", 'Use POST /api/v1/containers/open with host: true.');
  if (network.driver !== 'bridge' && network.driver !== 'overlay') {
    refuse(`its driver is ${network.driver}`, 'Name a bridge or overlay network.');
  }
  if (network.driver === 'overlay' && (network.ingress || !network.attachable)) {
    refuse('it is for services only', 'Make the overlay network attachable.');
  }
}

export function isDefaultBridge(network: NetworkFacts): boolean {
  return network.name === 'bridge' || network.options['com.docker.network.bridge.default_bridge'] === 'true';
}

/** @throws Failure naming the field */
export function refuseOnDefaultBridge(endpoint: {
  readonly ip?: string;
  readonly ip6?: string;
  readonly aliases?: readonly string[];
}): void {
  const field = (['ip', 'ip6', 'aliases'] as const).find((name) => {
    const value = endpoint[name];
    return value !== undefined && value.length > 0;
  });
  if (field === undefined) return;
  const what = field === 'aliases' ? 'names of its own' : 'an address of your choice';
  throw new Failure('invalid_request', `On the default bridge a container cannot have ${what}`, {
    field,
    hint: 'Name a user-defined network with "network".',
  });
}
