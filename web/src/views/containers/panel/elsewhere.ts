// How one container is named in the lines that are copied: by its name, which a person recognizes, and with its engine where there are several.
import type { Container } from '../../../../../src/client/index.ts';
import { store } from '../../../store/store.ts';

type Query = Readonly<Record<string, string>>;

/** @example apiPath(container, '/netstat', { options: 'tan' }) // '/api/v1/containers/web/netstat?options=tan' */
export function apiPath({ name, engine }: Container, what = '', query: Query = {}): string {
  const search = new URLSearchParams({ ...query, ...(hasSeveralEngines() && { engine }) }).toString();
  return `/api/v1/containers/${encodeURIComponent(name)}${what}${search === '' ? '' : `?${search}`}`;
}

/** Words of the command after `terrarium`. */
export function cliWords(
  { name, engine }: Container,
  command: readonly string[],
  after: readonly string[] = [],
): readonly string[] {
  return [...command, ...(hasSeveralEngines() ? ['--engine', engine] : []), name, ...after];
}

function hasSeveralEngines(): boolean {
  return store.engines.keys.value.length > 1;
}
