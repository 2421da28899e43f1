// One HTTP request with exactly the headers a test wants, Host included, which fetch does not allow. It follows nothing and throws for no status.
import { request } from 'node:http';
import { connect } from 'node:net';

export interface RawAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the server answered, undefined when it is none
  body: any;
}

/** `url` is http://HOST:PORT; `body` is sent as JSON. */
export function send(
  url: string,
  {
    method = 'GET',
    path = '/',
    headers = {},
    body,
  }: { method?: string; path?: string; headers?: Record<string, string>; body?: unknown },
): Promise<RawAnswer> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const typed = payload === undefined ? headers : { 'content-type': 'application/json', ...headers };
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const call = request({ host: hostname, port, method, path, headers: typed, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, body: parse(text) });
      });
    });
    call.on('error', reject);
    // A socket that was switched is no answer: its test asks for it elsewhere.
    call.on('upgrade', (_answer, socket) => {
      socket.destroy();
      resolve({ status: 101, headers: {}, text: '', body: undefined });
    });
    call.setTimeout(10_000, () => call.destroy(new Error(`${method} ${path}: no answer within 10 s`)));
    call.end(payload);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Sends these bytes on a fresh connection and resolves with all that came back until the server closed it. */
export function sendBytes(url: string, bytes: string | Buffer, { timeoutMs = 10_000 } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('the server did not close the connection')));
  });
}

/** The headers of the first request of a WebSocket. */
export const upgradeHeaders = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
} as const;
