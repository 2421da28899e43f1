// What carries frames to one client. The session and its outbox know no more of a WebSocket or of an HTTP answer than this.

export interface Wire {
  /** Sends one frame; `done` is called once, when the client's side has taken it (or it is known that it never will). */
  send(frame: Buffer, done: () => void): void;
  /** Asks whether the client is still there, in the way of the carrier. */
  ping(): void;
  /** Milliseconds that the oldest unanswered ping has waited; 0 where all are answered or the carrier has none. */
  unansweredMs(): number;
  /** Ends the connection after what was sent. `code` and `reason` are those of RFC 6455 §7.4. */
  close(code: number, reason: string): void;
  /** Called once, when the connection has ended for whatever reason. */
  onClose(listener: () => void): void;
}
