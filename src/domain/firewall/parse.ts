// Reads what `iptables-save -c` and `ip6tables-save -c` print, of the nft and of the legacy variant. It never fails: what it does not know is kept
// as it is written, and is decided, or not, where a packet meets it (matches.ts, targets.ts).
import { type Chain, type Match, type Rule, type Ruleset, type TableName, type Target, tableNames } from './ruleset.ts';

/** Options that every rule may have; all others belong to the extension that was named last. */
const ownOptions: Readonly<Record<string, string>> = {
  '-s': 'source',
  '--source': 'source',
  '-d': 'destination',
  '--destination': 'destination',
  '-i': 'in-interface',
  '--in-interface': 'in-interface',
  '-o': 'out-interface',
  '--out-interface': 'out-interface',
  '-p': 'protocol',
  '--protocol': 'protocol',
  '-f': 'fragment',
  '--fragment': 'fragment',
};

/** Their one value is free text and may begin with a dash, which the program does not quote. */
const textOptions = new Set(['--comment', '--log-prefix', '--nflog-prefix', '--ulog-prefix', '--string', '--name']);

interface Token {
  readonly text: string;
  readonly isQuoted: boolean;
}

/** Chains of one table while they are read. */
type Draft = Map<string, { chain: Omit<Chain, 'rules'>; rules: Rule[] }>;

export function parseRuleset(text: string, family: Ruleset['family']): Ruleset {
  const tables = new Map<TableName, Draft>();
  const unreadable = new Set<TableName>();
  let table: TableName | undefined;
  for (const line of text.split('\n')) {
    const incompatible = /^# Table `(\w+)' is incompatible/.exec(line);
    if (incompatible !== null) {
      const name = readTableName(incompatible[1]);
      if (name !== undefined) unreadable.add(name);
    } else if (line.startsWith('*')) {
      table = readTableName(line.slice(1).trim());
      if (table !== undefined && !tables.has(table)) tables.set(table, new Map());
    } else if (table !== undefined) {
      const draft = tables.get(table) ?? new Map();
      if (line.startsWith(':')) readChain(table, line, draft);
      else if (/^(\[\d+:\d+\] )?-A /.test(line)) readRule(table, line, draft);
    }
  }
  return { family, unreadable, tables: new Map([...tables].map(([name, draft]) => [name, finish(draft)])) };
}

function readTableName(text: string | undefined): TableName | undefined {
  return tableNames.find((name) => name === text);
}

function finish(draft: Draft): Map<string, Chain> {
  return new Map([...draft].map(([name, { chain, rules }]) => [name, { ...chain, rules }]));
}

/** `:FORWARD DROP [12:720]`, `:DOCKER - [0:0]` */
function readChain(table: TableName, line: string, draft: Draft): void {
  const [, name, policy, packets, bytes] = /^:(\S+) (\S+)(?: \[(\d+):(\d+)\])?/.exec(line) ?? [];
  if (name === undefined) return;
  const chain = {
    table,
    name,
    policy: policy === 'ACCEPT' || policy === 'DROP' ? policy : null,
    packets: Number(packets ?? 0),
    bytes: Number(bytes ?? 0),
  } as const;
  draft.set(name, { chain, rules: [] });
}

/** `[12:720] -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80` */
function readRule(table: TableName, line: string, draft: Draft): void {
  const [, packets, bytes, written = ''] = /^(?:\[(\d+):(\d+)\] )?(.*)$/.exec(line) ?? [];
  const [, name, ...tokens] = tokenize(written);
  if (name === undefined) return;
  const place = draft.get(name.text) ?? {
    chain: { table, name: name.text, policy: null, packets: 0, bytes: 0 },
    rules: [],
  };
  draft.set(name.text, place);
  place.rules.push({
    table,
    chain: name.text,
    index: place.rules.length + 1,
    text: written.trimEnd(),
    packets: Number(packets ?? 0),
    bytes: Number(bytes ?? 0),
    ...readParts(tokens),
  });
}

/** Words, and texts in double quotes in which a backslash takes away the meaning of the character after it. */
function tokenize(text: string): Token[] {
  const words = text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g);
  return [...words].map(([, quoted, plain]) =>
    quoted === undefined
      ? { text: plain ?? '', isQuoted: false }
      : { text: quoted.replace(/\\(.)/g, '$1'), isQuoted: true },
  );
}

interface Option {
  readonly name: string;
  readonly negated: boolean;
  readonly values: string[];
}

/** Conditions up to `-j` or `-g`; the target's own options after it. */
function readParts(tokens: readonly Token[]): Pick<Rule, 'matches' | 'target'> {
  const options = groupOptions(tokens);
  const at = options.findIndex(({ name }) => ['-j', '--jump', '-g', '--goto'].includes(name));
  const conditions = at === -1 ? options : options.slice(0, at);
  return { matches: readMatches(conditions), target: at === -1 ? null : readTarget(options.slice(at)) };
}

function groupOptions(tokens: readonly Token[]): Option[] {
  const options: Option[] = [];
  let negated = false;
  for (const { text, isQuoted } of tokens) {
    const open = options.at(-1);
    const isText = open !== undefined && textOptions.has(open.name) && open.values.length === 0;
    if (isQuoted || isText) open?.values.push(text);
    else if (text === '!') negated = true;
    else if (/^--?[a-zA-Z]/.test(text)) {
      options.push({ name: text, negated, values: [] });
      negated = false;
    } else open?.values.push(text);
  }
  return options;
}

function readMatches(options: readonly Option[]): Match[] {
  const matches: Match[] = [];
  let module: string | undefined;
  for (const [i, { name, negated, values }] of options.entries()) {
    const own = ownOptions[name];
    if (name === '-m' || name === '--match') {
      module = values[0] ?? '';
      const next = options[i + 1];
      const isBare = next === undefined || next.name === '-m' || ownOptions[next.name] !== undefined;
      if (isBare) matches.push({ name: module, negated: false, values: [] });
    } else if (own !== undefined) {
      matches.push({ name: own, negated, values });
      if (own === 'protocol' && module === undefined) module = values[0];
    } else {
      matches.push({ name: `${module ?? ''}:${name.replace(/^-+/, '')}`, negated, values });
    }
  }
  return matches;
}

function readTarget([jump, ...options]: readonly Option[]): Target | null {
  const name = jump?.values[0];
  if (jump === undefined || name === undefined) return null;
  return {
    name,
    isGoto: jump.name === '-g' || jump.name === '--goto',
    options: Object.fromEntries(options.map((option) => [option.name.replace(/^-+/, ''), option.values.join(' ')])),
  };
}
