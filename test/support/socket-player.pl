# Plays the socket calls that it is told, one a line, and answers each with a line: `ok …`, or `no REASON` for a call that the kernel
# refuses. Every socket has a name of the caller's; none of them blocks. It needs Perl's base modules alone.
use strict;
use warnings;
use Socket qw(:all);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);

$| = 1;
$SIG{PIPE} = 'IGNORE';
$^F = 2;
my (%socket, %family, %holder);
# Whether connections end at once and without a trace, by a reset.
my $abrupt = 0;

my %kinds = (
    tcp => [AF_INET, SOCK_STREAM, 0], tcp6 => [AF_INET6, SOCK_STREAM, 0],
    udp => [AF_INET, SOCK_DGRAM, 0], udp6 => [AF_INET6, SOCK_DGRAM, 0],
    raw => [AF_INET, SOCK_RAW, 1], raw6 => [AF_INET6, SOCK_RAW, 58],
);
my %options = (
    reuseaddr => [SOL_SOCKET, SO_REUSEADDR], reuseport => [SOL_SOCKET, SO_REUSEPORT], keepalive => [SOL_SOCKET, SO_KEEPALIVE],
    rcvbuf => [SOL_SOCKET, SO_RCVBUF], sndbuf => [SOL_SOCKET, SO_SNDBUF], v6only => [IPPROTO_IPV6, IPV6_V6ONLY],
);

sub refuse { die "$!\n" }
sub named { $socket{$_[0]} // die "no socket $_[0]\n" }

# `fe80::1%2` is an address with its scope.
sub pack_end {
    my ($family, $address, $port) = @_;
    return pack_sockaddr_in($port, inet_pton(AF_INET, $address) // die "not IPv4: $address\n") if $family == AF_INET;
    my ($bare, $scope) = split /%/, $address;
    return pack_sockaddr_in6($port, inet_pton(AF_INET6, $bare) // die "not IPv6: $address\n", $scope // 0);
}

sub spell_end {
    my ($family, $packed) = @_;
    my ($port, $address) = $family == AF_INET ? unpack_sockaddr_in($packed) : unpack_sockaddr_in6($packed);
    return inet_ntop($family, $address) . " $port";
}

sub keep {
    my ($name, $family, $new) = @_;
    fcntl($new, F_SETFL, fcntl($new, F_GETFL, 0) | O_NONBLOCK) or refuse();
    if ($abrupt) { setsockopt($new, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0)) or refuse() }
    drop($name);
    ($socket{$name}, $family{$name}) = ($new, $family);
}

sub drop {
    my ($name) = @_;
    my $old = delete $socket{$name};
    close $old if defined $old;
}

sub open_socket {
    my ($name, $kind, $protocol) = @_;
    my ($family, $type, $usual) = @{$kinds{$kind} // die "no kind $kind\n"};
    socket(my $new, $family, $type, $protocol // $usual) or refuse();
    keep($name, $family, $new);
}

sub bind_socket {
    my ($name, $address, $port) = @_;
    bind(named($name), pack_end($family{$name}, $address, $port)) or refuse();
}

sub set_option {
    my ($name, $option, $value) = @_;
    my ($level, $number) = @{$options{$option} // die "no option $option\n"};
    setsockopt(named($name), $level, $number, pack('i', $value)) or refuse();
}

sub sum16 {
    my ($bytes) = @_;
    my $sum = 0;
    $sum += $_ for unpack('n*', $bytes . "\0" x (length($bytes) % 2));
    $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
    return ~$sum & 0xffff;
}

my %calls = (
    abrupt => sub { $abrupt = $_[0]; '' },
    open => sub { open_socket(@_); '' },
    set => sub { set_option(@_); '' },
    bind => sub { bind_socket(@_); '' },
    listen => sub { listen(named($_[0]), $_[1]) or refuse(); '' },
    # name kind address port backlog [option…]: all that a listener takes, at once.
    serve => sub {
        my ($name, $kind, $address, $port, $backlog, @flags) = @_;
        open_socket($name, $kind);
        eval {
            set_option($name, $_, 1) for @flags;
            bind_socket($name, $address, $port);
            if ($kind =~ /^tcp/) { listen($socket{$name}, $backlog) or refuse() }
            1;
        } or do { my $why = $@; drop($name); die $why };
        spell_end($family{$name}, getsockname($socket{$name}));
    },
    # name port: ends a listener and opens another one in its place, with nothing between.
    swap => sub {
        my ($name, $port) = @_;
        my $old = named($name);
        my ($family, $address) = ($family{$name}, (split / /, spell_end($family{$name}, getsockname($old)))[0]);
        drop($name);
        socket(my $new, $family, SOCK_STREAM, 0) or refuse();
        setsockopt($new, SOL_SOCKET, SO_REUSEADDR, pack('i', 1)) or refuse();
        bind($new, pack_end($family, $address, $port)) or refuse();
        listen($new, 5) or refuse();
        keep($name, $family, $new);
        '';
    },
    connect => sub {
        my ($name, $address, $port) = @_;
        return '' if connect(named($name), pack_end($family{$name}, $address, $port));
        $!{EINPROGRESS} ? 'pending' : refuse();
    },
    accept => sub {
        my ($name, $new) = @_;
        accept(my $accepted, named($name)) or refuse();
        keep($new, $family{$name}, $accepted);
        '';
    },
    shutdown => sub { shutdown(named($_[0]), $_[1]) or refuse(); '' },
    close => sub { named($_[0]); drop($_[0]); '' },
    reset => sub { setsockopt(named($_[0]), SOL_SOCKET, SO_LINGER, pack('ii', 1, 0)) or refuse(); drop($_[0]); '' },
    write => sub { syswrite(named($_[0]), 'x' x $_[1]) // refuse() },
    read => sub { sysread(named($_[0]), my $buffer, $_[1]) // refuse() },
    # Until nothing is left.
    drain => sub {
        my $all = 0;
        while (my $count = sysread(named($_[0]), my $buffer, 65536)) { $all += $count }
        $all;
    },
    send => sub {
        my ($name, $address, $port, $bytes) = @_;
        send(named($name), 'x' x $bytes, 0, pack_end($family{$name}, $address, $port)) // refuse();
    },
    end => sub { spell_end($family{$_[0]}, getsockname(named($_[0]))) },
    # Gives a socket to a process that does nothing but hold it, and which `kill` ends.
    hold => sub {
        my ($name) = @_;
        my $held = named($name);
        pipe(my $heard, my $said) or refuse();
        my $pid = fork() // refuse();
        if ($pid == 0) {
            for (keys %socket) { close $socket{$_} unless $_ eq $name }
            close $heard;
            close STDIN;
            close STDOUT;
            close STDERR;
            syswrite($said, '.');
            close $said;
            sleep 3600 while 1;
        }
        close $said;
        sysread($heard, my $ready, 1);
        drop($name);
        $holder{$name} = $pid;
        '';
    },
    kill => sub {
        my $pid = delete $holder{$_[0]} // die "nobody holds $_[0]\n";
        kill 'KILL', $pid or refuse();
        waitpid $pid, 0;
        '';
    },
    # from from-port to to-port: the first packet of a connection from an address where nobody is, so that no answer to it ever gets one.
    syn => sub {
        my ($from, $source, $to, $port) = @_;
        my ($a, $b) = (inet_aton($from), inet_aton($to));
        my @fields = ($source, $port, 1, 0, 5 << 4, 2, 65535);
        my $sum = sum16(pack('a4a4CCn nnNNCCnnn', $a, $b, 0, 6, 20, @fields, 0, 0));
        my $segment = pack('nnNNCCnnn', @fields, $sum, 0);
        socket(my $raw, AF_INET, SOCK_RAW, 255) or refuse();
        my $packet = pack('CCnnnCCna4a4', 0x45, 0, 40, 0, 0, 64, 6, 0, $a, $b) . $segment;
        send($raw, $packet, 0, pack_sockaddr_in(0, $b)) // refuse();
        '';
    },
    # prefix count kind address port: as many sockets, each with a port of its own.
    many => sub {
        my ($prefix, $count, $kind, $address, $port) = @_;
        for my $i (0 .. $count - 1) {
            open_socket("$prefix$i", $kind);
            bind_socket("$prefix$i", $address, $port + $i);
            if ($kind =~ /^tcp/) { listen($socket{"$prefix$i"}, 1) or refuse() }
        }
        '';
    },
    clear => sub {
        my ($prefix) = @_;
        $prefix //= '';
        drop($_) for grep { index($_, $prefix) == 0 } keys %socket;
        if ($prefix eq '') { kill 'KILL', $_ and waitpid $_, 0 for values %holder; %holder = () }
        '';
    },
);

print "ok ready\n";
while (my $line = <STDIN>) {
    my ($call, @arguments) = split ' ', $line;
    my $answer = eval { ($calls{$call} // die "unknown call $call\n")->(@arguments) };
    my $why = $@;
    $why =~ s/\s+/ /g;
    print defined $answer ? "ok $answer\n" : "no $why\n";
}
