// Network namespaces: one method a route. What a container shares is a method of containers.
import type { Namespace, NamespaceInFull } from '../../schemas/namespaces.ts';
import type { CallOptions, Http } from '../http.ts';
import type { OnEngine } from './containers.ts';

export interface NamespacesOptions extends OnEngine {
  /** Only the one that this process of the engine's host is in. */
  readonly pid?: number;
  /** `managed` (default): those with a container that Terrarium made. */
  readonly scope?: 'managed' | 'all';
}

export interface Namespaces {
  list(options?: NamespacesOptions): Promise<Namespace[]>;
  /** With every process in it. */
  get(id: string, options?: CallOptions): Promise<NamespaceInFull>;
}

export function namespaces(http: Http): Namespaces {
  const root = '/api/v1/namespaces';
  return {
    list: ({ signal, ...query } = {}) => http.json({ method: 'GET', path: root, query, signal }),
    get: (id, { signal } = {}) => http.json({ method: 'GET', path: `${root}/${encodeURIComponent(id)}`, signal }),
  };
}
