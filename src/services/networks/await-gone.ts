// A node takes its own part of an overlay down after the manager has said that it is gone, and shows it so long.
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineMirror } from '../../engine/mirror.ts';

/** Resolves when this engine does not show the network any more, or at the deadline, a time of `performance.now()`. */
export async function awaitGone(mirror: EngineMirror, id: string, deadline: number): Promise<void> {
  await mirror.refreshNetworks();
  while (mirror.network(id) !== undefined && performance.now() < deadline) {
    await sleep(100);
    await mirror.refreshNetworks();
  }
}
