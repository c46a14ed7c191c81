# Choosing source TFs: every criterion against numbers worked out by hand.
. "$SRCDIR/test/lib.sh"
# T is bound in regions 1-4; A shares 4 of 4, B 2 of 8, C 1 of 1, D none; cosines: A 1, B 2/sqrt(32)
# = 0.354, C 1/2, D 0
{
    printf '#chrom\tstart\tend\tname\tT\tA\tB\tC\tD\n'
    printf '1 1 0 1 .
1 1 0 . 0
1 1 1 0 0
1 1 1 0 .
0 0 1 0 1
. 0 1 0 1
0 0 1 0 1
0 . 1 0 0
0 0 1 0 0
0 0 1 . 0
' |
        awk -v OFS='\t' '{ print "c", NR * 10, NR * 10 + 5, "r" NR, $1, $2, $3, $4, $5 }'
} > l.bed
printf 'matrix\tname\tcluster\nM1\tT\t1\nM2\tA::X\t1\nM3\tB\t2\nM4\tD\t1\nM5\tb\t1\n' > g.tsv
printf 'protein1 protein2 combined_score\nT C 900\nB T 950\nA B 999\nT D 150\nT C 300\n' > s.txt
R="$TFBIND relate -l l.bed --target T"
is() {
    local name=$1 want=$2
    shift 2
    local got
    got=$("$@" 2> err.txt)
    [ "$got" = "$want" ]
    verdict $? "$name" "'$got', not '$want' $(head -n 1 err.txt)"
}
is 'correlation' A,C,B,D $R --by correlation --list
is 'correlation is the default' A,C,B,D $R --list
is 'auto: the mode, then correlation' A,B,D,C $R --by auto --groups g.tsv --list
is 'auto without modes: correlation' A,C,B,D $R --by auto --list
is 'co-factors: no shared mode' C $R --by cofactor --groups g.tsv --list
is 'same mode: most bound first (B in two modes)' B,A,D $R --by mode --groups g.tsv --list
is 'least correlated within the mode' D,B,A $R --by least --groups g.tsv --list
is 'partners, either order, best score' B,C,D $R --by partners --partners s.txt --list
is '--min-bound' A,B,D $R --min-bound 2 --list
sed 's/^c\(.*r[5-9]\)/d\1/; s/^c\(.*r10\)/d\1/' l.bed > two_contigs.bed
is '--chroms counts only those' \
    "$(printf 'rank\ttf\tn_bound\tn_both\tcosine\tsame_mode\tpartner_score
1\tA\t4\t4\t1.0000\t.\t.
2\tB\t2\t2\t0.7071\t.\t.')" $TFBIND relate -l two_contigs.bed --target T --chroms c --top 2
is '--top' A,C $R --top 2 --list
is '--with-target counts in --top' T,A $R --top 2 --list --with-target
is 'random is the same for a seed' "$($R --by random --seed 3 --list)" $R --by random --seed 3 --list
for i in 1 2 3 4 5 6 7 8; do $R --by random --seed $i --list; done |
    sort -u |
    wc -l |
    awk '{ print ($1 > 2) ? "ok random differs between seeds" : "not ok random differs between seeds" }'
is 'the table' "$(printf 'rank\ttf\tn_bound\tn_both\tcosine\tsame_mode\tpartner_score
1\tA\t4\t4\t1.0000\tyes\t.
2\tC\t1\t1\t0.5000\t.\t900
3\tB\t8\t2\t0.3536\tyes\t950
4\tD\t3\t0\t0.0000\tyes\t150')" $R --groups g.tsv --partners s.txt
printf 'tf\tgroup\nT\tx\nC\tx\n' > two.tsv; is 'a plain table of two columns' C $R --by mode --groups two.tsv --list
printf 'tf\tgroup\tother\nT\tx\t1\nC\tx\t2\nA\ty\t1\n' > three.tsv
is '--group-column' A $R --by mode --groups three.tsv --group-column other --list
fails 'an unknown target' "no TF called 'TT'" $TFBIND relate -l l.bed --target TT
fails 'an unknown criterion' '--by is correlation' $R --by luck
fails 'an unknown contig' "no regions on 'x'" $R --chroms c,x
fails 'no groups' 'needs --groups' $R --by mode
fails 'no partners' 'needs --partners' $R --by partners
fails 'a target without a mode' 'has no binding mode for T' $R --by mode --groups <(printf 'tf\tgroup\nA\tx\n')
fails 'a table without the columns' 'a header line with' $R --by mode --groups s.txt
fails 'a score that is none' "'high' is not a score" $R --by partners \
    --partners <(printf 'protein1 protein2 score\nT A high\n')
fails 'no table' 'cannot read none.tsv' $R --by mode --groups none.tsv
$R --by mode --groups g.tsv --top 9 --list 2>&1 > /dev/null | grep -q 'only 3 TFs'
verdict $? 'fewer than asked for: said'

# binding modes from motifs: certain ones, so that similarities can be worked out by hand
motif() { # ID NAME SEQUENCE
    printf 'MOTIF %s %s\nletter-probability matrix: alength= 4 w= %d nsites= 20\n' "$1" "$2" ${#3}
    echo "$3" | fold -w 1 | sed 's/A/1 0 0 0/; s/C/0 1 0 0/; s/G/0 0 1 0/; s/T/0 0 0 1/'
    echo
}
# B is T's other strand; A lacks T's last base: 5 of 6 positions, similarity 5/6. D shares no five
# bases with any. X and C are a dimer's members.
{
    printf '\nMEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\n'
    motif M1 T ACCGTA
    motif M2 a ACCGT
    motif M3 'B(var.2)' TACGGT
    motif M4 D TTTTTTTT
    motif M5 X::C ACCGTA
} > m.meme
is 'motifs: similarity above the cut' B,A,C $R --by mode --groups m.meme --mode-cut 0.82 --list
is 'motifs: below the cut; the other strand is as good' B,C $R --by mode --groups m.meme --mode-cut 0.84 --list
is 'motifs: without those of the mode' A,D $R --by cofactor --groups m.meme --mode-cut 0.84 --list
bgzip -c m.meme > m.meme.gz; is 'motifs: compressed' B,A,C $R --by mode --groups m.meme.gz --mode-cut 0.82 --list
# average linkage: T-A 5/6; T-C overlap in 5 of 7; A-C in 4 positions only, which are too few, so
# that their best is poor: the mean of {T, A} to C is below 0.6, though T-C alone is 0.714
{ sed '/MOTIF M3/,$d' m.meme; motif M6 C CCGTAT; } > avg.meme
is 'motifs: average linkage' A $R --by mode --groups avg.meme --mode-cut 0.65 --list
{ sed '/MOTIF M2/,$d' m.meme; motif M6 C CCGTAT; } > two.meme
is 'motifs: overlap in 5 of 7 positions' C $R --by mode --groups two.meme --mode-cut 0.71 --list
is 'motifs: 5 of 7 is below 0.72' '' $R --by mode --groups two.meme --mode-cut 0.72 --list
sed 's/0 1 0 0/0 x 0 0/' m.meme > bad.meme
fails 'motifs: malformed, by line' 'bad.meme:' $R --by mode --groups bad.meme
fails '--mode-cut out of range' '--mode-cut takes a number from 0 to 1' $R --by mode --groups m.meme --mode-cut 2
if [ -n "$DATA" ]; then
    gzip -dc "$DATA/labels.bed.gz" 2> /dev/null | head -n 50 > few.bed
    for t in JUND HNF4A SPI1; do
        is "motifs: $t's mode is that of the table" \
            "$($TFBIND relate -l few.bed --target $t --by mode --groups "$DATA/tf_groups/jaspar2024_motif_clusters.tsv" --list |
            tr , '\n' |
            sort)" \
            sort <($TFBIND relate -l few.bed --target $t --by mode --groups "$DATA/motifs/JASPAR_CORE_vertebrates.meme" --list 2> /dev/null |
                tr , '\n')
    done
else
    echo 'skip motifs: the modes of JASPAR: no real data'
fi
