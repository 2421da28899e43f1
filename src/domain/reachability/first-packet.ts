// The first packet of a connection, as the program's kernel sends it.
import type { Packet } from '../firewall/packet.ts';
import type { Address } from '../subnet.ts';

export interface End {
  readonly address: Address;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
}

export function firstPacket(source: Address, { address, port, protocol }: End): Packet {
  const ends = { source, sourcePort: null, destination: address, destinationPort: port };
  return {
    protocol,
    ...ends,
    inInterface: null,
    outInterface: null,
    physicalIn: null,
    physicalOut: null,
    isBridged: false,
    tcpFlags: protocol === 'tcp' ? ['SYN'] : [],
    mark: 0,
    connection: {
      state: 'NEW',
      isReply: false,
      original: ends,
      isDestinationTranslated: false,
      isSourceTranslated: false,
      mark: 0,
    },
  };
}
