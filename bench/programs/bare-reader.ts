// The physical limit: a local process that reads the socket tables of the processes named by its arguments each second, every time, and does nothing with
// them. The files stay open and one buffer serves all. `full` reads to the end of each file, as every program does that reads a file: the kernel
// walks its table once more to say that nothing follows. `once` stops after an answer so short that no row can follow.
import { openSync, readSync } from 'node:fs';

export type ToReader = { readonly do: 'pace' | 'rest' };

const [how = 'full', ...pids] = process.argv.slice(2);
const tables = ['tcp', 'tcp6', 'udp', 'udp6', 'raw', 'raw6'];
const files = pids.flatMap((pid) => tables.map((table) => openSync(`/proc/${pid}/net/${table}`, 'r')));
const buffer = Buffer.alloc(256 * 1024);
/** The kernel answers a page at most, and a row has less than 256 bytes. */
const shortAnswer = 4096 - 256;

let timer: NodeJS.Timeout | undefined;
process.on('message', ({ do: what }: ToReader) => {
  clearInterval(timer);
  if (what === 'pace') timer = setInterval(readAll, 1000);
});
process.on('disconnect', () => process.exit());
process.send?.({ tell: 'ready' });

function readAll(): void {
  for (const file of files) {
    for (let at = 0; ; ) {
      const length = readSync(file, buffer, 0, buffer.length, at);
      at += length;
      if (length === 0 || (how === 'once' && length < shortAnswer)) break;
    }
  }
}
