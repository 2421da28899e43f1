# One end of TCP connections inside a network namespace: listens on the ports of its arguments (all addresses, both families), and makes the connections
# that it is told, one a line: `ID ADDRESS PORT MILLISECONDS`. Answers `ID open`, `ID refused`, `ID unreachable` or `ID timeout`. Whatever it
# opened it ends by a reset, so that nothing is sent again later. Ends with its stdin.
use strict;
use warnings;
use Errno qw(EINPROGRESS ECONNREFUSED EHOSTUNREACH ENETUNREACH EACCES ENOPROTOOPT ETIMEDOUT);
use Fcntl;
use IO::Poll qw(POLLIN POLLOUT POLLERR POLLHUP);
use Socket qw(:all);
use Time::HiRes qw(time);

$| = 1;
$SIG{PIPE} = 'IGNORE';
my $abrupt = pack('ii', 1, 0);
my (%listening, %accepted, %calling);
my $poll = IO::Poll->new;

sub watch { my ($socket, $mask) = @_; fcntl($socket, F_SETFL, O_NONBLOCK); $poll->mask($socket => $mask) }
sub drop { my ($socket) = @_; $poll->remove($socket); close $socket }

for my $port (@ARGV) {
    socket(my $socket, AF_INET6, SOCK_STREAM, 0) or die "$!";
    setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1);
    bind($socket, pack_sockaddr_in6($port, IN6ADDR_ANY)) or die "port $port: $!";
    listen($socket, 128) or die "$!";
    watch($socket, POLLIN);
    $listening{$socket} = $socket;
}

sub name_of {
    my ($error) = @_;
    return 'refused' if $error == ECONNREFUSED;
    return 'timeout' if $error == ETIMEDOUT;
    return 'unreachable' if grep { $error == $_ } EHOSTUNREACH, ENETUNREACH, EACCES, ENOPROTOOPT;
    return "error-$error";
}

sub call {
    my ($id, $address, $port, $wait) = @_;
    my $is_v6 = $address =~ /:/;
    socket(my $socket, $is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0) or die "$!";
    setsockopt($socket, SOL_SOCKET, SO_LINGER, $abrupt);
    watch($socket, POLLOUT);
    my $packed = inet_pton($is_v6 ? AF_INET6 : AF_INET, $address);
    my $to = $is_v6 ? pack_sockaddr_in6($port, $packed) : pack_sockaddr_in($port, $packed);
    if (connect($socket, $to)) { print "$id open\n"; drop($socket); return }
    if ($! != EINPROGRESS) { print "$id ", name_of($! + 0), "\n"; drop($socket); return }
    $calling{$socket} = { socket => $socket, id => $id, until => time + $wait / 1000 };
}

my $pending = '';
watch(*STDIN, POLLIN);
print "ready\n";
while (1) {
    $poll->poll(%calling ? 0.02 : 60);
    for my $socket (values %listening) {
        next unless $poll->events($socket);
        while (accept(my $new, $socket)) {
            setsockopt($new, SOL_SOCKET, SO_LINGER, $abrupt);
            watch($new, POLLIN);
            $accepted{$new} = $new;
        }
    }
    for my $socket (values %accepted) {
        next unless $poll->events($socket);
        next if sysread($socket, my $bytes, 1024);
        delete $accepted{$socket};
        drop($socket);
    }
    for my $call (values %calling) {
        my $socket = $call->{socket};
        my $outcome;
        if ($poll->events($socket)) {
            my $error = unpack('i', getsockopt($socket, SOL_SOCKET, SO_ERROR));
            $outcome = $error ? name_of($error) : 'open';
        } elsif (time > $call->{until}) {
            $outcome = 'timeout';
        }
        next unless defined $outcome;
        delete $calling{$socket};
        drop($socket);
        print "$call->{id} $outcome\n";
    }
    if ($poll->events(*STDIN)) {
        my $count = sysread(STDIN, $pending, 65536, length $pending);
        exit 0 if defined $count && $count == 0;
        call(split / /, $1) while $pending =~ s/^(.*)\n//;
    }
}
