# Clients that connect by WebSocket and then read nothing. Their windows and segments are as small as the kernel lets them be, as those of a far
# and slow machine are, so that little of what is sent to them is on its way. Arguments: how many, port, path, token. Prints `silent` when all have
# been answered 101. USR1: reads at last, all there is, and prints how many were closed with which code: `closed 1013 200`.
use strict;
use Socket;
use IO::Select;

my ($count, $port, $path, $token) = @ARGV;
# IPPROTO_TCP and TCP_MAXSEG, for which this Socket has no names (tcp(7)).
my ($tcp, $maxSegment, $small, $large) = (6, 2, pack('i', 536), pack('i', 1 << 20));
my $read = 0;
$SIG{USR1} = sub { $read = 1 };
$| = 1;

my %bytes;
my @clients = map {
  socket(my $one, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
  setsockopt($one, SOL_SOCKET, SO_RCVBUF, $small) or die;
  setsockopt($one, $tcp, $maxSegment, $small) or die;
  connect($one, sockaddr_in($port, INADDR_LOOPBACK)) or die "connect: $!";
  syswrite($one, join("\r\n", "GET $path HTTP/1.1", "Host: 127.0.0.1:$port", "Authorization: Bearer $token", 'Connection: Upgrade',
    'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', '', ''));
  $one
} 1 .. $count;
for my $one (@clients) {
  my $head = '';
  # Letter by letter: nothing of what follows is read.
  until ($head =~ /\r\n\r\n$/) { sysread($one, $head, 1, length $head) or die "refused: $head" }
  $head =~ m{^HTTP/1.1 101 } or die "refused: $head";
  $bytes{$one} = '';
}
print "silent\n";
until ($read) { select(undef, undef, undef, 0.1) }

# Frames as a server sends them, which are not masked (RFC 6455, 5.2). What is whole is cut off; answers the code of a close frame.
sub take_frames {
  my ($key) = @_;
  while (length $bytes{$key} >= 2) {
    my ($opcode, $length) = unpack('CC', $bytes{$key});
    my $start = 2;
    if ($length == 126) { return if length $bytes{$key} < 4; $length = unpack('x2n', $bytes{$key}); $start = 4 }
    elsif ($length == 127) { return if length $bytes{$key} < 10; $length = unpack('x2Q>', $bytes{$key}); $start = 10 }
    return if length $bytes{$key} < $start + $length;
    return unpack("x${start}n", $bytes{$key}) if ($opcode & 15) == 8;
    substr($bytes{$key}, 0, $start + $length) = '';
  }
  return;
}

my %codes;
my $open = IO::Select->new(@clients);
setsockopt($_, SOL_SOCKET, SO_RCVBUF, $large) for @clients;
while ($open->count) {
  my @ready = $open->can_read(10) or last;
  for my $one (@ready) {
    my $got = sysread($one, $bytes{$one}, 65536, length $bytes{$one});
    my $code = $got ? take_frames($one) : 'cut';
    next unless defined $code;
    $codes{$code}++;
    $open->remove($one);
  }
}
$codes{open} = $open->count if $open->count;
print 'closed ', join(' ', map { "$_ $codes{$_}" } sort keys %codes), "\n";
