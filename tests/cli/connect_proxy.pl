#!/usr/bin/perl
# A proxy for the tests: takes CONNECT, whatever host it names, and leads to a port of this machine. It writes what it was
# asked, headers and all, to a log.
#
#   connect_proxy.pl TARGET-PORT PORT-FILE LOG
#
# It ends with its parent, and after five minutes.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my ($target, $port_file, $log) = @ARGV;
my $parent = getppid();
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 16, Proto => 'tcp', ReuseAddr => 1)
	or die "cannot listen: $!";
open(my $port, '>', "$port_file.new") or die;
print $port $server->sockport(), "\n";
close($port);
rename("$port_file.new", $port_file);
$SIG{CHLD} = 'IGNORE';
my $until = time + 300;
my $waiting = IO::Select->new($server);

while (getppid() == $parent && time < $until) {
	next unless $waiting->can_read(1);
	my $client = $server->accept() or next;
	next if fork();
	my $head = '';
	while ($head !~ /\r\n\r\n/) {
		sysread($client, $head, 1, length $head) or exit;
	}
	open(my $out, '>>', $log) or exit;
	print $out $head;
	close($out);
	my $to = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $target, Proto => 'tcp') or exit;
	syswrite($client, "HTTP/1.1 200 Connection established\r\n\r\n");
	my $both = IO::Select->new($client, $to);
	while (my @ready = $both->can_read(60)) {
		for my $from (@ready) {
			sysread($from, my $bytes, 65536) or exit;
			syswrite($from == $client ? $to : $client, $bytes);
		}
	}
	exit;
}
