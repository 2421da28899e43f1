// How many streams one principal may have open at a time: WebSockets, answers that go on, and subscriptions on a WebSocket.
import { Failure } from '../schemas/failure.ts';
import type { Principal } from './access.ts';
import type { Accounts } from './credentials/accounts.ts';

export interface StreamQuota {
  /** Counts one, until it is given back; twice is once. Fails with `quota_exceeded`. */
  take(principal: Principal): () => void;
}

export function createStreamQuota(accounts: Pick<Accounts, 'quotasOf'>): StreamQuota {
  const open = new Map<string, number>();

  return {
    take({ name }) {
      const limit = accounts.quotasOf(name).streams;
      const used = open.get(name) ?? 0;
      if (limit !== null && used >= limit)
        throw new Failure('quota_exceeded', `${name} has ${used} streams open, and may have ${limit}`, {
          hint: 'Close one: each WebSocket, each followed answer and each subscription counts. One subscription may watch a whole lab.',
          extra: { quota: 'streams', limit, used },
        });
      open.set(name, used + 1);
      let isOpen = true;
      return () => {
        if (!isOpen) return;
        isOpen = false;
        const left = (open.get(name) ?? 1) - 1;
        if (left > 0) open.set(name, left);
        else open.delete(name);
      };
    },
  };
}
