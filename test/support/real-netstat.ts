// What the real busybox prints and the kernel shows in a container's network at one moment, and what a reader makes of that: written from what
// the program prints, and from the kernel's documentation for the inodes. It shares no code with src/.
import assert from 'node:assert/strict';
import { Conversation } from './conversation.ts';
import type { Cleanup } from './engine.ts';

/** Every choice of letters: any of the protocols, listening ones, all, or neither. */
export const letterChoices = ['', 't', 'u', 'w', 'tu', 'tw', 'uw', 'tuw'].flatMap((protocols) =>
  ['', 'l', 'a'].map((shown) => protocols + shown),
);

export interface RealNetstat {
  /** What `netstat -LETTERSn` prints, by letters; without a protocol's letter all three. */
  readonly texts: ReadonlyMap<string, string>;
  /** The kernel's tables, by name (`tcp6`): rows without the heading. */
  readonly tables: ReadonlyMap<string, readonly string[]>;
}

export interface RealReader {
  read(): Promise<RealNetstat>;
}

const tableNames = ['tcp', 'tcp6', 'udp', 'udp6', 'raw', 'raw6'];
const endMark = '\n=====the end=====\n';

/**
 * The program never sets the scope of an IPv6 address and prints what happens to be in memory there (`::1%6000917:80`), which the kernel's tables
 * know nothing of: the text without it, in the columns that it would have then.
 */
export function withoutScopes(text: string): string {
  return text.replace(/(\S+)%\d+(:\S+) +/g, (_all, address, port) => `${(address + port).padEnd(23)} `);
}

/** Reads by the shell and the programs of a busybox container: the observed one, or one in its namespace. */
export function openRealReader(cleanup: Cleanup, container: string): RealReader {
  const shell = new Conversation(cleanup, ['docker', 'exec', '--interactive', container, 'sh'], endMark);
  const sections = [
    ...letterChoices.map((letters) => `echo '=====${letters}'; netstat -${withProtocols(letters)}n`),
    ...tableNames.map((name) => `echo '=====/${name}'; cat /proc/net/${name}`),
  ];
  const line = `${sections.join('; ')}; printf '%s' '${endMark}'`;
  return { read: async () => cut(await shell.ask(line)) };
}

/** Are the texts of both the same? The tables hold timers beside, which tick. */
export function isSame(a: RealNetstat, b: RealNetstat): boolean {
  return [...a.texts].every(([letters, text]) => b.texts.get(letters) === text);
}

/**
 * The sockets as our JSON shows them: ends, queues and states from the text of `netstat -tuwan`, kinds and inodes from the tables. Null where a
 * socket came or went between the two.
 */
export function readSockets({ texts, tables }: RealNetstat): object[] | null {
  const lines = (texts.get('tuwa') ?? '').split('\n').slice(2, -1);
  const rows = tableNames.flatMap((protocol) => (tables.get(protocol) ?? []).map((row) => ({ protocol, row })));
  return lines.length !== rows.length
    ? null
    : rows.map(({ protocol, row }, i) => readSocket(protocol, row, lines[i] ?? ''));
}

function readSocket(protocol: string, row: string, line: string): object {
  const [family, recvQ, sendQ, localText = '', remoteText = '', state = ''] = line.trim().split(/\s+/);
  assert.equal(family, protocol.replace('6', ''));
  const [local, remote] = [readEnd(localText), readEnd(remoteText)];
  const inode = row.trim().split(/\s+/)[9];
  const id = inode === '0' ? `${spellEnd(local)}-${spellEnd(remote)}` : inode;
  return {
    id: `${protocol}/${id}`,
    protocol,
    recvQ: Number(recvQ),
    sendQ: Number(sendQ),
    local,
    remote,
    // A raw socket's state is a number, and means nothing.
    state: family === 'raw' || state === '' ? null : state,
  };
}

function readEnd(text: string): { address: string; port: number } {
  const colon = text.lastIndexOf(':');
  const port = text.slice(colon + 1);
  return { address: text.slice(0, colon), port: port === '*' ? 0 : Number(port) };
}

function spellEnd({ address, port }: { address: string; port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Without any of their letters the program shows the sockets of Unix too, which are no part of a network. */
function withProtocols(letters: string): string {
  return /[tuw]/.test(letters) ? letters : `tuw${letters}`;
}

function cut(answer: string): RealNetstat {
  const texts = new Map<string, string>();
  const tables = new Map<string, readonly string[]>();
  for (const piece of `\n${answer}`.split('\n=====').slice(1)) {
    const end = piece.indexOf('\n');
    const [name, text] = [piece.slice(0, end), `${piece.slice(end + 1)}\n`];
    if (name.startsWith('/'))
      tables.set(
        name.slice(1),
        text
          .split('\n')
          .slice(1, -1)
          .filter((row) => row !== ''),
      );
    else texts.set(name, withoutScopes(text));
  }
  return { texts, tables };
}
