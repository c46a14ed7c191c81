# How a child trains: recipes, rates by depth, the new head, motifs, cross-validation, the choice of
# sources and parents.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
S='conv 12 5; bn; relu; pool 4; dense 16; bn; relu; dense 0'
$TFBIND pretrain -f ref.fa -l labels.bed.gz --chroms chr1 --spec "$S" --targets SPI1,NKX2-5 -e 3 \
    -o parent.safetensors 2> /dev/null || exit 1
T="$TFBIND finetune --target CTCF -f ref.fa -l labels.bed.gz --valid chr2 --allow-leak"
F="$T --from parent.safetensors"
get() { $TFBIND model --get "$1" "$2"; }
# distance FILE FILE NAME: the root mean square of the difference of a tensor of two files
distance() {
    perl -e '
        sub tensor {
            my ($file, $name) = @_;
            open F, "<:raw", $file or die;
            read F, my $b, 8;
            my $n = unpack "Q<", $b;
            read F, my $h, $n;
            $h =~ /"\Q$name\E":\{[^}]*"data_offsets":\[(\d+),(\d+)\]/ or die;
            seek F, 8 + $n + $1, 0;
            read F, my $d, $2 - $1;
            return unpack "f<*", $d;
        }
        my @x = tensor($ARGV[0], $ARGV[2]);
        my @y = tensor($ARGV[1], $ARGV[2]);
        my $s = 0;
        $s += ($x[$_] - $y[$_]) ** 2 for 0 .. $#x;
        print sqrt($s / @x), "\n"' "$@"
}
below() { awk -v x="$1" -v y="$2" 'BEGIN { exit !(x < y) }'; }

# ---- recipes ----
$F -e 2 --recipe published -o b.safetensors 2> /dev/null
get training b.safetensors | grep -q '^rate=0.0003 schedule=constant .* epochs=2 batch=100 '
verdict $? 'the published recipe is recorded, with what options change' "$(get training b.safetensors)"
ok_if 'the recipe is named' [ "$(get recipe b.safetensors)" = published ]
$F --rate 0.002 --recipe default --epochs 3 --head-from random -o c.safetensors 2> /dev/null
get training c.safetensors | grep -q '^rate=0.002 .* epochs=3 batch=32 .* patience=8 head_epochs=2 '
verdict $? 'options change single values of a recipe, in any order' "$(get training c.safetensors)"
! $F --recipe default --epochs 0 --patience x -o x.safetensors 2> err.txt
[ "$(grep -c 'error: --epochs' err.txt) $(grep -c 'error: --patience' err.txt)" = '1 1' ]
verdict $? 'options are read once: each error is printed once' "$(cat err.txt)"
fails 'an unknown recipe' '--recipe is default or published' $F --recipe own -o x.safetensors

# the rest is about single options: the paper's recipe, which has none of them
D=$F
F="$F --recipe published"
T="$T --recipe published"

# ---- rates ----
$F -e 4 --rate 0.01 -o a.safetensors 2> /dev/null
$F -e 4 --rate 0.01 --depth-rate 0.01 -o b.safetensors 2> /dev/null
$F -e 4 --rate 0.01 --l2sp 50 -o c.safetensors 2> /dev/null
moved=$(distance parent.safetensors a.safetensors c1.weight)
for x in 'b --depth-rate: layers far below the head learn slowly' 'c --l2sp: layers stay near the parent'; do
    d=$(distance parent.safetensors ${x%% *}.safetensors c1.weight)
    below "$d" "$(awk -v m="$moved" 'BEGIN { print m / 2 }')"
    verdict $? "${x#* }" "moved by $d, without by $moved"
done
$F -e 2 --rate 0.01 --head-epochs 1 -o d.safetensors 2> d.log
$F -e 1 --rate 0.01 --freeze all-but-last -o e.safetensors 2> e.log
first() { grep -o 'epoch 1/.*valid [0-9.]*' "$1" | sed 's/.* //'; }
[ "$(first d.log)" = "$(first e.log)" ]
verdict $? '--head-epochs: the first epoch trains the head alone' "$(grep 'epoch 1' d.log e.log)"
below 0 "$(distance parent.safetensors d.safetensors c1.weight)"
verdict $? '--head-epochs: then all layers learn'
P='--rate 0.01 -e 30 --batch 20 --head-epochs 4 --depth-rate 0.7 --l2sp 0.1 --average 0.9'
$F $P -@ 1 -o r.safetensors 2> /dev/null
timeout -s INT 0.2 $F $P -@ 1 --resume -o s.safetensors 2> /dev/null
timeout -s KILL 0.3 $F $P -@ 1 --resume -o s.safetensors 2> /dev/null
$F $P -@ 2 --resume -o s.safetensors 2> /dev/null
[ "$(distance r.safetensors s.safetensors c1.weight) $(distance r.safetensors s.safetensors d3.weight)" = '0 0' ]
verdict $? 'interrupted and resumed = uninterrupted'
timeout -s INT 0.2 $F --rate 0.01 -e 3000 --l2sp 0.1 -o t.safetensors 2> t.log
if [ -e t.safetensors.ckpt ]; then
    fails 'a checkpoint of another --l2sp is refused' 'belongs to a different run' $F --rate 0.01 -e 3000 --l2sp 0.2 --resume \
        -o t.safetensors
else echo 'skip a checkpoint of another --l2sp: the machine was too slow for one epoch'; fi
$F -e 200 --rate 0.05 --patience 3 -o p.safetensors 2> p.log
[ $(($(get epochs p.safetensors) - $(get epoch p.safetensors))) = 3 ] && grep -q 'training ends' p.log
verdict $? '--patience stops, three epochs after the best' "$(tail -n 1 p.log)"

# ---- the head ----
Q='-e 1 --rate 1e-9 --freeze all-but-last'
$F $Q --head-from SPI1 -o h.safetensors 2> /dev/null
$TFBIND evaluate --allow-leak -m parent.safetensors -f ref.fa -l labels.bed.gz --chroms chr2 --tf SPI1 \
    --predictions want.tsv > /dev/null 2>&1
$TFBIND evaluate --allow-leak -m h.safetensors -f ref.fa -l labels.bed.gz --chroms chr2 \
    --predictions got.tsv > /dev/null 2>&1
paste want.tsv got.tsv | awk 'NR > 1 { d = $4 - $8; if (d * d > 0.01) bad++ } END { exit !(NR > 100 && bad < NR / 20) }'
verdict $? "--head-from TF: the untrained child predicts as the parent predicts that TF"
$F $Q --head-from auto -o i.safetensors 2> /dev/null
get head_from i.safetensors | grep -q '^CTCF: SPI1 (cosine of the labels 0\.'
verdict $? '--head-from auto: the best correlated' "$(get head_from i.safetensors)"
cut -f 1-5 labels.bed > own.bed
$TFBIND finetune --from parent.safetensors --target CTCF -f ref.fa -l own.bed --valid chr2 --allow-leak $Q \
    --head-from auto -o j.safetensors 2> /dev/null
get head_from j.safetensors | grep -q 'its output ranks the training regions with AUROC 0\.'
verdict $? '--head-from auto: by outputs if the labels have none of its TFs' "$(get head_from j.safetensors)"
$TFBIND finetune --from parent.safetensors --target SPI1 -f ref.fa -l own.bed --valid chr2 --allow-leak $Q \
    --head-from auto -o j.safetensors 2> err.txt
fails '--head-from of an unknown TF' "not 'SPI'; did you mean SPI1?" $F --head-from SPI -o x.safetensors

# ---- motifs ----
cat > ctcf.meme << 'END'
MEME version 4

ALPHABET= ACGT

MOTIF MA1 CTCF
letter-probability matrix: alength= 4 w= 5 nsites= 20 E= 0
 0.02 0.94 0.02 0.02
 0.02 0.02 0.94 0.02
 0.02 0.94 0.02 0.02
 0.94 0.02 0.02 0.02
 0.02 0.02 0.94 0.02
END
$F $Q --motifs ctcf.meme -o k.safetensors 2> k.log
grep -q '2 of 12 filters are now motifs of 1 targets$' k.log && [ "$(get motifs k.safetensors)" = ctcf.meme ]
verdict $? '--motifs: into the first layer, and recorded' "$(grep filters k.log)"
fails '--head-from motif without a branch' 'does not reach the head' $F --head-from motif --motifs ctcf.meme \
    -o x.safetensors
B='conv 12 5; bn; m = relu; pool 4; conv 8 4; relu; g = gpool max; gpool max @m; cat @g; dense 0'
$TFBIND pretrain -f ref.fa -l labels.bed.gz --chroms chr1 --spec "$B" --targets SPI1,NKX2-5 -e 2 \
    -o branch.safetensors 2> /dev/null
$T --from branch.safetensors $Q --head-from motif --motifs ctcf.meme -o l.safetensors 2> l.log
grep -q 'and the head starts with weight on them' l.log
verdict $? '--head-from motif with a branch' "$(cat l.log | head -n 3)"
sed 's/ CTCF/ OTHER/' ctcf.meme > other.meme
fails '--motifs without the target' 'no motif has the name of a target' $F --motifs other.meme -o x.safetensors

# ---- few regions, cross-validation ----
$D --regions 10 -e 4 --cv 3 -o m.safetensors 2> m.log
want='^{"folds":3,"by":"region","CTCF":{"n":20,"n_bound":10,"auprc":\[0\.[0-9]*,0\.[0-9]*,[01]\.[0-9]*\]'
get cv m.safetensors | grep -q "$want"
verdict $? 'ten bound regions: an interval of AUPRC' "$(get cv m.safetensors)"
grep -q 'CTCF has 10 bound regions to train on' m.log
verdict $? 'ten bound regions: said'
$TFBIND finetune --from parent.safetensors --target CTCF -f ref.fa -l labels.bed.gz --allow-leak -e 2 --unbalanced \
    --cv 2 -o n.safetensors 2> n.log
get cv n.safetensors | grep -q '"by":"contig"'
verdict $? 'folds are contigs if there are enough' "$(get cv n.safetensors)"
awk -F'\t' -v OFS='\t' 'NR == 1 || ($5 == 1 && n++ < 3) || $5 == 0' labels.bed > three.bed
$TFBIND finetune --from parent.safetensors --target CTCF -f ref.fa -l three.bed --allow-leak --chroms chr1 -e 2 --cv 2 \
    -o o.safetensors 2> o.log
grep -q 'too few to measure how good the model is' o.log
verdict $? 'three bound regions: too few to say anything' "$(grep CTCF o.log | head -n 2)"

# ---- sources and parents ----
printf 'tf\tcluster\nCTCF\t1\nNKX2-5\t1\nSPI1\t2\n' > groups.tsv
$F $Q --relate auto --groups groups.tsv -o q.safetensors 2> q.log
get head_from q.safetensors | grep -q '^CTCF: NKX2-5 (same binding mode, cosine'
verdict $? '--relate auto: the binding mode comes first' "$(get head_from q.safetensors)"
[ "$(grep -c 'untrained AUROC 0.[0-9]*, AUPRC' q.log)" = 2 ] &&
    get relate q.safetensors | grep -q '^NKX2-5: same binding mode.*; SPI1: cosine'
verdict $? '--relate auto: every choice with what it gives' "$(get relate q.safetensors)"
mkdir parents
cp parent.safetensors parents/a.safetensors
$TFBIND pretrain -f ref.fa -l labels.bed.gz --chroms chr1 --spec 'conv 12 5; bn; relu; gpool max; dense 0' \
    --targets SPI1 -e 6 -o parents/b.safetensors 2> /dev/null
$T --parents parents -e 3 --rate 0.003 --groups groups.tsv -o u.safetensors 2> u.log
grep -q 'the parent is parents/a.safetensors' u.log &&
    [ "$(get parent_sha256 u.safetensors)" = "$(sha256sum < parents/a.safetensors | cut -d' ' -f 1)" ]
verdict $? '--parents: the one with a TF of the binding mode' "$(grep 'the parent is' u.log)"
$T --parents parents --try 2 -e 3 --rate 0.003 --groups groups.tsv -o v.safetensors 2> v.log
best=$(sed -n 's/.* \(parents[^:]*\): fine-tuned, loss \([0-9.]*\).*/\2 \1/p' v.log | sort -n | sed -n '1s/.* //p')
[ "$(grep -c 'fine-tuned, loss' v.log)" = 2 ] && grep -q "the parent is $best" v.log
verdict $? '--try: the best on the validation regions' "$(grep 'loss\|the parent' v.log | head -n 3)"
fails '--parents with --from' 'give one of the two' $F --parents parents -o x.safetensors
fails '--parents of an empty folder' 'holds no models' $T --parents "$(mkdir -p none && echo none)" -o x.safetensors
fails '--try without --parents' '--try is for --parents' $F --try 2 -o x.safetensors
fails '--groups without a choice' '--groups is for' $F --groups groups.tsv -o x.safetensors
fails '--from-scratch with --l2sp' 'takes nothing from the parent' $F --from-scratch --l2sp 1 -o x.safetensors
fails '--head-epochs of all epochs' 'leaves no epoch' $F -e 2 --head-epochs 2 -o x.safetensors
fails '--head-from motif without motifs' 'needs --motifs' $F --head-from motif -o x.safetensors
