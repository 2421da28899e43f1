// Do the tables and the texts of one reading show the same moment? They are read one after the other, and a socket may open between. Pure.
import type { Socket } from '../../schemas/netstat.ts';
import { selectSockets } from './netstat-options.ts';
import type { NamespaceReading } from './reading.ts';

/** True where every text has just the rows of the tables. Queues may differ: they move all the time, and no row comes or goes with them. */
export function isOneMoment({ sockets, texts }: NamespaceReading): boolean {
  if (sockets === undefined || sockets.truncated) return true;
  return [...texts].every(([options, text]) => {
    const printed = text.split('\n').slice(2, -1).map(readLine);
    const rows = selectSockets(sockets.sockets, options).map(spell);
    return printed.length === rows.length && printed.every((line, i) => line === rows[i]);
  });
}

/**
 * `tcp        0      0 0.0.0.0:80              0.0.0.0:*               LISTEN      ` without the queues; a raw socket's state is a number. The
 * program leaves the scope of a raw IPv6 address unset and can print what happens to be there (`::1%6000917:58`): the tables have none.
 */
function readLine(line: string): string {
  const [protocol = '', , , local = '', remote = '', state = ''] = line.replace(/%\d+(?=:)/g, '').split(/\s+/);
  return [protocol, local, remote, protocol === 'raw' ? '' : state].join(' ');
}

function spell({ protocol, local, remote, state }: Socket): string {
  const end = ({ address, port }: Socket['local']) => `${address}:${port === 0 ? '*' : port}`;
  return [protocol.replace('6', ''), end(local), end(remote), state ?? ''].join(' ');
}
