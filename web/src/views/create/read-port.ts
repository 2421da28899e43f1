// What a port mapping says, where it is one of the four plain forms: for the sentence beside it. Pure; whether it is right the server says.

export interface PortMeaning {
  /** null: all addresses of the host. */
  readonly ip: string | null;
  /** null: the engine chooses. */
  readonly hostPort: string | null;
  readonly port: string;
  readonly protocol: string;
}

export function readPort(text: string): PortMeaning | null {
  const found = /^(?:(?:(\d[\d.]*|\[[0-9a-fA-F:.]+\]):)?(\d+(?:-\d+)?)?:)?(\d+(?:-\d+)?)(?:\/(tcp|udp|sctp))?$/.exec(
    text.trim(),
  );
  if (found === null) return null;
  const [, ip, hostPort, port = '', protocol = 'tcp'] = found;
  return { ip: ip?.replace(/^\[|\]$/g, '') ?? null, hostPort: hostPort ?? null, port, protocol };
}
