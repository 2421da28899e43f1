// The sockets of a container's network as the kernel shows them on the engine's machine now, read by nobody else, and our JSON in the same words, so
// that the two can be compared. It needs root and the engine here, and shares no code with src/.
import { readFile } from 'node:fs/promises';

export interface SocketRow {
  /** `tcp/127.0.0.1:80-0.0.0.0:0 LISTEN 0 0 INODE`, addresses as digits of their bytes. */
  readonly spelling: string;
  /** A timer of the kernel's can end it. */
  readonly isTimed: boolean;
  readonly isQueued: boolean;
}

/** By the kernel's numbers (include/net/tcp_states.h). */
const states = [
  '',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
];
const timed = ['SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT', 'LAST_ACK', 'CLOSING'];

/** The rows of the namespace that the process is in. */
export async function readKernelSockets(pid: number): Promise<SocketRow[]> {
  const protocols = ['tcp', 'tcp6', 'udp', 'udp6', 'raw', 'raw6'];
  const tables = await Promise.all(protocols.map((protocol) => readFile(`/proc/${pid}/net/${protocol}`, 'utf8')));
  return tables.flatMap((table, i) =>
    table
      .split('\n')
      .slice(1, -1)
      .map((line) => readRow(protocols[i] ?? '', line)),
  );
}

function readRow(protocol: string, line: string): SocketRow {
  const [, local = '', remote = '', state = '', queues = '', , , , , inode = ''] = line.trim().split(/\s+/);
  const [sendQ = 0, recvQ = 0] = queues.split(':').map((hex) => Number.parseInt(hex, 16));
  return makeRow({
    protocol,
    local: readEnd(local),
    remote: readEnd(remote),
    state: nameState(protocol, Number.parseInt(state, 16)),
    recvQ,
    sendQ,
    inode,
  });
}

/** What our JSON says of one socket. */
// biome-ignore lint/suspicious/noExplicitAny: a client reads JSON
export function readShownSocket({ id, protocol, recvQ, sendQ, local, remote, state }: any): SocketRow {
  const inode = /^\w+\/(\d+)$/.exec(id)?.[1] ?? '0';
  const end = ({ address, port }: { address: string; port: number }) => `${addressBytes(address)}:${port}`;
  return makeRow({ protocol, local: end(local), remote: end(remote), state, recvQ, sendQ, inode });
}

interface RowParts {
  readonly protocol: string;
  readonly local: string;
  readonly remote: string;
  readonly state: string | null;
  readonly recvQ: number;
  readonly sendQ: number;
  readonly inode: string;
}

function makeRow({ protocol, local, remote, state, recvQ, sendQ, inode }: RowParts): SocketRow {
  return {
    spelling: `${protocol}/${local}-${remote} ${state ?? '-'} ${recvQ} ${sendQ} ${inode}`,
    isTimed: state !== null && timed.includes(state),
    isQueued: recvQ > 0 || sendQ > 0,
  };
}

/** A datagram socket is connected or not; a raw one has no state. */
function nameState(protocol: string, number: number): string | null {
  if (protocol.startsWith('raw') || (protocol.startsWith('udp') && number !== 1)) return null;
  return states[number] ?? null;
}

/** Words of 32 bits, each with its lowest byte first. */
function readEnd(field: string): string {
  const [words = '', port = ''] = field.split(':');
  const bytes = (words.match(/.{8}/g) ?? []).map((word) => (word.match(/../g) ?? []).reverse().join(''));
  return `${bytes.join('').toLowerCase()}:${Number.parseInt(port, 16)}`;
}

/** `127.0.0.1`, `::1`, `::ffff:10.0.0.1` as the digits of their bytes. */
function addressBytes(address: string): string {
  const byte = (value: number) => value.toString(16).padStart(2, '0');
  const dotted = (text: string) => text.split('.').map(Number).map(byte).join('');
  if (!address.includes(':')) return dotted(address);
  const [head = '', tail] = address.replace(/[\d.]+\.\d+$/, (v4) => dotted(v4).replace(/^.{4}/, '$&:')).split('::');
  const groups = (text: string) =>
    text
      .split(':')
      .filter((group) => group !== '')
      .map((group) => group.padStart(4, '0'));
  if (tail === undefined) return groups(head).join('');
  const [left, right] = [groups(head), groups(tail)];
  return [...left, ...Array(8 - left.length - right.length).fill('0000'), ...right].join('');
}
