// Engines: one method a route.
import type { DaemonConfigQuery, DaemonConfigVerdict, EngineDaemonConfig } from '../../schemas/daemon-config.ts';
import type { EngineView } from '../../schemas/engine.ts';
import type { CallOptions, Http } from '../http.ts';

export interface Engines {
  list(options?: CallOptions): Promise<EngineView[]>;
  get(name: string, options?: CallOptions): Promise<EngineView>;
  /** What it has of the settings of daemon.json, and the dangers. */
  daemonConfig(name: string, options?: CallOptions): Promise<EngineDaemonConfig>;
  /** Would dockerd start with this text of a daemon.json? No engine is asked. */
  checkDaemonConfig(text: string, options?: CallOptions & DaemonConfigQuery): Promise<DaemonConfigVerdict>;
}

export function engines(http: Http): Engines {
  const root = '/api/v1/engines';
  return {
    list: ({ signal } = {}) => http.json({ method: 'GET', path: root, signal }),
    get: (name, { signal } = {}) => http.json({ method: 'GET', path: `${root}/${encodeURIComponent(name)}`, signal }),
    daemonConfig: (name, { signal } = {}) =>
      http.json({ method: 'GET', path: `${root}/${encodeURIComponent(name)}/daemon-config`, signal }),
    checkDaemonConfig: (text, { signal, ...query } = {}) =>
      http.json({ method: 'POST', path: '/api/v1/daemon-config/check', query, body: text, isRepeatable: true, signal }),
  };
}
