// What has to be there before a container is made, by the names of the file: the target that it joins, and those that it comes after.
import type { LabContainer } from '../../schemas/lab.ts';

type Containers = Readonly<Record<string, LabContainer>>;

/** What a container needs directly. Names that the file does not have are left out. */
export function needsOf(containers: Containers, name: string): string[] {
  const container = containers[name];
  if (container === undefined) return [];
  const named = [...(container.mode === 'joined' ? [container.target] : []), ...(container.after ?? [])];
  return [...new Set(named)].filter((one) => Object.hasOwn(containers, one));
}

/** All that a container needs, through others too. */
export function allNeedsOf(containers: Containers, name: string): Set<string> {
  const found = new Set<string>();
  const pending = needsOf(containers, name);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    pending.push(...needsOf(containers, next));
  }
  return found;
}

/** The names of all containers, what is needed before what needs it, else in the order of the file. Of a circle each comes once, somewhere. */
export function sortByNeeds(containers: Containers): string[] {
  const sorted = new Set<string>();
  const visiting = new Set<string>();
  // A stack of our own: a chain may be as long as the lab.
  for (const root of Object.keys(containers)) {
    const stack = [{ name: root, needs: needsOf(containers, root) }];
    visiting.add(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = top.needs.shift();
      if (next === undefined) {
        sorted.add(top.name);
        stack.pop();
      } else if (!sorted.has(next) && !visiting.has(next)) {
        visiting.add(next);
        stack.push({ name: next, needs: needsOf(containers, next) });
      }
    }
  }
  return [...sorted];
}

/** The first circle of needs, each member needing the next and the last the first; null where there is none. */
export function findCircle(containers: Containers): string[] | null {
  const done = new Set<string>();
  for (const root of Object.keys(containers)) {
    const path: { name: string; needs: string[] }[] = [];
    const onPath = new Set<string>();
    const enter = (name: string) => {
      path.push({ name, needs: needsOf(containers, name) });
      onPath.add(name);
    };
    if (!done.has(root)) enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.needs.shift();
      if (next === undefined) {
        done.add(top.name);
        onPath.delete(top.name);
        path.pop();
      } else if (onPath.has(next)) {
        return path.slice(path.findIndex(({ name }) => name === next)).map(({ name }) => name);
      } else if (!done.has(next)) enter(next);
    }
  }
  return null;
}
