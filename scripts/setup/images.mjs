// Images on the engine, for the set-up: is one there, pull it, make it of a root file system.
import { askDocker, findFailure } from './docker-api.mjs';
import { SetupError } from './setup-error.mjs';

/** A pull that shows no progress for this long is given up. */
const pullSilenceMs = 20_000;
const importSilenceMs = 60_000;

/** @typedef {import('./docker-endpoint.mjs').Endpoint} Endpoint */

/** @param {Endpoint} endpoint @param {string} reference such as "busybox:latest" @returns {Promise<boolean>} */
async function isImagePresent(endpoint, reference) {
  return (await askDocker(endpoint, 'GET', `/images/${reference}/json`)).status === 200;
}

/**
 * @param {Endpoint} endpoint
 * @param {string} reference
 * @param {{ missing: string, plan: string }} otherwise what is missing, and what would be done about it
 * @returns {Promise<{ ok: true, detail: string } | { ok: false, missing: string, plan: string }>} what a step answers to `check`
 * @throws {SetupError} when no engine answers
 */
export async function checkImage(endpoint, reference, otherwise) {
  const present = await isImagePresent(endpoint, reference).catch((error) => {
    throw new SetupError(`no Docker Engine to ask for ${reference} on ${endpoint.label} (${error.message})`);
  });
  return present ? { ok: true, detail: reference } : { ok: false, ...otherwise };
}

/** @param {Endpoint} endpoint @param {string} reference @returns {Promise<string | undefined>} why it failed */
export async function pullImage(endpoint, reference) {
  try {
    const query = new URLSearchParams(splitReference(reference, 'fromImage'));
    return findFailure(await askDocker(endpoint, 'POST', `/images/create?${query}`, { silenceMs: pullSilenceMs }));
  } catch (error) {
    return error.message;
  }
}

/**
 * @param {Endpoint} endpoint
 * @param {string} reference
 * @param {{ rootfs: Buffer, changes: string[], message: string }} image `rootfs` is a tar archive, `changes` are lines of
 *   a Dockerfile
 * @throws {Error} with the engine's words
 */
export async function importImage(endpoint, reference, { rootfs, changes, message }) {
  const query = new URLSearchParams({ fromSrc: '-', ...splitReference(reference, 'repo'), message });
  for (const change of changes) query.append('changes', change);
  const options = { body: rootfs, silenceMs: importSilenceMs };
  const failure = findFailure(await askDocker(endpoint, 'POST', `/images/create?${query}`, options));
  if (failure !== undefined) throw new Error(failure);
}

function splitReference(reference, key) {
  const colon = reference.lastIndexOf(':');
  return { [key]: reference.slice(0, colon), tag: reference.slice(colon + 1) };
}
