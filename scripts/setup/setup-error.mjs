// The one error a set-up step throws on purpose: its message is the single line the person reads.
// Anything else that is thrown is a bug in the set-up.

/** A set-up step cannot go on; `message` says what is wrong and what to do, in one line. */
export class SetupError extends Error {
  name = 'SetupError';
}
