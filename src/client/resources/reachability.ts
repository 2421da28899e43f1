// Who reaches whom: one method a way to ask.
import type { Reachability, VerificationProgress } from '../../schemas/verification.ts';
import { TerrariumError } from '../error.ts';
import type { Http } from '../http.ts';
import type { OnEngine } from './containers.ts';

export interface ReachabilityOptions extends OnEngine {
  readonly lab?: string;
  /** `managed` (default): what Terrarium made. */
  readonly scope?: 'managed' | 'all';
}

export interface VerifyOptions extends ReachabilityOptions {
  readonly onProgress?: (progress: VerificationProgress['progress']) => void;
}

export interface ReachabilityResource {
  predict(options?: ReachabilityOptions): Promise<Reachability>;
  /** Makes real connections, each of which some program accepts. */
  verify(options?: VerifyOptions): Promise<Reachability>;
}

const path = '/api/v1/reachability';

export function reachability(http: Http): ReachabilityResource {
  return {
    predict: ({ signal, ...query } = {}) => http.json({ method: 'GET', path, query, signal }),
    async verify({ signal, onProgress = () => {}, ...query } = {}) {
      const lines = http.lines<VerificationProgress | Reachability>({
        method: 'GET',
        path,
        query: { ...query, verify: true },
        signal,
        // It would connect to everything once more.
        isRepeatable: false,
      });
      for await (const line of lines)
        if ('progress' in line) onProgress(line.progress);
        else return line;
      throw new TerrariumError('unexpected_answer', 'The verification ended without a result');
    },
  };
}
