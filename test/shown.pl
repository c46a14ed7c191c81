#!/usr/bin/perl
# shown.pl - runs the commands that a Markdown file shows, in order and in one shell, and compares
# what they print with what the file shows.
#
#     perl shown.pl [--update] [--close] [--skip REGEX] FILE.md
#
# Prints `ok`, `not ok` or `skip` for each command, as test/run reads them.
#
# A command stands in a fenced block marked `console`, after `$ `; lines after `> ` go on with it;
# what it prints, on both standard output and standard error, is the rest up to the next one. So
# that a page can `cd` and `export`, all commands share a shell. --skip leaves out what stands below
# headings that match. --close compares words rather than lines' letters, and decimal numbers within
# 2 %, as they differ between processors. --update writes what was printed into the file, for review
# with git diff.
use strict;
use warnings;

my ($update, $skip, $close);
while (@ARGV && $ARGV[0] =~ /^--/) {
    my $o = shift @ARGV;
    if ($o eq '--update') { $update = 1 }
    elsif ($o eq '--close') { $close = 1 }
    elsif ($o eq '--skip' && @ARGV) { $skip = shift @ARGV }
    else { die "shown.pl: what is $o?\n" }
}
die "usage: shown.pl [--update] [--close] [--skip REGEX] FILE.md\n" unless @ARGV == 1;
my $file = $ARGV[0];
open(my $in, '<', $file) or die "$file: $!\n";
my @page = <$in>;
close $in;

# a command: line (from 1), text, lines shown below it (first, past the last; from 0), wanted or not
my (@commands, $fence, $heading, $c);
$heading = '';
for my $i (0 .. $#page) {
    $_ = $page[$i];
    if (/^```/) {
        $fence = $fence ? '' : /^```console\s*$/ ? 'console' : 'other';
        undef $c;
        next;
    }
    if (!$fence) {
        $heading = $1 if /^#+ (.*)/;
    } elsif ($fence eq 'console') {
        if (/^\$ (.*)/s) {
            my $skipped = defined $skip && $heading =~ /$skip/;
            $c = { line => $i + 1, text => $1, first => $i + 1, past => $i + 1, skip => $skipped };
            push @commands, $c;
        } elsif (!$c) {
            die "$file:" . ($i + 1) . ": a console block begins with a command, after `\$ `\n";
        } elsif (/^> (.*)/s && $c->{past} == $i) {
            $c->{text} .= $1;
            $c->{first} = $c->{past} = $i + 1;
        } else {
            $c->{past} = $i + 1;
        }
    }
}
die "$file: the last block is not closed\n" if $fence;
die "$file: it shows no commands\n" unless @commands;

# one script for all of them; a command that ends the shell is found by the missing status of those that follow
my $work = "shown.$$";
mkdir $work or die "$work: $!\n";
my $here = `pwd`;
chomp $here;
open(my $script, '>', "$work/script") or die "$work/script: $!\n";
for my $k (grep { !$commands[$_]{skip} } 0 .. $#commands) {
    print $script "{\n$commands[$k]{text}} > '$here/$work/$k.out' 2>&1 < /dev/null\n";
    print $script "echo \$? > '$here/$work/$k.status'\n";
}
close $script or die "$work/script: $!\n";
system('bash', '-o', 'pipefail', "$work/script");

sub content {
    open(my $f, '<', $_[0]) or return undef;
    local $/;
    my $s = <$f>;
    return defined $s ? $s : '';
}
# Whether what was printed is what is shown.
sub alike {
    my ($want, $got) = @_;
    return $want eq $got unless $close;
    my @w = split /\n/, $want;
    my @g = split /\n/, $got;
    return 0 unless @w == @g;
    for my $i (0 .. $#w) {
        my $number = qr/-?\d+\.\d+(?:e[-+]?\d+)?/;
        my (@a) = $w[$i] =~ /$number/g;
        my (@b) = $g[$i] =~ /$number/g;
        (my $text = join ' ', split ' ', $w[$i]) =~ s/$number/#/g;
        (my $other = join ' ', split ' ', $g[$i]) =~ s/$number/#/g;
        return 0 unless $text eq $other;
        for my $k (0 .. $#a) {
            my ($x, $y) = (abs $a[$k], abs $b[$k]);
            return 0 if abs($a[$k] - $b[$k]) > 0.02 * ($x > $y ? $x : $y) + 1e-6;
        }
    }
    return 1;
}
my $n_bad = 0;
for my $k (reverse 0 .. $#commands) { # from the end, so that lines still count right while the page changes
    my $c = $commands[$k];
    my $name = "line $c->{line}: " . (split /\n/, $c->{text})[0];
    if ($c->{skip}) { $c->{verdict} = "skip $name\n"; next }
    my ($status, $got) = (content("$work/$k.status"), content("$work/$k.out"));
    my $want = join '', @page[$c->{first} .. $c->{past} - 1];
    if (!defined $status) { $c->{verdict} = "not ok $name: it was not run, or ended the shell\n" }
    elsif ($status != 0 && $status != 141) { # 141: a `head` below it had seen enough
        $c->{verdict} = "not ok $name: exit status " . (0 + $status) . ": $got\n" }
    else {
        $got .= "\n" if $got ne '' && $got !~ /\n\z/;
        $got =~ s/[ \t]+$//mg;
        if (alike($want, $got)) { $c->{verdict} = "ok $name\n" }
        elsif ($update) {
            splice @page, $c->{first}, $c->{past} - $c->{first}, map { "$_\n" } split /\n/, $got;
            $c->{verdict} = "ok $name (rewritten)\n";
        } else {
            my @w = split /\n/, $want, -1;
            my @g = split /\n/, $got, -1;
            my $d = 0;
            $d++ while $d < @w && $d < @g && alike($w[$d], $g[$d]);
            $c->{verdict} = "not ok $name: shown '" . ($w[$d] // '') . "', printed '" . ($g[$d] // '') . "'\n";
        }
    }
    $n_bad++ if $c->{verdict} =~ /^not/;
}
for (map { $_->{verdict} } @commands) {
    chomp;
    s/\n/ | /g; # a verdict is a line
    print "$_\n";
}
system('rm', '-rf', $work);
if ($update && !$n_bad) {
    open(my $out, '>', "$file.new") or die "$file.new: $!\n";
    print $out @page;
    close $out or die "$file.new: $!\n";
    rename "$file.new", $file or die "$file: $!\n";
}
exit($n_bad ? 1 : 0);
