// Time, injected so that it can be tested.

/** Milliseconds since the epoch. */
export interface Clock {
  now(): number;
}
