# Fine-tuning: what is taken over, what is frozen, which regions may train and test.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
S='conv 12 5; bn; relu; pool 4; dense 16; bn; relu; dropout 0.2; dense 0'
$TFBIND pretrain -f ref.fa -l labels.bed.gz --chroms chr1 --spec "$S" --targets SPI1,NKX2-5 -e 3 \
    -o parent.safetensors 2> /dev/null ||
    exit 1
F="$TFBIND finetune --from parent.safetensors --target CTCF -f ref.fa -l labels.bed.gz -v 2"
tensor() { # FILE NAME: the tensor's numbers, as hex
    perl -e '
        open F, "<:raw", $ARGV[0];
        read F, $b, 8;
        $n = unpack "Q<", $b;
        read F, $h, $n;
        $h =~ /"\Q$ARGV[1]\E":\{[^}]*"data_offsets":\[(\d+),(\d+)\]/ or exit 1;
        seek F, 8 + $n + $1, 0;
        read F, $d, $2 - $1;
        print unpack("H*", $d), "\n"' "$1" "$2"
}
equal() { ok_if "$1" [ "$(tensor "$2" "$4")" = "$(tensor "$3" "$4")" ]; }
differ() { ok_if "$1" [ "$(tensor "$2" "$4")" != "$(tensor "$3" "$4")" ]; }

$F -e 4 -o a.safetensors 2> log.txt || cat log.txt >&2
ok_if 'one target the parent never saw' [ "$($TFBIND model --list a.safetensors)" = CTCF ]
[ "$($TFBIND model --get parent_sha256 a.safetensors)" = "$(sha256sum < parent.safetensors | cut -d' ' -f 1)" ]
verdict $? 'the file names its parent'
differ 'nothing frozen: the first layer learns' parent.safetensors a.safetensors c1.weight
$F -e 2 --freeze conv -o b.safetensors 2> /dev/null
for t in c1.weight c1.bias bn1.weight bn1.running_mean bn1.running_var; do
    equal "--freeze conv keeps $t" parent.safetensors b.safetensors $t
done
differ '--freeze conv trains the dense layers' parent.safetensors b.safetensors d2.weight
differ '--freeze conv moves their statistics' parent.safetensors b.safetensors bn2.running_mean
$F -e 2 --freeze all-but-last -o c.safetensors 2> /dev/null
for t in c1.weight d2.weight bn2.bias bn2.running_var; do
    equal "--freeze all-but-last keeps $t" parent.safetensors c.safetensors $t
done
$F -e 2 --freeze bn1 -o d.safetensors 2> /dev/null && equal '--freeze LAYER' b.safetensors d.safetensors d2.weight
$F -e 2 --freeze d9 -o d.safetensors 2> err.txt && echo 'not ok --freeze of an unknown layer' || {
    grep -q 'name of a layer' err.txt
    verdict $? '--freeze of an unknown layer'
}
$F -e 2 -@ 1 -o e.safetensors 2> /dev/null
$F -e 2 -@ 3 -o f.safetensors 2> /dev/null
equal '3 threads = 1' e.safetensors f.safetensors d2.weight

# leaks: the parent was trained and validated on nine tenths of chr1 at random
dropped() { grep -o '[0-9]* regions dropped' "$1" | cut -d' ' -f 1; }
d=$(dropped log.txt); all=$(awk '$1 == "chr1" && ($6 != "." || $7 != ".")' labels.bed | wc -l)
awk -v d="${d:-0}" -v n="$all" 'BEGIN { exit !(d >= int(n * 0.9) && d <= int(n * 0.9) + 10) }'
verdict $? "the parent's regions are dropped" "$d of $all"
$F -e 1 --reuse-training -o g.safetensors 2> log.txt; r=$(dropped log.txt)
[ "${r:-0}" -lt "$d" ] &&
    [ "${r:-0}" -gt 0 ] &&
    echo "ok --reuse-training drops fewer ($r)" ||
    echo "not ok --reuse-training drops fewer: $r of $d"
$F -e 1 --allow-leak -o g.safetensors 2> log.txt; ! grep -q 'dropped' log.txt
verdict $? '--allow-leak drops none'
ok_if '--allow-leak is recorded' [ "$($TFBIND model --get leak g.safetensors)" = allowed ]
$F --chroms chr1 --valid chr1 -e 1 -o g.safetensors 2> err.txt && echo 'not ok no regions left is an error' || {
    grep -q 'no training regions left' err.txt
    verdict $? 'no regions left is an error' "$(tail -n 1 err.txt)"
}
$TFBIND pretrain -f ref.fa -l labels.bed.gz --valid chr2 --spec "$S" --targets SPI1 -e 1 \
    -o bycontig.safetensors 2> /dev/null
$TFBIND finetune --from bycontig.safetensors --target CTCF -f ref.fa -l labels.bed.gz -e 1 \
    -o g.safetensors 2> err.txt &&
    echo 'not ok contigs of the parent are dropped' ||
    {
        grep -q '320 regions dropped\|31[0-9] regions dropped' err.txt
        verdict $? 'contigs of the parent are dropped' "$(head -n 2 err.txt)"
    }
$F --from tiny.safetensors -e 1 -o g.safetensors 2> err.txt &&
    echo 'not ok a parent that knows nothing is refused' ||
    {
        grep -q 'does not record which regions' err.txt
        verdict $? 'a parent that knows nothing is refused' "$(tail -n 1 err.txt)"
    }

# samples: N bound regions, as many unbound, alike in GC
P="$TFBIND finetune --from parent.safetensors --target SPI1 -f ref.fa -l labels.bed.gz --allow-leak --valid chr2 -e 1"
$P --regions 40 -o h.safetensors 2> log.txt
grep -q '80 training, 20 validation' log.txt &&
    echo 'ok --regions 40: 40 bound and 40 unbound, a quarter of that to validate' ||
    echo "not ok --regions 40: $(grep training log.txt)"
$P --regions 40 --seed 2 -o i.safetensors 2> /dev/null
differ 'another seed, another sample' h.safetensors i.safetensors c1.weight
$P --regions 100000 -o i.safetensors 2>&1 | grep -q 'has only [0-9]* bound regions'
verdict $? 'fewer bound regions than asked for: said'
$P --unbalanced -o i.safetensors 2> log.txt
n=$(awk '$1 == "chr1"' labels.bed | wc -l)
grep -q "^.*$n training" log.txt
verdict $? '--unbalanced uses all' "$(grep training log.txt)"

# the control differs in its weights and rate alone
$P --regions 40 --from-scratch -o j.safetensors 2> log.txt && grep -q '80 training, 20 validation' log.txt
verdict $? '--from-scratch uses the same regions'
$TFBIND model j.safetensors | grep -q parent_sha256 &&
    echo 'not ok --from-scratch has no parent' ||
    echo 'ok --from-scratch has no parent'
$P --from-scratch --freeze conv -o j.safetensors 2> err.txt &&
    echo 'not ok --from-scratch with --freeze' ||
    echo 'ok --from-scratch with --freeze is refused'
# several targets, and DanQ
$TFBIND finetune --from parent.safetensors --target CTCF,SPI1 -f ref.fa -l labels.bed.gz --allow-leak -e 1 \
    -o k.safetensors 2> /dev/null
[ "$($TFBIND model --list k.safetensors | tr '\n' ' ')" = 'CTCF SPI1 ' ]
verdict $? 'several targets'
D='Conv1=conv 10 6; relu; pool 5; dropout 0.2; BiLSTM=bilstm 6 2 0.5; Linear1=dense 12; relu; Linear2=dense 0'
$TFBIND pretrain -f ref.fa -l labels.bed.gz --chroms chr1 --spec "$D" --targets SPI1 -e 1 \
    -o danq.safetensors 2> /dev/null
$TFBIND finetune --from danq.safetensors --target CTCF -f ref.fa -l labels.bed.gz --freeze conv -e 1 \
    -o l.safetensors 2> /dev/null
equal 'DanQ: --freeze conv keeps the convolution' danq.safetensors l.safetensors Conv1.weight
differ 'DanQ: --freeze conv trains the LSTM' danq.safetensors l.safetensors BiLSTM.weight_hh_l1_reverse

# pretrain --regions: a sample; what it leaves out is free for the child
$TFBIND pretrain -f ref.fa -l labels.bed.gz --chroms chr1,chr2 --valid chr2 --spec "$S" --targets SPI1 \
    --regions 80 -e 1 -o m.safetensors 2> log.txt
grep -q ' 80 training, 10 validation' log.txt
verdict $? 'pretrain --regions' "$(head -n 1 log.txt)"
[ "$($TFBIND model --get split m.safetensors)" = 'contigs, sampled' ] &&
    [ "$($TFBIND model --get n_train m.safetensors)" = 80 ]
verdict $? 'pretrain --regions is recorded'
$TFBIND finetune --from m.safetensors --target CTCF -f ref.fa -l labels.bed.gz --valid chr2 -e 1 \
    -o n.safetensors 2> log.txt
d=$(dropped log.txt)
[ "${d:-0}" -ge 90 ] &&
    [ "$d" -le 96 ] &&
    echo "ok regions that the sample left out are not dropped ($d)" ||
    echo "not ok regions that the sample left out are not dropped: $d"
$TFBIND pretrain -f ref.fa -l labels.bed.gz --chroms chr1,chr2 --valid chr2 --spec "$S" --targets SPI1 \
    --regions 80 --seed 2 -e 1 -o o.safetensors 2> log.txt
[ "$($TFBIND model --get train_regions m.safetensors)" != "$($TFBIND model --get train_regions o.safetensors)" ]
verdict $? 'another seed, other regions'
$TFBIND pretrain -f ref.fa -l labels.bed.gz --chroms chr1 --spec "$S" --targets SPI1 --regions 100000 -e 1 \
    -o o.safetensors 2>&1 |
    grep -q 'there are only 128 regions to train on'
verdict $? 'fewer regions than asked for: said'
# grandchildren are kept apart from what trained the grandparent, too
Q="$TFBIND finetune --target SPI1 -f ref.fa -l labels.bed.gz -e 1"
$Q --from m.safetensors --valid chr2 --regions 20 -o child.safetensors 2> /dev/null
c=$($TFBIND model --get n_train child.safetensors)
$Q --from child.safetensors --target CTCF --valid chr2 -o grandchild.safetensors 2> log.txt; g=$(dropped log.txt)
# the grandparent's 80 + 10, the child's 40 + 20, and the filters' few per cent of the other 500
[ "$c" = 40 ] &&
    [ "${g:-0}" -ge 150 ] &&
    [ "$g" -le 170 ] &&
    echo "ok a grandchild drops both ancestors' regions ($g)" ||
    echo "not ok a grandchild drops both ancestors' regions: $g, child trained on $c"
! $Q --from bycontig.safetensors --chroms chr1 --reuse-training --valid chr1 -o x.safetensors 2> err.txt
verdict $? 'contigs of the parent do not validate'
$Q --from bycontig.safetensors --target CTCF --reuse-training -o y.safetensors 2> /dev/null
ok_if "a child names its parent's contigs" [ "$($TFBIND model --get ancestor_chroms y.safetensors)" = chr1,chr2 ]
# samples that cannot be
fails '--regions with several targets' 'cannot be used with several targets' $TFBIND finetune --from \
    m.safetensors --target CTCF,SPI1 -f ref.fa -l labels.bed.gz --regions 9 -o x.safetensors
fails '--regions with --unbalanced' 'cannot be used with --unbalanced' $Q --from m.safetensors --regions \
    9 --unbalanced -o x.safetensors
zcat labels.bed.gz | awk -F'\t' -v OFS='\t' 'NR > 1 && $6 == 1 { $6 = 0 } 1' > nobound.bed
fails 'no bound regions' 'no training regions left with SPI1 bound' $TFBIND finetune \
    --from m.safetensors --target SPI1 -f ref.fa -l nobound.bed --valid chr2 -o x.safetensors
zcat labels.bed.gz | awk -F'\t' -v OFS='\t' 'NR > 1 && $6 == 0 && NR % 10 { $6 = 1 } 1' > fewunbound.bed
$TFBIND finetune --from m.safetensors --target SPI1 -f ref.fa -l fewunbound.bed --valid chr2 -e 1 \
    -o x.safetensors 2>&1 |
    grep -q 'has only [0-9]* unbound regions'
verdict $? 'fewer unbound regions than bound: said'
