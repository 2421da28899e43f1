// What becomes of one packet.

import type { ReachabilityCode, SeenAs } from '../../schemas/reachability-codes.ts';
import type { Packet } from '../firewall/packet.ts';
import type { Namespace } from './world-map.ts';

/** It got there. */
export interface Delivery {
  readonly kind: 'delivered';
  /** Null for the network beyond the host. */
  readonly namespace: Namespace | null;
  /** By the namespace's own lo. */
  readonly isLocal: boolean;
  readonly packet: Packet;
}

/** It gets no further, or nobody can tell. */
export interface Stop {
  readonly kind: 'stop';
  readonly outcome: 'fails' | 'unknown';
  readonly code: ReachabilityCode;
  readonly seenAs: SeenAs;
  readonly sentence: () => string;
  /** It left the host: as it was then, and whether the host sends it to its destination itself. */
  readonly left?: { readonly packet: Packet; readonly isOnLink: boolean };
}

export type Fate = Delivery | Stop;
