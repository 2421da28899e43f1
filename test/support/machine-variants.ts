// Machines that this one is not, as a private engine sees them: shell lines for its mount namespace, and why they cannot be had here.
import { existsSync } from 'node:fs';

/** A machine with cgroup v2 alone. Its files are the kernel's own; controllers that the machine gave to v1 are not among them. */
export const cgroupV2 = ['umount --recursive /sys/fs/cgroup', 'mount -t cgroup2 none /sys/fs/cgroup'] as const;

/** A machine with the user and the ids that `dockerd --userns-remap=default` wants. */
export const remappedIds = [
  // What the mapped root owns lies below it.
  'chmod o+x "$FOLDER"',
  // A copy of the folder, since a file that is not there cannot be bound.
  'cp --archive /etc "$FOLDER/etc"',
  'mount --bind "$FOLDER/etc" /etc',
  'echo dockremap:x:990:990::/:/bin/false >> /etc/passwd',
  'echo dockremap:x:990: >> /etc/group',
  'echo dockremap:200000:65536 | tee /etc/subgid > /etc/subuid',
] as const;

/** A machine whose iptables is the legacy variant. */
export const legacyIptables = [
  'mount -t tmpfs tmpfs /etc/alternatives',
  ...['iptables', 'ip6tables'].flatMap((name) =>
    ['', '-save', '-restore'].map(
      (suffix) => `ln -s /usr/sbin/${name}-legacy${suffix} /etc/alternatives/${name}${suffix}`,
    ),
  ),
] as const;

/** A machine that knows no alternatives: its programs are where they are (Arch, Alpine). */
export const withoutAlternatives = [
  'cp --archive /etc "$FOLDER/etc"',
  'rm -r "$FOLDER/etc/alternatives"',
  'mount --bind "$FOLDER/etc" /etc',
  'mount -t tmpfs tmpfs /usr/local/sbin',
  ...['iptables', 'ip6tables'].flatMap((name) =>
    ['', '-save', '-restore'].map((suffix) => `ln -s ../../sbin/${name}-nft${suffix} /usr/local/sbin/${name}${suffix}`),
  ),
] as const;

/** A machine with iptables and without what saves its rules. */
export const withoutSave = [
  'mount -t tmpfs tmpfs /etc/alternatives',
  ...['iptables', 'ip6tables'].map((name) => `ln -s /usr/sbin/${name}-nft /etc/alternatives/${name}`),
] as const;

/** This machine has cgroup v2 and nothing else. */
export function isCgroupV2(): boolean {
  return existsSync('/sys/fs/cgroup/cgroup.controllers');
}

/** For a test's `skip`: where v2 is not mounted beside v1, what an engine made in it would stay. */
export function whyNoCgroupV2(): string | false {
  if (isCgroupV2() || existsSync('/sys/fs/cgroup/unified/cgroup.procs')) return false;
  return 'cgroup v2 is not mounted on this machine';
}
