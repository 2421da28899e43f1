// A login is a credential in use: whose it is, and how long it lasts. Whatever it opened hears of its end, and ends with it.
import type { Principal } from '../access.ts';

export interface Login {
  readonly principal: Principal;
  /** `session`: of a page, made from another login. */
  readonly kind: 'token' | 'session';
  /** Milliseconds since the epoch; null: it does not end by itself. */
  readonly expiresAt: number | null;
  readonly isOver: boolean;
  /** Calls `listener` once when it ends; the answer takes that back. Of one that is over it is called at once. */
  onEnd(listener: () => void): () => void;
}

/** A login, and the one way to end it. */
export interface EndableLogin extends Login {
  end(): void;
}

export function createLogin({
  principal,
  kind,
  expiresAt,
}: Pick<Login, 'principal' | 'kind' | 'expiresAt'>): EndableLogin {
  const listeners = new Set<() => void>();
  let isOver = false;
  return {
    principal,
    kind,
    expiresAt,
    get isOver() {
      return isOver;
    },
    onEnd(listener) {
      if (isOver) {
        listener();
        return () => {};
      }
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    end() {
      if (isOver) return;
      isOver = true;
      const told = [...listeners];
      listeners.clear();
      for (const listener of told) listener();
    },
  };
}
