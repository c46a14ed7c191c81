#!/usr/bin/perl
# cohort.pl - a phased VCF of many samples, as a population has them: each haplotype is a patchwork
# of a few founders', most variants are rare.
#
#     cohort.pl SAMPLES RECORDS SPACING REF.fa [FOUNDERS [CONTIG [BEGIN]]] > cohort.vcf
#
# RECORDS variants (every eighth an indel), SPACING bases apart on average, on CONTIG [the first]
# from BEGIN [1000] on. Pieces of founders [60] are 20 kb long on average; one genotype in 5,000 is
# a new mutation.
use strict;
use warnings;

my ($samples, $records, $spacing, $fasta, $founders, $contig, $begin) = @ARGV;
die "usage: cohort.pl SAMPLES RECORDS SPACING REF.fa [FOUNDERS [CONTIG [BEGIN]]]\n" unless $fasta;
$founders ||= 60;
$begin ||= 1000;
my ($seq, $name, $here) = ('', $contig, 0);
open my $f, '<', $fasta or die "$fasta: $!\n";
while (<$f>) {
    chomp;
    if (/^>(\S+)/) { $name //= $1; $here = $name eq $1; next }
    $seq .= uc if $here;
}
srand 11;
my $n = 2 * $samples;
print "##fileformat=VCFv4.2\n";
print "##contig=<ID=$name,length=", length $seq, ">\n";
print "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n";
print join("\t", '#CHROM', qw(POS ID REF ALT QUAL FILTER INFO FORMAT), map { "S$_" } 1 .. $samples), "\n";
my @from = map { int rand $founders } 1 .. $n;
my ($pos, $made) = ($begin, 0);
while ($made < $records) {
    my $gap = 1 + int(-log(1 - rand) * $spacing);
    $pos += $gap;
    die "$name is too short\n" if $pos + 60 > length $seq;
    my $ref = substr $seq, $pos - 1, 1;
    next if $ref eq 'N';
    my $alt = (grep { $_ ne $ref } qw(A C G T))[int rand 3];
    my $kind = rand;
    if ($kind < 1 / 16) { $ref = substr $seq, $pos - 1, 2 + int rand 6; next if $ref =~ /N/; $alt = substr $ref, 0, 1 }
    elsif ($kind < 1 / 8) { $alt = $ref . join '', map { (qw(A C G T))[int rand 4] } 1 .. 1 + int rand 6 }
    my $share = 0.5 * rand() ** 3; # most are rare
    my @has = map { rand() < $share ? 1 : 0 } 1 .. $founders;
    for my $h (0 .. $n - 1) { $from[$h] = int rand $founders if rand() < $gap / 20000 }
    my @a = map { my $g = $has[$from[$_]]; rand() < 1 / 5000 ? 1 - $g : $g } 0 .. $n - 1;
    my @genotype = map { "$a[2 * $_]|$a[2 * $_ + 1]" } 0 .. $samples - 1;
    print join("\t", $name, $pos, ".", $ref, $alt, '.', 'PASS', '.', 'GT', @genotype), "\n";
    $made++;
}
