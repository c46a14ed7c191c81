# Training: learns what can be learnt, the same on any number of threads, resumes after a kill,
# writes what it knows.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
S='conv 12 5; bn; relu; pool 4; dense 16; bn; relu; dropout 0.2; dense 0'
P="$TFBIND pretrain -f ref.fa -l labels.bed.gz --valid chr2 --batch 32"
$P --spec "$S" -e 12 -o a.safetensors -@ 1 2> log.txt || { cat log.txt >&2; exit 1; }
$P --spec "$S" -e 12 -o b.safetensors -@ 3 2> /dev/null
$TFBIND model a.safetensors --list | tr '\n' ' ' | grep -qx 'CTCF SPI1 NKX2-5 '
verdict $? 'targets are the columns'
# the file differs in the command line alone
tail -c 4000 a.safetensors > a.tail
tail -c 4000 b.safetensors > b.tail
same '3 threads = 1, weight for weight' a.tail b.tail
$P --spec "$S" -e 12 --seed 2 -o c.safetensors 2> /dev/null
tail -c 4000 c.safetensors | cmp -s - a.tail &&
    echo 'not ok another seed is another model' ||
    echo 'ok another seed is another model'
E="$TFBIND evaluate -f ref.fa -l labels.bed.gz --chroms chr2"
$E -m a.safetensors > a.tsv
head -n 1 a.tsv | grep -qx 'target	n	n_bound	auroc	auprc	mcc	precision	recall	accuracy' &&
    [ "$(wc -l < a.tsv)" = 5 ] &&
    echo 'ok evaluate prints one header line, a row a target, the mean' ||
    echo "not ok evaluate's table: $(head -n 1 a.tsv)"
awk '
    $1 == "CTCF" {
        if ($4 > 0.85) print "ok learns GC content on another contig (AUROC " $4 ")"
        else print "not ok learns GC content: AUROC " $4
    }' a.tsv
# the epoch kept is the one with the lowest validation loss
best=$(grep -o 'valid [0-9.]* ' log.txt | awk '{ print $2 }' | sort -n | head -n 1)
awk -v a="$best" -v b="$($TFBIND model --get valid_loss a.safetensors)" '
    BEGIN {
        d = a - b
        if (d * d < 1e-9) print "ok the best epoch is kept"
        else print "not ok the best epoch is kept: " a " " b
    }'
for k in command genome label_policy data_digest split seed epoch valid_loss train_chroms valid valid_metrics; do
    $TFBIND model --get $k a.safetensors > v.txt 2>&1 && [ -s v.txt ]
    verdict $? "the model knows its $k"
done
[ "$($TFBIND model --get train_chroms a.safetensors) $($TFBIND model --get valid a.safetensors)" = 'chr1 chr2' ]
verdict $? 'contigs of training and validation'

# balanced: all bound regions and as many unbound ones, alike in GC content
$E -m a.safetensors --tf SPI1 > all.tsv
$E -m a.safetensors --tf SPI1 --balanced --predictions p1.tsv > p1.out
$E -m a.safetensors --tf SPI1 --balanced --seed 2 --predictions p2.tsv > p2.out
awk -v b="$(awk '$1 == "SPI1" { print $3 }' all.tsv)" '
    $1 == "SPI1" {
        if ($3 == b && $2 == 2 * b) print "ok --balanced: every bound region, as many unbound ones"
        else print "not ok --balanced: " $2 " regions, " $3 " bound, of " b " bound"
    }' p1.out
[ "$(grep -vc '^#' p1.tsv)" = "$(awk '$1 == "SPI1" { print $2 }' p1.out)" ]
verdict $? '--balanced: predictions of those'
! cmp -s p1.tsv p2.tsv
verdict $? '--balanced: another seed, another sample'
cat > gc.pl << 'P'
# Tenths of GC of the regions of p1.tsv by label: in a bin, as many unbound ones as bound ones, or all there are.
open F, "ref.fa"; while (<F>) { chomp; if (/^>(\S+)/) { $c = $1 } else { $s{$c} .= $_ } }
open L, "labels.bed";
<L>;
while (<L>) {
    @f = split;
    next if $f[0] ne "chr2";
    $q = substr($s{$f[0]}, $f[1], 60);
    next if $q =~ /N/;
    $g = int(($q =~ tr/GC//) * 10 / 60);
    $bin{"$f[0] $f[1]"} = $g;
    $lab{"$f[0] $f[1]"} = $f[5];
    $have[$g]++ if $f[5] eq 0;
    $want[$g]++ if $f[5] eq 1;
}
open P, "p1.tsv";
<P>;
while (<P>) {
    @f = split;
    $k = "$f[0] $f[1]";
    $got[$bin{$k}]++ if $lab{$k} eq 0;
    $n++ if $lab{$k} eq 1;
}
for (0 .. 9) {
    $min = $want[$_] < $have[$_] ? $want[$_] : $have[$_];
    $bad .= " $_: $got[$_] of $have[$_], wanted $want[$_];" if $got[$_] < $min;
}
$w += $_ for @want;
print $bad || $n != $w ? "not ok --balanced: matched by GC content:$bad $n of $w\n"
    : "ok --balanced: matched by GC content\n";
P
perl gc.pl
$E -m a.safetensors --balanced > p3.out
same '--balanced: a target is sampled alike alone and among others' <(grep SPI1 p1.out) <(grep SPI1 p3.out)

# float16: the same predictions to three digits, half the size
$TFBIND model --convert h.safetensors --half a.safetensors && $E -m h.safetensors > h.tsv
awk '
    NR == FNR { v[$1] = $4; next }
    FNR > 1 { d = v[$1] - $4; if (d * d > 1e-4) bad = 1 }
    END { print bad ? "not ok float16 predicts the same" : "ok float16 predicts the same" }' a.tsv h.tsv
$TFBIND model --convert back.safetensors h.safetensors && $E -m back.safetensors > back.tsv
same 'float16 and back loses nothing more' h.tsv back.tsv

# interrupted and resumed it ends where an uninterrupted run ends
$P --spec "$S" -e 12 -o r.safetensors -@ 1 --schedule cosine --average 0.99 2> /dev/null
for n in 1 2 3; do
    timeout -s INT 0.25 $P --spec "$S" -e 12 -o s.safetensors -@ 1 --schedule cosine --average 0.99 \
        --resume 2>> resume.log
done
timeout -s KILL 0.3 $P --spec "$S" -e 12 -o s.safetensors -@ 1 --schedule cosine --average 0.99 \
    --resume 2>> resume.log
$P --spec "$S" -e 12 -o s.safetensors -@ 1 --schedule cosine --average 0.99 --resume 2>> resume.log
tail -c 4000 r.safetensors > r.tail
tail -c 4000 s.safetensors > s.tail
same 'interrupted, killed and resumed = uninterrupted' r.tail s.tail
ok_if 'the checkpoint is removed at the end' [ ! -e s.safetensors.ckpt ]
timeout -s INT 0.2 $P --spec "$S" -e 2000 -o t.safetensors -@ 1 2> t.log; status=$?
ok_if 'an interrupted run writes no model' [ ! -e t.safetensors ]
if [ -e t.safetensors.ckpt ]; then
    $P --spec "$S" -e 2000 --seed 5 -o t.safetensors --resume 2> t.log &&
        echo 'not ok a checkpoint of another run is refused' ||
        {
            grep -q 'belongs to a different run' t.log
            verdict $? 'a checkpoint of another run is refused' "$(tail -n 1 t.log)"
        }
    head -c 999 t.safetensors.ckpt > u.safetensors.ckpt
    $P --spec "$S" -e 2000 -o u.safetensors --resume 2> t.log && echo 'not ok a damaged checkpoint is refused' || {
        grep -q 'is damaged' t.log
        verdict $? 'a damaged checkpoint is refused' "$(tail -n 1 t.log)"
    }
else echo 'skip checkpoints of other runs: the machine was too slow for one epoch'; fi

# data options
$P --spec "$S" -e 1 --complete -o d.safetensors 2> log.txt; a=$(grep -o '[0-9]* training' log.txt | cut -d' ' -f 1)
b=$(awk '$1 == "chr1" && $7 != "."' labels.bed | wc -l)
[ "$a" = "$b" ]
verdict $? '--complete uses regions resolved for all' "$a, not $b"
$P --spec "$S" -e 1 --targets NKX2-5,CTCF -o d.safetensors 2> /dev/null
$TFBIND model --list d.safetensors | tr '\n' ' ' | grep -qx 'NKX2-5 CTCF '
verdict $? '--targets, in their order'
printf '# a comment\nSPI1\n' > list.txt
$P --spec "$S" -e 1 --targets @list.txt -o d.safetensors 2> /dev/null
$TFBIND model --list d.safetensors | grep -qx SPI1
verdict $? '--targets @FILE'
$TFBIND pretrain -f ref.fa -l labels.bed.gz --spec "$S" -e 1 -o d.safetensors 2> log.txt
n=$(awk '!/^#/' labels.bed | wc -l)
grep -q "training" log.txt &&
    awk -v n="$n" -F'[] ,]+' '
        /training/ {
            for (i = 1; i < NF; i++) if ($(i + 1) ~ /training|validation|test/) s += $i
            if (s <= n && s > n - 10) print "ok a random split uses all regions"
            else print "not ok a random split uses all regions: " s " of " n
        }' log.txt
for a in convnet shallow convnet-bn-after-relu danq pooled pooled-large; do
    [ -n "$SANITIZED" ] && [ $a = danq ] && continue
    awk '
        BEGIN {
            srand(1)
            print ">c"
            for (i = 0; i < 4000; i++) { x = rand(); printf x < 0.25 ? "A" : x < 0.5 ? "C" : x < 0.75 ? "G" : "T" }
            print ""
        }' > w.fa
    samtools faidx w.fa
    {
        printf '#chrom\tstart\tend\tname\tX\n'
        for i in $(seq 0 18); do printf 'c\t%d\t%d\t%d\t%d\n' $((i * 200)) $((i * 200 + 200)) $i $((i % 2)); done
    } > w.bed
    check "$a trains on 200-base windows" $TFBIND pretrain -f w.fa -l w.bed -a $a -e 1 -b 8 -o w.safetensors &&
        $TFBIND model w.safetensors | grep -qx "arch	$a"
    verdict $? "$a is named in its file"
    $TFBIND model w.safetensors > model.txt
    awk '$1 == "parameters" { print $2 }' model.txt > "$a.size"
    awk '/^layer/ { on = 1; next } on { printf "%s ", $1 }' model.txt > "$a.kinds"
done
kinds='conv bn relu pool conv bn relu pool conv bn relu gpool gpool cat dense bn relu dense '
[ "$(cat pooled.kinds)" = "$kinds" ] && [ "$(cat pooled-large.kinds)" = "$kinds" ]
verdict $? 'pooled and pooled-large have the same layers' "$(cat pooled.kinds)"
[ "$(cat pooled-large.size)" -gt "$(cat pooled.size)" ]
verdict $? 'pooled-large is the larger one' "$(cat pooled-large.size) and $(cat pooled.size) parameters"
fails 'an unknown architecture' 'pooled-large' $TFBIND pretrain -v 0 -f w.fa -l w.bed -a poled -o x.safetensors
! $P --spec "$S" -e 1 -o /nonexistent/x 2> err.txt
verdict $? 'an unwritable model is an error'
$P --spec "$S" -e 2 --rate 9 -o d.safetensors > /dev/null 2>&1; ok_if 'an absurd rate ends tidily' [ $? -le 1 ]
# weights of targets, weight decay, bfloat16 products; the last bytes of a file are weights
w() {
    local out=$1
    shift
    $P --spec 'conv 8 5; relu; pool 4; dense 0' -e 2 -v 0 "$@" -o $out.safetensors &&
        weights $out
}
w w0; w w1 --balance 0.5; w w2 --decay 0.5; w w3 --balance 0 --decay 0 --precision float32
same '--balance 0, --decay 0 and float32 are what happens without them' w0.w w3.w
! cmp -s w0.w w1.w
verdict $? '--balance changes the model'
! cmp -s w0.w w2.w
verdict $? '--decay changes the model'
printf '# weights\nSPI1\t4\nNOBODY\t2\n' > weights.tsv
printf 'CTCF\t1\n' > ones.tsv
printf 'SPI1\tmany\n' > bad.tsv
printf 'NOBODY\t2\n' > nobody.tsv
w w4 --weights weights.tsv; w w5 --weights ones.tsv
! cmp -s w0.w w4.w
verdict $? '--weights changes the model'
same '--weights of 1 are what happens without them' w0.w w5.w
fails '--weights: not a number' 'bad.tsv, line 1' $TFBIND pretrain -f ref.fa -l labels.bed.gz --weights bad.tsv \
    -o x.safetensors
fails '--weights: none of the targets' 'names none of the targets' $TFBIND pretrain -f ref.fa -l \
    labels.bed.gz --weights nobody.tsv -o x.safetensors
fails '--balance beyond 1' '--balance takes a number from 0 to 1' $TFBIND pretrain --balance 2
fails 'an unknown precision' '--precision is float32 or bfloat16' $TFBIND pretrain --precision half
if w w4 --precision bfloat16 2> bf.txt; then
    w w5 --precision bfloat16 -@ 3
    same 'bfloat16: the same on 3 threads' w4.w w5.w
    w w5 --precision float32 --precision bfloat16 -@ 3
    same 'the last of several --precision counts' w4.w w5.w
    w w5 --precision bfloat16 --precision float32
    same '--precision float32 after bfloat16' w0.w w5.w
    ok_if 'finetune in bfloat16' $TFBIND finetune -v 1 --from w4.safetensors --target CTCF --allow-leak -f ref.fa \
        -l labels.bed.gz --precision bfloat16 -e 1 -o x.safetensors
else
    ok_if 'bfloat16 is refused if there is none' grep -q 'no bfloat16 tiles' bf.txt
fi
TFBIND_CPU=avx2 fails 'bfloat16 with TFBIND_CPU=avx2' 'no bfloat16 tiles' $TFBIND pretrain --precision bfloat16
printf 'MEME version 4

ALPHABET= ACGT

MOTIF M1 CTCF
letter-probability matrix: alength= 4 w= 3 nsites= 20
 0.9 0.1 0 0
 0 1 0 0
 0 0 0.5 0.5
' > m.meme
$P --spec 'conv 8 5; relu; pool 4; dense 0' -e 1 --motifs m.meme -o m.safetensors 2> m.txt
grep -q '2 of 8 filters start as motifs of 1 of 3 targets' m.txt
verdict $? '--motifs starts filters' "$(head -n 3 m.txt | tr '\n' ' ')"
fails '--motifs without a convolution' 'need a convolution as the first layer' $P --spec 'dense 8; relu; dense 0' -e 1 \
    --motifs m.meme -o x.safetensors
fails '--motifs that are not there' 'none.meme' $P --spec 'conv 8 5; relu; pool 4; dense 0' -e 1 \
    --motifs none.meme -o x.safetensors
