# The paper's experiments as a workflow: the whole of it on made-up data, and a report of half of it.
command -v snakemake > /dev/null || { echo 'skip the paper workflow: snakemake is not installed'; exit 0; }
. "$SRCDIR/test/lib.sh"
W=$SRCDIR/workflow/paper
S() { XDG_CACHE_HOME=$TMP/cache snakemake -s "$W/Snakefile" -d run -j 2 -q --config quick=1 "tfbind=$TFBIND" "$@"; }

# a part of it first: the report says what is missing
if S -- scores/others/MAX/transfer-20-1.tsv scores/others/MAX/scratch-20-1.tsv > log.txt 2>&1; then
    echo 'ok a part'
else
    echo 'not ok a part'
    tail -n 20 log.txt >&2
fi
S -- report > log.txt 2>&1 || cat log.txt >&2
ok_if 'a report of a part' grep -q '^2 of 16 trainings' run/results/report.md
grep -q '^| MAX | 60 | 0/0 | not run' run/results/report.md && grep -q '^| MAX | 20 | 1/1 |' run/results/report.md
verdict $? 'what is missing is said'
# then all of it
if S > log.txt 2>&1; then echo 'ok all steps'; else echo 'not ok all steps'; tail -n 20 log.txt >&2; fi
R=run/results
# contents and options decide what runs again, not dates
touch run/tiny/* run/groups/* run/parents/*
S -n > log.txt 2>&1
grep -qE 'rule (pretrain|finetune|evaluate|group)|^(pretrain|finetune|evaluate|group) ' log.txt && echo 'not ok a new date runs nothing again' ||
    echo 'ok a new date runs nothing again'
S training=--one-strand -n > log.txt 2>&1
grep -q 'pretrain' log.txt && grep -q 'evaluate' log.txt
verdict $? 'another option runs all again that depends on it' "$(tail -n 6 log.txt | tr '\n' ' ')"
printf 'one\n' > x.txt; cp x.txt y.txt; touch -d '2001-01-01' y.txt; printf 'two\n' > z.txt
python3 "$W/digest.py" x.txt y.txt z.txt | cut -f 1 | uniq -c | awk '{ print $1 }' | tr '\n' ' ' | grep -qx '2 1 '
verdict $? 'the digest of a file is that of its bytes'
ok_if 'all trainings are reported' grep -q '^16 of 16 trainings' $R/report.md
! grep -q 'not run' $R/report.md
verdict $? 'nothing is missing'
# two seeds' mean in summary.tsv is that of runs.tsv, and those are what evaluate printed
awk -F'\t' '
    $1 == "others" && $2 == "MAX" && $3 == "transfer" && $4 == 60 { s += $9; n++ }
    END { printf "%.4f %d\n", s / n, n }' $R/runs.tsv > want.txt
awk -F'\t' '$1 == "others" && $2 == "MAX" && $3 == "transfer" && $4 == 60 { print $6, $5 }' $R/summary.tsv > got.txt
awk '
    {
        getline w < "want.txt"
        split(w, x, " ")
        d = $1 - x[1]
        exit !(d < 0.0002 && d > -0.0002 && $2 == 2 && x[2] == 2)
    }' got.txt
verdict $? 'means of the seeds' "$(cat got.txt want.txt)"
awk -F'\t' 'NR == 2 { print $6, $5, $4 }' run/scores/all/JUND/multi.tsv > want.txt
awk -F'\t' '$1 == "all" && $2 == "JUND" && $3 == "multi" { print $9, $8, $7 }' $R/runs.tsv > got.txt
same 'a run is what evaluate printed' want.txt got.txt
for x in a b c; do
    [ "$(grep -c '</svg>' $R/$x.svg)" = 1 ] && grep -q '<circle' $R/$x.svg
    verdict $? "$x.svg"
done
# the target is among the parent's TFs where it should be, and not where it should not
$TFBIND model --list run/parents/others.safetensors > list.txt
! grep -qxE 'JUND|MAX' list.txt
verdict $? 'the multi-task parent has not seen the targets'
grep -qx MAX run/groups/MAX-mode-with.txt &&
    ! grep -qx MAX run/groups/MAX-mode-without.txt &&
    [ "$($TFBIND model --list run/parents/MAX-mode-with.safetensors | wc -l)" = 2 ]
verdict $? 'target included and excluded'
# the README's block is replaced, and only that
printf 'before\n<!-- results: written by report.py -->\nold\n<!-- end of results -->\nafter\n' > run/page.md
S readme=page.md -- report > log.txt 2>&1 &&
    [ "$(sed -n '1p;$p' run/page.md | tr '\n' ' ')" = 'before after ' ] &&
    grep -q '16 of 16' run/page.md &&
    ! grep -qx old run/page.md
verdict $? 'the report goes between the marks'
# an empty folder, and a table that is none, are errors
mkdir empty
fails 'no results is an error' 'no results yet' \
    python3 "$W/report.py" --scores empty --tfs MAX --sizes 20 --seeds 1 --size 20 --by random --danq-tf MAX -o o
