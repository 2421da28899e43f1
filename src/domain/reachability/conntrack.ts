// What the host's conntrack remembers of one connection: what it rewrote in its first packet, so that it rewrites the answers back.

import type { Packet } from '../firewall/packet.ts';
import type { Address } from '../subnet.ts';
import { keyOf } from './world-map.ts';

interface End {
  readonly address: Address;
  readonly port: number | null;
}

interface Translation {
  readonly from: End;
  readonly to: End;
}

export class Conntrack {
  #destination: Translation | null = null;
  #source: Translation | null = null;

  get isRedirected(): boolean {
    return this.#destination !== null;
  }

  get isMasked(): boolean {
    return this.#source !== null;
  }

  /** A packet before and after the rules of a hook. */
  remember(before: Packet, after: Packet): void {
    if (before.connection.isReply) return;
    if (keyOf(before.destination) !== keyOf(after.destination) || before.destinationPort !== after.destinationPort) {
      this.#destination = {
        from: { address: before.destination, port: before.destinationPort },
        to: { address: after.destination, port: after.destinationPort },
      };
    }
    if (keyOf(before.source) !== keyOf(after.source))
      this.#source = {
        from: { address: before.source, port: before.sourcePort },
        to: { address: after.source, port: after.sourcePort },
      };
  }

  /** An answer to a masqueraded source: it gets its own address back. */
  restoreSource(packet: Packet): Packet {
    const source = this.#source;
    if (!packet.connection.isReply || source === null) return packet;
    if (keyOf(packet.destination) !== keyOf(source.to.address)) return packet;
    return { ...packet, destination: source.from.address, destinationPort: source.from.port };
  }

  /** An answer from behind DNAT: it seems to come from where the connection was made to. */
  restoreDestination(packet: Packet): Packet {
    const destination = this.#destination;
    if (!packet.connection.isReply || destination === null) return packet;
    if (keyOf(packet.source) !== keyOf(destination.to.address)) return packet;
    return { ...packet, source: destination.from.address, sourcePort: destination.from.port };
  }
}
