// Which engine the set-up talks to: DOCKER_HOST, else the default socket. Pure.
import process from 'node:process';
import { SetupError } from './setup-error.mjs';

const defaultSocket = '/var/run/docker.sock';

/**
 * @typedef {{ label: string, explicit: boolean, request: { socketPath: string } | { host: string, port: number } }} Endpoint
 *   `request` is what node:http needs, `explicit` is true when DOCKER_HOST names it
 */

/**
 * @param {Record<string, string | undefined>} [env]
 * @returns {Endpoint}
 * @throws {SetupError} when DOCKER_HOST is of a kind that the set-up cannot ask
 */
export function findEndpoint(env = process.env) {
  const value = env.DOCKER_HOST ?? '';
  if (value === '')
    return { label: `unix://${defaultSocket}`, explicit: false, request: { socketPath: defaultSocket } };
  const socket = /^unix:\/\/(\/.+)$/.exec(value);
  if (socket) return { label: value, explicit: true, request: { socketPath: socket[1] } };
  const tcp = /^(?:tcp|http):\/\/(?:\[([^\]]+)\]|([^:/[\]]+))(?::(\d{1,5}))?\/?$/.exec(value);
  if (tcp) return { label: value, explicit: true, request: { host: tcp[1] ?? tcp[2], port: Number(tcp[3] ?? 2375) } };
  throw new SetupError(`DOCKER_HOST is "${value}"; it has to be unix:///path/to/socket or tcp://host:port, or unset`);
}
