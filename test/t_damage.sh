# Bad input and bad luck: an error that names the file, a status that is not 0, and nothing
# half-written that looks whole.
. "$SRCDIR/test/lib.sh"
cp "$SRCDIR"/test/data/tiny.fa "$SRCDIR"/test/data/tiny.vcf . &&
    bcftools view -Oz -o tiny.vcf.gz tiny.vcf &&
    bcftools view -Ob -o tiny.bcf tiny.vcf ||
    exit 1
perl "$SRCDIR/test/oracle.pl" model 20 CTCF,SPI1 > m.safetensors
A="$TFBIND annotate -v 1 -m m.safetensors -f tiny.fa"

# cut at every place (every 17th byte): an error, unless a text is cut between two lines, or within
# the last column of a line: nobody can tell that from a whole line without a newline, and a warning
# says so
for f in tiny.vcf.gz tiny.bcf tiny.vcf; do
    n=$(stat -c %s $f) bad=
    for at in $(seq 0 17 $((n - 1))) $((n - 1)); do
        head -c "$at" $f > cut.in
        [ $f = tiny.vcf ] && [ -z "$(tail -c 1 cut.in | tr -d '\n')" ] && grep -q '^#CHROM' cut.in && continue
        rm -f out.bcf
        $A -o out.bcf cut.in 2> err.txt
        status=$?
        [ $status -eq 0 ] && [ $f = tiny.vcf ] && [ "$(tail -n 1 cut.in | awk -F'\t' '{ print NF }')" -eq 11 ] &&
            grep -q 'warning: cut.in: the last line (.*) does not end' err.txt && continue
        [ $status -eq 1 ] && grep -q 'error: .*cut.in' err.txt && [ ! -e out.bcf ] || bad="$bad $at"
    done
    [ -z "$bad" ]
    verdict $? "$f cut anywhere is an error that names it" "not at$bad of $n"
done
head -c -20 tiny.vcf > cut.in
leaves_nothing 'a last line that does not end, on standard input' \
    'has 6 of 11 columns and the last line does not end' sh -c "$A -o out.vcf < cut.in"

# what is not what it should be
: > empty.in
leaves_nothing 'an empty input' 'cannot read empty.in' $A -o out.vcf empty.in
leaves_nothing 'a FASTA as VCF' 'cannot read tiny.fa' $A --input vcf -o out.vcf tiny.fa
leaves_nothing 'a folder as input' 'cannot read .' $A -o out.vcf .
leaves_nothing 'a model as reference' 'cannot open reference m.safetensors' $TFBIND annotate -m m.safetensors \
    -f m.safetensors -o out.vcf tiny.vcf
leaves_nothing 'a VCF as model' 'tiny.vcf' $TFBIND annotate -m tiny.vcf -f tiny.fa -o out.vcf tiny.vcf
leaves_nothing '-r without an index' 'cannot read tiny.vcf.gz: could not load index' $A -o out.vcf -r c1 tiny.vcf.gz
leaves_nothing '-r on standard input' 'cannot read standard input' $A -o out.vcf -r c1 -
leaves_nothing '-R of a file that is not there' 'cannot read regions none.bed' $A -o out.vcf -R none.bed tiny.bcf
sed '/^##INFO=<ID=DP/d' tiny.vcf > undeclared.vcf
leaves_nothing 'undeclared tags cannot become BCF' \
    'c1:51: contig or tags are not declared in the header of undeclared.vcf' $A -o out.bcf undeclared.vcf
$A -o out.vcf undeclared.vcf 2> err.txt && grep -q 'DP=30.*TFB_TOP' out.vcf
verdict $? 'as text they pass' "$(tail -n 1 err.txt)"
leaves_nothing 'a prefix that no tag may have' '--prefix begins with a letter' $A --prefix 1K -o out.vcf tiny.vcf

# outputs
for f in tiny.vcf tiny.bcf; do
    cp $f both.${f#*.} && ln -sf both.${f#*.} link.${f#*.}
    leaves_nothing "$f onto itself" 'is the input' $A -o both.${f#*.} both.${f#*.}
    leaves_nothing "$f onto itself by another name" 'is the input' $A -o link.${f#*.} both.${f#*.}
    ok_if "$f is still whole" cmp -s $f both.${f#*.}
done
leaves_nothing 'a folder that is not there' 'cannot write none/out.vcf: No such file' $A -o none/out.vcf tiny.vcf
leaves_nothing 'a folder as output' 'cannot write .: Is a directory' $A -o . tiny.vcf
if [ -w /dev/full ]; then
    for o in v z u b; do
        for threads in 1 3; do leaves_nothing \
            "a full disk, -O$o, threads $threads" 'cannot write to standard output: ' sh \
            -c "$A -@ $threads -O$o tiny.vcf > /dev/full"; done
    done
else echo 'skip a full disk: no /dev/full'; fi
# an output that cannot be indexed does not appear, and what was there stays
{ grep '^#' tiny.vcf; grep -v '^#' tiny.vcf | tac; } > unsorted.vcf
leaves_nothing '-W of unsorted records' 'cannot index out.bcf: is it sorted' $A -W -o out.bcf unsorted.vcf
echo old > kept.bcf; echo old > kept.bcf.csi
$A -W -o kept.bcf unsorted.vcf 2> err.txt
[ $? -eq 1 ] && [ "$(cat kept.bcf kept.bcf.csi)" = "$(printf 'old\nold')" ] && [ "$(ls kept.bcf* | wc -l)" = 2 ]
verdict $? '-W of unsorted records leaves what was there' "$(tail -n 1 err.txt)"

# names from a stranger's model
perl "$SRCDIR/test/oracle.pl" model 20 'A;B=1,C D,E::F(v2)' > odd.safetensors
$TFBIND annotate -v 0 -m odd.safetensors -f tiny.fa --tf all -Ob tiny.vcf |
    bcftools query -f '%TFB_A_B_1 %TFB_C_D_DELTA %TFB_E__F_v2__LOR\n' > got.txt 2> err.txt
[ -s got.txt ] && [ ! -s err.txt ]
verdict $? 'odd TF names become legal tags' "$(head -n 1 err.txt)"
$TFBIND annotate -v 0 -m odd.safetensors -f tiny.fa tiny.vcf |
    bcftools view -Ob |
    bcftools query -f '%TFB_TOP\n' |
    tr , '\n' |
    sort -u |
    grep -vx '\.' > got.txt
printf 'A_B_1\nC_D\nE::F(v2)\n' > want.txt
same 'odd TF names as values' want.txt got.txt
perl "$SRCDIR/test/oracle.pl" model 20 'A-B,A.B,A:B' > odd.safetensors
leaves_nothing 'two TFs of one tag' 'two TFs would have the same tag, TFB_A_B' $TFBIND annotate -m \
    odd.safetensors -f tiny.fa --tf all -o out.vcf tiny.vcf
sed 's/^c\([0-9]\)/chr\1/; s/ID=c\([0-9]\)/ID=chr\1/; s/\[c2/[chr2/' tiny.vcf > chr.vcf
$A -o chr.out chr.vcf 2> err.txt
[ $? -eq 1 ] &&
    [ "$(grep -vc '^#' chr.out)" -eq "$(grep -vc '^#' chr.vcf)" ] &&
    grep -q 'error: nothing was scored: tiny.fa has no contig chr1' err.txt
verdict $? 'contigs of another genome are pointed out'

# where output goes: links stay links, and names of open files are written to, never replaced (as
# root /dev/stdout would be gone for everyone).
# /dev/fd/1 stands for it here: a program that tries to replace it fails, and does no harm
printf 'c1\t100\t160\nc1\t300\t360\n' > some.bed
B="$TFBIND annotate -v 0 -m m.safetensors -f tiny.fa some.bed"
place() { # NAME WANT COMMAND-with-OUT
    local name=$1 want=$2
    shift 2
    mkdir -p far
    echo old > far/there
    ln -sf far/there link
    "${@//OUT/link}" > /dev/null 2> err.txt && [ -L link ] && cmp -s "$want" far/there
    verdict $? "$name through a link" "$(ls -l link far | head -n 3) $(head -n 1 err.txt)"
    rm -f far/there
    "${@//OUT/link}" > /dev/null 2> err.txt && [ -L link ] && cmp -s "$want" far/there
    verdict $? "$name through a link to nothing yet" "$(head -n 1 err.txt)"
    "${@//OUT//dev/fd/1}" > got.out 2> err.txt && cmp -s "$want" got.out
    verdict $? "$name to /dev/fd/1" "$(head -n 1 err.txt)"
    ! ls far/*.tmp* > /dev/null 2>&1
    verdict $? "$name leaves nothing beside"
    rm -f link far/there
}
$B -o want.rows; place 'rows' want.rows $B -o OUT
$TFBIND model --half --convert want.half m.safetensors
place 'a model' want.half $TFBIND model --half --convert OUT m.safetensors
$A --no-version -o want.text tiny.vcf; place 'VCF' want.text $A --no-version -o OUT tiny.vcf
{ cat tiny.vcf; echo junk; } > junk.vcf; echo old > kept; ln -sf kept link
for o in /dev/fd/1 link; do $A -o $o junk.vcf > got.out 2> err.txt && echo 'not ok junk fails'; done
[ -L link ] && [ "$(cat kept)" = old ]
verdict $? 'a failed run leaves a link and the file it leads to' "$(ls -l link kept 2>&1 | head -n 2)"
