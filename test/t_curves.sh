# --curves: a table and a picture of every epoch, which survive --resume.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
small_training 8
$P "$S" $O -o plain.safetensors 2> plain.txt
$P "$S" $O --curves a.tsv -o a.safetensors 2> a.txt
weights plain a
same '--curves leaves the model as it is' plain.w a.w
head -n 1 a.tsv | grep -qx '# tfbind learning curves of run [0-9a-f]\{64\}'
verdict $? 'the first line has the run'
sed -n 2p a.tsv | grep -qx 'epoch	target	train_loss	valid_loss	valid_auprc'
verdict $? 'the columns have names'
for e in $(seq 8); do printf '%s\tCTCF\n%s\tSPI1\n%s\tNKX2-5\n%s\tmean\n' $e $e $e $e; done > rows.txt
same 'a row for every epoch and target, then the mean' rows.txt <(tail -n +3 a.tsv | cut -f 1,2)
awk -F'\t' 'NR > 2 && $2 == "mean" { printf "%d %.5f %.5f %.4f\n", $1, $3, $4, $5 }' a.tsv > mean.txt
same 'the mean rows are the lines of the epochs' mean.txt <(sed -n \
    's/.*epoch \([0-9]*\).*train \([0-9.]*\)  valid \([0-9.]*\)  AUPRC \([0-9.]*\).*/\1 \2 \3 \4/p' a.txt)
# without weights the mean loss is the mean over labels
n=$(awk '$1 == "chr2" { for (i = 5; i <= 7; i++) n[i] += $i != "." } END { print n[5], n[6], n[7] }' labels.bed)
awk -F'\t' -v n="$n" '
    BEGIN { split(n, w, " ") }
    NR > 2 && $2 != "mean" { i++; sum += w[i] * $4; all += w[i] }
    NR > 2 && $2 == "mean" { if ((sum / all - $4) ^ 2 > 1e-5) bad = 1; i = sum = all = 0 }
    END { exit bad }' a.tsv
verdict $? 'the mean validation loss is that of the targets, by their labels'
[ "$(awk -F'\t' '$1 == 8 && $2 == "CTCF" { printf "%.4f", $5 }' a.tsv)" != . ]
verdict $? 'targets have an AUPRC'
grep -q '<svg ' a.svg && tail -n 1 a.svg | grep -qx '</svg>'
verdict $? 'the picture is whole'
if command -v xmllint > /dev/null; then check 'the picture is XML' xmllint --noout a.svg; fi
for t in CTCF SPI1 NKX2-5; do grep -q ">$t<" a.svg; verdict $? "the picture has a panel for $t"; done
! grep -q 'nan\|inf' a.svg
verdict $? 'the picture has no numbers that are none'
$P "$S" $O --curves three.tsv -@ 3 -o three.safetensors 2> /dev/null
same '3 threads = 1: the table' a.tsv three.tsv
same '3 threads = 1: the picture' a.svg three.svg
# every epoch replaces both files, and a file system gives the inode of one to the other
check 'files of an earlier run are replaced' $P "$S" $O --curves three.tsv -o three.safetensors
same 'files of an earlier run are replaced: the table' a.tsv three.tsv

# resumed
stopped() { # NAME OPTION...: a run whose model cannot be written: its checkpoint stays
    local name=$1
    shift
    ln -sf /dev/full "$name.safetensors"
    ! $P "$S" -b 32 --rate 0.01 --curves "$name.tsv" "$@" -o "$name.safetensors" > /dev/null 2>&1
    rm "$name.safetensors"
    for f in safetensors.ckpt tsv; do cp "$name.$f" "$name.$f.kept"; done
}
again() { for f in safetensors.ckpt tsv; do cp "r.$f.kept" "r.$f"; done; }
R="$P '$S' $O --curves r.tsv -o r.safetensors --resume"
resumes() { eval "$R" 2> r.txt; }
stopped r -e 5
resumes
same 'resumed: the table of an uninterrupted run' a.tsv r.tsv
same 'resumed: the picture of an uninterrupted run' a.svg r.svg
again
for t in CTCF SPI1 NKX2-5 mean; do printf '6\t%s\t1\t1\t1\n' $t; done >> r.tsv
resumes
same 'epochs beyond the checkpoint are left out' a.tsv r.tsv
again
rm r.tsv
resumes
grep -q 'r.tsv is missing: the curves begin with epoch 6' r.txt && [ "$(sed -n 3p r.tsv | cut -f 1)" = 6 ]
verdict $? 'without the table a warning, and the later epochs' "$(head -n 1 r.txt)"
again
awk -F'\t' 'NR < 3 || $1 < 4' r.tsv.kept > r.tsv
resumes
grep -q 'r.tsv has 3 of the 5 epochs' r.txt && [ "$(grep -c mean r.tsv)" = 6 ]
verdict $? 'a table that lacks epochs: a warning' "$(head -n 1 r.txt)"
# damaged NAME TEXT: r.tsv, which was changed, is refused
damaged() {
    local name=$1 text=$2
    cp r.safetensors.ckpt.kept r.safetensors.ckpt
    fails "$name" "$text" eval "$R"
}
sed '1s/run .*/run 0/' r.tsv.kept > r.tsv
damaged 'a table of another run' 'r.tsv:1: the curves belong to a different run'
sed '2s/loss/los/' r.tsv.kept > r.tsv
damaged 'other columns' 'r.tsv:2: expected the names of the columns'
sed '5d' r.tsv.kept > r.tsv
damaged 'a row that is missing' 'r.tsv:5: expected the row of NKX2-5'
sed '4s/[0-9.]*$/-1/' r.tsv.kept > r.tsv
damaged 'a negative value' 'r.tsv:4: expected the row of SPI1'
sed '4s/$/\t1/' r.tsv.kept > r.tsv
damaged 'a column too many' 'r.tsv:4: expected the row of SPI1'
sed '7s/^2/1/' r.tsv.kept > r.tsv
damaged 'an epoch twice' 'r.tsv:7: expected the row of CTCF'
head -n -1 r.tsv.kept > r.tsv
damaged 'half an epoch' 'ends within epoch 5'
cp r.tsv.kept r.tsv
cp r.safetensors.ckpt.kept r.safetensors.ckpt
resumes
same 'what is refused is left as it is' a.tsv r.tsv

# no validation, names, and outputs that clash
head -n 1 labels.bed | sed 's/CTCF/A\&B<c>/' > odd.bed
awk 'NR > 1' labels.bed >> odd.bed
check 'names of TFs are escaped' $TFBIND pretrain -v 0 -f ref.fa -l odd.bed --valid chr2 --spec "$S" -e 1 \
    --curves odd.tsv -o odd.safetensors
grep -q 'A&amp;B&lt;c&gt;' odd.svg
verdict $? 'names of TFs are escaped in the picture'
check 'without validation regions' $TFBIND pretrain -v 0 -f ref.fa -l labels.bed.gz --test chr2 --spec "$S" -e 2 \
    --curves n.tsv -o n.safetensors
[ "$(tail -n +3 n.tsv | cut -f 4,5 | sort -u)" = '.	.' ]
verdict $? 'without validation regions its columns are empty'
fails 'a name that is no table' 'expected the name of a table, FILE.tsv' $P "$S" --curves a.svg -o x.safetensors
cp labels.bed labels.tsv
fails 'curves over the labels' 'labels.tsv is the input' $TFBIND pretrain -f ref.fa -l labels.tsv --valid chr2 \
    --spec "$S" --curves labels.tsv -o x.safetensors
fails 'a folder that is not there' 'nowhere' $P "$S" --curves nowhere/a.tsv -o x.safetensors
