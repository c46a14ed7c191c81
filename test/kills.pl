#!/usr/bin/perl
# kills.pl - kills a command at random moments, and looks at what it has left.
#
#   kills.pl [-n KILLS] [-s SEED] [-a] NAME OUTPUTS COMMAND...
#
# OUTPUTS: files that the command writes, comma-separated; A+B: B is the index of A; A?: left by a
# run that was stopped, such as a checkpoint. Each kill is SIGKILL, SIGTERM, SIGINT or SIGHUP in
# turn, at a moment between the start and a little after the end of a whole run, with outputs of an
# older run there or not. Then every output is what it was or what a whole run makes, no index lies
# beside data that it is not of, and no temporary file is left but by SIGKILL. -a: the same command,
# run again, makes what a whole run makes. With kill.so, in KILL_SO, the process also kills itself
# at each call that makes, renames or removes a file. Prints `ok NAME, N kills` or `not ok NAME:
# why`.
use strict;
use warnings;
no warnings 'exec';
use Time::HiRes qw(time sleep);
use POSIX ();

my ($n, $seed, $again) = (8, 1, 0);
while (@ARGV && $ARGV[0] =~ /^-([nsa])$/) {
    shift;
    if ($1 eq 'n') { $n = shift } elsif ($1 eq 's') { $seed = shift } else { $again = 1 }
}
my ($name, $outputs, @command) = @ARGV;
srand($seed + unpack('%16C*', $name));
my $first = int rand 4;
my (@file, %index_of, %maybe);
for my $o (split /,/, $outputs) {
    my ($data, $index) = split /\+/, $o;
    $maybe{$data} = 1 if $data =~ s/\?$//;
    push @file, $data;
    push(@file, $index), $index_of{$index} = $data if $index;
}
my $preload = $ENV{KILL_SO};

# The bytes of a file, or undef if there is none.
sub slurp {
    my ($file) = @_;
    open my $in, '<:raw', $file or return undef;
    local $/;
    return <$in> // '';
}

sub spew {
    my ($file, $bytes) = @_;
    open my $out, '>:raw', $file or die "$file: $!";
    print $out $bytes;
    close $out;
}

sub temporary { my @t = glob '*.tmp.*'; return @t }

sub fail {
    unlink temporary();
    print "not ok $name: ", @_, "\n";
    exit;
}

# Runs the command, killed by $sig after $after seconds or at the $at-th call. Returns the status of wait.
sub run {
    my ($sig, $after, $at) = @_;
    my $pid = fork // die;
    if (!$pid) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP); # the shell lets background jobs ignore some
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', 'kills.stdout';
        open STDERR, '>', 'kills.stderr';
        if (defined $at) {
            $ENV{LD_PRELOAD} = $preload;
            $ENV{KILL_AT} = $at;
            $ENV{KILL_SIGNAL} = $sig;
        }
        exec @command;
        POSIX::_exit(127);
    }
    if (defined $after) {
        sleep $after;
        kill $sig, $pid;
    }
    waitpid $pid, 0;
    return $?;
}

unlink @file;
my $began = time;
run() == 0 or fail('it fails: ', (slurp('kills.stderr') // '') =~ /(.*)/);
my $took = time - $began;
my %want = map { $_ => slurp($_) } @file;
for (@file) { fail("a whole run makes no $_") unless defined $want{$_} || $maybe{$_} }
my %old = map { $_ => "old $_\n" } @file;
my ($kills, $whole, $left, %by) = (0, 0, 0);
my %number = (KILL => 9, TERM => 15, INT => 2, HUP => 1);

sub verdict {
    my ($sig, $status, $had, $where) = @_;
    my $died = $status & 127;
    fail("$where: it ended by signal $died, not $number{$sig}") if $died && $died != $number{$sig};
    fail("$where: status ", $status >> 8, ': ', slurp('kills.stderr') =~ /(.*)/) if !$died && $status && !$again;
    $kills++;
    $by{$sig}++;
    my %is;
    for my $f (@file) {
        next if $maybe{$f};
        my $s = slurp($f);
        if (!defined $s) { $is{$f} = 'absent' }
        elsif (defined $want{$f} && $s eq $want{$f}) { $is{$f} = 'new' }
        elsif ($had && $s eq $old{$f}) { $is{$f} = 'old' }
        else { fail("$where: $f is neither the old nor the new one") }
        fail("$where: $f is gone") if $is{$f} eq 'absent' && $had && !$index_of{$f};
        $whole++ if $is{$f} eq 'new';
    }
    for my $i (keys %index_of) {
        my $d = $index_of{$i};
        my $pair = "$is{$d} data, $is{$i} index";
        fail("$where: $pair") if $is{$i} ne 'absent' && $is{$i} ne $is{$d};
        fail("$where: $pair") if $sig ne 'KILL' && $is{$i} ne $is{$d}; # both renames are one step for the others
    }
    my @t = temporary();
    $left += @t;
    fail("$where: left $t[0]") if @t && $sig ne 'KILL';
    unlink @t;
}

sub prepare {
    my $had = shift;
    unlink @file;
    if ($had) { spew($_, $old{$_}) for grep { !$maybe{$_} } @file }
}

# The command again makes what a whole run makes.
sub go_on {
    my $where = shift;
    run() == 0 or fail("$where: it cannot go on: ", slurp('kills.stderr') =~ /.*error: (.*)/);
    for my $f (grep { !$maybe{$_} } @file) { fail("$where: going on it makes another $f") if slurp($f) ne $want{$f} }
}

my @signals = qw(KILL TERM INT HUP);
for my $k (0 .. $n - 1) {
    my ($sig, $had) = ($signals[($first + $k) % 4], int($k / 4 + $first / 2) % 2);
    my $after = $took * (0.05 + 1.05 * rand);
    prepare($had);
    my $where = sprintf '%s after %.3f of %.3f s', $sig, $after, $took;
    verdict($sig, run($sig, $after), $had, $where);
    go_on($where) if $again;
}
if ($preload) {
    for my $sig ('KILL', $n > 8 ? 'TERM' : ()) {
        for my $at (1 .. 40) {
            prepare(1);
            my $status = run($sig, undef, $at);
            verdict($sig, $status, 1, "$sig at call $at");
            go_on("$sig at call $at") if $again && $at % 4 == 1;
            last if $status == 0;
        }
    }
}
my $signals = join ' ', map { "$_ $by{$_}" } sort keys %by;
print "ok $name, $kills kills: $signals; $whole outputs whole, $left temporary files left by SIGKILL\n";
