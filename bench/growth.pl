#!/usr/bin/perl
# growth.pl - the table of bench/growth as a plot: a panel for each thing that grows. Writes SVG to standard output.
#
#     growth.pl growth.tsv > growth.svg
use strict;
use warnings;

my (%rows, @order);
while (<>) {
    next if /^#/;
    chomp;
    my ($what, @row) = split /\t/;
    push @order, $what unless $rows{$what};
    push @{$rows{$what}}, \@row;    # number, records, seconds, microseconds a record, peak MB
}
my ($w, $h, $gap, $top) = (250, 130, 70, 40);
my ($width, $height) = (60 + 2 * ($w + $gap), $top + int((@order + 1) / 2) * ($h + $gap));
print <<"END";
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 $width $height" font-family="sans-serif" font-size="11">
<rect width="$width" height="$height" fill="white"/>
<text x="60" y="18" fill="#1f5fa8">above: microseconds a record (models: seconds)</text>
<text x="340" y="18" fill="#b3540a">below: peak memory in MB</text>
END

sub log10 { log(shift) / log(10) }
my $k = 0;
for my $what (@order) {
    my @r = @{$rows{$what}};
    my ($x0, $y0) = (60 + ($k % 2) * ($w + $gap), $top + int($k / 2) * ($h + $gap));
    $k++;
    my $linear = $what eq 'TFs' || $what eq 'samples';
    my @at = map { $linear ? $_->[0] : log10($_->[0] || 1) } @r;
    my $span = $at[-1] - $at[0] || 1;
    my @series = ([3, '#1f5fa8'], [4, '#b3540a']);
    @series = ([4, '#b3540a'], [2, '#1f5fa8']) if $what eq 'models in a folder';
    printf qq{<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="#999"/>\n}, $x0, $y0, $w, $h;
    printf qq{<text x="%d" y="%d" text-anchor="middle">%s</text>\n}, $x0 + $w / 2, $y0 + $h + 32, $what;
    for my $s (@series) {
        my ($col, $color) = @$s;
        my $most = 0;
        for (@r) { $most = $_->[$col] if $_->[$col] > $most }
        $most *= 2.2 if $col == 4;
        my @p = map { [$x0 + 8 + ($w - 16) * ($at[$_] - $at[0]) / $span, $y0 + $h - ($h - 24) * $r[$_][$col] / ($most || 1)] } 0 .. $#r;
        printf qq{<polyline fill="none" stroke="%s" points="%s"/>\n}, $color, join ' ', map { sprintf '%.1f,%.1f', @$_ } @p;
        for my $i (0 .. $#p) {
            printf qq{<circle cx="%.1f" cy="%.1f" r="2.5" fill="%s"/>\n}, @{$p[$i]}, $color;
            next if $i && $i < $#p;
            my $unit = $what eq 'models in a folder' && $col == 2 ? ' s' : '';
            my $text = $col == 2 ? sprintf('%.2f', $r[$i][$col]) : sprintf('%.0f', $r[$i][$col]);
            printf qq{<text x="%.1f" y="%.1f" fill="%s" text-anchor="%s">%s%s</text>\n}, $p[$i][0], $p[$i][1] - 5, $color,
                $i ? 'end' : 'start', $text, $unit;
        }
    }
    my $last = -100;
    for my $i (0 .. $#r) {
        my $x = $x0 + 8 + ($w - 16) * ($at[$i] - $at[0]) / $span;
        next if $x - $last < 24;
        $last = $x;
        printf qq{<text x="%.1f" y="%d" text-anchor="middle" fill="#555">%s</text>\n}, $x, $y0 + $h + 15,
            $r[$i][0] >= 1e4 ? $r[$i][0] / 1000 . 'k' : $r[$i][0];
    }
}
print "</svg>\n";
