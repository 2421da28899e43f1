// Who calls. Every request and every socket acts for exactly one principal.

export interface Principal {
  readonly name: string;
  readonly role: 'admin';
}

/** The one principal there is: whoever holds the server's token. */
export const admin: Principal = Object.freeze({ name: 'admin', role: 'admin' });
