#!/usr/bin/perl
# inputs.pl - looks for files that the commands of a Markdown page read and that nothing makes.
#
#     perl inputs.pl FILE.md SOURCE_FOLDER       prints `ok` or `not ok` for each command, as test/run reads them
#
# A command is a line in an indented or fenced block that names one of the programs below, with the
# lines that continue it. A file that it names must be an output of it or of a command before it,
# lie in the source folder, be made by doc/start.sh, or be named as the reader's own: in the
# paragraph that says "these names stand for files of your own:".
use strict;
use warnings;

my ($page, $source) = @ARGV;
open(my $in, '<', $page) or die "$page: $!\n";
my @lines = <$in>;
close $in;
my $text = join '', @lines;
my %there;
my $own = qr/these\s+names\s+stand\s+for\s+files\s+of\s+your\s+own:.*?\n\n/si;
for my $paragraph ($text =~ /$own/g) {
    $there{$_} = 1 for $paragraph =~ /`([^`]+)`/g;
}

# the commands, whole
my (@commands, $fence, $open);
for my $i (0 .. $#lines) {
    $_ = $lines[$i];
    if (/^```/) { $fence = !$fence; $open = 0; next }
    my $code = $fence ? $_ : /^    (.*)/s ? $1 : undef;
    if (!defined $code) { $open = 0; next }
    if ($open && ($fence ? $code =~ s/^> ?// : $code =~ /^ /)) {
        $commands[-1][1] .= $code;
    } elsif ($code =~ s/^\$ // || $code =~ /^(?:tfbind|bcftools|samtools|mpirun|awk|modisco) /) {
        push @commands, [$i + 1, $code];
        $open = 1;
    } else {
        $open = 0;
    }
}
my $ext = qr/(?:vcf|bcf|bed|fa|bam|sam|cram|safetensors|tsv|meme|npz|svg|html|bw|fai|awk|txt)(?:\.gz)?/;
my $long = qr/--(?:output|svg|scores|npz|html|meme|targets|importance|predictions|track|curves|hub|igv|stats)/;
my $output = qr/(?:^|[\s<>])(?:-o|$long|>)[ =]*'?$/;
my @demo = qw(chr22_1Mb.fa chr22_1Mb.fa.fai demo.vcf.gz);
my @made_up = qw(genome.fa variants.vcf peaks/sheet.tsv peaks/open.bed peaks/mytf.bed);

# A loop over words, written out: its body for each word.
sub unroll
{
    my ($command) = @_;
    return $command unless $command =~ /^for (\w+) in ([^;]+); do\s(.*)done(.*)/s;
    my ($variable, $words, $body, $rest) = ($1, $2, $3, $4);
    my $all = '';
    for my $word (split ' ', $words) { $all .= $body =~ s/\$$variable\b/$word/gr }
    return $all . $rest;
}

# Whether a file ships with the program.
sub ships
{
    my ($file) = @_;
    return 1 if -e "$source/$file";
    return $file =~ m{^(?:\.\./)+(.*)} && -e "$source/$1";
}

# The arrays of --npz, which a command names in part.
sub arrays
{
    my ($command) = @_;
    return unless $command =~ /--npz (\S+)/;
    my $base = $1;
    my ($tfs) = $command =~ /--tf (\S+)/;
    return map { ("$base.$_.onehot.npz", "$base.$_.hyp.npz") } split /,/, $tfs;
}

for my $c (@commands) {
    my ($line, $command) = @$c;
    my @missing;
    $command =~ s/\s#\s.*//; # a remark
    $command = unroll($command);
    if ($command =~ m{^\. doc/start\.sh}) { $there{$_} = 1 for @demo }
    if ($command =~ m{made-up\.awk|^\. doc/start\.sh}) { $there{$_} = 1 for @made_up }
    while ($command =~ m{([\w./{}-]+\.$ext)(?![\w.])}g) {
        my ($file, $before) = ($1, substr $command, 0, $-[1]);
        if ($before =~ $output) { $there{$file} = 1 }
        elsif (!$there{$file} && !ships($file)) { push @missing, $file }
    }
    my $name = "line $line: " . substr((split /\n/, $command)[0], 0, 60);
    print @missing ? "not ok $name: nothing makes " . join(', ', @missing) . "\n" : "ok $name\n";
    $there{$_} = 1 for arrays($command);
}
print "not ok it shows no commands\n" unless @commands;
