# doc/python-r.md: each Python and R snippet, run on the file that the page makes, prints what the page shows (decimal
# numbers within 2 %). --redo-outputs writes what they print into the page.
. "$SRCDIR/test/lib.sh"
page=$SRCDIR/doc/python-r.md
if ! sh "$SRCDIR/demo/fetch" "$(dirname "$TFBIND")/build/demo" 2> fetch.txt; then
    echo "skip snippets of Python and R: $(head -n 1 fetch.txt)"
    exit 0
fi
mkdir bin && ln -s "$TFBIND" bin/tfbind
export PATH=$PWD/bin:$PATH TFBIND_MODELS=$SRCDIR/models
kept=$(cd "$(dirname "$TFBIND")/build/demo" && pwd)
ln -s "$kept"/chr22_1Mb.fa* "$kept"/demo.vcf.gz* .
"$TFBIND" annotate -v 0 -f chr22_1Mb.fa -Oz -W=tbi -o demo.tfb.vcf.gz demo.vcf.gz || exit 1

# N.NAME (with the heading) and N.shown: the snippets, and the text block after each
perl -ne '
    if (/^## (.*)/) { $heading = $1 }
    elsif (/^```(python|r)$/) { $n++; open $to, ">", "$n.$1"; open $h, ">", "$n.heading"; print $h "$heading\n" }
    elsif (/^```text$/ && $n) { open $to, ">", "$n.shown" }
    elsif (/^```/) { undef $to }
    elsif ($to) { print $to $_ }' "$page"
close_enough() { # FILE FILE: the same words, and numbers within 2 %
    perl -e '
        my ($x, $y) = map { local (@ARGV, $/) = $_; [split " ", <>] } @ARGV;
        @$x == @$y or exit 1;
        for my $i (0 .. $#$x) {
            my ($p, $q) = ($x->[$i], $y->[$i]);
            next if $p eq $q;
            my $number = qr/^-?\d*\.\d+$/;
            exit 1 if $p !~ $number || $q !~ $number || abs($p - $q) > 0.02 * abs($q) + 0.06;
        }' "$1" "$2"
}
python=$(python_with cyvcf2, pandas, pysam)
r=
if [ -n "$SLOW" ] && command -v Rscript > /dev/null &&
    Rscript -e 'quit(status = !nzchar(system.file(package = "VariantAnnotation")))' > /dev/null 2>&1; then r=Rscript; fi
n=0
for f in [0-9]*.python [0-9]*.r; do
    n=$((n + 1))
    case $f in
        *.python) run=$python needs='pandas, cyvcf2 and pysam are not installed (python3-pandas, -cyvcf2, -pysam)' ;;
        *.r) run=$r needs='make check-slow runs it, if VariantAnnotation is installed (r-bioc-variantannotation)' ;;
    esac
    name="$(cat "${f%.*}.heading") (${f#*.})"
    if [ -z "$run" ]; then echo "skip $name: $needs"; continue; fi
    if ! $run "$f" > "${f%.*}.got" 2> err.txt; then echo "not ok $name: $(tail -n 1 err.txt)"; continue; fi
    [ -s "${f%.*}.got" ] && close_enough "${f%.*}.shown" "${f%.*}.got"
    verdict $? "$name" "$(diff "${f%.*}.shown" "${f%.*}.got" | sed -n 2p)"
done
ok_if 'the page has five snippets' [ $n -eq 5 ]
if [ -n "$REDO" ]; then
    perl -i -pe '
        if (/^```(python|r)$/) { $n++ }
        elsif (/^```text$/ && $n && -s "$n.got") { $_ .= qx(cat $n.got); $skip = 1; next }
        $skip = 0 if /^```/;
        $_ = "" if $skip' "$page"
fi
