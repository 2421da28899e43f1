// Where we are: `#/VIEW/PART/…?query`. The fragment never reaches a server, so a link holds wherever the dashboard is served.
import { computed, signal } from '@preact/signals';

/** One place of the dashboard. */
export interface Place {
  /** Name of a view; empty: the first one. */
  readonly view: string;
  /** What follows in the path, decoded. */
  readonly parts: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

const fragment = signal(location.hash);
const follow = () => {
  fragment.value = location.hash;
};
addEventListener('hashchange', follow);
addEventListener('popstate', follow);

export const place = computed(() => readPlace(fragment.value));

/** The place that a fragment names. */
export function readPlace(hash: string): Place {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?');
  const [view = '', ...parts] = path
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
  return { view, parts, query: Object.fromEntries(new URLSearchParams(search)) };
}

/** @example linkTo('containers', [id], { tab: 'logs' }) // '#/containers/ID?tab=logs' */
export function linkTo(
  view: string,
  parts: readonly string[] = [],
  query: Readonly<Record<string, string>> = {},
): string {
  const path = [view, ...parts].map(encodeURIComponent).join('/');
  const search = new URLSearchParams(query).toString();
  return `#/${path}${search === '' ? '' : `?${search}`}`;
}

/** Goes to a link of {@link linkTo}; `replace` leaves no step in the history (a filter while it is typed). */
export function goTo(link: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', link);
  else history.pushState(null, '', link);
  follow();
}

/** Follows what `history.replaceState` did elsewhere. */
export function rereadPlace(): void {
  follow();
}

/** A fragment may be typed by hand. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
