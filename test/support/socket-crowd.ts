// A container with many sockets: the first snapshot of a stream is more than a connection holds on its way. At its port 80 others come and go.
import { type Cleanup, createTestContainer, docker, inspectContainer } from './engine.ts';
import { waitFor } from './wait-for.ts';

/** Many sockets that rest, and a port that accepts connections and closes them when their client does. */
const crowd = `
  use strict; use Socket; use IO::Select;
  my @still = map {
    socket(my $one, PF_INET, SOCK_DGRAM, 0) or die; bind($one, sockaddr_in(2000 + $_, INADDR_LOOPBACK)) or die; $one
  } 1 .. 1500;
  socket(my $door, PF_INET, SOCK_STREAM, 0) or die;
  bind($door, sockaddr_in(80, INADDR_ANY)) or die; listen($door, 100) or die;
  my $all = IO::Select->new($door);
  $| = 1; print "open\\n";
  while (my @ready = $all->can_read) {
    for my $one (@ready) {
      if ($one != $door) { $all->remove($one); close $one; next }
      my $guest; accept($guest, $door) and $all->add($guest);
    }
  }`;

/** Starts it; resolves when its port is open. */
export async function makeCrowd(cleanup: Cleanup): Promise<{ id: string; address: string }> {
  const limits = [{ Name: 'nofile', Soft: 10_000, Hard: 10_000 }];
  const body = { Image: 'terrarium-test-base:trixie', Cmd: ['perl', '-e', crowd], HostConfig: { Ulimits: limits } };
  const { id } = await createTestContainer(cleanup, { body });
  await waitFor(async (see) => see((await docker('logs', id)).stdout).includes('open'), {
    what: 'the crowd to listen',
  });
  return { id, address: (await inspectContainer(id)).NetworkSettings.IPAddress };
}
