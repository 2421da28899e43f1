// Looks on the engine for what a test run left behind. It only looks: what it finds is evidence.
import { setTimeout as sleep } from 'node:timers/promises';
import { askDocker } from '../setup/docker-api.mjs';
import { findEndpoint } from '../setup/docker-endpoint.mjs';

/** A helper ends by itself soon after its server died, so what is there now may be gone in a moment. */
const graceMs = 20_000;
const untagged = '<none>';
const ownLabel = /^io\.terrarium\./;

/**
 * @typedef {{ kind: string, id: string, name: string, labels: Record<string, string> }} EngineObject
 * @typedef {{ before: ReadonlySet<string>, runId: string, shared: boolean }} Run
 *   `before` holds the ids that were there when it began; `shared` is true when others may use the engine meanwhile
 */

/**
 * What the run left. On a shared engine only what names the run is surely its own; else everything of ours that is new,
 * and every new image without a name.
 * @param {EngineObject[]} objects
 * @param {Run} run
 */
export function selectLeftovers(objects, { before, runId, shared }) {
  return objects.filter(({ kind, id, name, labels }) => {
    const own = Object.entries(labels).filter(([key]) => ownLabel.test(key));
    const named = name.includes(runId) || own.some(([, value]) => value.includes(runId));
    const nameless = kind === 'image' && name === untagged;
    return !before.has(id) && (named || (!shared && (own.length > 0 || nameless)));
  });
}

/** @returns {Promise<EngineObject[]>} every container, network, volume and image of the engine */
export async function listObjects() {
  const endpoint = findEndpoint();
  const ask = async (path) => JSON.parse((await askDocker(endpoint, 'GET', path, { silenceMs: 30_000 })).body);
  const [containers, networks, { Volumes: volumes }, images] = await Promise.all([
    ask('/containers/json?all=1'),
    ask('/networks'),
    ask('/volumes'),
    ask('/images/json'),
  ]);
  return [
    ...containers.map(({ Id: id, Names, Labels }) =>
      describe('container', { id, name: Names[0]?.slice(1) ?? id, Labels }),
    ),
    ...networks.map(({ Id: id, Name: name, Labels }) => describe('network', { id, name, Labels })),
    ...(volumes ?? []).map(({ Name: name, Labels }) => describe('volume', { id: `volume ${name}`, name, Labels })),
    ...images.map(({ Id: id, RepoTags: tags, Labels }) =>
      describe('image', { id, name: tags?.[0] ?? untagged, Labels }),
    ),
  ];
}

function describe(kind, { id, name, Labels }) {
  return { kind, id, name, labels: Labels ?? {} };
}

/** @param {Run} run @returns {Promise<string[]>} such as "container web-1" */
export async function findLeftovers(run) {
  const deadline = Date.now() + graceMs;
  for (;;) {
    const left = selectLeftovers(await listObjects(), run);
    if (left.length === 0 || Date.now() > deadline)
      return left.map(({ kind, name, id }) => `${kind} ${name === untagged ? id : name}`);
    await sleep(500);
  }
}
