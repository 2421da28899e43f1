// Name servers, as `dns` of daemon.json and of `docker run` takes them: addresses, no names.
import { Failure } from '../schemas/failure.ts';
import { parseIpAddress } from './ports/ip-address.ts';

/** @throws Failure naming the one at fault */
export function readNameServers(servers: readonly string[] = []): readonly string[] {
  for (const [index, server] of servers.entries()) {
    if (parseIpAddress(server) !== null) continue;
    throw new Failure('invalid_request', `The name server ${JSON.stringify(server)} is not an IP address`, {
      field: `dns[${index}]`,
      hint: 'Give an address such as 9.9.9.9 or 2620:fe::fe.',
    });
  }
  return servers;
}
