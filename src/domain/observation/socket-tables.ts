// Reads the kernel's socket tables (/proc/net/tcp, tcp6, udp, udp6, raw, raw6; Documentation/networking/proc_net_tcp.rst) into sockets.
import { type Socket, type SocketProtocol, socketProtocols, type TcpState, tcpStates } from '../../schemas/netstat.ts';
import { readIpv4Word, readIpv6Words } from './address.ts';

export interface SocketTables {
  readonly sockets: readonly Socket[];
  /** The kernel's state number of each socket, at the same place: the program tells more of them apart than a reader cares for. */
  readonly states: readonly number[];
  readonly truncated: boolean;
}

/**
 * Reads what `head -n ROWS+1 /proc/net/tcp /proc/net/tcp6 …` prints: each table below a `==> FILE <==` line and its own heading. A table
 * with `maxRows` rows or more counts as truncated, and no more than that many are taken.
 */
export function parseSocketTables(text: string, maxRows: number): SocketTables {
  const rows = new Map<string, Row>();
  let protocol: SocketProtocol | undefined;
  let count = 0;
  let truncated = false;
  for (const line of text.split('\n')) {
    const file = /^==> \/proc\/net\/(\w+) <==$/.exec(line);
    if (file !== null) {
      protocol = socketProtocols.find((name) => name === file[1]);
      count = 0;
      continue;
    }
    if (protocol === undefined) continue;
    const row = readRow(protocol, line);
    if (row === undefined) continue;
    count += 1;
    if (count > maxRows) truncated = true;
    // The kernel can show a socket twice when its table changes between two reads of one walk.
    else if (!rows.has(row.socket.id)) rows.set(row.socket.id, row);
  }
  const found = [...rows.values()];
  return { sockets: found.map(({ socket }) => socket), states: found.map(({ state }) => state), truncated };
}

interface Row {
  readonly socket: Socket;
  readonly state: number;
}

/** Fields: slot, local, remote, state, tx:rx queue, timer, retransmits, uid, timeout, inode, … The heading has no hex at the second place. */
function readRow(protocol: SocketProtocol, line: string): Row | undefined {
  const [, localHex, remoteHex, stateHex, queues, , , , , inode] = line.trim().split(/\s+/);
  const local = readEnd(localHex);
  const remote = readEnd(remoteHex);
  if (
    local === undefined ||
    remote === undefined ||
    stateHex === undefined ||
    queues === undefined ||
    inode === undefined
  )
    return undefined;
  const [sendQ = '0', recvQ = '0'] = queues.split(':');
  const state = Number.parseInt(stateHex, 16);
  const socket: Socket = {
    id: inode === '0' ? `${protocol}/${spell(local)}-${spell(remote)}` : `${protocol}/${inode}`,
    protocol,
    recvQ: Number.parseInt(recvQ, 16),
    sendQ: Number.parseInt(sendQ, 16),
    local,
    remote,
    state: readState(protocol, state),
  };
  return { socket, state };
}

function readEnd(field: string | undefined): Socket['local'] | undefined {
  const [, address, port] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/i.exec(field ?? '') ?? [];
  if (address === undefined || port === undefined) return undefined;
  return {
    address: address.length === 8 ? readIpv4Word(address) : readIpv6Words(address),
    port: Number.parseInt(port, 16),
  };
}

function spell({ address, port }: Socket['local']): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** UDP knows two states, of which "closed" only says that the socket is not connected; a raw socket's number means nothing to a reader. */
function readState(protocol: SocketProtocol, number: number): TcpState | null {
  const state = tcpStates[number - 1] ?? null;
  if (protocol === 'tcp' || protocol === 'tcp6') return state;
  return (protocol === 'udp' || protocol === 'udp6') && state === 'ESTABLISHED' ? state : null;
}
