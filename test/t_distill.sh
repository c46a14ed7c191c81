# Distillation: a student learns what its teachers predict, even if no label is resolved; the same
# on any number of threads, resumed or not; and nothing that trained a teacher tests the student.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
S='conv 12 5; bn; relu; pool 4; dense 16; bn; relu; dense 0'
P="$TFBIND pretrain -v 0 -f ref.fa -l labels.bed.gz --valid chr2 --batch 32 --spec"
$P "$S" -e 12 --targets CTCF,SPI1 -o t1.safetensors || exit 1
$P "$S" -e 12 --targets CTCF,NKX2-5 --seed 2 -o t2.safetensors || exit 1
D="$TFBIND distill -f ref.fa -l labels.bed.gz --teachers t1.safetensors,t2.safetensors --batch 32 --spec"

# with --hard 0 only the teachers count: after enough epochs the student's logits follow their mean
$D "$S" -v 2 --hard 0 -e 60 -o s.safetensors 2> log.txt || { cat log.txt >&2; exit 1; }
grep -q '2 teachers, 0 unlabelled windows' log.txt
verdict $? 'counts its teachers' "$(head -n 3 log.txt | tr '\n' ' ')"
grep -q 'validation on chr2' log.txt
verdict $? 'holds out what the first teacher held out'
cut -f 1-3 labels.bed | grep '^chr1' > w.bed
A="$TFBIND annotate -v 0 -f ref.fa --scale logit --tf all w.bed -m"
for m in t1 t2 s; do $A $m.safetensors | tail -n +2 | cut -f 4- > $m.tsv; done
paste t1.tsv t2.tsv s.tsv | awk '
    function add(k, x, y) { n[k]++; sx[k] += x; sy[k] += y; xx[k] += x * x; yy[k] += y * y; xy[k] += x * y }
    { add("CTCF", ($1 + $3) / 2, $5); add("SPI1", $2, $6); add("NKX2-5", $4, $7) }
    END {
        for (k in n) {
            r = (n[k] * xy[k] - sx[k] * sy[k]) / sqrt((n[k] * xx[k] - sx[k]^2) * (n[k] * yy[k] - sy[k]^2))
            print (r > 0.85 ? "ok" : "not ok") " the student follows its teachers: " k (r > 0.85 ? "" : ", r = " r)
        }
    }' | sort

# the same whatever the number of threads, and from a checkpoint
T='-v 0 -e 4 --augment shift=5,mutate=0.05,insert=4,delete=4,noise=0.2 --schedule one-cycle --average 0.9'
T="$T --select auprc --task-balance 0.5 --unlabelled w.bed"
$D "$S" $T -@ 1 --curves one.tsv -o one.safetensors
$D "$S" $T -@ 3 --curves three.tsv -o three.safetensors
tail -c 4000 one.safetensors > one.tail
tail -c 4000 three.safetensors > three.tail
same '3 threads = 1, weight for weight' one.tail three.tail
same '3 threads = 1, learning curves' one.tsv three.tsv
[ "$($TFBIND model --get select one.safetensors)" = auprc ]
verdict $? 'selects the epoch by AUPRC'
$D "$S" -v 2 -e 4 -o u.safetensors --unlabelled w.bed 2> log.txt
grep -q '2 teachers, 160 unlabelled windows' log.txt
verdict $? 'reads unlabelled windows' "$(grep teachers log.txt)"
printf 'chr2\t100\t300\nchr1\t5000\t5010\n' > two.bed
$D "$S" -v 2 -e 1 -o u2.safetensors --unlabelled two.bed 2> log.txt
grep -q '^.tfbind distill. 161 training, 158 validation' log.txt
verdict $? 'unlabelled windows on contigs held out do not train' "$(grep training, log.txt)"
$D "$S" -v 1 -e 80 -o r.safetensors 2> r.log &
pid=$!
for i in $(seq 100); do [ -s r.safetensors.ckpt ] && break; sleep 0.1; done
kill -INT $pid
wait $pid
grep -q 'with --resume' r.log
verdict $? 'stops at a signal with a checkpoint' "$(cat r.log)"
$D "$S" -v 2 -e 80 --hard 0.5 --resume -o r.safetensors 2> log.txt
[ $? -ne 0 ] && grep -q 'different run' log.txt
verdict $? 'another share of labels is another run' "$(tail -n 1 log.txt)"
$D "$S" -v 0 -e 80 --resume -o r.safetensors
$D "$S" -v 0 -e 80 -o whole.safetensors
tail -c 4000 r.safetensors > a.tail
tail -c 4000 whole.safetensors > b.tail
same 'resumed = in one go' a.tail b.tail

# bfloat16 scores teachers by another path: the loss of a student that does not move says what they predict
loss_of() {
    $D "$S" --hard 0 --rate 1e-9 -e 1 --precision $1 -o $1.safetensors 2>&1 |
        sed -n 's/.*train \([0-9.]*\).*/\1/p'
}
a=$(loss_of float32)
b=$(loss_of bfloat16)
if [ -z "$b" ]; then
    echo 'skip teachers in bfloat16: this processor has no AMX'
else
    awk -v a="$a" -v b="$b" 'BEGIN { d = a - b; exit !(a > 0.1 && d * d < 1e-5) }'
    verdict $? 'teachers in bfloat16 predict what they do in float32' "losses $a and $b"
fi

# what the file says
for t in t1 t2; do
    d=$(sha256sum $t.safetensors | cut -d ' ' -f 1)
    $TFBIND model --get teachers s.safetensors | grep -q "$t.safetensors $d"
    verdict $? "records the digest of $t"
done
get() { $TFBIND model --get $1 s.safetensors; }
[ "$(get ancestor_chroms) $(get held_out_chroms)" = 'chr1,chr2 chr2' ]
verdict $? 'records what trained its teachers'
$TFBIND evaluate -m s.safetensors -f ref.fa -l labels.bed.gz --chroms chr1 > /dev/null 2> err.txt
[ $? -ne 0 ]
verdict $? 'regions that trained a teacher do not evaluate the student' "$(cat err.txt)"
$TFBIND evaluate -m s.safetensors -f ref.fa -l labels.bed.gz --chroms chr2 > e.tsv 2> err.txt
verdict $? 'evaluates on what all held out' "$(cat err.txt)"
$TFBIND finetune -v 2 --from s.safetensors --target CTCF -f ref.fa -l labels.bed.gz --reuse-training -e 1 \
    -o child.safetensors 2> log.txt
[ "$($TFBIND model --get valid child.safetensors)" = chr2 ] &&
    $TFBIND model --get valid_loss child.safetensors > loss.txt
verdict $? 'a model fine-tuned from the student validates as it did' "$(grep validation log.txt)"
$TFBIND finetune -v 0 --from s.safetensors --target CTCF -f ref.fa -l labels.bed.gz --reuse-training -e 1 \
    --valid chr1 --test chr2 -o no.safetensors 2> err.txt
! $TFBIND model --get test_metrics no.safetensors > /dev/null 2>&1
verdict $? 'what validated the student does not test its child' "$(cat err.txt)"

# --from: starts from a model's weights, outputs of the same name included
$D "$S" -v 0 -e 3 --one-strand --rate 1e-9 -o base.safetensors
$TFBIND distill -v 0 -f ref.fa -l labels.bed.gz --teachers t1.safetensors,t2.safetensors --from s.safetensors \
    -e 1 --rate 1e-9 -o same.safetensors
$A same.safetensors | tail -n +2 | cut -f 4- > same.tsv
paste s.tsv same.tsv | awk '
    { for (k = 1; k <= 3; k++) { d = $k - $(k + 3); if (d * d > 0.09) bad++ } }
    END { exit bad > 0 }'
verdict $? '--from starts from the weights and outputs of a model'

# must fail
must() { # NAME PATTERN OPTIONS...
    local name=$1 pattern=$2
    shift 2
    $TFBIND distill -f ref.fa -l labels.bed.gz -e 1 -o x.safetensors "$@" > /dev/null 2> err.txt
    [ $? -ne 0 ] && grep -q "$pattern" err.txt && [ ! -e x.safetensors ]
    verdict $? "$name" "$(tail -n 1 err.txt)"
}
must 'no teacher of a target' 'no teacher predicts NKX2-5' --teachers t1.safetensors --spec "$S"
must 'contigs that trained a teacher do not test' 'trained it' --teachers t1.safetensors,t2.safetensors --spec "$S" \
    --valid chr2 --test chr1
must 'no teachers' 'teachers' --spec "$S"
must 'a network beside --from' 'cannot be used' --teachers t1.safetensors --from t1.safetensors --spec "$S"
must 'a share of labels beyond 1' 'hard' --teachers t1.safetensors --spec "$S" --hard 1.5
$TFBIND pretrain -v 0 -f ref.fa -l labels.bed.gz --spec "$S" -e 1 --targets CTCF -o random.safetensors
must 'a teacher with a split of its own' 'trained it' --spec "$S" \
    --teachers t1.safetensors,random.safetensors,t2.safetensors
