#!/usr/bin/perl
# inputs.pl - looks for files that the commands of a Markdown page read and that nothing makes.
#
#     perl inputs.pl FILE.md SOURCE_FOLDER       prints `ok` or `not ok` for each command, as test/run reads them
#
# A command is a line in an indented or fenced block that names one of the programs below, with the lines that continue it. A file that it names must
# be an output of it or of a command before it, lie in the source folder, be made by doc/start.sh, or be named as the reader's own: in the paragraph
# that says "these names stand for files of your own:".
use strict;
use warnings;

my ($page, $source) = @ARGV;
open(my $in, '<', $page) or die "$page: $!\n";
my @lines = <$in>;
close $in;
my $text = join '', @lines;
my %there;
for my $own ($text =~ /(these names\s+stand\s+for\s+files\s+of\s+your\s+own:.*?)\n\n/sgi) { $there{$_} = 1 for $own =~ /`([^`]+)`/g }

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
for my $c (@commands) {
    my ($line, $command) = @$c;
    my (@missing, @made);
    $command =~ s/\s#\s.*//; # a remark
    # a loop over words is what it does with each
    if ($command =~ /^for (\w+) in ([^;]+); do (.*)done(.*)/s) { my ($v, $body, $rest) = ($1, $3, $4); $command = join('', map { my $w = $_; $body =~ s/\$$v\b/$w/gr } split ' ', $2) . $rest }
    if ($command =~ m{^\. doc/start\.sh}) { $there{$_} = 1 for qw(chr22_1Mb.fa chr22_1Mb.fa.fai demo.vcf.gz) }
    if ($command =~ m{made-up\.awk|^\. doc/start\.sh}) { $there{$_} = 1 for qw(genome.fa variants.vcf peaks/sheet.tsv peaks/open.bed peaks/mytf.bed) }
    while ($command =~ m{([\w./{}-]+\.$ext)(?![\w.])}g) {
        my ($file, $from) = ($1, substr $command, 0, $-[1]);
        if ($from =~ /(?:^|[\s<>])(?:-o|--(?:output|svg|scores|npz|html|meme|targets|importance|predictions|track|curves)|>)[ =]*'?$/) { $there{$file} = 1 }
        elsif (!$there{$file} && !-e "$source/$file" && !($file =~ m{^(?:\.\./)+(.*)} && -e "$source/$1")) { push @missing, $file }
    }
    # it names them in part
    if ($command =~ /--npz (\S+)/) { my $base = $1; push @made, map { ("$base.$_.onehot.npz", "$base.$_.hyp.npz") } split /,/, ($command =~ /--tf (\S+)/)[0] }
    my $name = "line $line: " . substr((split /\n/, $command)[0], 0, 60);
    print @missing ? "not ok $name: nothing makes " . join(', ', @missing) . "\n" : "ok $name\n";
    $there{$_} = 1 for @made;
}
print "not ok it shows no commands\n" unless @commands;
