// The rules of one engine host for one address family, as `iptables-save -c` (or `ip6tables-save -c`) lists them. Shapes only.

export const tableNames = ['raw', 'mangle', 'nat', 'filter', 'security'] as const;
export type TableName = (typeof tableNames)[number];

/** One condition of a rule, as it is written. What a packet must be for it to hold is decided in matches.ts. */
export interface Match {
  /**
   * `source`, `destination`, `in-interface`, `out-interface`, `protocol`, `fragment`; `module:option` for those of an extension:
   * `conntrack:ctstate`; the module's name alone where it has no option in the rule (`-m socket`).
   */
  readonly name: string;
  readonly negated: boolean;
  readonly values: readonly string[];
}

export interface Rule {
  readonly table: TableName;
  readonly chain: string;
  /** Place in its chain, from 1, as `iptables -L --line-numbers` counts. */
  readonly index: number;
  /** As `iptables-save` writes it, without its counters: `-A DOCKER-USER -p tcp -j DROP`. */
  readonly text: string;
  readonly packets: number;
  readonly bytes: number;
  readonly matches: readonly Match[];
  /** What is done with what matches; null where it is only counted. */
  readonly target: Target | null;
}

export interface Target {
  /** `ACCEPT`, `DROP`, `REJECT`, `RETURN`, `DNAT`, `MASQUERADE`, …, or a chain. */
  readonly name: string;
  /** `-g`: comes back to the chain that called this one, not to this one. */
  readonly isGoto: boolean;
  /** `to-destination` → `172.17.0.2:80`. */
  readonly options: Readonly<Record<string, string>>;
}

export interface Chain {
  readonly table: TableName;
  readonly name: string;
  /** What becomes of a packet that reaches its end; null for a chain that is not built in. */
  readonly policy: 'ACCEPT' | 'DROP' | null;
  readonly packets: number;
  readonly bytes: number;
  readonly rules: readonly Rule[];
}

/** Tables that nobody has used are not there: they accept. */
export interface Ruleset {
  readonly family: 'ipv4' | 'ipv6';
  readonly tables: ReadonlyMap<TableName, ReadonlyMap<string, Chain>>;
  /** Tables of which the program says that it cannot show them, because something else (nft) wrote rules of its own there. */
  readonly unreadable: ReadonlySet<TableName>;
}
