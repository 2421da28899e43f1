// The letters of busybox's netstat that a client may ask for, in one canonical spelling, so that equal questions share one stream.
import { Failure } from '../../schemas/failure.ts';
import type { Socket } from '../../schemas/netstat.ts';

export { defaultNetstatOptions } from '../../schemas/observation-query.ts';

/**
 * Reads letters of `t u w l a n` in any order, repeated or not (`lnt`). Answers the canonical spelling that prints the same: protocols
 * (all three where none is named; unix sockets are not part of a network), then `a` or `l`, then `n`, which is implied because the names
 * would be resolved by the helper's view of the network. Fails with `invalid_request` for any other character.
 */
export function parseNetstatOptions(text: string): string {
  const stranger = [...text].find((letter) => !'tuwlan'.includes(letter));
  if (stranger !== undefined)
    throw new Failure(
      'invalid_request',
      `options is ${JSON.stringify(text)}; ${JSON.stringify(stranger)} is not one of its letters`,
      {
        field: 'options',
        hint: 'Use letters of busybox netstat: t (TCP), u (UDP), w (raw), l (listening), a (all); n is implied. Example: options=tan',
      },
    );
  const protocols = ['t', 'u', 'w'].filter((letter) => text.includes(letter)).join('') || 'tuw';
  const shown = text.includes('a') ? 'a' : text.includes('l') ? 'l' : '';
  return `${protocols}${shown}n`;
}

/** The rows that `netstat -OPTIONS` prints, of all rows; `options` in canonical spelling. */
export function selectSockets(sockets: readonly Socket[], options: string): Socket[] {
  return sockets.filter((socket) => isShown(socket, options));
}

/** Does `netstat -OPTIONS` print this row? */
export function isShown(socket: Socket, options: string): boolean {
  if (!options.includes(protocolLetters[socket.protocol])) return false;
  if (options.includes('a')) return true;
  return isConnected(socket) !== options.includes('l');
}

const protocolLetters = { tcp: 't', tcp6: 't', udp: 'u', udp6: 'u', raw: 'w', raw6: 'w' } as const;

/** busybox's own notion (networking/netstat.c): TCP by the remote port alone, the others by address or port. */
function isConnected({ protocol, remote }: Socket): boolean {
  if (remote.port !== 0) return true;
  return protocolLetters[protocol] !== 't' && remote.address !== '0.0.0.0' && remote.address !== '::';
}
