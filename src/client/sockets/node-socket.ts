// WebSockets of Node, by `ws`: authorized by the header, and a refusal is read. Only the Node entry imports it.
import type { IncomingMessage } from 'node:http';
import { readProblem } from '../error.ts';
import { type Http, unreachable } from '../http.ts';
import type { Dial, Socket } from './socket.ts';

/** Milliseconds until a server that does not answer is given up. */
const handshakeTimeout = 10_000;

export function dialWithHeaders(http: Http): Dial {
  return async ({ path, query, protocol, listener, signal }) => {
    signal?.throwIfAborted();
    const token = await http.token();
    const { WebSocket } = await import('ws');
    const url = http.address(path, query).replace(/^http/, 'ws');
    return new Promise<Socket>((resolve, reject) => {
      const socket = new WebSocket(url, protocol === undefined ? [] : [protocol], {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        handshakeTimeout,
        perMessageDeflate: false,
      });
      let isOpen = false;
      const abort = () => socket.terminate();
      const fail = (error: unknown) => {
        signal?.removeEventListener('abort', abort);
        reject(signal?.aborted ? signal.reason : error);
      };
      socket.on('message', (data, isBinary) =>
        listener.message(isBinary ? new Uint8Array(data as Buffer) : String(data)),
      );
      socket.on('error', (cause) => {
        if (!isOpen) fail(unreachable(http.url, cause));
      });
      socket.on('unexpected-response', (request, answer) => {
        readRefusal(answer)
          .then(fail, (cause) => fail(unreachable(http.url, cause)))
          .finally(() => request.destroy());
      });
      socket.on('close', (code, reason) => {
        if (isOpen) listener.close({ code, reason: String(reason) });
      });
      socket.on('open', () => {
        isOpen = true;
        signal?.removeEventListener('abort', abort);
        resolve({
          get waiting() {
            return socket.bufferedAmount;
          },
          send: (data) => socket.send(data),
          close: () => socket.close(1000),
          terminate: () => socket.terminate(),
        });
      });
      signal?.addEventListener('abort', abort, { once: true });
    });
  };
}

async function readRefusal(answer: IncomingMessage) {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const { statusCode = 0, headers } = answer;
  return readProblem(statusCode, String(Buffer.concat(chunks)), headers['retry-after'] ?? null);
}
