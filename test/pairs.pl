#!/usr/bin/perl
# pairs.pl - annotating twice, for every pair of option sets: the second run's tags are those of a
# fresh file, and of the first run's those stay that do not overlap.
#
#     pairs.pl TFBIND ref.fa in.vcf     prints a verdict a second option set, and how many pairs there were
#
# What overlaps is said here again, from doc/variants.md: a run replaces the tags of its own kind
# and prefix, those of the summary or of each of its TFs, also those of options that it does not
# have; TFB_CSQ belongs to the run that wrote it, and to one that has --csq. So does TFB_PHRED, which a run
# with all TFs of a calibrated model writes. Before the second run
# the first one's output gets more INFO lines, 0 to 39 of them, so that the header's tables grow at
# every possible place, and one of its tags is declared in another way.
use strict;
use warnings;

my ($tfbind, $fasta, $in) = @ARGV;
my @tfs = qw(CTCF SPI1 NKX2-5);
# name, model, prefix, TFs (none: summary), further options
my @sets = (
    ['summary', 'cal', 'TFB', []],
    ['csq', 'cal', 'TFB', [], '--csq'],
    ['haplotypes', 'cal', 'TFB', [], '--haplotypes -p a'],
    ['csq, haplotypes', 'cal', 'TFB', [], '--csq --haplotypes -p a'],
    ['percentile', 'cal', 'TFB', [], '--min-percentile 60 --rank-by percentile'],
    ['no calibration', 'tiny', 'TFB', []],
    ['no calibration, csq, haplotypes', 'tiny', 'TFB', [], '--csq --haplotypes -p a'],
    ['one TF', 'cal', 'TFB', ['SPI1']],
    ['two TFs, csq', 'cal', 'TFB', ['CTCF', 'NKX2-5'], '--csq'],
    ['all TFs', 'cal', 'TFB', \@tfs],
    ['all TFs, csq', 'cal', 'TFB', \@tfs, '--csq'],
    ['all TFs, haplotypes, csq', 'cal', 'TFB', \@tfs, '--haplotypes -p a --csq'],
    ['one TF, haplotypes', 'cal', 'TFB', ['CTCF'], '--haplotypes -p a'],
    ['all TFs, percentile', 'cal', 'TFB', \@tfs, '--min-percentile 60'],
    ['all TFs, no calibration', 'tiny', 'TFB', \@tfs],
    ['one TF, no calibration, haplotypes', 'tiny', 'TFB', ['SPI1'], '--haplotypes -p a'],
    ['another prefix', 'cal', 'OTHER', [], '--csq --haplotypes -p a'],
    ['another prefix, all TFs', 'cal', 'OTHER', \@tfs, '--csq'],
);

sub annotate
{
    my ($set, $from, $to) = @_;
    my (undef, $model, $prefix, $tf, $more) = @$set;
    my @args = ('-v', '0', '--no-version', '-m', "$model.safetensors", '-f', $fasta, '--prefix', $prefix);
    push @args, split / /, $more // '';
    push @args, '--tf', join ',', @$tf if @$tf;
    return system($tfbind, 'annotate', @args, '-o', $to, $from) == 0;
}

# Header lines by "INFO/ID" and "FORMAT/ID", and records: the first seven columns, INFO and the
# sample's FORMAT values by the same names
sub parse
{
    my ($file) = @_;
    my (%line, @record);
    open my $f, '<', $file or return;
    while (<$f>) {
        chomp;
        if (/^##(INFO|FORMAT)=<ID=([^,]+)/) { $line{"$1/$2"} = $_ }
        next if /^#/;
        my @c = split /\t/;
        my %r = ('' => join "\t", @c[0 .. 6]);
        for (split /;/, $c[7]) {
            my ($k, $v) = split /=/, $_, 2;
            $r{"INFO/$k"} = $v // '' if $k ne '.';
        }
        my @v = split /:/, $c[9];
        $r{"FORMAT/$_"} = shift @v // '.' for split /:/, $c[8];
        push @record, \%r;
    }
    return { line => \%line, record => \@record };
}

# What a run with this set replaces, beside TFB_CSQ
sub replaced
{
    my ($set) = @_;
    my (undef, undef, $prefix, $tf) = @$set;
    my @stem = @$tf ? map { s/-/_/r } map { "${prefix}_$_" } @$tf : $prefix;
    my %out;
    for my $stem (@stem) {
        $out{"INFO/${stem}_$_"} = 1 for qw(DELTA LOR PCT CALL HAP_DIFF);
        $out{"FORMAT/${stem}_HAP"} = 1;
    }
    if (@$tf) { $out{"INFO/$_"} = 1 for @stem }
    else { $out{"INFO/${prefix}_$_"} = 1 for qw(TOP REF ALT HAP_TF) }
    return \%out;
}

# A first run's output as a second one finds it: more lines, and for some a tag of it declared in
# another way (its values are to go)
sub wear
{
    my ($from, $to, $n, $tag) = @_;
    open my $f, '<', $from or return;
    open my $g, '>', $to or return;
    while (<$f>) {
        s/Number=[^,]+,Type=\w+/Number=1,Type=Integer/ if $tag && /^##INFO=<ID=\Q$tag\E,/;
        if (/^#CHROM/) {
            print $g qq{##INFO=<ID=EXTRA$_,Number=1,Type=Integer,Description="x">\n} for 1 .. $n;
        }
        print $g $_;
    }
    close $g;
    return 1;
}

my $base = parse($in);
my (@fresh, $pairs);
for my $i (0 .. $#sets) {
    annotate($sets[$i], $in, "fresh$i.vcf") or print "not ok $sets[$i][0]: fails\n";
    $fresh[$i] = parse("fresh$i.vcf");
    print "not ok $sets[$i][0] writes tags\n" if keys %{$fresh[$i]{line}} == keys %{$base->{line}};
}

sub same_record # NAME-of-what, GOT, FRESH SECOND, FIRST, what the second replaces
{
    my ($got, $second, $first, $gone) = @_;
    my %want = %$second;
    for (keys %$first) { $want{$_} = $first->{$_} if !exists $want{$_} && !$gone->{$_} }
    for (keys %want, keys %$got) {
        return $_ || 'the first columns' if ($want{$_} // '(none)') ne ($got->{$_} // '(none)');
    }
    return;
}

for my $j (0 .. $#sets) {
    my $bad = '';
    for my $i (0 .. $#sets) {
        $pairs++;
        my ($first, $second, $gone) = ($sets[$i], $sets[$j], replaced($sets[$j]));
        my $kind = !@{$first->[3]} == !@{$second->[3]} && $first->[2] eq $second->[2];
        $gone->{"INFO/$second->[2]_CSQ"} = 1 if $kind || ($second->[4] // '') =~ /csq/;
        my $n_tfs = @{$second->[3]};
        $gone->{"INFO/$second->[2]_PHRED"} = 1 if $kind || ($second->[1] eq 'cal' && ($n_tfs == 0 || $n_tfs == @tfs));
        # declared in another way: a number of the second run itself
        my @both = grep { $fresh[$j]{line}{$_} && $fresh[$i]{line}{$_} } sort keys %$gone;
        my ($other) = $i % 3 == 0 ? grep { /DELTA$/ } @both : ();
        wear("fresh$i.vcf", 'worn.vcf', ($i * 7 + $j * 3) % 40, $other && substr $other, 5) or die;
        if (!annotate($second, 'worn.vcf', 'twice.vcf')) { $bad .= " after $first->[0]: fails;"; next }
        my $got = parse('twice.vcf');
        my $n = @{$got->{record}};
        my $what = $n == @{$base->{record}} ? undef : "$n records";
        for (my $k = 0; $k < $n && !$what; $k++) {
            $what = same_record($got->{record}[$k], $fresh[$j]{record}[$k], $fresh[$i]{record}[$k], $gone);
            $what = "record $k: $what" if $what;
        }
        delete $got->{line}{"INFO/EXTRA$_"} for 1 .. 40;
        my $line = same_record($got->{line}, $fresh[$j]{line}, $fresh[$i]{line}, $gone);
        $what //= "header line $line" if $line;
        $bad .= " after $first->[0]: $what;" if $what;
    }
    my $name = "second run '$sets[$j][0]'";
    print $bad ? "not ok $name:$bad\n" : "ok $name = a fresh one, and the first run's other tags\n";
}
print $pairs == @sets * @sets ? "ok $pairs pairs\n" : "not ok $pairs pairs\n";
