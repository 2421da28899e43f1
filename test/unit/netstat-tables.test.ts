// The kernel's socket tables: every field, both families, what is cut and what is strange. The rows are copied from a real kernel.
import assert from 'node:assert/strict';
import test from 'node:test';
import { formatIpv6, prefixOfMask, readIpv4Word } from '../../src/domain/observation/address.ts';
import { parseSocketTables } from '../../src/domain/observation/socket-tables.ts';
import { parseIpAddress } from '../../src/domain/ports/ip-address.ts';
import fc from '../support/fast-check.ts';

const tables = `==> /proc/net/tcp <==
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     
   0: 0100007F:0017 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 29540 1 000000003d3d0093 100 0 0 10 0                     
   1: 0100007F:8B7A 0100007F:0050 06 00000000:00000000 03:00000A9A 00000000     0        0 0 3 000000009cae3cdc

==> /proc/net/tcp6 <==
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   1: B80D0120222211114444333366665555:115C 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 29537 1 00000000c598b779 100 0 0 10 0
   3: 0000000000000000FFFF00000100007F:0050 0000000000000000FFFF00000100007F:8B7A 01 00000010:00000200 02:000AFC60 00000000  1000        0 27549 2 0000000042bdea7b 20 0 0 10 -1
   4: 00000000000000000000000001000000:D9E6 00000000000000000000000001000000:0050 03 00000000:00000000 01:00000A9A 00000000     0        0 0 3 000000009cae3cdc

==> /proc/net/udp <==
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops            
 2521: 00000000:BEB7 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 29547 2 00000000670b2fff 0         
 2522: 0100007F:BEB8 0100007F:0035 01 00000000:00000000 00:00000000 00000000     0        0 29548 2 00000000670b2fff 0         

==> /proc/net/raw <==
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  10: 00000000:0001 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 26357 2 00000000a081064d 0
`;

test('reads every table, in order', () => {
  const { sockets, truncated } = parseSocketTables(tables, 100);
  assert.equal(truncated, false);
  const brief = sockets.map(({ id, state, recvQ, sendQ, local, remote }) => [
    id,
    state,
    recvQ,
    sendQ,
    `${local.address} ${local.port}`,
    `${remote.address} ${remote.port}`,
  ]);
  assert.deepEqual(brief, [
    ['tcp/29540', 'LISTEN', 3, 0, '127.0.0.1 23', '0.0.0.0 0'],
    ['tcp/127.0.0.1:35706-127.0.0.1:80', 'TIME_WAIT', 0, 0, '127.0.0.1 35706', '127.0.0.1 80'],
    ['tcp6/29537', 'LISTEN', 0, 0, '2001:db8:1111:2222:3333:4444:5555:6666 4444', ':: 0'],
    ['tcp6/27549', 'ESTABLISHED', 512, 16, '::ffff:127.0.0.1 80', '::ffff:127.0.0.1 35706'],
    ['tcp6/[::1]:55782-[::1]:80', 'SYN_RECV', 0, 0, '::1 55782', '::1 80'],
    ['udp/29547', null, 0, 0, '0.0.0.0 48823', '0.0.0.0 0'],
    ['udp/29548', 'ESTABLISHED', 0, 0, '127.0.0.1 48824', '127.0.0.1 53'],
    ['raw/26357', null, 0, 0, '0.0.0.0 1', '0.0.0.0 0'],
  ]);
});

test('a table that is longer than a sample is cut, and says so; one that just fits is not', () => {
  assert.equal(parseSocketTables(tables, 3).truncated, false);
  const cut = parseSocketTables(tables, 2);
  assert.equal(cut.truncated, true);
  assert.equal(cut.sockets.filter(({ protocol }) => protocol === 'tcp6').length, 2);
});

test('a socket that one walk shows twice is one socket', () => {
  const row = tables.split('\n')[2];
  const { sockets } = parseSocketTables(`==> /proc/net/tcp <==\n${row}\n${row}\n`, 100);
  assert.equal(sockets.length, 1);
});

test('no text makes it throw, and what is no table has no sockets', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (before, after) => {
      parseSocketTables(`${before}${tables.slice(0, 300)}${after}`, 10);
      assert.deepEqual(parseSocketTables(before.replaceAll('==>', ''), 10).sockets, []);
    }),
  );
});

test('an IPv6 address as printed is the address, in its shortest form', () => {
  const byte = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(fc.array(byte, { minLength: 16, maxLength: 16 }), (bytes) => {
      const text = formatIpv6(bytes);
      assert.deepEqual(parseIpAddress(text), bytes);
      assert.doesNotMatch(text, /:::|(^|:)0[0-9a-f]/);
    }),
    { numRuns: 1000 },
  );
  const bytes = (...tail: number[]) => [...Array<number>(16 - tail.length).fill(0), ...tail];
  assert.equal(formatIpv6(bytes()), '::');
  assert.equal(formatIpv6(bytes(1)), '::1');
  assert.equal(formatIpv6(bytes(1, 2, 3, 4)), '::1.2.3.4');
  assert.equal(formatIpv6([0xfe, 0x80, ...bytes(0, 1).slice(2)]), 'fe80::1');
});

test('words of the kernel are little-endian', () => {
  assert.equal(readIpv4Word('010011AC'), '172.17.0.1');
  assert.equal(readIpv4Word('FFFFFFFF'), '255.255.255.255');
});

test('a mask has a prefix', () => {
  for (let prefix = 0; prefix <= 32; prefix += 1) {
    const word = prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
    const mask = [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255].join('.');
    assert.equal(prefixOfMask(mask), prefix);
  }
});
