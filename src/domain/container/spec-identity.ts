// When two create requests ask for the same container. The text is hashed into the spec-hash label; it never leaves the server otherwise.
import type { CreateRequest } from '../../schemas/create.ts';

/**
 * A text that is equal for equal requests, whatever the order of their fields. The name and how the image is come by are left out: they do
 * not change what the container is.
 */
export function canonicalizeRequest(request: CreateRequest, engine: string): string {
  const { name: _name, pull: _pull, engine: _engine, ...spec } = request;
  return JSON.stringify(sortKeys({ ...spec, engine }));
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, sortKeys(member)]));
}
