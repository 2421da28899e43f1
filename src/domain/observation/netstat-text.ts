// Prints sockets as busybox's `netstat -OPTIONS` does (networking/netstat.c), byte for byte. Pure; it selects and prints, and reads nothing.
import { type Socket, tcpStates } from '../../schemas/netstat.ts';
import { isShown } from './netstat-options.ts';
import type { SocketTables } from './socket-tables.ts';

/** Columns of an address; a longer one moves what follows. */
const addressWidth = 23;

/** Kernel numbers of the two states that a UDP socket has (include/net/tcp_states.h). */
const udpStates: Readonly<Record<number, string>> = { 1: 'ESTABLISHED', 7: '' };

/**
 * The text of `netstat -OPTIONS`, `options` in canonical spelling (netstat-options.ts). Where the tables are truncated a last line says so,
 * because a text has no other place for it. One thing is not the program's: of a raw IPv6 address it leaves the scope unset and can print what
 * happens to be in its memory (`::1%6000917:58`), which says nothing of the socket.
 */
export function renderNetstat({ sockets, states, truncated }: SocketTables, options: string): string {
  const rows = sockets.map((socket, i) => (isShown(socket, options) ? renderRow(socket, states[i] ?? 0) : ''));
  const end = truncated ? `(truncated: a table holds more rows than are shown)\n` : '';
  return `${heading(options)}${rows.join('')}${end}`;
}

function heading(options: string): string {
  const shown = options.includes('a')
    ? '(servers and established)'
    : options.includes('l')
      ? '(only servers)'
      : '(w/o servers)';
  const ends = `${'Local Address'.padEnd(addressWidth)} ${'Foreign Address'.padEnd(addressWidth)}`;
  return `Active Internet connections ${shown}\nProto Recv-Q Send-Q ${ends} State       \n`;
}

function renderRow({ protocol, recvQ, sendQ, local, remote }: Socket, state: number): string {
  const family = protocol.replace('6', '');
  const queues = `${String(recvQ).padStart(6)} ${String(sendQ).padStart(6)}`;
  const ends = `${renderEnd(local)} ${renderEnd(remote)}`;
  // Of a raw socket the program means to print the state's number, in a buffer that the port before it has written over.
  const shown = family === 'raw' ? String(remote.port || local.port || state) : nameState(family, state);
  return `${family}   ${queues} ${ends} ${shown.padEnd(12)}\n`;
}

function renderEnd({ address, port }: Socket['local']): string {
  return `${address}:${port === 0 ? '*' : port}`.padEnd(addressWidth);
}

function nameState(family: string, state: number): string {
  if (family === 'tcp') return tcpStates[state - 1] ?? '';
  return udpStates[state] ?? 'UNKNOWN';
}
