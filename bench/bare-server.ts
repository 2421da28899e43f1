// The bare WebSocket server that ours is compared with, as a process of its own.
import { startProgram } from './child-program.ts';
import type { Stage } from './stage.ts';

type ToBareServer =
  | { readonly do: 'greet'; readonly frames: readonly string[] }
  | { readonly do: 'broadcast'; readonly frame: string };

interface FromBareServer {
  readonly tell: 'listening';
  readonly port: number;
}

export interface BareServer {
  readonly url: string;
  readonly pid: number;
  /** What it has written to its standard error so far. */
  printed(): string;
  /** What each client is told first, from now on. */
  greet(frames: readonly string[]): void;
  /** Says the frame to all clients, with the present time as its `at`. */
  broadcast(frame: string): void;
}

export async function startBareServer(stage: Stage, nodeOptions: readonly string[] = []): Promise<BareServer> {
  const program = startProgram<ToBareServer, FromBareServer>(stage, 'bare-server.mjs', { node: nodeOptions });
  const { port } = await program.next((message): message is FromBareServer => message.tell === 'listening');
  return {
    url: `ws://127.0.0.1:${port}/`,
    pid: program.pid,
    printed: program.printed,
    greet: (frames) => program.say({ do: 'greet', frames }),
    broadcast: (frame) => program.say({ do: 'broadcast', frame }),
  };
}
