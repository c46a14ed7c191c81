# Threads: each command that has them writes with three, and with all processors (-@ 0), what it writes with
# one. `make tsan` runs this under the thread sanitizer, which ends a command with a status of its own if two
# threads touch the same thing unordered.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
mkdir one three all
# threads NAME FILE COMMAND...: with -@ 1 in the folder one, with -@ 3 in three, with -@ 0 in all; the end of FILE is
# the same (the command line, in its head, is not)
threads() {
    local name=$1 file=$2 n d status
    shift 2
    for d in one three all; do
        case $d in one) n=1 ;; three) n=3 ;; all) n=0 ;; esac
        (cd $d && "$@" -@ $n > out.txt 2> err.txt)
        status=$?
        [ $status -eq 0 ] || {
            cat $d/err.txt >&2
            echo "not ok $name, -@ $n: status $status: $(grep -m 1 'WARNING: Thread\|rror' $d/err.txt)"
            return
        }
        tail -c 4000 $d/$file > $d/tail.txt
    done
    if [ $(wc -c < one/tail.txt) -gt 200 ]; then
        same "$name" one/tail.txt three/tail.txt
        same "$name, -@ 0" one/tail.txt all/tail.txt
    else
        echo "not ok $name: wrote next to nothing"
    fi
}
A="$TFBIND annotate -m ../tiny.safetensors -v 1"
V="$A -f ../ref.fa --no-version"
perl "$SRCDIR/test/phased.pl" random 5 600 ref.fa > r.vcf && bcftools view --no-version -Ob -o r.bcf r.vcf || exit 1
# while the windows of one batch are scored, another is written and read: several of them, and each for several threads
export TFBIND_BATCH=100
threads 'annotate, VCF' out.txt $V --tf all ../r.vcf
threads 'annotate, haplotypes' out.txt $V --haplotypes --csq ../r.bcf
(cd one &&
    $V -o - ../r.bcf > eight1.vcf &&
    $V -@ 8 -Ob -o eight.bcf ../r.bcf &&
    bcftools view --no-version eight.bcf > eight8.vcf) 2> err.txt ||
    cat err.txt >&2
bcftools view --no-version one/eight1.vcf > one/eight.vcf
same 'annotate, eight threads, of which htslib has two' one/eight.vcf one/eight8.vcf
for o in z:o.vcf.gz b:o.bcf; do
    threads "annotate, -O${o%%:*} and an index" ${o#*:} $V --tf all -O${o%%:*} -W -o ${o#*:} ../r.bcf
done
unset TFBIND_BATCH
threads 'annotate, BED' out.txt $A -f ../ref.fa ../labels.bed
awk '!/^#/ { printf "%s:%d-%d\n", $1, $2 + 1, $3 }' labels.bed | head -n 100 > r.txt
samtools faidx -r r.txt ref.fa > w.fa
threads 'annotate, FASTA' out.txt $A ../w.fa
s=$(seq_at chr1 1001 1040)
{
    printf '@SQ\tSN:chr1\tLN:10000\n'
    for i in $(seq 101 45 9000); do printf 'r%d\t0\tchr1\t%d\t60\t40M\t*\t0\t0\t%s\t*\n' $i $i "$s"; done
} > in.sam
threads 'annotate, SAM' out.txt $A -f ../ref.fa --no-PG ../in.sam
threads 'scan' out.txt "$TFBIND" scan -m ../tiny.safetensors -f ../ref.fa -v 1 --tf SPI1 --step 5
for o in o.bcf o.tsv.gz; do
    threads "scan --snvs, $o" $o "$TFBIND" scan --snvs -m ../tiny.safetensors -f ../ref.fa -v 1 --no-version -o $o
done
head -n 12 w.fa > few.fa
(cd one && $V -Ob -o ../a.bcf ../r.bcf)
page() { # report's figures: the last of the page, of which the command differs
    "$TFBIND" report -m ../tiny.safetensors -f ../ref.fa --figures 13 ../a.bcf "$@" > page.html &&
        grep '^<figure class="wide"' page.html
}
threads 'report, figures' out.txt page
[ "$(grep -c '^<figure class="wide"' all/page.html)" -eq 13 ] && cmp -s <(grep -v '<dt>Made' one/page.html) \
    <(grep -v '<dt>Made' three/page.html)
verdict $? 'report, the whole page'
for m in deeplift ism; do threads "explain, $m" out.txt "$TFBIND" explain -m ../tiny.safetensors -v 1 --tf \
    all --method $m ../few.fa; done
threads 'pretrain' p.safetensors "$TFBIND" pretrain -f ../ref.fa -l ../labels.bed.gz --valid chr2 --batch 32 -e \
    2 --average 0.9 -o p.safetensors \
    --spec 'conv 12 5; bn; relu; pool 4; dense 16; bn; relu; dropout 0.2; dense 0'
threads 'finetune' f.safetensors "$TFBIND" finetune --from ../one/p.safetensors --allow-leak --target SPI1 \
    -f ../ref.fa -l ../labels.bed.gz --valid chr2 -e 2 -o f.safetensors
awk '!/^#/ { print $1 "\t" $2 "\t" $3 > (FNR % 3 ? "open.bed" : "own.bed") }' labels.bed
threads 'learn' l.safetensors "$TFBIND" learn --from ../one/p.safetensors --target OWN -f ../ref.fa --peaks ../own.bed \
    --open ../open.bed --valid chr2 --cv 0 -e 2 --snvs 200 -o l.safetensors
threads 'finetune, cross-validation' g.safetensors "$TFBIND" finetune --from ../one/p.safetensors --allow-leak \
    --target SPI1 -f ../ref.fa -l ../labels.bed.gz --valid chr2 -e 2 --cv 2 -o g.safetensors
threads 'evaluate' logits.txt "$TFBIND" evaluate --allow-leak -m ../one/p.safetensors -f ../ref.fa \
    -l ../labels.bed.gz --bootstrap 20 --predictions logits.txt
threads 'distill' d.safetensors "$TFBIND" distill --teachers ../one/p.safetensors -f ../ref.fa -l ../labels.bed.gz \
    --valid chr2 -e 2 --spec 'conv 32 9; relu; pool 4; dense 16; relu; dense 0' -o d.safetensors
threads 'motifs' motifs.tsv "$TFBIND" motifs --use all -m ../tiny.safetensors -f ../ref.fa -l ../labels.bed.gz \
    -o motifs.tsv
threads 'model --calibrate' c.safetensors "$TFBIND" model --calibrate -f ../ref.fa -l ../labels.bed.gz --n \
    2000 --precision 0.5 -o c.safetensors ../tiny.safetensors
bcftools view --no-version -t chr1 -o hits.vcf r.vcf
threads 'enrich' out.txt "$TFBIND" enrich -m ../tiny.safetensors -v 1 --permutations 50 -f ../ref.fa \
    --background ../r.bcf ../hits.vcf
