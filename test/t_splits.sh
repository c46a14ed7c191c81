# Which regions train, choose and test: what a parent held out, what evaluate refuses, targets that
# cannot be learnt, no validation, damaged checkpoints.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
# a third contig with the sequence of the first, labelled alike: chr3
{
    cat ref.fa
    sed -n '/>chr1/,/>chr2/p' ref.fa | grep -v '>' | sed '1i>chr3'
} > r3.fa && samtools faidx r3.fa || exit 1
{ cat labels.bed; sed -n 's/^chr1\t/chr3\t/p' labels.bed; } > l3.bed
S='conv 8 5; bn; relu; pool 4; dense 8; bn; relu; dense 0'
on='-f r3.fa -l l3.bed'
quiet() { "$@" > /dev/null 2> log.txt || echo "not ok: $* said $(tail -n 1 log.txt)"; }
meta() { $TFBIND model --get "$2" "$1" 2> /dev/null; }
is() {
    [ "$2" = "$3" ]
    verdict $? "$1" "'$2', not '$3'"
}
quiet $TFBIND pretrain $on --valid chr2 --test chr3 --spec "$S" --targets SPI1 -e 1 -o parent.safetensors

# ---- finetune: what the parent held out does not train ----
F="$TFBIND finetune --target CTCF $on -e 1"
quiet $F --from parent.safetensors --reuse-training -o c.safetensors
is "without lists: the parent's" \
    "$(meta c.safetensors train_chroms) $(meta c.safetensors valid) $(meta c.safetensors test) $(meta c.safetensors split)" 'chr1 chr2 chr3 contigs, sampled'
grep -q "test on chr3, as the parent's" log.txt
verdict $? 'it says so' "$(head -n 2 log.txt | tr '\n' ' ')"
quiet $F --from parent.safetensors --reuse-training --valid chr2 -o d.safetensors
is '--valid alone: the parent tests' \
    "$(meta d.safetensors train_chroms) $(meta d.safetensors valid) $(meta d.safetensors test)" 'chr1 chr2 chr3'
quiet $F --from parent.safetensors --reuse-training --test chr3 -o d.safetensors
is '--test alone: the parent validates' \
    "$(meta d.safetensors train_chroms) $(meta d.safetensors valid) $(meta d.safetensors test)" 'chr1 chr2 chr3'
quiet $F --from parent.safetensors --reuse-training --valid chr3 -o d.safetensors
is 'a contig that tested the parent may validate' \
    "$(meta d.safetensors train_chroms) $(meta d.safetensors valid) $(meta d.safetensors test)" 'chr1 chr3 '
grep -q '^\[tfbind finetune\] not using chr2: held out by the parent, but in neither --valid nor --test' log.txt
verdict $? 'what is in no list is left out' "$(head -n 2 log.txt | tr '\n' ' ')"
fails 'nothing is left that the parent has not seen' 'the parent has seen' $F --from parent.safetensors \
    -o no.safetensors
quiet $F --from parent.safetensors --allow-leak --valid chr1 -o d.safetensors
is '--allow-leak: only the lists count' \
    "$(meta d.safetensors train_chroms) $(meta d.safetensors valid) $(meta d.safetensors test)" 'chr2,chr3 chr1 '
quiet $F --from parent.safetensors --from-scratch --reuse-training -o d.safetensors
is 'the control has the same regions' \
    "$(meta d.safetensors train_chroms) $(meta d.safetensors valid) $(meta d.safetensors test) $(meta d.safetensors n_train)" \
    "chr1 chr2 chr3 $(meta c.safetensors n_train)"
# names with and without chr
sed 's/^>chr/>/' r3.fa > bare.fa; samtools faidx bare.fa; sed 's/^chr//' l3.bed > bare.bed
quiet $TFBIND finetune --target CTCF -f bare.fa -l bare.bed -e 1 --from parent.safetensors --reuse-training \
    -o d.safetensors
is 'contigs without chr are the same contigs' \
    "$(meta d.safetensors train_chroms) $(meta d.safetensors valid) $(meta d.safetensors test)" '1 2 3'
# a grandchild, whose parent met only one contig, knows what the grandparent held out; chr2 chose
# the grandparent's epoch, and tests nothing
quiet $F --from parent.safetensors --chroms chr1 --reuse-training -o only1.safetensors
quiet $F --from only1.safetensors --reuse-training -o d.safetensors
is 'a grandchild holds out what the grandparent did' \
    "$(meta d.safetensors train_chroms) $(meta d.safetensors test)" 'chr1 chr3'

# ---- evaluate: not on what trained the model ----
E="$TFBIND evaluate $on"
for m in parent c; do
    fails "$m on all contigs" "$m.safetensors was trained on" $E -m $m.safetensors
    fails "$m on its training contig" 'or use --allow-leak (the results are then too good)' $E -m \
        $m.safetensors --chroms chr1
    $E -m $m.safetensors 2>&1 > /dev/null | grep -q '(chr1): compare on others (--chroms chr2,chr3)'
    verdict $? 'it says which do'
    check "$m on its test contig" $E -m $m.safetensors --chroms chr3
    [ ! -s check.err ]
    verdict $? 'without a word' "$(head -n 1 check.err)"
    check "$m on its validation contig" $E -m $m.safetensors --chroms chr2
    grep -q "contigs that validated the model" check.err
    verdict $? 'with a note' "$(head -n 1 check.err)"
    check "$m with --allow-leak" $E -m $m.safetensors --chroms chr1 --allow-leak
    grep -q 'warning: .*results are too good' check.err
    verdict $? 'with a warning' "$(head -n 1 check.err)"
done
fails 'a refused table is not written' 'was trained on' $E -m c.safetensors --chroms chr1 -o out.tsv \
    --predictions out.p
[ ! -e out.tsv ] && [ ! -e out.p ]
verdict $? 'nothing is written'
fails "a child on what trained its parent" 'was trained on' $TFBIND evaluate -f bare.fa -l bare.bed \
    -m d.safetensors --chroms 1
quiet $F --from parent.safetensors --chroms chr2,chr3 --allow-leak --valid chr2 -o leak.safetensors
fails "a leak that was allowed shows in evaluate" 'was trained on' $E -m leak.safetensors --chroms chr1
check 'a model that does not say' $E -m tiny.safetensors
ok_if 'with a warning' grep -q 'warning: tiny.safetensors does not record which regions trained it' check.err
# a random split: by region. What tested it may be compared, as far as the record of regions can tell
quiet $TFBIND pretrain $on --chroms chr1,chr2 --spec "$S" --targets SPI1 -e 1 -o random.safetensors
fails 'a random split on all its regions' 'was trained on' $E -m random.safetensors --chroms chr1,chr2
check 'a random split on another contig' $E -m random.safetensors --chroms chr3
quiet $TFBIND pretrain -f r3.fa -l l3.bed --valid chr2 --regions 100 --spec "$S" --targets SPI1 -e 1 \
    -o sampled.safetensors
fails 'a sample of a contig' 'was trained on' $E -m sampled.safetensors --chroms chr1
# calibration on training contigs
$TFBIND model --calibrate -f r3.fa -l l3.bed --chroms chr1 --n 100 -o cal.safetensors parent.safetensors 2>&1 |
    grep -q 'warning: .*regions trained the model'
verdict $? 'thresholds from training regions: a warning'
$TFBIND model --calibrate -f r3.fa -l l3.bed --chroms chr3 --n 100 -o cal.safetensors parent.safetensors 2>&1 |
    grep -q 'trained the model' &&
    echo 'not ok thresholds from test regions: none' || echo 'ok thresholds from test regions: none'

# ---- no validation regions ----
for c in "pretrain --test chr3" "finetune --from tiny.safetensors --allow-leak --target SPI1 --test chr3"; do
    n=${c%% *}
    case $n in pretrain)
        c="$c --spec"
        set -- "$S"
        ;;
    *) set -- ;; esac
    quiet $TFBIND $c "$@" $on -e 2 -o none.safetensors
    grep -q 'epoch 2/2  train [0-9.]*  valid \.  ' log.txt && ! grep -q 'valid .*\*\|validation loss' log.txt
    verdict $? "$n without validation: no loss" "$(grep 'epoch 2' log.txt | tr '\n' ' ')"
    is "$n without validation: none stored" \
        "$(meta none.safetensors valid_loss) $(meta none.safetensors valid_metrics) $(meta none.safetensors epoch)" '  2'
    ok_if 'the training loss is' [ -n "$(meta none.safetensors train_loss)" ]
done

# ---- targets that cannot be learnt ----
column() { awk -F'\t' -v OFS='\t' -v from="$1" -v to="$2" 'NR > 1 && $5 == from { $5 = to } 1' labels.bed; }
P="$TFBIND pretrain -f ref.fa --spec"
awk -F'\t' -v OFS='\t' 'NR > 1 { $5 = "." } 1' labels.bed > u.bed; column 1 0 > b.bed; column 0 1 > n.bed
awk -F'\t' -v OFS='\t' 'NR > 1 && $1 == "chr1" { $5 = "." } 1' labels.bed > v.bed # resolved for validation only
for c in 'u.bed|no resolved label' 'b.bed|no bound region' 'n.bed|no unbound region' 'v.bed|no resolved label'; do
    quiet $P "$S" -l "${c%|*}" --valid chr2 -e 1 -o t.safetensors
    grep -q "warning: CTCF: ${c#*|} among the training regions" log.txt &&
        echo "ok pretrain: ${c#*|} (${c%|*})" ||
        echo "not ok pretrain: ${c#*|}: $(head -n 2 log.txt | tr '\n' ' ')"
    quiet $TFBIND finetune --from tiny.safetensors --allow-leak -f ref.fa --target CTCF,SPI1 -l "${c%|*}" \
        --valid chr2 -e 1 -o t.safetensors
    grep -q "warning: CTCF: ${c#*|}" log.txt
    verdict $? "finetune: ${c#*|}" "$(head -n 2 log.txt | tr '\n' ' ')"
done
quiet $P "$S" -l labels.bed -e 1 -o t.safetensors; ! grep -q 'among the training regions' log.txt
verdict $? 'all can be learnt: no warning'
awk -F'\t' -v OFS='\t' 'NR > 1 { for (i = 5; i <= NF; i++) $i = 0 } 1' labels.bed > 0.bed
fails 'nothing to learn' 'nothing to learn' $P "$S" -l 0.bed -e 1 -o no.safetensors

# ---- names in labels, and what is recorded ----
bad_column() {
    sed "1s/CTCF/$2/" labels.bed > bad.bed
    fails "a column $1" "$3" $P "$S" -l bad.bed -e 1 -o no.safetensors
}
bad_column 'without a name' '' "column 5: '' cannot be a TF's name: it is empty"
bad_column 'with a comma' 'A,B' 'it has a comma'
bad_column 'with an escape' "$(printf 'A\033[2J')" "'A?[2J' cannot be a TF's name: it has a control character"
bad_column 'in Latin-1' "$(printf 'NF\272B')" 'it is not UTF-8'
bad_column 'named twice' 'SPI1' 'TF SPI1 has two columns, 5 and 6'
cp labels.bed "$(printf 'l\344bels.bed')"
rm -f t.safetensors
quiet $P "$S" -l "$(printf 'l\344bels.bed')" -e 1 -o t.safetensors
check 'a file name that is not UTF-8 does not cost the model' $TFBIND model --check t.safetensors
perl -e '
    print join("\t", "#chrom", "start", "end", "name", map { "T$_" } 1 .. 60000), "\n";
    for $i (0 .. 19) {
        print join("\t", "chr1", 60 * $i, 60 * $i + 60, ".", map { ($_ + $i) % 2 } 1 .. 60000), "\n"
    }' > wide.bed
perl -e 'print "T$_\n" for reverse 1 .. 60000' > wide.txt
# seconds of processor time, which a busy machine does not change
(
    ulimit -t ${SANITIZED:+10}8
    exec $TFBIND pretrain -f ref.fa -l wide.bed --spec 'conv 2 9; relu; pool 26; dense 0' --targets @wide.txt -e \
        1 -v 1 -o wide.safetensors
) 2> err.txt
verdict $? '60,000 columns' "$(head -n 1 err.txt)"

# ---- checkpoints ----
quiet $TFBIND finetune --from tiny.safetensors --allow-leak --target SPI1 -f ref.fa -l labels.bed --valid chr2 \
    -e 3 -o whole.safetensors
K="$TFBIND finetune -v 1 --from tiny.safetensors --allow-leak --target SPI1 -f ref.fa -l labels.bed"
K="$K --valid chr2 -e 3 --resume -o k.safetensors"
# killed at the first call after a checkpoint has got its name
${CC:-cc} -D_GNU_SOURCE -O1 -shared -fPIC -o kill.so "$SRCDIR/test/lib/kill.c" -ldl 2> err.txt || {
    echo 'skip damaged checkpoints: there is no compiler'
    exit 0
}
for n in $(seq 1 40); do [ -s k.safetensors.ckpt ] ||
    (LD_PRELOAD="${ASAN_PRELOAD:+$ASAN_PRELOAD:}$PWD/kill.so" KILL_AT=$n $K) > /dev/null 2>&1; done
[ -s k.safetensors.ckpt ] && [ ! -e k.safetensors ] && cp k.safetensors.ckpt good.ckpt || {
    echo 'not ok there is a checkpoint'
    exit 1
}
cat > hurt.pl << 'P'
# hurt.pl IN OUT HOW SEED: flips a bit, sets a byte, cuts, extends, zeroes or swaps pieces of a file at random places
my ($in, $out, $how, $seed) = @ARGV;
srand $seed;
open my $f, '<:raw', $in; local $/; my $d = <$f>; my ($n, $was) = (length $d, $d);
while ($d eq $was) {
    my $p = int rand $n;
    if ($how eq 'flip') { substr($d, $p, 1) ^= chr(1 << int rand 8) }
    elsif ($how eq 'set') { substr($d, $p, 1) = chr int rand 256 }
    elsif ($how eq 'cut') { $d = substr $d, 0, $p }
    elsif ($how eq 'extend') { $d .= chr(int rand 256) x (1 + int rand 100) }
    elsif ($how eq 'zero') { my $m = 1 + int rand($n - $p); substr($d, $p, $m) = "\0" x $m }
    elsif ($how eq 'drop') { substr($d, $p, 1 + int rand 50) = '' }
}
open my $o, '>:raw', $out; print $o $d;
P
resumed=
for how in flip set cut extend zero drop; do
    for seed in 1 2 3 4 5 6; do
        perl hurt.pl good.ckpt k.safetensors.ckpt $how $seed
        $K > /dev/null 2> err.txt && resumed="$resumed $how-$seed" && continue
        grep -q 'error: checkpoint k.safetensors.ckpt .*remove it to start again' err.txt &&
            [ ! -e k.safetensors ] ||
            resumed="$resumed $how-$seed:said-$(head -n 1 err.txt | tr ' ' _)"
        rm -f k.safetensors
    done
done
: > k.safetensors.ckpt; $K > /dev/null 2>&1 && resumed="$resumed empty"
[ -z "$resumed" ] &&
    echo 'ok damaged checkpoints are refused' ||
    echo "not ok damaged checkpoints are refused:$resumed"
cp good.ckpt k.safetensors.ckpt
quiet $K
same 'a whole one is resumed' <(tail -c 2000 whole.safetensors) <(tail -c 2000 k.safetensors)
perl -pe 's/ckpt-3/ckpt-2/ if $. == 1' good.ckpt > k.safetensors.ckpt
fails 'one of another version' 'was written by another version of tfbind' $K
cp good.ckpt k.safetensors.ckpt; fails 'one of another run' 'belongs to a different run' $K --seed 7
