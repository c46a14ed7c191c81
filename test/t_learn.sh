# learn: from peaks to a model and its card, on a made-up genome with a small parent.
. "$SRCDIR/test/lib.sh"
awk -f "$SRCDIR/doc/made-up.awk" && samtools faidx genome.fa || exit 1
$TFBIND labels -v 1 -f genome.fa --samples peaks/sheet.tsv -o all.bed peaks/open.bed || exit 1
sed '1s/MYTF/OTHER/' all.bed | grep -v '^chr[23]' > other.bed
sed '1s/MYTF/OTHER/' all.bed | grep -v '^chr3' > both.bed
S='conv 12 12; bn; relu; gpool max; dense 0'
$TFBIND pretrain -v 0 -f genome.fa -l both.bed --valid chr2 --spec "$S" -e 12 --batch 20 --rate 0.01 \
    -o parent.safetensors || exit 1
L="$TFBIND learn --target MYTF -f genome.fa --peaks peaks/mytf.bed --from parent.safetensors"
get() { $TFBIND model --get "$1" "$2"; }
# a card without the numbers that differ between processors
plain() {
    sed 's/[0-9]*\.[0-9][0-9]*/N/g; s/SHA-256 `[^`]*`/SHA-256 X/; s/`[A-Zn]*n[A-Zn]*`/FILTER/g
        s/has [0-9]* sites in [0-9]*/has N sites in N/; s/[0-9]* %/N %/g' "$1"
}

$L --open peaks/open.bed -e 6 --snvs 500 -o my.safetensors > printed.md 2> log.txt || cat log.txt >&2
same 'the card is printed and written' printed.md my.md
plain my.md > card.txt
[ -z "$REDO" ] || cp card.txt "$SRCDIR/test/expected/learn.card.txt"
same 'the card' card.txt "$SRCDIR/test/expected/learn.card.txt"
ok_if 'the model is of the target' [ "$($TFBIND model --list my.safetensors)" = MYTF ]
[ "$(get parent_sha256 my.safetensors)" = "$(sha256sum < parent.safetensors | cut -d' ' -f 1)" ]
verdict $? 'its parent is recorded'
# chr1 trained the parent and trains the child, too; chr2 chose the parent's epoch, so that it cannot test
split="$(get train_chroms my.safetensors) $(get valid my.safetensors) $(get test my.safetensors)"
[ "$split" = 'chr1 chr2 chr3' ]
verdict $? 'what trained the parent neither validates nor tests' "$split"
# the labels are those that `labels` makes: bound windows have the summit in the middle
zcat my.labels.bed.gz | awk -F'\t' '
    NR == FNR { s[$1, int(($2 + $3) / 2)] = 1; next }
    FNR > 1 && $5 == 1 { n++; if (!(($1, $2 + 100) in s)) bad++ }
    FNR > 1 && $5 == 0 { u++ }
    END { print bad + 0, n, u }' peaks/mytf.bed - > n.txt
awk '{ exit !($1 == 0 && $2 > 400 && $3 == 459) }' n.txt
verdict $? 'windows lie around summits; open regions without a peak are unbound' "$(cat n.txt)"
t=$(get test my.safetensors)
$TFBIND evaluate -m my.safetensors -f genome.fa -l my.labels.bed.gz --chroms "$t" > e.tsv 2> /dev/null
awk -F'\t' '$1 == "MYTF" { printf "%.3f\n", $4 }' e.tsv > want.txt
sed -n 's/^| AUROC | \([0-9.]*\) .*/\1/p' my.md | head -n 1 > got.txt
awk 'NR == FNR { w = $1; next } { d = w - $1; exit !(d < 0.002 && d > -0.002 && w > 0.8) }' want.txt got.txt
verdict $? 'evaluate finds the AUROC of the card' "$(cat want.txt got.txt | tr '\n' ' ')"
get calibration my.safetensors > cal.txt && $TFBIND model --calibration my.safetensors | grep -q '^MYTF	0\.'
verdict $? 'it is calibrated, with a threshold'
get test_intervals my.safetensors | grep -q '^{"auprc":\[0\.[0-9]*,0\.[0-9]*,[01]\.[0-9]*\],"auroc"'
verdict $? 'the intervals are in the model' "$(get test_intervals my.safetensors)"
$L --open peaks/open.bed -e 6 --snvs 500 -@ 1 -o two.safetensors > /dev/null 2>&1
cmp <(zcat my.labels.bed.gz) <(zcat two.labels.bed.gz) &&
    [ "$(get valid_loss my.safetensors)" = "$(get valid_loss two.safetensors)" ]
verdict $? 'the same again, on one thread'
! ls | grep -q 'tmp\|ckpt\|summits\|windows\|sheet'
verdict $? 'nothing else is left'

# random windows: as many bases of G and C, away from peaks
$L -e 2 --snvs 0 --cv 0 -o random.safetensors > random.md 2> log.txt
grep -q 'random ones, most of them in closed chromatin' random.md
verdict $? 'random windows: the card warns' "$(tail -n 1 log.txt)"
zcat random.labels.bed.gz | awk -F'\t' '
    NR == FNR { b[++n] = $2; e[n] = $3; c[n] = $1; next }
    FNR > 1 && $5 == 0 { u++; for (i = 1; i <= n; i++) if (c[i] == $1 && b[i] < $3 + 1000 && e[i] > $2 - 1000) bad++ }
    END { print bad + 0, u + 0 }' peaks/mytf.bed - > n.txt
awk '{ exit !($1 == 0 && $2 >= 10) }' n.txt
verdict $? 'random windows are away from peaks' "$(cat n.txt)"

# narrowPeak: the summit, not the middle; another style of contig names
awk -v OFS='\t' '{ print substr($1, 4), $2, $3, "p" NR, 100, ".", 5, 5, 5, 7 }' peaks/mytf.bed > my.narrowPeak
$TFBIND learn --target MYTF -f genome.fa --peaks my.narrowPeak --open peaks/open.bed --from parent.safetensors \
    -e 1 --snvs 0 --cv 0 -o narrow.safetensors > /dev/null 2>&1
zcat narrow.labels.bed.gz | awk -F'\t' '
    NR == FNR { s["chr" $1, $2 + 7] = 1; next }
    FNR > 1 && $5 == 1 { n++; if (!(($1, $2 + 100) in s)) bad++ }
    END { exit !(n > 400 && !bad) }' my.narrowPeak -
verdict $? 'narrowPeak: windows around the summits, contigs in another style'

# few peaks: cross-validation by itself, and a card that does not promise much
head -n 24 peaks/mytf.bed > few.bed
$TFBIND learn --target MYTF -f genome.fa --peaks few.bed --open peaks/open.bed --from parent.safetensors -e 2 \
    --snvs 0 --valid chr2 --test chr3 -o few.safetensors > few.md 2> log.txt
grep -q 'models, each without one part of the training' few.md && grep -q 'It is not tested' few.md
verdict $? 'few peaks: an interval from cross-validation, and what to trust' "$(tail -n 1 log.txt)"

# known motifs: one of the target starts a filter, and what is learnt gets a name
cat > known.meme << 'END'
MEME version 4

ALPHABET= ACGT

MOTIF K1 MYTF
letter-probability matrix: alength= 4 w= 8 nsites= 20 E= 0
 0.02 0.02 0.94 0.02
 0.02 0.02 0.02 0.94
 0.94 0.02 0.02 0.02
 0.94 0.02 0.02 0.02
 0.94 0.02 0.02 0.02
 0.02 0.94 0.02 0.02
 0.94 0.02 0.02 0.02
 0.02 0.02 0.94 0.02
MOTIF K2 NONE
letter-probability matrix: alength= 4 w= 6 nsites= 20 E= 0
 0.02 0.94 0.02 0.02
 0.02 0.94 0.02 0.02
 0.02 0.94 0.02 0.02
 0.02 0.02 0.94 0.02
 0.02 0.02 0.94 0.02
 0.02 0.02 0.94 0.02
END
$L --open peaks/open.bed -e 6 --snvs 0 --cv 0 --motifs known.meme -o known.safetensors > known.md 2> log.txt
grep -q 'filters are now motifs of 1 targets, and the head starts' log.txt && grep -q 'most similar known motif is K1 MYTF' known.md
verdict $? '--motifs: the prior, and the name of what was learnt' "$(grep 'most similar' known.md) $(tail -n 1 log.txt)"

# the shipped parent
mkdir shipped && cp parent.safetensors shipped/human.safetensors
TFBIND_MODELS=$PWD/shipped $TFBIND learn --target MYTF -f genome.fa --peaks few.bed --open peaks/open.bed -e 1 \
    --snvs 0 --cv 0 -o env.safetensors 2> log.txt | grep -q 'with `human.safetensors` as parent'
verdict $? 'TFBIND_MODELS has the parent' "$(tail -n 1 log.txt)"

# what cannot be
fails 'an output of another kind' 'must end with .safetensors' $L -o my.model
fails 'no peaks file' 'nothere.bed' $TFBIND learn --target MYTF -f genome.fa --peaks nothere.bed \
    --from parent.safetensors -o x.safetensors
printf 'chrX\t10\t20\n' > elsewhere.bed
fails 'peaks on other contigs' 'is on a contig of genome.fa' $TFBIND learn --target MYTF -f genome.fa \
    --peaks elsewhere.bed --from parent.safetensors -o x.safetensors
fails 'a target with a comma' "cannot be a TF's name" $L --target A,B -o x.safetensors
fails '--cv 1' 'two are needed' $L --cv 1 -o x.safetensors
fails 'an unknown recipe' '--recipe is default or published' $L --recipe mine -o x.safetensors
fails 'the card over the peaks' 'is the peaks' $TFBIND learn --target MYTF -f genome.fa --peaks my.md \
    --from parent.safetensors -o my.safetensors
fails 'a damaged parent' 'known.meme' $L --from known.meme -o x.safetensors
cp peaks/mytf.bed open.bed
fails 'no open region without a peak' 'no window without a peak is left' $L --open open.bed -o x.safetensors
! ls | grep -q '^x\.'
verdict $? 'a failed run leaves nothing'
