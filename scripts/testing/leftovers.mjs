// Looks on the engine for what a test run left behind. It only looks: what it finds is evidence.
import { setTimeout as sleep } from 'node:timers/promises';
import { askDocker } from '../setup/docker-api.mjs';
import { findEndpoint } from '../setup/docker-endpoint.mjs';

/** A helper ends by itself soon after its server died, so what is there now may be gone in a moment. */
const graceMs = 20_000;
const ownLabel = /^io\.terrarium\./;

/**
 * @param {{ kind: string, name: string, labels: Record<string, string> }[]} objects
 * @param {string | undefined} runId only what names this run; undefined: everything of Terrarium's
 */
export function selectLeftovers(objects, runId) {
  return objects.filter(({ name, labels }) => {
    const own = Object.entries(labels).filter(([key]) => ownLabel.test(key));
    if (runId === undefined) return own.length > 0;
    return name.includes(runId) || own.some(([, value]) => value.includes(runId));
  });
}

async function listObjects() {
  const endpoint = findEndpoint();
  const ask = async (path) => JSON.parse((await askDocker(endpoint, 'GET', path, { silenceMs: 30_000 })).body);
  const [containers, networks, { Volumes: volumes }] = await Promise.all([
    ask('/containers/json?all=1'),
    ask('/networks'),
    ask('/volumes'),
  ]);
  return [
    ...containers.map(({ Names, Id, Labels }) => ({
      kind: 'container',
      name: Names[0]?.slice(1) ?? Id,
      labels: Labels ?? {},
    })),
    ...networks.map(({ Name, Labels }) => ({ kind: 'network', name: Name, labels: Labels ?? {} })),
    ...(volumes ?? []).map(({ Name, Labels }) => ({ kind: 'volume', name: Name, labels: Labels ?? {} })),
  ];
}

/** @param {string | undefined} runId see {@link selectLeftovers} @returns {Promise<string[]>} such as "container web-1" */
export async function findLeftovers(runId) {
  const deadline = Date.now() + graceMs;
  for (;;) {
    const left = selectLeftovers(await listObjects(), runId);
    if (left.length === 0 || Date.now() > deadline) return left.map(({ kind, name }) => `${kind} ${name}`);
    await sleep(500);
  }
}
