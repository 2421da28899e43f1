// Networks: one method a route.
import type {
  Connect,
  CreatedNetwork,
  CreateNetwork,
  Disconnect,
  Network,
  NetworkDryRun,
} from '../../schemas/network.ts';
import type { Http } from '../http.ts';
import type { OnEngine } from './containers.ts';

export interface NetworksOptions extends OnEngine {
  readonly driver?: string;
  readonly lab?: string;
  /** `all` (default): every one of the engine. */
  readonly scope?: 'managed' | 'all';
}

export interface Networks {
  list(options?: NetworksOptions): Promise<Network[]>;
  get(name: string, options?: OnEngine): Promise<Network>;
  /** In daemon.json's own names: what shapes docker0 there shapes a bridge here. */
  create(body: CreateNetwork, options?: OnEngine): Promise<CreatedNetwork>;
  /** What a create would send to the engine; nothing is made. */
  dryRun(body: CreateNetwork, options?: OnEngine): Promise<NetworkDryRun>;
  /** One that no container uses. */
  remove(name: string, options?: OnEngine): Promise<void>;
  connect(name: string, body: Connect, options?: OnEngine): Promise<Network>;
  disconnect(name: string, body: Disconnect, options?: OnEngine): Promise<Network>;
}

export function networks(http: Http): Networks {
  const root = '/api/v1/networks';
  const of = (name: string, what = '') => `${root}/${encodeURIComponent(name)}${what}`;
  return {
    list: ({ signal, ...query } = {}) => http.json({ method: 'GET', path: root, query, signal }),
    get: (name, { signal, ...query } = {}) => http.json({ method: 'GET', path: of(name), query, signal }),
    create: (body, { signal, ...query } = {}) => http.json({ method: 'POST', path: root, query, body, signal }),
    dryRun: (body, { signal, ...query } = {}) =>
      http.json({ method: 'POST', path: root, query: { ...query, dryRun: true }, body, signal, isRepeatable: true }),
    async remove(name, { signal, ...query } = {}) {
      await http.json({ method: 'DELETE', path: of(name), query, signal });
    },
    connect: (name, body, { signal, ...query } = {}) =>
      http.json({ method: 'POST', path: of(name, '/connect'), query, body, signal }),
    disconnect: (name, body, { signal, ...query } = {}) =>
      http.json({ method: 'POST', path: of(name, '/disconnect'), query, body, signal }),
  };
}
