// What a benchmark has made, undone in reverse order at its end: also after a failure, and on SIGINT and SIGTERM.

export interface Stage {
  /** Registers what undoes the step that was just made, or that is about to be. */
  later(undo: () => Promise<unknown> | unknown): void;
}

const signals = ['SIGINT', 'SIGTERM'] as const;

/** Plays with a stage that is cleared whatever happens. */
export async function onStage<T>(play: (stage: Stage) => Promise<T>): Promise<T> {
  const undos: (() => Promise<unknown> | unknown)[] = [];
  const clear = async () => {
    for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
      try {
        await undo();
      } catch (error) {
        console.error('Not everything could be removed:', error);
      }
    }
  };
  const interrupt = async (signal: NodeJS.Signals) => {
    console.error(`${signal}: removing what was made`);
    await clear();
    process.exit(130);
  };
  for (const signal of signals) process.once(signal, interrupt);
  try {
    return await play({ later: (undo) => undos.push(undo) });
  } finally {
    await clear();
    for (const signal of signals) process.off(signal, interrupt);
  }
}
