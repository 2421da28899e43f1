// Clients that watch, in processes of their own.
import { setTimeout as sleep } from 'node:timers/promises';
import { type ChildProgram, startProgram } from './child-program.ts';
import type { ClientOrder, ClientReport, FromClient, ToClient } from './programs/client.ts';
import { token } from './server.ts';
import type { Stage } from './stage.ts';

export interface Watchers {
  connect(order: ClientOrder): void;
  report(): Promise<ClientReport>;
  /** Waits until every connection has had its first data, and all of them together so many. */
  served(atLeast?: number, deadlineMs?: number): Promise<ClientReport>;
  onFrame(listener: (frame: string) => void): void;
  /** Closes the connections and ends the process. */
  stop(): Promise<void>;
}

export const credentials = { authorization: `Bearer ${token}` };

/** Starts a client process that waits for its orders. */
export async function startWatchers(stage: Stage): Promise<Watchers> {
  const program: ChildProgram<ToClient, FromClient> = startProgram(stage, 'client.ts');
  const told = <Tell extends FromClient['tell']>(tell: Tell) =>
    program.next((message): message is Extract<FromClient, { tell: Tell }> => message.tell === tell);
  await told('ready');
  let ordered = 0;
  const report = async () => {
    const answer = told('report');
    program.say({ do: 'report' });
    return (await answer).report;
  };
  return {
    connect(order) {
      ordered += order.connections;
      program.say({ do: 'connect', order });
    },
    report,
    async served(atLeast = 0, deadlineMs = 90_000) {
      const deadline = performance.now() + deadlineMs;
      for (;;) {
        const now = await report();
        if (now.errors.length > 0) throw new Error(`A client could not watch: ${now.errors.join('; ')}`);
        const served = now.firstMs.filter((ms) => ms !== null).length;
        if (served === ordered && now.whole >= atLeast) return now;
        if (performance.now() > deadline)
          throw new Error(
            `${ordered - served} of ${ordered} connections heard nothing; ${now.whole} of ${atLeast} frames came`,
          );
        await sleep(50);
      }
    },
    onFrame: (listener) =>
      program.onMessage((message) => {
        if (message.tell === 'frame') listener(message.frame);
      }),
    async stop() {
      const closed = told('closed');
      program.say({ do: 'close' });
      await closed;
      await program.stop();
    },
  };
}
