// The few Docker Engine API calls the set-up makes, over node:http. The server itself has src/engine.
import { request } from 'node:http';

/**
 * One request. The deadline restarts with every byte that arrives, so a slow download is not cut while it moves.
 * @param {import('./docker-endpoint.mjs').Endpoint} endpoint
 * @param {string} method
 * @param {string} path
 * @param {{ body?: Buffer, silenceMs?: number }} [options]
 * @returns {Promise<{ status: number, body: string }>}
 */
export function askDocker(endpoint, method, path, { body, silenceMs = 5_000 } = {}) {
  return new Promise((resolve, reject) => {
    const headers = {
      Host: 'docker',
      ...(body && { 'Content-Type': 'application/x-tar', 'Content-Length': body.length }),
    };
    const call = request({ ...endpoint.request, method, path, headers, agent: false }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    call.setTimeout(silenceMs, () => call.destroy(new Error(`no answer within ${silenceMs / 1000} s`)));
    call.on('error', reject);
    call.end(body);
  });
}

/**
 * A streamed answer (pull, import) is 200 even when it failed: the error is one of its lines.
 * @param {{ status: number, body: string }} answer
 * @returns {string | undefined} the engine's words when it failed
 */
export function findFailure({ status, body }) {
  for (const line of body.split('\n')) {
    if (line.trim() === '') continue;
    try {
      const { error, message } = JSON.parse(line);
      if (typeof error === 'string') return error;
      if (status >= 400 && typeof message === 'string') return message;
    } catch {
      return `the engine answered ${status} with something that is not JSON`;
    }
  }
  return status >= 400 ? `the engine answered ${status}` : undefined;
}
