// The closed lists of roles and rights. Words alone, so that the command line has them without the schemas' library, which takes it 0.2 s to load.

export const roles = ['admin', 'operator', 'viewer'] as const;
/** As services/access.ts gives it rights. */
export type Role = (typeof roles)[number];

/** What an operator has only where the tokens file says so; an admin has all of them, a viewer those that only look. */
export const rightNames = ['list_all', 'host', 'rules', 'pull', 'daemon_config'] as const;
export type Right = (typeof rightNames)[number];
