# Opens as many sockets as three processes may: a third of them listen on TCP, the others are bound on UDP, none moves. One more listener takes
# turns between two ports, so that something is always happening. USR1: keeps five sockets a process, and rests. Prints a line when all are open.
use strict;
use Socket;

my $each = shift;
my $shrink = 0;
$SIG{USR1} = sub { $shrink = 1 };
pipe(my $opened, my $done) or die;

my $number = 0;
while ($number < 2) { last unless fork; $number++ }

sub open_socket {
  my ($type, $port, $host) = @_;
  socket(my $one, PF_INET, $type, 0) or die "socket: $!";
  setsockopt($one, SOL_SOCKET, SO_REUSEADDR, 1);
  bind($one, sockaddr_in($port, inet_aton("127.0.0.$host"))) or die "bind $port: $!";
  if ($type == SOCK_STREAM) { listen($one, 1) or die "listen: $!" }
  return $one;
}

my $type = $number == 0 ? SOCK_STREAM : SOCK_DGRAM;
my @held = map { open_socket($type, 1024 + $_, 1 + $number) } 0 .. $each - 1;
syswrite($done, "x");
if ($number == 2) {
  sysread($opened, my $one, 1) for 1 .. 3;
  $| = 1;
  print "open\n";
}

my ($turn, $moving) = (0);
until ($shrink) {
  if ($number == 0) { $moving = undef; $moving = open_socket(SOCK_STREAM, 40000 + $turn++ % 2, 1) }
  select(undef, undef, undef, 0.1);
}
$moving = undef;
splice(@held, 5);
sleep 3600 while 1;
