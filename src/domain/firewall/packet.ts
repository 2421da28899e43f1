// A packet as the rules see it, and what the rules ask about the machine that it is on. Types only.
import type { Address } from '../subnet.ts';

export type TcpFlag = 'SYN' | 'ACK' | 'FIN' | 'RST' | 'PSH' | 'URG';

export interface Packet {
  readonly protocol: 'tcp' | 'udp' | 'sctp' | 'icmp' | 'ipv6-icmp';
  readonly source: Address;
  /** Null for a port that the kernel chose: nobody knows which. */
  readonly sourcePort: number | null;
  readonly destination: Address;
  readonly destinationPort: number | null;
  /** Null on the way out. */
  readonly inInterface: string | null;
  /** Null on the way in. */
  readonly outInterface: string | null;
  /** The ports of a bridge through which it comes and goes; null where it does not, undefined where that is not known. */
  readonly physicalIn: string | null | undefined;
  readonly physicalOut: string | null | undefined;
  /** It stays on its bridge, and meets the rules because of br_netfilter. */
  readonly isBridged: boolean;
  readonly tcpFlags: readonly TcpFlag[];
  /** Null where one of several rules may have set it. */
  readonly mark: number | null;
  readonly connection: TrackedConnection;
}

/** What conntrack knows of the connection that the packet belongs to. */
export interface TrackedConnection {
  readonly state: 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED';
  readonly isReply: boolean;
  /** The ends as they were when its first packet came, before any translation. */
  readonly original: {
    readonly source: Address;
    readonly sourcePort: number | null;
    readonly destination: Address;
    readonly destinationPort: number | null;
  };
  readonly isDestinationTranslated: boolean;
  readonly isSourceTranslated: boolean;
  readonly mark: number | null;
}

export type AddressType = 'LOCAL' | 'UNICAST' | 'BROADCAST' | 'MULTICAST' | 'UNSPEC';

/** What the rules ask about the machine. */
export interface Surroundings {
  /** What the local routing table says of an address; with an interface, only what is so through that one. */
  typeOf(address: Address, device: string | null): AddressType;
  /** The address that MASQUERADE and REDIRECT take of an interface; null where it has none, or none is known. */
  primaryAddressOf(device: string, family: Address['family']): Address | null;
}
