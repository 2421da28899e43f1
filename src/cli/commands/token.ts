// `terrarium token`: makes, lists and takes back the entries of a tokens file. It asks no server: a server that has the file reads it anew by itself. A
// token is shown once, and only its hash is kept.
import { createHash, randomBytes } from 'node:crypto';
import { readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { TokensFileEntry } from '../../domain/principals/tokens-file.ts';
import { type Right, type Role, rightNames, roles } from '../../schemas/roles.ts';
import { UsageError } from '../errors.ts';
import { perform } from '../invocation.ts';
import { addCommon, addExamples, repeatable, wholeNumber } from '../options.ts';
import { formatTable } from '../print/table.ts';

interface FileOptions {
  readonly file?: string;
}

interface CreateOptions extends FileOptions {
  readonly role: Role;
  readonly right?: readonly string[];
  readonly expires?: number;
  readonly maxContainers?: number;
  readonly maxLabs?: number;
  readonly maxStreams?: number;
  readonly maxMemory?: string;
  readonly add?: boolean;
}

const day = 24 * 3_600_000;

export function addToken(program: Command): void {
  const group = program
    .command('token')
    .summary('the tokens file: who may log in, and as what')
    .description(
      `Makes, lists and takes back the tokens of a tokens file (TERRARIUM_TOKENS_FILE of the server). It asks no server; one that has the file follows its
changes within a second. Without --file and without TERRARIUM_TOKENS_FILE "create" prints the line to put there.`,
    );
  addCreate(group);
  addList(group);
  addRevoke(group);
  addExamples(
    group,
    [
      'terrarium token create alice --role operator --file /etc/terrarium/tokens.json',
      'and gives alice what it prints',
    ],
    ['terrarium token create ci --role operator --right pull --expires 90d --max-memory 8g', 'for a program'],
    ['terrarium token create alice --add', 'a second token, while she changes the first'],
    ['terrarium token ls', 'whose there are'],
    ['terrarium token revoke alice', 'and all that she has open ends'],
  );
}

function addCreate(group: Command): void {
  const command = group
    .command('create')
    .summary('a new token')
    .description('Prints a new token, once, on standard output; what is kept of it is a hash.')
    .argument('<name>', 'whose it is: the owner of what they make')
    .addOption(new Option('--role <role>', 'what they may').choices([...roles]).default('operator'))
    .addOption(repeatable('--right <right>', `of an operator, beyond that: ${rightNames.join(', ')}`))
    .option('--expires <time>', 'until then: a time (2027-01-31T18:00:00Z), or days from now (90d)', readTime)
    .option('--max-containers <number>', 'how many they may have', wholeNumber(0, 1_000_000))
    .option('--max-labs <number>', 'the same of labs', wholeNumber(0, 1_000_000))
    .option('--max-streams <number>', 'the same of streams at a time', wholeNumber(0, 1_000_000))
    .option('--max-memory <size>', "what their containers' memory limits may come to, such as 8g")
    .option('--add', 'a further token of one that is there: nothing else of it changes')
    .option('--file <file>', 'the tokens file (default: TERRARIUM_TOKENS_FILE)')
    .action(
      perform<CreateOptions>(async (run, options, [name = '']) => {
        const token = `trm_${randomBytes(32).toString('base64url')}`;
        const hash = `sha256:${createHash('sha256').update(token).digest('hex')}`;
        const file = options.file ?? process.env.TERRARIUM_TOKENS_FILE;
        const { formatEntry, formatTokensFile, parseTokensFile } = await import(
          '../../domain/principals/tokens-file.ts'
        );
        const before = file ? await readEntries(file, { mayBeAbsent: true }) : [];
        const known = before.find((entry) => entry.name === name);
        if (options.add === true && known === undefined)
          throw new UsageError(`There is no "${name}" in ${file ?? 'a file'} to add a token to`, 'Leave out --add');
        if (options.add !== true && known !== undefined)
          throw new UsageError(`"${name}" is in ${file} already`, 'With --add it gets a further token; revoke ends it');
        const entry =
          known === undefined ? describe(name, hash, options) : { ...known, tokens: [...known.tokens, hash] };
        const after = known === undefined ? [...before, entry] : before.map((one) => (one === known ? entry : one));
        // The rules are those of the server, so what is written is what it takes.
        const checked = wrap(() => parseTokensFile(formatTokensFile(after)));
        const line = formatEntry(checked.find((one) => one.name === name) ?? entry);
        if (file) await replaceFile(file, formatTokensFile(checked));
        if (run.isJson) return run.printJson({ token, entry: JSON.parse(line), file: file || null });
        run.print(token);
        if (file) run.note(`Only its hash is in ${file}: this is the one time that it is shown.`);
        else
          run.note(
            `This is the one time that it is shown. Put this line into "principals" of the tokens file:\n${line}`,
          );
        return undefined;
      }),
    );
  addCommon(command, { engine: false });
}

function addList(group: Command): void {
  const command = group
    .command('ls')
    .summary('whose tokens there are')
    .option('--file <file>', 'the tokens file (default: TERRARIUM_TOKENS_FILE)')
    .action(
      perform<FileOptions>(async (run, options) => {
        const entries = await readEntries(chooseFile(options));
        if (run.isJson) return run.printJson(entries.map(show));
        run.print(
          ...formatTable(
            ['NAME', 'ROLE', 'TOKENS', 'UNTIL', 'RIGHTS', 'QUOTAS'],
            entries.map(({ name, role, tokens, expiresAt, rights, quotas }) => [
              name,
              role,
              String(tokens.length),
              expiresAt === null ? '-' : new Date(expiresAt).toISOString(),
              rights.join(' ') || '-',
              Object.entries(quotas)
                .map(([quota, limit]) => `${quota}=${limit ?? 'none'}`)
                .join(' ') || '-',
            ]),
          ),
        );
        return undefined;
      }),
    );
  addCommon(command, { engine: false });
}

function addRevoke(group: Command): void {
  const command = group
    .command('revoke')
    .summary('take an entry out: its tokens are no use any more')
    .argument('<name>', 'whose')
    .option('--file <file>', 'the tokens file (default: TERRARIUM_TOKENS_FILE)')
    .action(
      perform<FileOptions>(async (run, options, [name = '']) => {
        const file = chooseFile(options);
        const entries = await readEntries(file);
        if (!entries.some((entry) => entry.name === name))
          throw new UsageError(`There is no "${name}" in ${file}`, 'terrarium token ls shows whose there are');
        const { formatTokensFile } = await import('../../domain/principals/tokens-file.ts');
        await replaceFile(file, formatTokensFile(entries.filter((entry) => entry.name !== name)));
        run.note(`"${name}" is out of ${file}. What they have made is still there.`);
        return undefined;
      }),
    );
  addCommon(command, { engine: false });
}

function describe(name: string, hash: string, options: CreateOptions): TokensFileEntry {
  const { role, right = [], expires, maxContainers, maxLabs, maxStreams, maxMemory } = options;
  return {
    name,
    role,
    tokens: [hash],
    expiresAt: expires ?? null,
    rights: right as readonly Right[],
    // A size is read by the rules of the file, with everything else.
    quotas: {
      ...(maxContainers !== undefined && { containers: maxContainers }),
      ...(maxLabs !== undefined && { labs: maxLabs }),
      ...(maxStreams !== undefined && { streams: maxStreams }),
      ...(maxMemory !== undefined && { memory: maxMemory as unknown as number }),
    },
  };
}

function show({ tokens, expiresAt, ...entry }: TokensFileEntry): object {
  return {
    ...entry,
    tokens: tokens.length,
    expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
  };
}

function chooseFile({ file = process.env.TERRARIUM_TOKENS_FILE }: FileOptions): string {
  if (file) return file;
  throw new UsageError('No tokens file is named', 'Give --file, or set TERRARIUM_TOKENS_FILE');
}

async function readEntries(file: string, { mayBeAbsent = false } = {}): Promise<TokensFileEntry[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (mayBeAbsent && error.code === 'ENOENT') return null;
    throw new UsageError(`"${file}" cannot be read (${error.code})`);
  });
  if (text === null) return [];
  const { parseTokensFile } = await import('../../domain/principals/tokens-file.ts');
  return wrap(() => parseTokensFile(text), `${file}: `);
}

/** What is wrong with the words is a mistake of whoever wrote them. */
function wrap<T>(read: () => T, place = ''): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError(`${place}${(error as Error).message}`);
  }
}

/** Written aside and renamed into place, so that a server never sees half of it; a group that may read it still may. */
async function replaceFile(file: string, text: string): Promise<void> {
  const mode = await stat(file).then(
    (facts) => facts.mode & 0o640,
    () => 0o600,
  );
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, text, { mode, flag: 'wx' });
    await rename(draft, file);
  } catch (error) {
    await unlink(draft).catch(() => {});
    throw new UsageError(`"${file}" cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}

function readTime(value: string): number {
  const [, days] = /^(\d{1,5})d$/.exec(value) ?? [];
  const time = days === undefined ? Date.parse(value) : Date.now() + Number(days) * day;
  if (!Number.isNaN(time)) return time;
  throw new InvalidArgumentError('It has to be a time such as 2027-01-31T18:00:00Z, or days from now such as 90d.');
}
