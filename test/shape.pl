#!/usr/bin/perl
# shape.pl FILE...: the shape of C source. Prints a line for each statement with three or more ?:,
# function over 100 lines, function over 60 lines without a comment that begins "Long:" above it,
# and function or function pointer with more than 8 parameters. Exits 1 if it printed any.
#
#   shape.pl --longest N FILE...    the N longest functions
#   shape.pl --conditionals FILE... statements with two or more ?:
#
# It relies on the layout of `make format`: a function begins and ends with a brace in the first
# column.
use strict;
use warnings;

my ($MAX_LINES, $EXPLAINED_LINES, $MAX_PARAMETERS, $MAX_CONDITIONALS) = (100, 60, 8, 2);
my ($longest, $conditionals, $found) = (0, 0, 0);
if (@ARGV && $ARGV[0] eq '--longest') { (undef, $longest) = splice @ARGV, 0, 2 }
if (@ARGV && $ARGV[0] eq '--conditionals') { shift; $conditionals = 1; $MAX_CONDITIONALS = 1 }

sub report
{
    my ($file, $line, $what) = @_;
    print "$file:$line: $what\n";
    $found = 1;
}

# Replaces comments, strings and characters by blanks; line breaks stay.
sub blank
{
    my ($text) = @_;
    $text =~ s{(/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')}{my $s = $1; $s =~ s/[^\n]/ /g; $s}gse;
    return $text;
}

# Counts the parameters of each list in a declaration, also of lists within lists (a parameter that
# is a function pointer).
sub check_parameters
{
    my ($file, $line, $declaration) = @_;
    my @commas;
    for my $c (split //, $declaration) {
        if ($c eq '(') { push @commas, 0 }
        elsif ($c eq ')') {
            my $n = 1 + (pop(@commas) // 0);
            report($file, $line, "$n parameters, more than $MAX_PARAMETERS") if $n > $MAX_PARAMETERS;
        }
        elsif ($c eq ',' && @commas) { $commas[-1]++ }
    }
}

# Returns whether a brace after this text begins an initialiser or a compound literal, no block.
sub is_value
{
    my ($text) = @_;
    return 1 if $text =~ /[=,{]\s*$/;
    return $text =~ /\)\s*$/ && $text =~ /^\s*(?:return\b|[^()]*=)/;
}

# Walks the statements of a text without comments and strings. A macro is a text of its own.
sub check_statements
{
    my ($file, $first, $text, $in_macro) = @_;
    my ($parens, $values, $line, $start, $statement) = (0, 0, $first, 0, '');
    my @blocks; # 1: of a function
    my $end = sub {
        my $n = () = $statement =~ /\?/g;
        report($file, $start, "$n conditional expressions in a statement") if !$longest && $n > $MAX_CONDITIONALS;
        check_parameters($file, $start, $statement)
            if !$longest && !$conditionals && !$in_macro && !grep { $_ } @blocks;
        $statement = '';
    };
    for my $c ($text =~ /[(){};\n]|[^(){};\n]+/g) { # marks, and what is between them
        $line++ if $c eq "\n";
        $start = $line if $statement !~ /\S/;
        if ($c eq '(') { $parens++ }
        elsif ($c eq ')') { $parens-- }
        if ($c eq '{' && ($parens > 0 || $values || is_value($statement))) { $values++ }
        elsif ($c eq '}' && $values) { $values-- }
        elsif ($c eq '{') {
            my $function = $statement =~ /\)\s*$/ && $statement !~ /^\s*(?:typedef|struct|union|enum)\b[^()]*$/;
            $end->();
            push @blocks, $function ? 1 : 0;
            next;
        }
        elsif ($c eq '}') { $end->(); pop @blocks; next }
        elsif ($c eq ';' && $parens <= 0 && !$values) { $end->(); $parens = 0; next }
        $statement .= $c;
    }
    $end->();
}

my @lengths;
sub check_functions
{
    my ($file, @lines) = @_;
    my $head; # the first line of a declaration
    for (my $i = 0; $i < @lines; $i++) {
        $head = $i if $lines[$i] =~ /^[A-Za-z_]/;
        next if $lines[$i] ne '{' || !defined $head;
        my $beg = $i;
        $i++ while $i < $#lines && $lines[$i] ne '}';
        my $n = $i - $beg - 1;
        my ($name) = $lines[$head] =~ /(\w+)\(/;
        $name //= '?';
        push @lengths, [$n, "$file:" . ($head + 1), $name];
        next if $longest || $conditionals;
        my $above = '';
        for (my $k = $head - 1; $k >= 0 && $lines[$k] =~ /\S/ && $lines[$k] !~ /^[}#]/; $k--) {
            $above = "$lines[$k]\n$above";
        }
        report($file, $head + 1, "$name: $n lines, more than $MAX_LINES") if $n > $MAX_LINES;
        report($file, $head + 1, "$name: $n lines, more than $EXPLAINED_LINES, and no comment \"Long: why\"")
            if $n > $EXPLAINED_LINES && $above !~ /\bLong:/;
    }
}

for my $file (@ARGV) {
    open my $in, '<', $file or die "$file: $!\n";
    my $text = do { local $/; <$in> };
    close $in;
    check_functions($file, split /\n/, $text);
    my $code = blank($text);
    # each macro by itself, and blanks in its place
    while ($code =~ /^([ \t]*#(?:[^\n]*\\\n)*[^\n]*)/mg) {
        my ($macro, $at) = ($1, $-[1]);
        my $line = 1 + (substr($code, 0, $at) =~ tr/\n//);
        $macro =~ s/\\$//mg;
        check_statements($file, $line, $macro, 1);
    }
    $code =~ s/^([ \t]*#(?:[^\n]*\\\n)*[^\n]*)/my $s = $1; $s =~ s{[^\n]}{ }g; $s/gme;
    check_statements($file, 1, $code, 0);
}
if ($longest) {
    my @sorted = sort { $b->[0] <=> $a->[0] || $a->[1] cmp $b->[1] } @lengths;
    splice @sorted, $longest if @sorted > $longest;
    print join("\t", @$_), "\n" for @sorted;
}
exit $found;
