# What fuzzing found, and hand-made oddities, again; and mutations of the fuzzers' seeds, the same
# ones each time: no crash, no hang, no silent end. The corpus is test/fuzz/corpus, to which what
# `make fuzz` finds is added.
. "$SRCDIR/test/lib.sh"
. "$SRCDIR/test/fuzz/seeds" || exit 1
export TFB_FUZZ_KEEP=$PWD/last
for src in "$SRCDIR"/test/fuzz/fuzz_*.c; do
    f=$(basename "$src" .c)
    case $f in fuzz_annotate) n=4 ;; fuzz_report) n=2 ;; fuzz_bam) n=6 ;; *) n=20 ;; esac
    for kind in corpus mutations; do
        if [ $kind = corpus ]; then from=$SRCDIR/test/fuzz/corpus/$f n_mutations=0; else from=seeds.$f n_mutations=$n; fi
        [ -n "$(ls "$from" 2> /dev/null)" ] || continue
        timeout 100 "$UNIT_DIR/../fuzz/replay_${f#fuzz_}" -m $n_mutations "$from"/* > out.txt 2> err.txt
        status=$?
        if [ $status -eq 0 ] && grep -q inputs out.txt; then
            echo "ok $f, $kind: $(cat out.txt)"
        else echo "not ok $f, $kind: status $status at $(grep "^$from/" err.txt |
            tail -n 1): $(grep -m 1 'ERROR: \|runtime error:' err.txt)"; fi
    done
done

# numbers by the header that are text in the records: htslib would end the process without a word of
# which file
sed 's/Type=Float,Description="Change of the prob/Type=String,Description="Change of the prob/' summary.vcf > text.vcf
bcftools view --no-version -Ou text.vcf |
    perl -0777 -pe '
        binmode STDIN;
        binmode STDOUT;
        s/Type=String,(Description="Change of the prob)/Type=Float,${1}#/' > tampered.bcf
bcftools view --no-version annotated.bcf |
    sed 's/Description="Change of the prob/&#/' |
    bcftools view --no-version -Ob -o other.bcf
fails 'report: text for a number' \
    'tampered.bcf: chr1:100: INFO/TFB_DELTA does not hold the numbers that the header declares' "$TFBIND" \
    report -o x.html tampered.bcf
fails 'enrich: text for a number' \
    'tampered.bcf: chr1:100: INFO/TFB_DELTA does not hold the numbers that the header declares' \
    "$TFBIND" enrich -m calibrated.safetensors --background other.bcf tampered.bcf
