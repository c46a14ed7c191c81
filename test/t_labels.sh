# The labels reader trusts nothing: every kind of bad file has its message, with file and line.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
$TFBIND evaluate -m tiny.safetensors -f ref.fa -l labels.bed > want.tsv 2> /dev/null || exit 1
$TFBIND evaluate -m tiny.safetensors -f ref.fa -l labels.bed.gz > got.tsv 2> /dev/null
same 'bgzip = plain' want.tsv got.tsv
gzip -c labels.bed > g.bed.gz
$TFBIND evaluate -m tiny.safetensors -f ref.fa -l g.bed.gz > got.tsv 2> /dev/null
same 'gzip = plain' want.tsv got.tsv
sed 's/$/\r/' labels.bed > crlf.bed
$TFBIND evaluate -m tiny.safetensors -f ref.fa -l crlf.bed > got.tsv 2> /dev/null
same 'Windows line ends' want.tsv got.tsv
must() { # NAME MESSAGE: bad.bed must fail so
    $TFBIND evaluate -m tiny.safetensors -f ref.fa -l bad.bed > /dev/null 2> err.txt
    local s=$?
    if [ $s -eq 1 ] &&
        grep -qF -- "$2" err.txt; then echo "ok $1"; else echo "not ok $1: status $s, $(head -n 1 err.txt)"; fi
}
edit() { awk -F'\t' -v OFS='\t' "$1" labels.bed > bad.bed; }
edit 'NR == 4 { $3 = $2 - 5 } 1'; must 'end before start' 'bad.bed:4: end is before start'
edit 'NR == 4 { $3 = $2 } 1'; must 'an empty region' 'bad.bed:4: end is the same as start'
edit 'NR == 4 { $2 = "x" } 1'; must 'a start that is no number' "bad.bed:4: start 'x' is not a position"
edit 'NR == 4 { $2 = -5 } 1'; must 'a negative start' "bad.bed:4: start '-5' is not a position"
edit 'NR == 4 { $5 = 2 } 1'; must 'a label that is none' "bad.bed:4: CTCF (column 5): label '2' is not 1, 0 or ."
edit 'NR == 4 { $5 = "10" } 1'; must 'a label too long' 'bad.bed:4: CTCF (column 5): label'
edit 'NR == 4 { NF = 6 } 1'; must 'a column too few' 'bad.bed:4: 6 columns, the header has 7'
edit 'NR == 4 { $8 = 1 } 1'; must 'a column too many' "bad.bed:4: more columns than the header's 7"
edit 'NR == 4 { print $1; next } 1'; must 'a line cut short' 'bad.bed:4: 1 columns'
{ sed 5q labels.bed; sed -n 3p labels.bed; } > bad.bed; must 'positions out of order' 'the file is not sorted'
{
    cat labels.bed
    sed -n 3p labels.bed
} > bad.bed
must 'a contig that comes again' 'chr1 again after chr2: the file is not sorted'
edit 'NR == 4 { $3 = $3 + 1 } 1'; must 'a region of another width' 'bad.bed:4: the region has 61 bases'
edit 'NR > 4 { $1 = "chr9" } 1'; must 'a contig the FASTA lacks' 'bad.bed:5: chr9 is not in ref.fa'
{
    cat labels.bed
    printf 'chr2\t9990\t10050\tx\t1\t0\t1\n'
} > bad.bed
must 'a region beyond its contig' 'reaches beyond the 10000 bases'
edit 'NR == 1 { $6 = "CTCF" } 1'; must 'a TF with two columns' 'TF CTCF has two columns, 5 and 6'
sed 1d labels.bed > bad.bed; must 'no header' 'not a labels file'
: > bad.bed; must 'an empty file' 'not a labels file'
head -n 1 labels.bed > bad.bed; must 'no regions' 'no usable regions'
head -c $(($(stat -c %s labels.bed.gz) - 28)) labels.bed.gz > bad.bed
must 'bgzip without its end marker' 'truncated'
head -c 900 labels.bed.gz > bad.bed; must 'bgzip cut short' 'truncated'
head -c 900 g.bed.gz > bad.bed; must 'gzip cut short' 'truncated or damaged'
rm bad.bed; must 'no file' 'cannot read bad.bed'
F='-m tiny.safetensors -f ref.fa -l labels.bed'
fails 'an unknown TF' "did you mean CTCF?" $TFBIND evaluate $F --tf CTFC
fails 'an unknown contig' "no regions on 'chr7'" $TFBIND evaluate $F --chroms chr7
fails 'an unwritable table' 'cannot write /dev/full' $TFBIND evaluate $F -o /dev/full
$TFBIND evaluate $F -o - --predictions out.tsv > got.tsv 2> /dev/null
[ ! -e ./- ] && same 'evaluate -o -: standard output' want.tsv got.tsv
fails 'training on an unknown TF' 'did you mean SPI1?' $TFBIND pretrain -f ref.fa -l labels.bed --targets SPI2 -o x
fails 'a contig in two parts' 'chr2 is in both --valid and --test' $TFBIND pretrain -f ref.fa -l \
    labels.bed --valid chr2 --test chr2 -o x
fails 'an unknown validation contig' "there are no regions on 'chr3'" $TFBIND pretrain -f ref.fa -l \
    labels.bed --valid chr3 -o x
fails 'an unknown architecture' 'unknown architecture' $TFBIND pretrain -f ref.fa -l labels.bed -a resnet -o x
fails 'a network too wide for its window' 'do not fit' $TFBIND pretrain -f ref.fa -l labels.bed \
    --spec 'conv 8 99; dense 1' -o x
