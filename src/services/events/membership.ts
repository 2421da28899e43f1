// Groups that exist as long as they have a member: namespaces, labs. It says when a move makes one or empties one.

/** Names of the groups that a move has made and emptied; null where it has not. */
export interface Move {
  readonly appeared: string | null;
  readonly gone: string | null;
}

const nothing: Move = { appeared: null, gone: null };

export class Membership {
  readonly #groupOf = new Map<string, string>();
  readonly #sizes = new Map<string, number>();

  /** Puts a member into a group, out of the one it was in; null is none. */
  move(member: string, group: string | null): Move {
    const before = this.#groupOf.get(member) ?? null;
    if (before === group) return nothing;
    if (group === null) this.#groupOf.delete(member);
    else this.#groupOf.set(member, group);
    return { gone: this.#leave(before), appeared: this.#enter(group) };
  }

  #leave(group: string | null): string | null {
    if (group === null) return null;
    const size = (this.#sizes.get(group) ?? 0) - 1;
    if (size > 0) this.#sizes.set(group, size);
    else this.#sizes.delete(group);
    return size > 0 ? null : group;
  }

  #enter(group: string | null): string | null {
    if (group === null) return null;
    const size = this.#sizes.get(group) ?? 0;
    this.#sizes.set(group, size + 1);
    return size === 0 ? group : null;
  }
}
