// `storage-driver` and `storage-opts`, as dockerd takes them at its start on a host with an ordinary file system (no btrfs, zfs, or xfs with quotas).
import type { Findings } from './findings.ts';
import { parseByteSize } from './go/sizes.ts';
import type { Reading } from './reading.ts';

/** Checks both; with the containerd image store they mean something else, and are looked at later. */
export function checkStorage({ values }: Reading, findings: Findings): void {
  if (values.features?.get('containerd-snapshotter') === true) return;
  const { 'storage-driver': driver = '' } = values;
  const says = findStorageProblem(
    driver,
    (values['storage-opts'] ?? []).map((option) => option ?? ''),
  );
  if (says === undefined) return;
  const isOption = !/supported: |not satisfied|removed;/.test(says);
  findings.error(
    'start',
    `failed to start daemon: error initializing graphdriver: ${says}${isDriverNamed(driver, says) ? `: ${driver}` : ''}`,
    {
      key: isOption ? 'storage-opts' : 'storage-driver',
      code: isOption ? 'invalid_value' : 'not_supported',
      message: isOption
        ? `"storage-opts" does not fit ${driver || 'overlay2'}: ${says}`
        : `"storage-driver" ${JSON.stringify(driver)} cannot be used: ${says.replace(/: [^:]*$/, '')}`,
      fix: isOption
        ? 'Remove the option, or write one that this driver knows'
        : 'Remove the key; dockerd takes overlay2 by itself',
    },
  );
}

/** dockerd adds the driver that was asked for to what went wrong. */
function isDriverNamed(driver: string, says: string): boolean {
  return driver !== '' && !says.startsWith('driver not supported');
}

function findStorageProblem(driver: string, options: readonly string[]): string | undefined {
  switch (driver) {
    case '':
    case 'overlay2':
      return findOverlayProblem(options);
    case 'vfs':
      return findVfsProblem(options);
    case 'btrfs':
    case 'zfs':
      return 'prerequisites for driver not satisfied (wrong filesystem?)';
    case 'aufs':
    case 'devicemapper':
    case 'overlay':
      return `[graphdriver] ERROR: the ${driver} storage-driver has been deprecated and removed; visit https://docs.docker.com/go/storage-driver/ for more information`;
    default:
      return `driver not supported: ${driver}`;
  }
}

function splitOption(option: string): [string, string] | undefined {
  const equals = option.indexOf('=');
  return equals === -1 ? undefined : [option.slice(0, equals).trim(), option.slice(equals + 1).trim()];
}

function findOverlayProblem(options: readonly string[]): string | undefined {
  let size = 0n;
  for (const option of options) {
    const [name, value] = splitOption(option) ?? [];
    if (name === undefined || value === undefined) return `unable to parse key/value option: ${option}`;
    if (name.toLowerCase() !== 'overlay2.size') return `overlay2: unknown option ${name.toLowerCase()}`;
    const bytes = parseByteSize(value);
    if (typeof bytes !== 'bigint') return bytes.says;
    size = bytes;
  }
  return size > 0n ? 'Storage Option overlay2.size only supported for backingFS XFS. Found extfs' : undefined;
}

function findVfsProblem(options: readonly string[]): string | undefined {
  let size = 0n;
  for (const option of options) {
    const [name, value] = splitOption(option) ?? [];
    if (name === undefined || value === undefined) return `unable to parse key/value option: ${option}`;
    if (name === 'vfs.xattrs') {
      if (value !== 'i_want_broken_containers')
        return 'do not set the vfs.xattrs option unless you are willing to accept the consequences';
      continue;
    }
    if (name !== 'size') return `unknown option ${name} for vfs`;
    const bytes = parseByteSize(value);
    if (typeof bytes !== 'bigint') return bytes.says;
    size = bytes;
  }
  return size > 0n ? 'Filesystem does not support, or has not enabled quotas' : undefined;
}
