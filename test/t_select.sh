# --select: which epoch is kept.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
small_training 12
$P "$S" $O -o loss.safetensors 2> loss.txt
$P "$S" $O --select loss -o loss2.safetensors 2> loss2.txt
$P "$S" $O --select auprc -o auprc.safetensors -@ 1 2> auprc.txt
weights loss loss2 auprc
same '--select loss is what happens without it' loss.w loss2.w
! grep -q AUPRC <(grep epoch loss.txt | grep train)
verdict $? 'without --select auprc no AUPRC is printed'
losses() { grep -o 'epoch [0-9]*/.* valid [0-9.]*' "$1"; }
same 'the run is the same, whatever is kept' <(losses loss.txt) <(losses auprc.txt)
# NKX2-5 is mostly unresolved, but has 10 regions of both kinds
best=$(grep -o 'epoch [0-9]*/.* AUPRC [0-9.]*' auprc.txt | sed 's/[/]/ /' | awk '
    $NF > best { best = $NF; epoch = $2 }
    END { print epoch }')
[ "$($TFBIND model --get epoch auprc.safetensors)" = "$best" ]
verdict $? 'the epoch with the highest AUPRC is kept' "$best"
[ "$(grep '\*' auprc.txt | tail -n 1 | sed 's/.*epoch \([0-9]*\)\/.*/\1/')" = "$best" ]
verdict $? 'the last star marks it'
[ "$($TFBIND model --get select auprc.safetensors)" = auprc ]
verdict $? 'the model knows how its epoch was selected'
! $TFBIND model --get select loss.safetensors > out.txt 2>&1
verdict $? 'a model selected by loss is written as before'
a=$($TFBIND model --get valid_auprc auprc.safetensors)
b=$($TFBIND model --get valid_metrics auprc.safetensors | sed 's/.*"mean".*"auprc":\([0-9.]*\).*/\1/')
awk -v a="$a" -v b="$b" 'BEGIN { exit !(a > 0 && (a - b) ^ 2 < 1e-8) }'
verdict $? 'its AUPRC is that of the validation metrics' "$a and $b"
$P "$S" $O --select auprc -o three.safetensors -@ 3 2> /dev/null && weights three
same '3 threads = 1' auprc.w three.w
# a checkpoint: what is selected by is part of it
ln -s /dev/full s.safetensors
! $P "$S" $O --select auprc -e 7 -o s.safetensors > /dev/null 2>&1 && rm s.safetensors
fails 'a checkpoint of --select auprc is of another run' 'belongs to a different run' $P "$S" $O -o s.safetensors --resume
$P "$S" $O --select auprc -o s.safetensors --resume 2> resumed.txt && weights s
same 'resumed = uninterrupted' auprc.w s.w
grep -q 'resuming after epoch 7 (best so far: epoch [0-9]*, validation AUPRC 0' resumed.txt
verdict $? 'resuming, the best AUPRC so far is printed' "$(grep resuming resumed.txt)"
$P "$S" $O --select auprc --one-strand -o one.safetensors 2> one.txt
a=$(awk '/\*/ { sub(/.*AUPRC /, ""); last = $1 } END { print last }' one.txt)
awk -v a="$a" -v b="$($TFBIND model --get valid_auprc one.safetensors)" 'BEGIN { exit !(a > 0 && (a - b) ^ 2 < 1e-8) }'
verdict $? '--one-strand: AUPRC of single windows' "$a"
head -n 1 labels.bed > few.bed
awk '$1 == "chr1" || ($1 == "chr2" && $5 == 0)' labels.bed >> few.bed
fails 'no target with enough regions' 'no target has 10 bound and 10 unbound validation regions' \
    $TFBIND pretrain -f ref.fa -l few.bed --targets CTCF --valid chr2 --spec "$S" --select auprc -o x.safetensors
fails 'no such way to select' "--select" $P "$S" --select auroc -o x.safetensors
