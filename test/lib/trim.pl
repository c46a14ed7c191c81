# trim.pl - for the oracles: an allele in its shortest form.
use strict;
use warnings;

# REF and an allele without the bases that they share, at the back, then at the front, but for one
# base of each: (position of its first base, REF, ALT).
sub trim
{
    my ($pos, $ref, $alt) = @_;
    while (length $ref > 1 && length $alt > 1 && substr($ref, -1) eq substr($alt, -1)) { chop $ref; chop $alt }
    while (length $ref > 1 && length $alt > 1 && substr($ref, 0, 1) eq substr($alt, 0, 1)) {
        $pos++;
        $_ = substr $_, 1 for $ref, $alt;
    }
    return ($pos, $ref, $alt);
}

1;
