// `runtimes` and `default-runtime`, as dockerd takes them at its start. Of programs it looks only for that of the default runtime, and only where it has arguments.
import type { Findings } from './findings.ts';
import type { Reading } from './reading.ts';

const starting = 'failed to start daemon: ';

const stockRuntimes = ['runc', 'io.containerd.runc.v2'];

/** Checks both keys. */
export function checkRuntimes({ values }: Reading, findings: Findings): void {
  const refuse = (says: string, key: string, message: string, fix: string) =>
    findings.error('start', starting + says, { key, code: 'invalid_value', message, fix });
  const { runtimes = new Map(), 'default-runtime': byDefault = '' } = values;
  if (runtimes.has('runc'))
    refuse(
      "runtime name 'runc' is reserved",
      'runtimes.runc',
      '"runc" is the runtime that dockerd brings along; it cannot be defined anew',
      'Give it another name',
    );
  if (byDefault !== '' && !stockRuntimes.includes(byDefault) && !runtimes.has(byDefault) && !isShimName(byDefault))
    findings.error('start', `${starting}specified default runtime '${byDefault}' does not exist`, {
      key: 'default-runtime',
      code: 'name_not_found',
      message: `"default-runtime" names ${JSON.stringify(byDefault)}, which "runtimes" does not define`,
      fix: `Define it: "runtimes": { "${byDefault}": { "path": … } }; or write "runc"`,
    });
  for (const [name, runtime] of runtimes) {
    const { path = '', runtimeType: type = '', runtimeArgs: args = [], options = new Map() } = runtime ?? {};
    const key = `runtimes.${name}`;
    if (name === 'runc') continue;
    if (path === '' && type === '')
      refuse(
        `runtime ${name}: either a runtimeType or a path must be configured`,
        key,
        `The runtime "${name}" has neither "path" nor "runtimeType"`,
        'Write one of them',
      );
    else if (path !== '' && type !== '')
      refuse(
        `runtime ${name}: cannot configure both path and runtimeType for the same runtime`,
        key,
        `The runtime "${name}" has both "path" and "runtimeType"`,
        'Keep one of them',
      );
    else if (path !== '' && options.size > 0)
      refuse(
        `runtime ${name}: options cannot be used with a path runtime`,
        key,
        `The runtime "${name}" has "options", which only a "runtimeType" takes`,
        'Remove "options", or "path"',
      );
    else if (path !== '' && args.length > 0 && name.includes('/'))
      refuse(
        `open /var/lib/docker/runtimes/${name}: no such file or directory`,
        key,
        `The name "${name}" holds a slash, and dockerd makes a file of that name for its arguments`,
        'Give it a name without a slash',
      );
    else if (path === '' && args.length > 0)
      refuse(
        `runtime ${name}: args cannot be used with a runtimeType runtime`,
        key,
        `The runtime "${name}" has "runtimeArgs", which only a "path" takes`,
        'Remove "runtimeArgs", or write "path"',
      );
    else if (path === '' && options.size > 0) checkShimOptions(name, type, options, refuse);
  }
}

/** What the options of a shim are, as far as they are of a wrong type. */
function checkShimOptions(
  name: string,
  type: string,
  options: ReadonlyMap<string, { kind: string } | undefined>,
  refuse: (says: string, key: string, message: string, fix: string) => void,
): void {
  const types = type === 'io.containerd.runc.v1' || type === 'io.containerd.runc.v2' ? runcOptions : shimOptions;
  for (const [option, value] of options) {
    const wanted = Object.entries(types).find(([known]) => known.toLowerCase() === option.toLowerCase())?.[1];
    if (wanted === undefined || value === undefined || value.kind === wanted || value.kind === 'null') continue;
    refuse(
      `runtime ${name}: (0, 0): Can't convert`,
      `runtimes.${name}.options.${option}`,
      `The option "${option}" of the runtime "${name}" wants a ${wanted}`,
      `Write a ${wanted}`,
    );
    return;
  }
}

const runcOptions: Readonly<Record<string, string>> = {
  NoPivotRoot: 'bool',
  NoNewKeyring: 'bool',
  ShimCgroup: 'string',
  IoUid: 'number',
  IoGid: 'number',
  BinaryName: 'string',
  Root: 'string',
  CriuPath: 'string',
  SystemdCgroup: 'bool',
  CriuImagePath: 'string',
  CriuWorkPath: 'string',
};
const shimOptions: Readonly<Record<string, string>> = { TypeUrl: 'string', ConfigPath: 'string' };

/** A name that containerd itself would find a shim by. */
function isShimName(name: string): boolean {
  if (name.includes('/')) return false;
  const parts = name.split('.');
  return parts.length >= 2 && parts[0] !== '';
}

/** dockerd looks for the program of its default runtime only where that has arguments. */
export function checkDefaultRuntime({ values }: Reading, findings: Findings): void {
  const { runtimes = new Map(), 'default-runtime': byDefault = '' } = values;
  const runtime = runtimes.get(byDefault);
  const path = runtime?.path ?? '';
  if (
    path === '' ||
    (runtime?.runtimeArgs ?? []).length === 0 ||
    /^(\/usr(\/local)?)?(\/s?bin\/)?(runc|true|sh)$/.test(path)
  )
    return;
  const why = path.includes('/') ? `stat ${path}: no such file or directory` : 'executable file not found in $PATH';
  findings.error(
    'start',
    `${starting}couldn't create plugin manager: error while looking up the specified runtime path: exec: ${JSON.stringify(path)}: ${why}`,
    {
      key: 'default-runtime',
      code: 'file_missing',
      message: `The program of the default runtime, ${JSON.stringify(path)}, is not there on a fresh host`,
      fix: 'Install it first; where it is there, this is no mistake',
    },
  );
}
