// Tells a connection of many topics when an engine goes away and when it is back, whatever it has subscribed to there: a lab without members
// would hear nothing otherwise.
import type { EngineMirror, MirrorStatus } from '../../engine/mirror.ts';
import { encodeEngineState } from '../../streams/engine-state-frame.ts';
import type { Session } from '../../streams/session.ts';

/** Begins with the engines that are away; of the others the client hears when that changes. The answer ends it. */
export function tellEngineStates(mirrors: readonly EngineMirror[], session: Pick<Session, 'push'>): () => void {
  const endings = mirrors.map((mirror) => {
    const engine = mirror.engine.name;
    let isAway = false;
    const tell = ({ state, reason, since }: MirrorStatus) => {
      // Between these two it comes back.
      if ((state !== 'live' && state !== 'stale') || (state === 'stale') === isAway) return;
      isAway = state === 'stale';
      session.push(encodeEngineState({ engine, state, reason, since }));
    };
    tell(mirror.status());
    return mirror.onStatus(tell);
  });
  return () => {
    for (const end of endings) end();
  };
}
