// A container that makes the socket calls it is told (socket-player.pl), in a namespace of its own or in another container's.
import { readFile } from 'node:fs/promises';
import { Conversation } from './conversation.ts';
import { type Cleanup, createTestContainer } from './engine.ts';

/** Debian's base, which has Perl with its sockets; the set-up of the tests makes it. */
export const playerImage = 'terrarium-test-base:trixie';

export interface Player {
  /** Makes a call (`listen a 5`) and answers the words after `ok`; null where the kernel refuses it. */
  play(call: string): Promise<string | null>;
  /** Makes a call that has to succeed. */
  must(call: string): Promise<string>;
}

export interface SocketPlayer extends Player {
  readonly id: string;
}

/** Makes a player. It has no init, so that nothing acts in its container between two calls; `body` is merged into its create body. */
export async function startSocketPlayer(
  cleanup: Cleanup,
  // biome-ignore lint/suspicious/noExplicitAny: a Docker create body is whatever the engine takes
  { name, body = {} }: { name?: string; body?: Record<string, any> } = {},
): Promise<SocketPlayer> {
  const program = await readProgram();
  const { id } = await createTestContainer(cleanup, {
    ...(name !== undefined && { name }),
    start: false,
    body: {
      Image: playerImage,
      Cmd: ['perl', '-e', program],
      OpenStdin: true,
      StdinOnce: true,
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      ...body,
      HostConfig: { Init: false, ...body.HostConfig },
    },
  });
  const talk = new Conversation(cleanup, ['docker', 'start', '--attach', '--interactive', id], '\n');
  await talk.listen();
  return { id, ...playBy(talk) };
}

/** A player that is a process of this machine, and has entered the network namespace of the process. It starts no other for what it plays. */
export async function startIntruder(cleanup: Cleanup, pid: number): Promise<Player> {
  const program = await readProgram();
  const enter = ['nsenter', '--target', String(pid), '--net', '--', 'perl', '-e', program] as const;
  const talk = new Conversation(cleanup, [...enter], '\n');
  await talk.listen();
  return playBy(talk);
}

function readProgram(): Promise<string> {
  return readFile(new URL('socket-player.pl', import.meta.url), 'utf8');
}

function playBy(talk: Conversation): Player {
  const play = async (call: string) => {
    const [, verdict, words] = /^(ok|no) ?(.*)$/.exec(await talk.ask(call)) ?? [];
    if (verdict === undefined) throw new Error(`the player does not answer: ${call}`);
    // A call that it does not know, or a name, is a mistake of the test's and not the kernel's word.
    if (verdict === 'no' && /^(unknown call|no kind|no option|not IPv)/.test(words ?? ''))
      throw new Error(`${call}: ${words}`);
    return verdict === 'ok' ? (words ?? '') : null;
  };
  return {
    play,
    async must(call) {
      const answer = await play(call);
      if (answer === null) throw new Error(`the kernel refuses: ${call}`);
      return answer;
    },
  };
}
