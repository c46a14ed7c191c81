#!/usr/bin/perl
# oracle.pl - what `tfbind annotate` must answer, worked out a second time from the FASTA and the records alone.
#
#     oracle.pl model W TF,TF,... > model.safetensors
#     oracle.pl tf|top|reasons W TF,TF,... MAX_N both|fwd|rev ref.fa in.vcf
#
# The model is `conv T W; dense T` with weights from a formula: as small as a model can be, and no
# product of tfbind. Output of tf: CHROM POS REF ALT, and for each TF the probabilities (R),
# differences (A) and log-odds ratios (A); of top: TOP REF ALT DELTA LOR; of reasons: how many ALTs
# have been scored, or not for which reason.
use strict;
use warnings;
use FindBin;
require "$FindBin::Bin/lib/trim.pl";

my ($mode, $W, $tfs, $max_n, $strand, $fasta, $vcf) = @ARGV;
my @tf = split /,/, $tfs;

sub weight { my ($f, $c, $k) = @_; return sin(1 + 31 * $f + 13 * $c + 7 * $k) / 2 }
sub bias { return ($_[0] % 5 - 2) / 10 }

sub write_model
{
    my ($T, $data, @conv, @identity, @json) = (scalar @tf);
    for my $f (0 .. $T - 1) {
        for my $c (0 .. 3) { push @conv, map { weight($f, $c, $_) } 0 .. $W - 1 }
        push @identity, map { $_ == $f ? 1 : 0 } 0 .. $T - 1;
    }
    my @bias = map { bias($_) } 0 .. $T - 1;
    my @tensor = (
        ['c1.weight', "[$T,4,$W]", @conv],
        ['c1.bias', "[$T]", @bias],
        ['d2.weight', "[$T,$T]", @identity],
        ['d2.bias', "[$T]", @bias],
    );
    push @json, qq{"__metadata__":{"spec":"conv $T $W; dense $T","window":"$W","targets":"$tfs"}};
    for (@tensor) {
        my ($name, $shape, @v) = @$_;
        my $at = length($data // '');
        $data .= pack('f<*', @v);
        push @json, sprintf '"%s":{"dtype":"F32","shape":%s,"data_offsets":[%d,%d]}', $name, $shape, $at, length $data;
    }
    my $head = '{' . join(',', @json) . '}';
    $head .= ' ' x (-length($head) % 8);
    binmode STDOUT;
    print pack('Q<', length $head), $head, $data;
}

my %seq;

sub read_fasta
{
    my $name;
    open my $f, '<', $fasta or die "$fasta: $!";
    while (<$f>) {
        chomp;
        if (/^>(\S+)/) { $name = $1 } else { $seq{$name} .= uc }
    }
}

sub one_strand
{
    my ($s, $f) = @_;
    my $z = 2 * bias($f);
    for my $k (0 .. $W - 1) {
        my $c = index 'ACGT', substr($s, $k, 1);
        if ($c >= 0) { $z += weight($f, $c, $k) } else { $z += weight($f, $_, $k) / 4 for 0 .. 3 }
    }
    return $z;
}

sub logit
{
    my ($s, $f) = @_;
    (my $r = reverse $s) =~ tr/ACGT/TGCA/;
    my $z = ($strand eq 'rev' ? 0 : one_strand($s, $f)) + ($strand eq 'fwd' ? 0 : one_strand($r, $f));
    return $strand eq 'both' ? $z / 2 : $z;
}

sub sigmoid { return 1 / (1 + exp -$_[0]) }
sub num { return sprintf '%.6g', $_[0] }

# The window of an allele in place of n bases from pos (1-based), or why there is none.
sub window
{
    my ($chrom, $pos, $n, $allele) = @_;
    my ($a, $s) = (length $allele, undef);
    return 'contig' unless exists $seq{$chrom};
    if ($a > $W) {
        $s = substr $allele, int($a / 2) - int($W / 2), $W;
    } else {
        my $left = int($W / 2) - int($a / 2);
        my $right = $W - $left - $a;
        return 'edge' if $pos - 1 < $left || $pos - 1 + $n + $right > length $seq{$chrom};
        $s = substr($seq{$chrom}, $pos - 1 - $left, $left) . $allele . substr($seq{$chrom}, $pos - 1 + $n, $right);
    }
    return ($s =~ tr/ACGT/N/c) > $max_n ? 'n' : $s;
}

# The windows of REF and of an ALT, or why there are none.
sub windows
{
    my ($chrom, $pos, $ref, $alt) = @_;
    my $k = kind($alt);
    return ($k, $k) if $k ne 'ok';
    return ('letters', 'letters') if kind($ref) ne 'ok';
    return ('same', 'same') if $ref eq $alt;
    ($pos, $ref, $alt) = trim($pos, $ref, $alt);
    my $r = window($chrom, $pos, length $ref, $ref);
    return ($r, $r =~ /^[ACGTN]+$/ ? window($chrom, $pos, length $ref, $alt) : $r);
}

sub kind
{
    local $_ = $_[0];
    return 'symbolic' if /^</;
    return 'star' if $_ eq '*';
    return 'breakend' if /[][]/ || /^\../ || /.\.$/;
    return /^[ACGT]+$/ ? 'ok' : 'letters';
}

sub annotate
{
    my %count;
    read_fasta();
    open my $f, '<', $vcf or die "$vcf: $!";
    while (<$f>) {
        next if /^#/;
        my ($chrom, $pos, undef, $ref0, $alts) = split /\t/;
        my $ref = uc $ref0;
        my @alt = $alts eq '.' ? () : split /,/, uc $alts;
        my @pair = map { [windows($chrom, $pos, $ref, $_)] } @alt;
        my @w = map { $_->[1] } @pair;
        my @ok = map { /^[ACGTN]+$/ ? 1 : 0 } @w;
        my $scored = grep { $_ } @ok;
        $count{$ok[$_] ? 'scored' : $w[$_]}++ for 0 .. $#alt;
        $count{none}++ unless @alt;
        my @out;
        if ($mode eq 'top') {
            my @col = ([], [], [], [], []);
            for my $i (0 .. $#alt) {
                my @v = ('.') x 5;
                if ($ok[$i]) {
                    my $best = -1;
                    for my $t (0 .. $#tf) {
                        my ($zr, $za) = (logit($pair[$i][0], $t), logit($w[$i], $t));
                        my $d = sigmoid($za) - sigmoid($zr);
                        next if abs $d <= $best;
                        $best = abs $d;
                        @v = ($tf[$t], num(sigmoid($zr)), num(sigmoid($za)), num($d), num($za - $zr));
                    }
                }
                push @{$col[$_]}, $v[$_] for 0 .. 4;
            }
            @out = map { $scored ? join(',', @$_) : '.' } @col;
        } else {
            for my $t (0 .. $#tf) {
                if (!$scored) { push @out, ('.') x 3; next }
                my @za = map { $ok[$_] ? logit($w[$_], $t) : undef } 0 .. $#alt;
                my @zr = map { $ok[$_] ? logit($pair[$_][0], $t) : undef } 0 .. $#alt;
                my ($first) = grep { defined } @zr;
                push @out, join(',', num(sigmoid($first)), map { defined $_ ? num(sigmoid($_)) : '.' } @za);
                push @out, join(',', map { $ok[$_] ? num(sigmoid($za[$_]) - sigmoid($zr[$_])) : '.' } 0 .. $#alt);
                push @out, join(',', map { $ok[$_] ? num($za[$_] - $zr[$_]) : '.' } 0 .. $#alt);
            }
        }
        print join("\t", $chrom, $pos, $ref0, $alts, @out), "\n" if $mode ne 'reasons';
    }
    if ($mode eq 'reasons') { print "$_ $count{$_}\n" for sort keys %count }
}

if ($mode eq 'model') { write_model() } else { annotate() }
