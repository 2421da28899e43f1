// The main process of a container, attached to (`docker run -it`, `docker attach`). Detaching changes nothing: it goes on.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { isAlive } from '../../domain/container/join-chain.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import type { TerminalSize } from '../../schemas/terminal.ts';
import type { TerminalProcess } from './terminal-process.ts';

/** Milliseconds in which the engine tells how a container ended whose output has, or that it goes on. */
const verdict = { patienceMs: 1_000, pollMs: 50 } as const;

/** Fails with `state_conflict` where the container was made without a terminal and an input. */
export function requireTerminal({ name, tty, openStdin }: ContainerFacts): void {
  if (tty && openStdin) return;
  const lacking = [...(openStdin ? [] : ['an input']), ...(tty ? [] : ['a terminal'])].join(' and ');
  throw new Failure('state_conflict', `The main process of container "${name}" was made without ${lacking}`, {
    hint: 'Create it with "tty": true and "stdin": true; or leave out ?attach=true, and a shell is started beside it',
  });
}

export async function attachTo(
  mirror: EngineMirror,
  facts: ContainerFacts,
  size: TerminalSize,
): Promise<TerminalProcess> {
  const { engine } = mirror;
  const { id } = facts;
  // The engine forgets a container that removes itself, and with it how it ended.
  let exitCode: number | undefined;
  const unlisten = mirror.onEvent(({ type, action, id: subject, attributes }) => {
    if (type === 'container' && action === 'die' && subject === id) exitCode = Number(attributes.exitCode);
  });
  try {
    const streams = await engine.attach(id, { tty: true });
    streams.stdin.on('error', () => {}); // `readExit` tells
    const resize = (to: TerminalSize) => engine.resizeContainer(id, to);
    // A change of size makes a program draw its screen anew, and a shell its prompt; the same size would be no change.
    await resize({ cols: size.cols, rows: size.rows + 1 })
      .then(() => resize(size))
      .catch(() => {});
    return {
      stdin: streams.stdin,
      output: streams.stdout,
      resize,
      async readExit() {
        const deadline = performance.now() + verdict.patienceMs;
        while (exitCode === undefined) {
          const now = await mirror.refresh(id);
          if (now !== undefined && !isAlive(now)) return now.exitCode;
          if (performance.now() > deadline) return null;
          await sleep(verdict.pollMs);
        }
        return exitCode;
      },
      async leave() {
        unlisten();
        streams.destroy();
      },
    };
  } catch (error) {
    unlisten();
    throw error;
  }
}
