#!/usr/bin/perl
# links.pl - checks the links of a static site: links.pl FOLDER
#
# Prints a line for each link to a file or an anchor that is not there, each id that a page has twice, and each file
# that no page links to. With --external it prints the addresses outside, and the page of each, instead.
use strict;
use warnings;
use File::Basename qw(dirname);
use File::Find;

my $external = @ARGV && $ARGV[0] eq '--external' && shift @ARGV;
die "usage: links.pl [--external] FOLDER\n" if @ARGV != 1;
chdir $ARGV[0] or die "$ARGV[0]: $!\n";
my (%text, %ids, %linked, %outside);
my $bad = 0;
find({no_chdir => 1, wanted => sub { $text{$_ =~ s{^\./}{}r} = '' if -f }}, '.');
for my $page (sort grep { /\.html$/ } keys %text) {
    open my $f, '<', $page or die "$page: $!\n";
    local $/;
    $text{$page} = <$f>;
    my @ids = $text{$page} =~ /\sid="([^"]*)"/g;
    for my $id (@ids) {
        next if $ids{$page}{$id}++ != 1;
        print "$page: the id $id occurs twice\n" if !$external;
        $bad = 1;
    }
}

$linked{'index.html'} = 1;
for my $page (sort grep { /\.html$/ } keys %text) {
    while ($text{$page} =~ /\s(?:href|src)="([^"]*)"/g) {
        my $link = $1;
        if ($link =~ /^[a-z]+:/) { $outside{$link}{$page} = 1; next }
        my ($path, $anchor) = $link =~ /^([^#]*)(?:#(.*))?$/;
        my $to = $path eq '' ? $page : dirname($page) . "/$path";
        1 while $to =~ s{(^|/)\./}{$1} || $to =~ s{(^|/)(?!\.\./)[^/]+/\.\./}{$1};
        $linked{$to} = 1 if $to ne $page;
        my $why = exists $text{$to} ? 'has no such anchor' : 'is not there';
        next if exists $text{$to} && (!defined $anchor || $ids{$to}{$anchor});
        print "$page: $link $why\n" if !$external;
        $bad = 1;
    }
}
if ($external) {
    print "$_\t", join(' ', sort keys %{$outside{$_}}), "\n" for sort keys %outside;
    exit 0;
}
for my $file (sort keys %text) {
    next if $linked{$file};
    print "$file: no page links to it\n";
    $bad = 1;
}
exit $bad;
