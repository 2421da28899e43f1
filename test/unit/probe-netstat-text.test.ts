// Printing sockets as busybox's netstat does: held here against lines of the real program, and against it itself in test/engine.
import assert from 'node:assert/strict';
import test from 'node:test';
import { isOneMoment } from '../../src/domain/observation/agreement.ts';
import { renderNetstat } from '../../src/domain/observation/netstat-text.ts';
import { parseSocketTables } from '../../src/domain/observation/socket-tables.ts';
import fc from '../support/fast-check.ts';

const row = (local: string, remote: string, state: string, inode: number, queues = '00000000:00000000') =>
  ` 1: ${local} ${remote} ${state} ${queues} 00:00000000 00000000     0        0 ${inode} 1 0 100 0 0 10 0\n`;
const v6 = (end: string) => `${'0'.repeat(24)}${end}`;

const tables = `==> /proc/net/tcp <==
${row('0100007F:0017', '00000000:0000', '0A', 1)}
==> /proc/net/tcp6 <==
${row(`${'0'.repeat(16)}FFFF00000100007F:0050`, `${'0'.repeat(16)}FFFF00000100007F:8B7A`, '01', 2, '0000000A:00000010')}
${row('B80D0120341200007856000001000000:1F90', v6('00000000:0000'), '0A', 3)}
==> /proc/net/udp <==
${row('00000000:BEB7', '00000000:0000', '07', 4)}${row('0100007F:0035', '0100007F:0036', '01', 5)}
==> /proc/net/raw <==
${row('00000000:0001', '00000000:0000', '07', 6)}
`;

test('each letter prints its heading and its rows, in the columns of the program', () => {
  const parsed = parseSocketTables(tables, 100);
  assert.equal(
    renderNetstat(parsed, 'tuwan'),
    `Active Internet connections (servers and established)
Proto Recv-Q Send-Q Local Address           Foreign Address         State       
tcp        0      0 127.0.0.1:23            0.0.0.0:*               LISTEN      
tcp       16     10 ::ffff:127.0.0.1:80     ::ffff:127.0.0.1:35706  ESTABLISHED 
tcp        0      0 2001:db8:0:1234:0:5678:0:1:8080 :::*                    LISTEN      
udp        0      0 0.0.0.0:48823           0.0.0.0:*                           
udp        0      0 127.0.0.1:53            127.0.0.1:54            ESTABLISHED 
raw        0      0 0.0.0.0:1               0.0.0.0:*               1           
`,
  );
  assert.match(
    renderNetstat(parsed, 'tln'),
    /^Active Internet connections \(only servers\)\n.*\n(tcp .*LISTEN\s+\n){2}$/,
  );
  assert.match(
    renderNetstat(parsed, 'un'),
    /^Active Internet connections \(w\/o servers\)\n.*\nudp .*:54\s+ESTABLISHED \n$/,
  );
});

test('whatever the addresses, a text shows the rows that the program would', () => {
  const hex = (digits: number) => fc.stringMatching(new RegExp(`^[0-9A-F]{${digits}}$`));
  const socket = fc.record({
    table: fc.constantFrom('tcp', 'udp', 'raw'),
    local: fc.tuple(hex(8), hex(4)),
    remote: fc.oneof(fc.constant(['00000000', '0000'] as const), fc.tuple(hex(8), hex(4))),
    state: fc.constantFrom('01', '06', '07', '0A'),
  });
  const letters = fc.constantFrom('tuwan', 'tan', 'tln', 'un', 'uwln', 'wan', 'tuwn');
  fc.assert(
    fc.property(fc.array(socket, { maxLength: 20 }), letters, (sockets, options) => {
      const text = ['tcp', 'udp', 'raw']
        .map((name) => {
          const rows = sockets.map((one, i) =>
            one.table === name ? row(one.local.join(':'), one.remote.join(':'), one.state, i + 1) : '',
          );
          return `==> /proc/net/${name} <==\n${rows.join('')}\n`;
        })
        .join('');
      const parsed = parseSocketTables(text, 100);
      const printed = renderNetstat(parsed, options);
      for (const line of printed.split('\n').slice(2, -1)) assert.equal(line.length, 20 + 24 + 24 + 12);
      // UDP in a state that it cannot have is the one thing that the two sides of the agreement spell differently.
      const isOdd = sockets.some(({ table, state }) => table === 'udp' && state !== '01' && state !== '07');
      assert.ok(isOdd || isOneMoment({ sockets: parsed, texts: new Map([[options, printed]]) }));
    }),
  );
});

test('a text of truncated tables says so', () => {
  const text = renderNetstat(parseSocketTables(tables, 1), 'tuwan');
  assert.match(text, /\n\(truncated: .*\)\n$/);
});
