// What the last proof says about what is predicted now. The two are of different moments: what has changed since is not proved any more. Pure.
import type { Reachability, VerifiedEntry } from '../../../../src/client/index.ts';

/** agreed: a real connection found what is predicted. tried: it found something that could not be predicted. outdated: it was before a change. */
export type Proof = 'agreed' | 'disagrees' | 'tried' | 'outdated';

interface Proven {
  readonly outcome: VerifiedEntry['outcome'];
  readonly code: VerifiedEntry['code'];
  readonly proof: Proof;
  readonly found: VerifiedEntry['verified'];
}

export class ProofBook {
  readonly #proven = new Map<string, Proven>();
  readonly verification: Reachability['verification'];

  constructor(proved: Reachability | null) {
    this.verification = proved?.verification ?? null;
    if (proved === null) return;
    for (const entry of proved.entries) {
      const { outcome, code, verified: found } = entry;
      if (found !== null)
        this.#proven.set(spellEntry(entry), {
          outcome,
          code,
          proof: outcome === 'unknown' ? 'tried' : 'agreed',
          found,
        });
    }
    for (const { from, to, address, port, predicted, observed } of proved.verification?.disagreements ?? []) {
      const { outcome, code } = predicted;
      const key = spellEntry({ from, to, address, port, protocol: 'tcp' });
      this.#proven.set(key, { outcome, code, proof: 'disagrees', found: observed });
    }
  }

  /** null: no connection was made for it. */
  of(entry: VerifiedEntry): { readonly proof: Proof; readonly found: VerifiedEntry['verified'] } | null {
    const proven = this.#proven.get(spellEntry(entry));
    if (proven === undefined) return null;
    const isAsThen = proven.outcome === entry.outcome && proven.code === entry.code;
    return { proof: isAsThen ? proven.proof : 'outdated', found: proven.found };
  }
}

type End = Pick<VerifiedEntry, 'from' | 'to' | 'address' | 'port' | 'protocol'>;

function spellEntry({ from, to, address, port, protocol }: End): string {
  return `${from} ${to} ${protocol} ${port} ${address}`;
}
