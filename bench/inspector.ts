// The garbage collector of another process, by its inspector: memory is compared after a full collection, not after whatever happened to be collected.
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';

export interface Inspector {
  collectGarbage(): Promise<void>;
  /** Bytes of the heap in use. */
  usedHeap(): Promise<number>;
  close(): void;
}

/** What Node prints when it was started with --inspect. */
const announcement = /Debugger listening on (ws:\/\/\S+)/;

/** Connects to the inspector of a process that says on its standard error where it listens. */
export async function connectInspector(printed: () => string): Promise<Inspector> {
  const deadline = performance.now() + 10_000;
  let url = announcement.exec(printed())?.[1];
  while (url === undefined) {
    if (performance.now() > deadline) throw new Error(`No inspector was announced: ${printed()}`);
    await sleep(50);
    url = announcement.exec(printed())?.[1];
  }
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  let calls = 0;
  const call = <Result>(method: string) => {
    calls += 1;
    const id = calls;
    return new Promise<Result>((resolve, reject) => {
      const listen = (data: WebSocket.RawData) => {
        const answer = JSON.parse(data.toString()) as { id?: number; result: Result; error?: { message: string } };
        if (answer.id !== id) return;
        socket.off('message', listen);
        if (answer.error === undefined) resolve(answer.result);
        else reject(new Error(answer.error.message));
      };
      socket.on('message', listen);
      socket.send(JSON.stringify({ id, method }));
    });
  };
  return {
    collectGarbage: () => call('HeapProfiler.collectGarbage'),
    usedHeap: async () => (await call<{ usedSize: number }>('Runtime.getHeapUsage')).usedSize,
    close: () => socket.close(),
  };
}
