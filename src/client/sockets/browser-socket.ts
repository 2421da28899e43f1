// WebSockets as a browser has them: no header can be set, so each is opened with a ticket; and why one is refused is not told, so it is asked
// over HTTP.

import type { Ticket } from '../../schemas/credentials.ts';
import { TerrariumError } from '../error.ts';
import { type Http, unreachable } from '../http.ts';
import type { Dial, DialRequest, Socket } from './socket.ts';

/** The part of the standard WebSocket that is used. */
export interface StandardWebSocket {
  binaryType: string;
  readonly bufferedAmount: number;
  /** 1: open. */
  readonly readyState: number;
  send(data: string | Uint8Array): void;
  close(code?: number): void;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void;
}
export type WebSocketConstructor = new (url: string, protocols?: string[]) => StandardWebSocket;

export function dialWithTickets(http: Http, WebSocket: WebSocketConstructor): Dial {
  return async (request) => {
    const { ticket } = await http.json<Ticket>({ method: 'POST', path: '/api/v1/tickets', signal: request.signal });
    const url = http.address(request.path, { ...request.query, ticket }).replace(/^http/, 'ws');
    const socket = await open(new WebSocket(url, request.protocol === undefined ? [] : [request.protocol]), request);
    if (socket !== null) return socket;
    request.signal?.throwIfAborted();
    throw await findRefusal(http, request);
  };
}

/** null where it was not opened. */
function open(socket: StandardWebSocket, { listener, signal }: DialRequest): Promise<Socket | null> {
  socket.binaryType = 'arraybuffer';
  return new Promise((resolve) => {
    let isOpen = false;
    let isOver = false;
    const end = (code: number, reason: string) => {
      if (isOver) return;
      isOver = true;
      if (isOpen) listener.close({ code, reason });
      else resolve(null);
      signal?.removeEventListener('abort', abort);
    };
    const abort = () => end(1006, '');
    socket.addEventListener('open', () => {
      // It was given up meanwhile. Not closed at once: of one that is closed while it connects, browsers complain to their user.
      if (isOver) return socket.close();
      isOpen = true;
      signal?.removeEventListener('abort', abort);
      resolve({
        get waiting() {
          return socket.bufferedAmount;
        },
        // What is said to one that is closing is lost, and browsers complain of it; that it closes is told in a moment.
        send: (data) => {
          if (socket.readyState === 1) socket.send(data);
        },
        close: () => socket.close(1000),
        terminate() {
          socket.close();
          end(1006, '');
        },
      });
    });
    socket.addEventListener('message', ({ data }) => {
      if (!isOver) listener.message(typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer));
    });
    socket.addEventListener('close', ({ code, reason }) => end(code, reason));
    socket.addEventListener('error', () => {}); // a close follows
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) abort();
  });
}

/** What the server says to the same question without an upgrade. */
async function findRefusal(http: Http, { path, query, signal }: DialRequest): Promise<TerrariumError> {
  try {
    const answer = await http.send({ method: 'GET', path, query, signal, accept: '*/*' });
    await answer.body?.cancel();
  } catch (error) {
    if (!(error instanceof TerrariumError)) throw error;
    if (error.code !== 'upgrade_required') return error;
  }
  return unreachable(http.url, new Error('the WebSocket was refused'));
}
