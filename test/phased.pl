#!/usr/bin/perl
# phased.pl - haplotypes the plain way: every haplotype of every sample is written out along the whole contig.
#
#     phased.pl windows W ref.fa in.vcf     FASTA: >ID.ALLELES.SAMPLE.HAPLOTYPE and the window, if there is one
#     phased.pl sequences ref.fa in.vcf     FASTA: >CONTIG.SAMPLE.HAPLOTYPE and the sequence
#     phased.pl random SEED N ref.fa        a VCF of N phased variants of ten samples, many nested or overlapping
#     phased.pl long SEED N ref.fa          the same, with REFs of up to 15,000 bases among them
#
# A contig is a list of strings, one in place of each base; a variant changes those of the bases that it changes.
use strict;
use warnings;
use FindBin;
require "$FindBin::Bin/lib/trim.pl";

my $mode = shift;
my $W = $mode eq 'windows' ? shift : 0;
my ($seed, $N) = $mode eq 'random' || $mode eq 'long' ? (shift, shift) : (0, 0);
my ($fasta, $vcf) = @ARGV;

my (%seq, @order, $name);
open my $f, '<', $fasta or die "$fasta: $!";
while (<$f>) {
    chomp;
    if (/^>(\S+)/) { push @order, $name = $1 } else { $seq{$name} .= uc }
}

sub pick { my $i = int rand scalar @_; return $_[$i] }

sub random_vcf
{
    srand $seed;
    print "##fileformat=VCFv4.2\n";
    print "##contig=<ID=$_,length=", length $seq{$_}, ">\n" for @order;
    print qq{##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n};
    print join("\t", '#CHROM', qw(POS ID REF ALT QUAL FILTER INFO FORMAT), map { "S$_" } 0 .. 9), "\n";
    my $id = 0;
    for my $c (@order) {
        my %at; # several records of a place now and then
        $at{int rand length $seq{$c}}++ while keys %at < $N / @order;
        for my $pos (sort { $a <=> $b } keys %at) {
            for (1 .. (rand() < 0.1 ? 2 : 1)) {
                my $n = pick(1, 1, 1, 1, 2, 3, 5, 9, 40);
                $n = pick(300, 2000, 9000, 12000, 15000) if $mode eq 'long' && rand() < 0.03;
                my $ref = substr $seq{$c}, $pos, $n;
                next if $ref =~ /[^ACGT]/ || length $ref < $n;
                my %alt;
                for (1 .. pick(1, 1, 1, 2, 3)) {
                    my $m = pick(1, 1, 1, $n, $n, 2, 4, 12);
                    my $alt = rand() < 0.6 ? substr($ref, 0, 1) : '';
                    $alt .= pick(qw(A C G T)) while length $alt < $m;
                    $alt{$alt} = 1 if $alt ne $ref;
                }
                my @alt = sort keys %alt;
                next unless @alt;
                my $p = rand;
                my $allele = sub { rand() < 0.03 ? '.' : rand() < $p ? 0 : 1 + int rand @alt };
                print join("\t", $c, $pos + 1, 'r' . $id++, $ref, join(',', @alt), '.', 'PASS', '.', 'GT',
                    map { rand() < 0.05 ? $allele->() : $allele->() . '|' . $allele->() } 0 .. 9), "\n";
            }
        }
    }
}

my (@record, @sample);

sub read_vcf
{
    open my $v, '<', $vcf or die "$vcf: $!";
    while (<$v>) {
        chomp;
        next if /^##/;
        my @c = split /\t/;
        if (/^#/) { @sample = @c[9 .. $#c]; next }
        my @gt = map { [split /[|\/]/, (split /:/)[0]] } @c[9 .. $#c];
        my @allele = (uc $c[3], split /,/, uc $c[4]);
        push @record, {contig => $c[0], pos => $c[1] - 1, id => $c[2], allele => \@allele, alts => $c[4], gt => \@gt};
    }
}

# What is left of that without any shared base: (first base, bases, text), taken off at the front, then at the back.
sub change
{
    my ($pos, $ref, $alt) = @_;
    while (length $ref && length $alt && substr($ref, 0, 1) eq substr($alt, 0, 1)) {
        $pos++;
        $_ = substr $_, 1 for $ref, $alt;
    }
    while (length $ref && length $alt && substr($ref, -1) eq substr($alt, -1)) { chop $ref; chop $alt }
    return ($pos, length $ref, $alt);
}

sub haplotype
{
    my ($contig, $s, $k) = @_;
    my @base = split //, $seq{$contig};
    my (@front, @back, @taken, %inserted);
    for my $r (grep { $_->{contig} eq $contig } @record) {
        my $a = $r->{gt}[$s][$k] // '.';
        $r->{has}[$s][$k] = 0;
        next if $a eq '.' || $a == 0 || $r->{allele}[$a] !~ /^[ACGT]+$/;
        my ($from, $ref, $alt) = trim($r->{pos}, $r->{allele}[0], $r->{allele}[$a]);
        my ($b, $n, $text) = change($from, $ref, $alt);
        if ($n == 0) { # between two bases: not inside another change, and only one there
            next if $inserted{$b}++ || ($taken[$b] && $taken[$b - 1] && $taken[$b] == $taken[$b - 1]);
            if ($b > $from) { $back[$b - 1] = $text } else { $front[$b] = $text }
        } else {
            next if grep { $taken[$_] } $b .. $b + $n - 1;
            next if grep { $inserted{$_} } $b + 1 .. $b + $n - 1;
            $base[$_] = '' for $b .. $b + $n - 1;
            $base[$b] = $text;
            $taken[$_] = 1 + $r->{number} for $b .. $b + $n - 1;
        }
        $r->{has}[$s][$k] = $a;
    }
    return map { ($front[$_] // '') . $base[$_] . ($back[$_] // '') } 0 .. $#base;
}

# Has an allele in place of n bases from p a window of its own?
sub fits
{
    my ($contig, $p, $n, $allele) = @_;
    my $m = length $allele;
    my $left = $m < $W ? int($W / 2) - int($m / 2) : 0;
    my $right = $m < $W ? $W - $left - $m : 0;
    return 0 if $p < $left || $p + $n + $right > length $seq{$contig};
    my $w = substr($seq{$contig}, $p - $left, $left) . substr($allele, 0, $W) . substr($seq{$contig}, $p + $n, $right);
    return ($w =~ tr/ACGT//c) <= 20;
}

sub scored
{
    my ($contig, $r, $i) = @_;
    return 0 if $r->{allele}[$i] !~ /^[ACGT]+$/ || $r->{allele}[$i] eq $r->{allele}[0];
    my ($p, $ref, $alt) = trim($r->{pos}, $r->{allele}[0], $r->{allele}[$i]);
    return fits($contig, $p, length $ref, $ref) && fits($contig, $p, length $ref, $alt);
}

# The first ALT with a score, or 0: then the record is not annotated.
sub first_scored
{
    my ($contig, $r) = @_;
    scored($contig, $r, $_) && return $_ for 1 .. $#{$r->{allele}};
    return 0;
}

# The ALT of a genotype, if it is scored: the haplotype may have lost it to an earlier variant. Else 0.
sub left_out
{
    my ($contig, $r, $s, $k) = @_;
    my $a = $r->{gt}[$s][$k];
    return $a && scored($contig, $r, $a) ? $a : 0;
}

sub windows
{
    for my $contig (@order) {
        my @here = grep { $_->{contig} eq $contig } @record;
        $_->{main} = first_scored($contig, $_) for @here;
        for my $s (0 .. $#sample) {
            for my $k (0, 1) {
                my @base = haplotype($contig, $s, $k);
                my $all = join '', @base;
                my @at = (0); # where what stands for each base begins in that
                push @at, $at[-1] + length $_ for @base;
                for my $r (grep { $_->{main} } @here) {
                    next unless defined $r->{gt}[$s][$k] && $r->{gt}[$s][$k] ne '.';
                    my $main = $r->{has}[$s][$k] || left_out($contig, $r, $s, $k) || $r->{main};
                    my ($p, $ref) = trim($r->{pos}, $r->{allele}[0], $r->{allele}[$main]);
                    my $q = $p + length $ref;
                    my $a = $at[$q] - $at[$p];
                    my $beg = $at[$p] + int($a / 2) - int($W / 2); # of more than W bases the middle ones
                    next if $beg < 0 || $beg + $W > length $all;
                    my $w = substr $all, $beg, $W;
                    print ">$r->{id}.$r->{alts}.$sample[$s].$k\n$w\n";
                }
            }
        }
    }
}

if ($mode eq 'random' || $mode eq 'long') { random_vcf(); exit }
read_vcf();
$record[$_]{number} = $_ for 0 .. $#record;
if ($mode eq 'windows') { windows(); exit }
for my $contig (@order) {
    for my $s (0 .. $#sample) {
        for my $k (0, 1) { print ">$contig.$sample[$s].$k\n", join('', haplotype($contig, $s, $k)), "\n" }
    }
}
