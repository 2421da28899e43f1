// Tables and texts of one reading: do they show the same moment?
import assert from 'node:assert/strict';
import test from 'node:test';
import { isOneMoment } from '../../src/domain/observation/agreement.ts';
import { readSections } from '../../src/domain/observation/reading.ts';

// Copied from one tick of a real helper; the kernel calls the raw socket's state 7, and busybox 1.
const tables = `==> /proc/net/tcp <==
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0017 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 29540 1 000000003d3d0093 100 0 0 10 0

==> /proc/net/tcp6 <==
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   3: 0000000000000000FFFF00000100007F:0050 0000000000000000FFFF00000100007F:8B7A 01 00000000:00000200 02:000AFC60 00000000     0        0 27549 2 0000000042bdea7b 20 0 0 10 -1

==> /proc/net/udp <==
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 2521: 00000000:BEB7 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 29547 2 00000000670b2fff 0

==> /proc/net/raw <==
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  10: 00000000:0001 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 26357 2 00000000a081064d 0
`;
const heading = `Active Internet connections (servers and established)
Proto Recv-Q Send-Q Local Address           Foreign Address         State       
`;
const listener = 'tcp        0      0 127.0.0.1:23            0.0.0.0:*               LISTEN      \n';
const connection = 'tcp        0      0 ::ffff:127.0.0.1:80     ::ffff:127.0.0.1:35706  ESTABLISHED \n';
const receiver = 'udp        0      0 0.0.0.0:48823           0.0.0.0:*                           \n';
const raw = 'raw        0      0 0.0.0.0:1               0.0.0.0:*               1           \n';

const agree = (options: string, text: string) =>
  isOneMoment(readSections(new Map(Object.entries({ sockets: tables, [`-${options}`]: heading + text }))));

test('the same rows are one moment, whatever waits in their queues', () => {
  assert.ok(agree('tuwan', listener + connection + receiver + raw));
  assert.ok(agree('tan', listener + connection));
  assert.ok(agree('tuwln', listener + receiver + raw));
  assert.ok(agree('tn', connection));
});

test('a scope that the program made up is no difference', () => {
  const raw6 = `==> /proc/net/raw6 <==
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   58: 00000000000000000000000001000000:003A 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 55 2 0000000042bdea7b 0
`;
  const agrees = (row: string) =>
    isOneMoment(readSections(new Map(Object.entries({ sockets: raw6, '-wan': heading + row }))));
  assert.ok(agrees('raw        0      0 ::1%6000917:58          ::%32:*                 58          \n'));
  assert.ok(agrees('raw        0      0 ::1:58                  :::*                    58          \n'));
  assert.ok(!agrees('raw        0      0 ::2%6000917:58          ::%32:*                 58          \n'));
});

test('a row more, a row less, another state, another order are not', () => {
  assert.ok(!agree('tan', listener));
  assert.ok(!agree('tan', listener + connection + connection));
  assert.ok(!agree('tan', connection + listener));
  assert.ok(!agree('tan', listener + connection.replace('ESTABLISHED', 'CLOSE_WAIT ')));
  assert.ok(!agree('tan', listener.replace(':23 ', ':24 ') + connection));
});

test('what was not read together need not agree', () => {
  assert.ok(isOneMoment(readSections(new Map([['-tan', heading]]))));
  assert.ok(isOneMoment(readSections(new Map([['sockets', tables]]))));
});
