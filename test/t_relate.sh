# Choosing source TFs: every criterion against numbers worked out by hand.
. "$SRCDIR/test/lib.sh"
# T is bound in regions 1-4; A shares 4 of 4, B 2 of 8, C 1 of 1, D none; cosines: A 1, B 2/sqrt(32) = 0.354, C 1/2, D 0
{ printf '#chrom\tstart\tend\tname\tT\tA\tB\tC\tD\n'
  printf '1 1 0 1 .\n1 1 0 . 0\n1 1 1 0 0\n1 1 1 0 .\n0 0 1 0 1\n. 0 1 0 1\n0 0 1 0 1\n0 . 1 0 0\n0 0 1 0 0\n0 0 1 . 0\n' |
      awk -v OFS='\t' '{ print "c", NR * 10, NR * 10 + 5, "r" NR, $1, $2, $3, $4, $5 }'; } > l.bed
printf 'matrix\tname\tcluster\nM1\tT\t1\nM2\tA::X\t1\nM3\tB\t2\nM4\tD\t1\nM5\tb\t1\n' > g.tsv
printf 'protein1 protein2 combined_score\nT C 900\nB T 950\nA B 999\nT D 150\nT C 300\n' > s.txt
R="$TFBIND relate -l l.bed --target T"
is() { local name=$1 want=$2; shift 2; local got; got=$("$@" 2> err.txt); [ "$got" = "$want" ] && echo "ok $name" || echo "not ok $name: '$got', not '$want' $(head -n 1 err.txt)"; }
is 'correlation' A,C,B,D $R --by correlation --list
is 'correlation is the default' A,C,B,D $R --list
is 'co-factors: no shared mode' C $R --by cofactor --groups g.tsv --list
is 'same mode: most bound first (B in two modes)' B,A,D $R --by mode --groups g.tsv --list
is 'least correlated within the mode' D,B,A $R --by least --groups g.tsv --list
is 'partners, either order, best score' B,C,D $R --by partners --partners s.txt --list
is '--min-bound' A,B,D $R --min-bound 2 --list
sed 's/^c\(.*r[5-9]\)/d\1/; s/^c\(.*r10\)/d\1/' l.bed > two_contigs.bed
is '--chroms counts only those' "$(printf 'rank\ttf\tn_bound\tn_both\tcosine\tsame_mode\tpartner_score\n1\tA\t4\t4\t1.0000\t.\t.\n2\tB\t2\t2\t0.7071\t.\t.')" $TFBIND relate -l two_contigs.bed --target T --chroms c --top 2
is '--top' A,C $R --top 2 --list
is '--with-target counts in --top' T,A $R --top 2 --list --with-target
is 'random is the same for a seed' "$($R --by random --seed 3 --list)" $R --by random --seed 3 --list
for i in 1 2 3 4 5 6 7 8; do $R --by random --seed $i --list; done | sort -u | wc -l | awk '{ print ($1 > 2) ? "ok random differs between seeds" : "not ok random differs between seeds" }'
is 'the table' "$(printf 'rank\ttf\tn_bound\tn_both\tcosine\tsame_mode\tpartner_score\n1\tA\t4\t4\t1.0000\tyes\t.\n2\tC\t1\t1\t0.5000\t.\t900\n3\tB\t8\t2\t0.3536\tyes\t950\n4\tD\t3\t0\t0.0000\tyes\t150')" $R --groups g.tsv --partners s.txt
printf 'tf\tgroup\nT\tx\nC\tx\n' > two.tsv; is 'a plain table of two columns' C $R --by mode --groups two.tsv --list
printf 'tf\tgroup\tother\nT\tx\t1\nC\tx\t2\nA\ty\t1\n' > three.tsv; is '--group-column' A $R --by mode --groups three.tsv --group-column other --list
fails 'an unknown target' "no TF called 'TT'" $TFBIND relate -l l.bed --target TT
fails 'an unknown criterion' '--by is correlation' $R --by luck
fails 'an unknown contig' "no regions on 'x'" $R --chroms c,x
fails 'no groups' 'needs --groups' $R --by mode
fails 'no partners' 'needs --partners' $R --by partners
fails 'a target without a mode' 'knows no binding mode of T' $R --by mode --groups <(printf 'tf\tgroup\nA\tx\n')
fails 'a table without the columns' 'a header line with' $R --by mode --groups s.txt
fails 'a score that is none' "'high' is not a score" $R --by partners --partners <(printf 'protein1 protein2 score\nT A high\n')
fails 'no table' 'cannot open none.tsv' $R --by mode --groups none.tsv
$R --by mode --groups g.tsv --top 9 --list 2>&1 > /dev/null | grep -q 'only 3 TFs' && echo 'ok fewer than asked for: said' || echo 'not ok fewer than asked for: said'
