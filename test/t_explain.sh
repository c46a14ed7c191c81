# explain: contributions add up, agree with annotate and with each other every way in and out;
# figures say what happens; bad input is named.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
PY=${TFBIND_PYTHON:-python3}
X="$TFBIND explain -m tiny.safetensors -v 1"
# not the one with N
grep -v '^#' labels.bed | cut -f 1-3 | awk 'NR % 16 == 3 && !($1 == "chr2" && $2 < 5000 && $3 > 4950)' > w.bed
awk '{ print $1 ":" $2 + 1 "-" $3 }' w.bed > r.txt; samtools faidx -r r.txt ref.fa > w.fa

# ---- regions and sequences ----
$X -f ref.fa --tf all --scores s.tsv -o bed.tsv w.bed
head -n 1 bed.tsv | grep -qx 'name	target	allele	contig	pos	base	contribution	A	C	G	T' &&
    [ $(wc -l < bed.tsv) -eq $(($(wc -l < w.bed) * 180 + 1)) ]
verdict $? 'a row a base and target'
$X --tf all w.fa > fa.tsv
cut -f 2,6- bed.tsv > a.txt
cut -f 2,6- fa.tsv > b.txt
same 'a region and its sequence have the same contributions' a.txt b.txt
awk '
    NR > 1 { d = $8; if (d < 0) d = -d; s = $6 < 0 ? -$6 : $6; if (d > 1e-5) bad = 1; if (s > m) m = s }
    END {
        print bad ||
            m < 0.05 ? "not ok DeepLIFT sums to the change of the logit" : "ok DeepLIFT sums to the change of the logit"
    }' s.tsv
awk -F'\t' '
    NR == FNR { if (FNR > 1) want[$1 $2] = $6; next }
    FNR > 1 { s[$1 $2] += $7 }
    END {
        for (k in want) { d = s[k] - want[k]; n++; if (d * d > 1e-8) bad = 1 }
        print bad || !n ? "not ok the table sums to what --scores says" : "ok the table sums to what --scores says"
    }' s.tsv bed.tsv
awk -F'\t' '
    NR > 1 { v = $6 == "A" ? $8 : $6 == "C" ? $9 : $6 == "G" ? $10 : $11; if (v != $7) bad = 1 }
    END {
        print bad ? "not ok" : "ok", "a contribution is the hypothetical one of its base"
    }' bed.tsv
awk -F'\t' 'NR > 1 && $2 == "CTCF" { print $4 ":" $5 "-" $5, $6 }' bed.tsv | awk 'NR % 37 == 0' > p.txt
cut -d' ' -f 1 p.txt > q.txt
samtools faidx -r q.txt ref.fa | grep -v '>' > a.txt
cut -d' ' -f 2 p.txt > b.txt
same 'positions are those of the genome' a.txt b.txt
$X -@ 3 -f ref.fa --tf all w.bed > got.txt; same 'three threads = one' bed.tsv got.txt
$X --tf all --seed 2 w.fa > got.txt; ! cmp -s got.txt fa.tsv
verdict $? 'another seed, other references'
samtools faidx -r <(tail -n 1 r.txt) ref.fa > last.fa
$X --tf all last.fa | tail -n +2 > a.txt
tail -n 180 fa.tsv > b.txt
same 'references depend on the sequence, not on what came before' a.txt b.txt
$X --tf all --input fasta - < w.fa > got.txt; same 'standard input' fa.tsv got.txt
$X --tf all < w.fa > got.txt; same 'standard input whose kind is found out' fa.tsv got.txt
$X --tf all <(cat w.fa) > got.txt; same 'a named pipe of FASTA' fa.tsv got.txt
gzip -c w.fa > w.fa.gz; $X --tf all w.fa.gz > got.txt; same 'gzip' fa.tsv got.txt
$X --tf CTCF w.fa | cut -f 2- > a.txt
awk -F'\t' '$2 == "CTCF" || NR == 1' fa.tsv | cut -f 2- > b.txt
same 'one target = that target of all' a.txt b.txt
for r in fwd rev both; do $X --tf SPI1 --strand $r \
    --references-fasta <(samtools faidx -r <(tail -n 3 r.txt) ref.fa) --scores - w.fa |
    awk -F'\t' -v r=$r '
        NR > 1 { n++; d = $8 < 0 ? -$8 : $8; if (d > 1e-5) bad = 1 }
        END { print bad || !n ? "not ok --references-fasta, " r : "ok --references-fasta, " r }'; done
$X -f ref.fa --scores - w.bed | tail -n +2 | cut -f 2 > a.txt
$TFBIND annotate -v 0 -m tiny.safetensors -f ref.fa w.bed | tail -n +2 | cut -f 4 > b.txt
same 'without --tf: the TF with the highest score' b.txt a.txt
$X -f ref.fa --tf SPI1 --min-score 0.5 --scores - w.bed > a.txt
$X -f ref.fa --tf SPI1 --scores - w.bed | awk -F'\t' 'NR == 1 || $4 >= 0.5' > b.txt
same '--min-score' b.txt a.txt
$TFBIND explain -m tiny.safetensors -f ref.fa --tf SPI1 --min-score 0.5 --scores /dev/null w.bed 2> err.txt
grep -q ' not: [1-9][0-9]* with every score below --min-score$' err.txt
verdict $? 'the summary counts what --min-score leaves out' "$(cat err.txt)"
# in-silico mutagenesis by hand: one base of a sequence changed, scored by annotate
$X --method ism --tf SPI1 last.fa > ism.tsv; s=$(grep -v '>' last.fa | tr -d '\n')
for at in 1 30 60; do
    b=${s:at-1:1}
    printf '>o\n%s\n>m\n%s%s%s\n' "$s" "${s:0:at-1}" "$(other "$b")" "${s:at}"
done > mut.fa
$TFBIND annotate -v 0 -m tiny.safetensors --scale logit --tf SPI1 mut.fa |
    tail -n +2 |
    cut -f 2 |
    paste - - |
    awk '{ printf "%.4f\n", $2 - $1 }' > want.txt
for at in 1 30 60; do awk -F'\t' -v at=$at -v to="$(other "${s:at-1:1}")" '
    NR == at + 1 { c = index("ACGT", to) + 7; printf "%.4f\n", $c - $7 }' ism.tsv; done > got.txt
paste want.txt got.txt |
    awk '
        { d = $1 - $2; if (d * d > 4e-8) bad = 1; if ($1 * $1 > 1e-8) some = 1 }
        END { print NR == 3 && some && !bad ? "ok" : "not ok", "mutagenesis = scoring the mutant" }'
# tracks
$X -f ref.fa --tf CTCF --track t.bg -o t.tsv w.bed
tail -n +2 t.tsv | awk -F'\t' '{ print $4 "\t" $5 - 1 "\t" $5 "\t" $7 }' > want.txt
same '--track = the table' want.txt t.bg
$X -f ref.fa --tf CTCF --track u.bg --input bed <(tac w.bed)
same 'a track does not depend on the order of regions' want.txt u.bg
awk 'BEGIN { OFS = "\t" } { print $1, $2 - 20, $3 + 30, "p" NR, 0, ".", 1, 1, 1, 50 }' w.bed > w.narrowPeak
$X -f ref.fa --tf CTCF w.narrowPeak | cut -f 2- > a.txt
$X -f ref.fa --tf CTCF w.bed | cut -f 2- > b.txt
same "narrowPeak's summit is the middle" b.txt a.txt
sed 's/^chr//' w.bed > bare.bed
$X -f ref.fa --tf CTCF --track u.bg bare.bed
same 'contigs in another style' want.txt u.bg
$X -f ref.fa --tf CTCF --track u.bg.gz w.bed
bgzip -dc u.bg.gz > got.txt
same 'a track with bgzip' want.txt got.txt
$X -f ref.fa --tf all --track 'all.{tf}.bg' w.bed
same 'a track for each TF' want.txt all.CTCF.bg
[ "$(ls all.*.bg | wc -l)" = 3 ]
verdict $? 'as many as TFs'
printf 'chr1\t1000\t1060\nchr1\t1040\t1100\nchr1\t2000\t2060\nchr1\t1030\t1090\n' > o.bed
$TFBIND explain -m tiny.safetensors -f ref.fa --tf CTCF --track o.bg -o o.tsv o.bed 2> err.txt
tail -n +2 o.tsv |
    awk -F'\t' '
        { s[$5] += $7; n[$5]++ }
        END { for (p in s) printf "chr1\t%d\t%d\t%.4f\n", p - 1, p, s[p] / n[p] }' |
    sort -k2,2n > want2.txt
awk '{ printf "%s\t%d\t%d\t%.4f\n", $1, $2, $3, $4 }' o.bg > got.txt
sed 's/-0\.0000$/0.0000/' -i want2.txt got.txt
paste want2.txt got.txt |
    awk '
        { d = $4 - $8; if ($2 != $6 || d > 1.1e-4 || d < -1.1e-4) bad = 1 }
        END { print NR == 160 && !bad ? "ok" : "not ok", "if regions overlap, a track has their mean" }'
grep -q '2 regions overlap the one before' err.txt
verdict $? 'overlaps are counted' "$(cat err.txt)"
if $TFBIND explain -h | grep -q 'bigWig (.bw, .bigwig) (not in this build)'; then
    fails 'bigWig without libBigWig' 'x.bw: this tfbind was built without libBigWig' $X -f ref.fa --tf \
        CTCF --track x.bw w.bed
    ok_if 'no file without libBigWig' [ ! -e x.bw ]
else
    $X -f ref.fa --tf CTCF --track t.bw --input bed <(tac w.bed)
    from_bigwig t.bw %.6g > got.txt
    same 'bigWig = bedGraph' want.txt got.txt
    $X -f ref.fa --tf CTCF --track o.bigWig o.bed
    from_bigwig o.bigWig %.6g > got.txt
    same 'bigWig = bedGraph if regions overlap' o.bg got.txt
    fails 'a bigWig to a full disk' 'cannot write' $X -f ref.fa --tf CTCF --track none/t.bw w.bed
    {
        cat w.bed
        echo 'chr1 ten 20'
    } > u.bed
    fails 'a bigWig of a damaged file' 'u.bed:' $X -f ref.fa --tf CTCF --track x.bw u.bed
    ok_if 'no half-written bigWig' [ ! -e x.bw ]
fi

# ---- variants ----
grep -E '^#|snv|mnv|del|ins|multi' in.vcf > v.vcf
$X -f ref.fa --tf all --scores vs.tsv -o v.tsv v.vcf
bcftools view -Ob --no-version v.vcf > v.bcf
$X -f ref.fa --tf all v.bcf > got.txt
same 'BCF = VCF' v.tsv got.txt
$TFBIND annotate -v 0 -m tiny.safetensors -f ref.fa --tf all v.vcf |
    bcftools query -f '[%CTCF]' -f '%TFB_CTCF_LOR\n' |
    tr , '\n' |
    grep -v '^\.$' > lor.txt
awk -F'\t' '$2 == "CTCF" { if ($3 == "REF") r = $5; else printf "%.4f\n", $5 - r }' vs.tsv > got.txt
awk '{ printf "%.4f\n", $1 }' lor.txt |
    paste - got.txt |
    awk -v name="logits of REF and ALT are annotate's" '
        { d = $1 - $2; if (d * d > 4e-8) bad = 1 }
        END { print NR > 7 && !bad ? "ok" : "not ok", name }'
$X -f ref.fa --method deeplift --tf all --scores - v.vcf |
    awk -F'\t' '
        NR > 1 {
            d = $8 < 0 ? -$8 : $8
            if (d > 1e-5) bad = 1
            if ($3 == "REF") ref = $7
            else if (ref != $7) bad = 1
        }
        END {
            print bad ? "not ok" : "ok", "DeepLIFT of a variant: both alleles against the same references"
        }'
# the deletion of 5 bases and the insertion of 10: which bases stand where
awk -F'\t' '$2 == "CTCF" && $1 ~ /^chr1:500:/ && $3 == "ALT" { print $5 }' v.tsv > got.txt
{
    seq 470 500
    seq 506 534
} > want.txt
same 'positions after a deletion' want.txt got.txt
awk -F'\t' '$2 == "CTCF" && $1 ~ /^chr1:600:/ && $3 == "ALT" { printf "%s", $6 } END { print "" }' v.tsv > got.txt
echo "$(seq_at chr1 575 600)ACGTACGTAC$(seq_at chr1 601 624)" > want.txt
same 'bases around an insertion' want.txt got.txt
[ "$(awk -F'\t' '$2 == "CTCF" && $1 ~ /^chr1:600:/ && $3 == "ALT" && $5 == "."' v.tsv | wc -l)" = 10 ]
verdict $? 'inserted bases have no position'
$TFBIND explain -m tiny.safetensors -f ref.fa --scores /dev/null in.vcf 2> err.txt
grep -q 'explained by in-silico mutagenesis' err.txt &&
    grep -q 'symbolic' err.txt &&
    grep -q 'too near a contig end' err.txt
verdict $? 'what cannot be explained is counted by reason' "$(head -n 1 err.txt)"

# ---- pictures ----
printf 'MEME version 4

ALPHABET= ACGT

MOTIF M1 CTCF
letter-probability matrix: alength= 4 w= 4 nsites= 20 E= 0
 0.97 0.01 0.01 0.01
 0.01 0.97 0.01 0.01
 0.01 0.01 0.97 0.01
 0.01 0.01 0.01 0.97
' > db.meme
$X -f ref.fa --tf CTCF,SPI1 --logos figs --db db.meme v.vcf
ls figs | wc -l | grep -qx "$((2 * $(wc -l < lor.txt)))"
verdict $? 'a figure a variant and TF' "$(ls figs | wc -l)"
f=$(ls figs/chr1_100_*CTCF.svg | head -n 1)
grep -q 'The ALT allele .* CTCF: the probability of binding is' "$f" &&
    grep -q 'Best matching motif: M1 CTCF' "$f" &&
    grep -q '>snv' "$f"
verdict $? 'a figure says what happens'
digest=$(sha256sum tiny.safetensors | cut -c1-12)
ok_if 'it names model and genome' grep -q "Model: tiny.safetensors $digest. Genome: ref.fa." "$f"
ok_if 'it names the axis' grep -q '>position on chr1, ref.fa</text>' "$f"
perl -0ne '
    my %at;
    $at{$1} = $2 while /<text x="([\d.]+)" y="[\d.]+" text-anchor="middle">(\d+)<\/text>/g;
    my ($mark) = /<rect fill="#ffe9a8" x="([\d.]+)"/;
    my @wrong = grep { abs(100 + ($_ - $mark - 7) / 14 - $at{$_}) > 0.01 } grep { $at{$_} >= 10 } keys %at;
    print @wrong || !%at ? "not ok positions: @wrong\n" : "ok positions are those of the genome\n"' "$f"
perl -0ne '
    my @row;
    for (/<g font-family="monospace".*?<\/g>/gs) {
        my %at;
        while (/<text x="([\d ]+)" [^>]*>([ACGTN-]+)</g) { @at{split / /, $1} = split //, $2 }
        push @row, join "", @at{sort { $a <=> $b } keys %at};
    }
    (my $other = $row[0]) =~ tr/ACGT/TGCA/;
    print $other eq $row[1] && length $other > 20 ? "ok" : "not ok", " the other strand\n"' "$f"
ok_if 'the motif has its name beside it' grep -q 'font-weight="bold" fill="#111">CTCF</text><text [^>]*>M1, . strand' "$f"
! grep -q 'threshold' "$f"
verdict $? 'no threshold without calibration'
! grep -q 'random SNVs' figs/*.svg
verdict $? 'without calibration nothing is said of percentiles'
$TFBIND model --calibrate -f ref.fa -l labels.bed.gz --n 400 -o cal.safetensors tiny.safetensors 2> err.txt
bcftools view -i 'ID="snv"' v.vcf > one.vcf
$TFBIND explain -v 1 -m cal.safetensors -f ref.fa --tf CTCF --logos calfigs one.vcf
ok_if 'threshold and delta are drawn' grep -q 'threshold of a site [0-9.]*</text>.*>delta [-+][0-9.]*' calfigs/*.svg
$TFBIND annotate -v 0 -m cal.safetensors -f ref.fa --tf CTCF one.vcf |
    bcftools query -f '%TFB_CTCF_PCT\n' |
    head -n 1 |
    awk '{ printf(($1 >= 99 ? "%.2f" : "%.0f"), ($1 >= 99 ? int($1 * 100) / 100 : $1)) }' > pct.txt
[ -s pct.txt ] &&
    grep -q "The change is larger than that of $(cat pct.txt) % of random SNVs" calfigs/chr1_100_*CTCF.svg
verdict $? "a figure says annotate's percentile" "$(cat pct.txt err.txt)"
perl -0ne '
    my @open;
    while (/<(\/?)([a-z]+)[^>]*?(\/?)>/g) {
        next if $3;
        if ($1) { pop(@open) eq $2 or die "mismatch" } else { push @open, $2 }
    }
    exit(@open ? 1 : 0)' "$f"
verdict $? 'its elements are closed'
$X --tf CTCF --logos logos w.fa; [ "$(ls logos | wc -l)" = "$(wc -l < w.bed)" ] && grep -q '<path' logos/*.svg
verdict $? 'a logo a sequence'
{
    sed 1,2d w.fa | head -n 2 | sed '1s/.*/>a:b/'
    tail -n 2 w.fa | sed '1s/.*/>a*b/'
} > alike.fa
$X --tf CTCF --logos alike alike.fa
[ "$(ls alike | tr '\n' ' ')" = 'a_b.CTCF.2.svg a_b.CTCF.svg ' ] &&
    grep -q 'a:b' alike/a_b.CTCF.svg &&
    grep -q 'a\*b' alike/a_b.CTCF.2.svg
verdict $? 'names that are alike in a file system' "$(ls alike)"
$X --tf CTCF --logos alike alike.fa; ok_if 'a second run replaces its files' [ "$(ls alike | wc -l)" = 2 ]

# ---- arrays, read by those they are for ----
if $TFBIND explain -h | grep -q -- '--npz .*not in this build'; then
    echo 'skip --npz: built without libzip'
else
    $X --tf CTCF,SPI1 --npz arr -o npz.tsv w.fa
    ls arr.*.npz |
        tr '\n' ' ' |
        grep -qx 'arr.CTCF.hyp.npz arr.CTCF.onehot.npz arr.SPI1.hyp.npz arr.SPI1.onehot.npz '
    verdict $? '--npz: two files a TF'
    cp arr.SPI1.hyp.npz first.npz
    $X --tf CTCF,SPI1 --npz arr w.fa
    same 'the same arrays make the same file' first.npz arr.SPI1.hyp.npz
    if "$PY" -c 'import numpy' 2> /dev/null; then
        "$PY" - << 'END'
import numpy as np
rows = [l.rstrip("\n").split("\t") for l in open("npz.tsv")][1:]
for tf in "CTCF", "SPI1":
    x, h = np.load(f"arr.{tf}.onehot.npz")["arr_0"], np.load(f"arr.{tf}.hyp.npz")["arr_0"]
    mine = [r for r in rows if r[1] == tf]
    want = np.array([[float(v) for v in r[7:]] for r in mine]).reshape(-1, 60, 4).transpose(0, 2, 1)
    base = np.array(["ACGT".index(r[5]) for r in mine]).reshape(-1, 60)
    good = x.shape == h.shape == want.shape and np.allclose(h, want, rtol=1e-5)
    good = good and (x.argmax(1) == base).all() and (x.sum(1) == 1).all()
    print("ok" if good else "not ok", f"numpy reads the arrays of {tf}: (N, 4, L), as in the table")
END
    else echo 'skip numpy reads the arrays: no numpy (TFBIND_PYTHON=... names a Python that has it)'; fi
    MODISCO=${TFBIND_MODISCO:-modisco}
    if command -v "$MODISCO" > /dev/null; then
        "$MODISCO" motifs -s arr.CTCF.onehot.npz -a arr.CTCF.hyp.npz -n 100 -w 60 -o modisco.h5 > modisco.txt 2>&1 &&
            [ -s modisco.h5 ]
        verdict $? 'TF-MoDISco-lite takes them' "$(tail -n 1 modisco.txt)"
    else echo 'skip TF-MoDISco-lite takes the arrays: it is not installed (TFBIND_MODISCO=... names its program)'; fi
fi

# ---- bad input ----
for o in -o --scores "--tf SPI1 --track"; do
    cp w.bed both.bed
    fails "$o onto the input" 'both.bed is the input' $X -f ref.fa $o both.bed both.bed
    same "it is still whole, $o" w.bed both.bed
done
samtools view --no-PG -b -T ref.fa -o x.bam <(printf 'r\t0\tchr1\t100\t60\t4M\t*\t0\t0\tACGT\t*\n')
$X -f ref.fa none.bed > got.txt 2> err.txt; [ $? = 1 ] && [ ! -s got.txt ] && grep -q 'cannot read none.bed' err.txt
verdict $? 'no input, no header' "$(head -n 1 got.txt)"
bgzip -c w.bed | head -c -28 > cut.bed.gz
fails 'BED without its end' 'cut.bed.gz is truncated' $X -f ref.fa cut.bed.gz
printf '\nACGT\n>s\nACGT\n' > no.fa; fails 'a sequence before its name' 'no.fa:2: not FASTA' $X --input fasta no.fa
fails 'BAM' 'is SAM, BAM or CRAM, which explain does not read' $X -f ref.fa x.bam
fails 'FASTQ' 'is FASTQ, which explain does not read' $X -f ref.fa <(printf '@r\nACGT\n+\nIIII\n')
fails 'an unknown input' "is vcf, bed or fasta, not 'bam'" $X -f ref.fa --input bam x.bam
fails 'no FASTA for regions' '-f ref.fa is missing' $X w.bed
fails 'an unknown method' '--method is deeplift, ism or gradient' $X --method shap w.fa
printf '>a\nACGT\n' > short.fa
fails 'a reference too short' "short.fa: a has 4 bases, a reference must have the window's 60" \
    $X --references-fasta short.fa w.fa
: > none.fa; fails 'no references' 'none.fa holds no sequences' $X --references-fasta none.fa w.fa
fails 'seeds are for DeepLIFT' 'are for --method deeplift' $X --method ism --seed 3 w.fa
fails 'arrays need a TF' '--npz needs --tf' $X --npz x w.fa
fails 'two TFs on one track' '2 TFs are 2 tracks: give --track a name with {tf}' $X -f ref.fa --tf \
    CTCF,SPI1 --track x.bg w.bed
fails 'a track without a TF' '--track needs --tf and BED' $X -f ref.fa --track x.bg w.bed
fails 'a track of variants' '--track needs --tf and BED' $X -f ref.fa --tf CTCF --track x.bg v.vcf
fails 'an unknown TF' "CTFC" $X --tf CTFC w.fa
{
    cat w.bed
    echo 'chr1 ten 20'
} > u.bed
fails 'a track of a damaged file' 'u.bed:' $X -f ref.fa --tf CTCF --track x.bg u.bed
ok_if 'nothing half-written is left' [ ! -e x.bg ]
printf 'chr1\tten\t20\n' > bad.bed; fails 'a bad line' 'bad.bed:1: not BED' $X -f ref.fa bad.bed
sed 's/^\(chr1\t100\tsnv\t\)./\1N/' in.vcf |
    awk -F'\t' -v OFS='\t' '$2 == 300 { $4 = ($4 == "A") ? "C" : "A"; $5 = "G" } 1' > mis.vcf
fails 'a REF that is not there' 'chr1:300: REF is' $X -f ref.fa mis.vcf
fails 'an unwritable table' 'cannot write /dev/full' $X -o /dev/full w.fa
fails 'not VCF' 'is not VCF or BCF' $X -f ref.fa --input vcf ref.fa
fails 'several models' 'explains only one model' $TFBIND explain -m tiny.safetensors,tiny.safetensors w.fa
mkdir one two && cp tiny.safetensors one && cp tiny.safetensors two/a.safetensors && cp tiny.safetensors two
fails 'a folder of models' 'explains only one model' $TFBIND explain -m two w.fa
check 'a folder of one model' $TFBIND explain -m one w.fa
check 'a folder of models, by mutagenesis' $TFBIND explain -m one --method ism --tf SPI1 w.fa
check 'several models by mutagenesis' $TFBIND explain -v 0 -m tiny.safetensors,tiny.safetensors --method \
    ism --scores /dev/null w.fa
head -c 300 v.bcf > cut.bcf; fails 'a truncated BCF' 'cut.bcf' $X -f ref.fa cut.bcf
