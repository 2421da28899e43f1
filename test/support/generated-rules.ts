// Rules for iptables-restore, made by chance: of all tables, with chains of their own, jumps, gotos and translations. What is made is what the programs
// take, and what the lab's packets (router-lab.ts) can tell apart.
import fc from './fast-check.ts';
import { type Family, farDevice, nearDevice, places } from './router-lab.ts';

type Text = fc.Arbitrary<string>;

const pick = (...texts: readonly string[]): Text => fc.constantFrom(...texts);

/** Where a chain is reached from says what its rules may ask for. */
interface Place {
  readonly table: 'raw' | 'mangle' | 'nat' | 'filter';
  readonly chain: string;
  readonly hasIn: boolean;
  readonly hasOut: boolean;
  /** Chains of its own table that it may call: those after it, so that nothing goes round. */
  readonly calls: readonly string[];
}

const own = ['U1', 'U2', 'U3'];

function placesOf(table: Place['table'], hooks: readonly string[]): Place[] {
  const hooked = hooks.map((chain) => ({
    table,
    chain,
    hasIn: ['PREROUTING', 'INPUT', 'FORWARD'].includes(chain),
    hasOut: ['POSTROUTING', 'OUTPUT', 'FORWARD'].includes(chain),
    calls: own,
  }));
  const called = own.map((chain, i) => ({ table, chain, hasIn: true, hasOut: true, calls: own.slice(i + 1) }));
  return [...hooked, ...called];
}

const tables: readonly (readonly [Place['table'], readonly string[]])[] = [
  ['raw', ['PREROUTING', 'OUTPUT']],
  ['mangle', ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']],
  ['nat', ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING']],
  ['filter', ['INPUT', 'FORWARD', 'OUTPUT']],
];

/** Text for `iptables-restore`, or `ip6tables-restore`. */
export function rulesOf(family: Family): Text {
  return fc.tuple(...tables.map(([table, hooks]) => tableOf(family, table, hooks))).map((texts) => texts.join(''));
}

function tableOf(family: Family, table: Place['table'], hooks: readonly string[]): Text {
  const chains = placesOf(table, hooks);
  // A drop in a table that is not for it, or by a policy, hides all that comes after: seldom.
  const policy =
    table === 'filter'
      ? fc.oneof({ weight: 8, arbitrary: fc.constant('ACCEPT') }, { weight: 1, arbitrary: fc.constant('DROP') })
      : fc.constant('ACCEPT');
  const rules = chains.map((place) =>
    fc
      .array(ruleOf(family, place), { maxLength: table === 'raw' ? 1 : 4 })
      .map((made) => made.map((rule) => `-A ${place.chain} ${rule}\n`).join('')),
  );
  return fc
    .tuple(fc.array(policy, { minLength: hooks.length, maxLength: hooks.length }), fc.tuple(...rules))
    .map(([policies, made]) =>
      [
        `*${table}\n`,
        ...hooks.map((hook, i) => `:${hook} ${policies[i]} [0:0]\n`),
        ...own.map((chain) => `:${chain} - [0:0]\n`),
        ...made,
        'COMMIT\n',
      ].join(''),
    );
}

function ruleOf(family: Family, place: Place): Text {
  return fc
    .tuple(
      protocolOf(place),
      fc.array(conditionOf(family, place), { minLength: 0, maxLength: 3 }),
      targetOf(family, place),
    )
    .map(([protocol, conditions, target]) => {
      // Of two conditions of one kind the programs take the last, or none.
      const distinct = [...new Map(conditions.map((condition) => [kindOf(condition), condition])).values()];
      const needsTcp = /tcp-reset|:\d+$|--to-ports/.test(target);
      const chosen = needsTcp && !protocol.startsWith('-p tcp') ? '-p tcp' : protocol;
      return [chosen, ...distinct, target].filter((part) => part !== '').join(' ');
    });
}

function seldom(rare: string, usual: Text, weight: number): Text {
  return fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: fc.constant(rare) });
}

function kindOf(condition: string): string {
  return /^(! )?(-m \w+|-\w)/.exec(condition)?.[2] ?? condition;
}

function protocolOf({ table }: Place): Text {
  const flags = table === 'nat' ? [] : ['-p tcp -m tcp --syn', '-p tcp -m tcp ! --syn'];
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant('') },
    {
      weight: 6,
      arbitrary: pick(
        '-p tcp',
        '-p tcp -m tcp --dport 80',
        '-p tcp -m tcp ! --dport 80',
        '-p tcp -m tcp --dport 80:90',
        '-p tcp -m tcp --sport 1024:65535',
        '-p tcp -m tcp --sport 1:1023',
        '-p tcp -m tcp --sport 80',
        '-p tcp -m multiport --dports 81,90:100,8080',
        '-p tcp -m multiport ! --dports 81,90',
        '-p tcp -m multiport --ports 80,81',
        '-p udp',
        '! -p udp',
        '! -p tcp',
        ...flags,
      ),
    },
  );
}

function conditionOf(family: Family, { table, hasIn, hasOut, chain }: Place): Text {
  const { client, near, far, server, server2 } = places[family];
  const [netOfClient, netOfServer] =
    family === 'ipv4' ? ['10.77.1.0/24', '10.77.2.0/24'] : ['fd77:1::/64', 'fd77:2::/64'];
  const addresses = [client, near, far, server, server2, netOfClient, netOfServer];
  const devices = [nearDevice, farDevice, 'r+', 'lo', 'none0'];
  const withSign = (option: string, values: readonly string[]) =>
    fc.tuple(pick('', '', '! '), pick(...values)).map(([sign, value]) => `${sign}${option} ${value}`);
  const conntrack = (option: string, values: readonly string[]) =>
    fc.tuple(pick('', '! '), pick(...values)).map(([sign, value]) => `-m conntrack ${sign}--${option} ${value}`);
  return fc.oneof(
    withSign('-s', addresses),
    withSign('-d', addresses),
    ...(hasIn ? [withSign('-i', devices)] : []),
    ...(hasOut ? [withSign('-o', devices)] : []),
    pick('-m comment --comment "a \\"quoted\\" -j DROP"', '-m comment --comment -j'),
    pick('-m mark --mark 0x1', '-m mark ! --mark 0x1', '-m mark --mark 0x2/0x6', '-m connmark --mark 0x4/0x4'),
    pick('-m addrtype --dst-type LOCAL', '-m addrtype ! --dst-type LOCAL', '-m addrtype --src-type LOCAL'),
    ...(chain === 'PREROUTING' ? [fc.constant('-m addrtype --dst-type LOCAL --limit-iface-in')] : []),
    pick(`-m iprange --src-range ${client}-${client}`, `-m iprange ! --dst-range ${server}-${server2}`),
    ...(table === 'raw'
      ? []
      : [
          conntrack('ctstate', ['NEW', 'RELATED,ESTABLISHED', 'DNAT', 'SNAT', 'INVALID', 'NEW,DNAT']),
          conntrack('ctorigdst', [near, server]),
          pick('-m conntrack --ctorigdstport 8080', '-m conntrack --ctorigdstport 80:85'),
          pick('-m conntrack --ctdir ORIGINAL', '-m conntrack --ctdir REPLY'),
          pick('-m state --state NEW', '-m state ! --state ESTABLISHED'),
        ]),
    // Of these the answer is not known: every packet meets the first, none the second.
    pick('-m limit --limit 10000/sec --limit-burst 10000', '-m length --length 5000:6000'),
  );
}

function targetOf(family: Family, { table, chain, calls }: Place): Text {
  const { near, server, server2, far } = places[family];
  const end = (address: string, port: number) => `${family === 'ipv6' ? `[${address}]` : address}:${port}`;
  const jumps = calls.flatMap((name) => [`-j ${name}`, `-g ${name}`]);
  const rejections =
    family === 'ipv4'
      ? ['icmp-port-unreachable', 'icmp-host-unreachable', 'icmp-net-unreachable', 'icmp-admin-prohibited', 'tcp-reset']
      : ['icmp6-port-unreachable', 'icmp6-no-route', 'icmp6-addr-unreachable', 'icmp6-adm-prohibited', 'tcp-reset'];
  const marks = [
    '-j MARK --set-xmark 0x1/0xffffffff',
    '-j MARK --set-xmark 0x2/0x6',
    '-j CONNMARK --set-xmark 0x4/0x4',
    '-j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff',
    '-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff',
  ];
  const always = [...jumps, '-j RETURN', '-j ACCEPT', ''];
  if (table === 'raw') return seldom('-j DROP', pick(...always), 20);
  if (table === 'mangle') return seldom('-j DROP', pick(...always, ...jumps, ...marks), 30);
  if (table === 'filter')
    return fc.oneof(
      { weight: 12, arbitrary: pick(...always, ...jumps) },
      { weight: 1, arbitrary: fc.constant('-j DROP') },
      { weight: 2, arbitrary: pick(...rejections).map((kind) => `-j REJECT --reject-with ${kind}`) },
    );
  if (chain === 'PREROUTING' || chain === 'OUTPUT')
    return pick(
      ...always,
      `-j DNAT --to-destination ${server}`,
      `-j DNAT --to-destination ${end(server, 80)}`,
      `-j DNAT --to-destination ${end(server2, 81)}`,
      `-j DNAT --to-destination ${end(far, 8080)}`,
      '-j REDIRECT --to-ports 8080',
    );
  if (chain === 'POSTROUTING')
    return pick(...always, '-j MASQUERADE', `-j SNAT --to-source ${near}`, `-j SNAT --to-source ${far}`);
  return pick(...always);
}
