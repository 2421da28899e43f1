// The key `userns-remap`: which users dockerd finds on a fresh host, and for which it finds the ranges that it needs.
import type { Findings } from './findings.ts';
import type { Reading } from './reading.ts';

/** The users that every host has, with their groups. */
const users: Readonly<Record<string, string>> = { '0': 'root', '1': 'daemon', '2': 'bin', '65534': 'nobody' };
const groups: Readonly<Record<string, string>> = { '0': 'root', '1': 'daemon', '2': 'bin', '65534': 'nogroup' };

/** Looks them up, as dockerd does while it loads the file. */
export function checkRemappedUser({ values, set }: Reading, findings: Findings): void {
  const spelt = values['userns-remap'] ?? '';
  if (spelt === '') return;
  if (spelt === 'default' || spelt === 'root' || spelt === '0' || /^(root|0):(root|0)$/.test(spelt)) {
    findings.info({
      key: 'userns-remap',
      code: 'depends_on_host',
      message:
        spelt === 'default'
          ? 'dockerd makes a user dockremap for it, and keeps its data apart from what it had before: images and containers seem to be gone'
          : 'root cannot be remapped onto itself: user namespaces stay off',
      fix: spelt === 'default' ? 'Expect an empty engine after the start' : 'Write "default"',
    });
    return;
  }
  const says = findUserProblem(spelt);
  // The user "default" itself is made while the file is loaded; what is wrong then is found at the next look.
  findings.error(set.size > 0 && spelt.startsWith('default:') ? 'start' : 'load', says, {
    key: 'userns-remap',
    code: 'name_not_found',
    message: `"userns-remap" is ${JSON.stringify(spelt)}, and a fresh host has no such user with ranges of its own: ${says}`,
    fix: 'Write "default": dockerd makes the user itself; or make user, group and their lines in /etc/subuid and /etc/subgid first',
  });
}

function findUserProblem(spelt: string): string {
  const [user = '', group, more] = spelt.split(':');
  if (more !== undefined) return `Invalid user/group specification in --userns-remap: ${JSON.stringify(spelt)}`;
  const isNumber = (text: string) => /^[+-]?\d{1,10}$/.test(text);
  let name = user;
  if (isNumber(user)) {
    const known = users[user];
    if (known === undefined)
      return `Uid ${Number(user)} has no entry in /etc/passwd: ${Number(user) < 0 ? 'exit status 64' : `getent unable to find entry "${Number(user)}" in passwd database`}`;
    name = known;
    if (group === undefined && groups[user] === undefined)
      return `Gid ${user} has no entry in /etc/group: getent unable to find entry "${user}" in group database`;
  } else if (user !== 'default') {
    if (!Object.values(users).includes(user))
      return `Error during uid lookup for ${JSON.stringify(user)}: getent unable to find entry ${JSON.stringify(user)} in passwd database`;
    if (group === undefined && !Object.values(groups).includes(user))
      return `Error during gid lookup for ${JSON.stringify(user)}: getent unable to find entry ${JSON.stringify(user)} in group database`;
  }
  if (group !== undefined) {
    if (isNumber(group) && groups[group] === undefined)
      return `Gid ${Number(group)} has no entry in /etc/passwd: getent unable to find entry "${Number(group)}" in group database`;
    if (!isNumber(group) && !Object.values(groups).includes(group))
      return `Error during groupname lookup for ${JSON.stringify(group)}: getent unable to find entry ${JSON.stringify(group)} in group database`;
  }
  return `Can't create ID mappings: no subuid ranges found for user ${JSON.stringify(name)}`;
}
