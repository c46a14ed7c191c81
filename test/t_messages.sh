# What the command line cannot mean: options that are unknown, short for several, without their
# value or with one too many; numbers that are none; names with swapped letters; and help that
# cannot be written.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
commands=$("$TFBIND" help | sed -n 's/^    \([a-z][a-z]*\)  .*/\1/p')
plugin() { host +tfbind in.vcf -- "$@"; }
# says NAME MESSAGE COMMAND...: status 1 (the plugin: 255), nothing on standard output, and just
# this message, after the command's name
says() {
    local name=$1 text=$2 want=1
    shift 2
    [ "$1" != plugin ] || want=255
    "$@" > out.txt 2> err.txt < /dev/null
    local status=$?
    if [ $status -eq $want ] &&
        [ ! -s out.txt ] &&
        [ "$(sed 's/^\[[a-z +]*\] error: //' err.txt)" = "$text" ] &&
        grep -q '^\[' err.txt; then
        echo "ok $name"
    else echo "not ok $name: status $status, $(head -n 2 err.txt | tr '\n' ' ')"; fi
}

# ---- options ----
for c in $commands; do
    says "$c: an unknown option" 'unknown option --quux (-h shows all options)' "$TFBIND" "$c" --quux
    says "$c: an unknown letter" 'unknown option -Z (-h shows all options)' "$TFBIND" "$c" -Z
    # a long option of its own with two letters swapped, one without its value, and one with a value
    # that it does not take
    long=$("$TFBIND" "$c" -h |
        sed -n 's/^ *\(-., \)* *--\([a-z-]\{5,\}\) [A-Z][A-Z]*.*/\2/p' |
        grep -v '^tf$' |
        head -n 1)
    swapped=$(echo "$long" | sed 's/^\(..\)\(.\)\(.\)/\1\3\2/')
    [ "$swapped" != "$long" ] || swapped=$(echo "$long" | sed 's/^\(.\)\(.\)\(.\)/\1\3\2/')
    says "$c: swapped letters of an option" "unknown option --$swapped; did you mean --$long?" "$TFBIND" \
        "$c" "--$swapped" x
    says "$c: an option without its value" "--$long needs a value (-h shows all options)" "$TFBIND" "$c" "--$long"
    says "$c: help with a value" "--help takes no value: remove '=me'" "$TFBIND" "$c" --help=me
done
says 'a letter without its value' '-m needs a value (-h shows all options)' "$TFBIND" annotate -m
says 'letters together, one unknown' 'unknown option -Z (-h shows all options)' "$TFBIND" annotate -kZ
says 'a question mark is no option' 'unknown option -? (-h shows all options)' "$TFBIND" annotate '-?'
says 'short for several options' \
    '--reg is short for several options: --regions, --regions-file, --regions-overlap' "$TFBIND" annotate --reg chr1
says 'the value is not repeated' 'unknown option --mdoel; did you mean --model?' "$TFBIND" annotate --mdoel=secret
says 'the plugin: an unknown option' 'unknown option --haplotpyes; did you mean --haplotypes?' plugin --haplotpyes
says 'the plugin: without its value' '-m needs a value (-h shows all options)' plugin -f ref.fa -m
says 'the program: an unknown option' \
    'unknown option --quiet: a command comes first (`tfbind help` lists them)' "$TFBIND" --quiet
says 'the program: swapped letters of a command' "unknown command 'evalaute'; did you mean evaluate?" \
    "$TFBIND" evalaute
"$TFBIND" annotate --mod tiny.safetensors --fasta ref.fa --no-v in.vcf 2> err.txt | records > a.vcf
"$TFBIND" annotate -m tiny.safetensors -f ref.fa in.vcf 2> err.txt | records > b.vcf
same 'unique abbreviations are taken' a.vcf b.vcf

# ---- words ----
w() { says "--$2 of $1" "--$2 is $4, not '$3'; did you mean $5?" "$TFBIND" "$1" "--$2=$3" in.vcf; }
w annotate rank-by detla 'delta, percentile, lor or phred' delta
w annotate percentile-of lro 'delta or lor' lor
w annotate strand btoh 'both, fwd or rev' both
w annotate scale Logit 'probability or logit' logit
w annotate window tlie 'center or tile' tile
w annotate write-index cis 'csi, tbi or bai' csi
w scan output-type bigiwg 'bedgraph or bigwig' bigwig
w explain method dpelift 'deeplift, ism or gradient' deeplift
w enrich test gian 'change, gain or loss' gain
w motifs use bonud 'correct, bound or all' bound
w motifs importance-on onw 'used, bound or own' own
w relate by patrners 'correlation, cofactor, mode, least, partners, random or auto' partners
w labels policy praese 'sparse, less-sparse, full or peaks' sparse
w finetune schedule cosnie 'constant, cosine, linear or one-cycle' cosine
says '--input' "--input is vcf, bed, fasta, bam or table, not 'fatsa'; did you mean fasta?" "$TFBIND" annotate --input fatsa -m tiny.safetensors -f ref.fa in.vcf
says 'a word that is like none' "--strand is both, fwd or rev, not 'upstream'" "$TFBIND" scan --strand upstream

# ---- names of TFs ----
says 'swapped letters of a TF' "the model has no TF called 'CTFC'; did you mean CTCF?" "$TFBIND" annotate \
    -m tiny.safetensors -f ref.fa --tf CTFC in.vcf
says 'swapped letters of a TF of labels' "labels.bed has no TF called 'SPI1x'; did you mean SPI1?" \
    "$TFBIND" relate -l labels.bed --target SPI1x
sed '1s/CTCF/AXYD/; 1s/SPI1/ABDC/' labels.bed > names.bed
says 'two swapped letters count once' "names.bed has no TF called 'ABCD'; did you mean ABDC?" "$TFBIND" relate \
    -l names.bed --target ABCD

# ---- numbers ----
# all options of a command that take a number, by its help, with what is none, or none that they
# could mean: an error for each
refused() { # COMMAND KIND VALUE: all options of KIND in options.txt; failures are added to $wrong
    local args=() option
    for option in $(grep -E " ($2)\$" options.txt | cut -d ' ' -f 1); do args+=("--$option=$3"); done
    [ ${#args[@]} -gt 0 ] || return
    "$TFBIND" "$1" "${args[@]}" > out.txt 2> err.txt < /dev/null
    [ $? -eq 1 ] &&
        [ "$(grep -c "error: --[a-z-]* takes a [a-z ]*number from .* to .*, not '" err.txt)" -eq ${#args[@]} ] ||
        wrong="$wrong '$3'"
    n=$((n + ${#args[@]}))
}
for c in $commands; do
    "$TFBIND" "$c" -h | sed -n 's/^ *\(-., \)* *--\([a-z-]*\) \(INT\|NUM\|FLOAT\) .*/\2 \3/p' > options.txt
    n=0 wrong=
    for value in '' ' ' x 1x 0x1 nan inf -1 1e999 -99999999999999999999 1,5 '1 2' 1e-999 +; do
        refused "$c" 'INT|NUM|FLOAT' "$value"
    done
    for value in 1.5 1e3 9223372036854775808; do refused "$c" INT "$value"; done
    [ $n -eq 0 ] && continue
    [ -z "$wrong" ] && echo "ok $c: $n numbers that are none" || echo "not ok $c: numbers that are none: $wrong"
done
says 'a number that is too small to be one' "--rate takes a number from 1e-09 to 10, not '1e-999'" \
    "$TFBIND" finetune --rate 1e-999
printf 'CTCF\t2\nSPI1\t1\nCTCF\t3\n' > twice.tsv
says '--weights names a TF twice' 'twice.tsv, line 3: CTCF already has a weight, in line 1' \
    "$TFBIND" pretrain -v 0 --weights twice.tsv -a shallow -f ref.fa -l labels.bed -o x.safetensors
printf 'CTCF\t0x2\n' > hex.tsv
says '--weights: a number in hexadecimal' \
    "hex.tsv, line 1: expected a TF, a tab and a weight from 1e-6 to 1e6, not 'CTCF	0x2'" \
    "$TFBIND" pretrain -v 0 --weights hex.tsv -a shallow -f ref.fa -l labels.bed -o x.safetensors
says 'a folder as a list of names' 'cannot read .: Is a directory' "$TFBIND" pretrain -v 0 --targets @. -a \
    shallow -f ref.fa -l labels.bed -o x.safetensors

says 'a layer whose other input is not named' 'layer 3: add has 2 inputs: name the other, as @layer' \
    "$TFBIND" pretrain -v 0 --spec 'conv 2 3; relu; add; dense 3' -f ref.fa -l labels.bed -o x.safetensors

# ---- help that cannot be written ----
if [ -w /dev/full ]; then
    full() { # NAME STATUS COMMAND...
        local name=$1 want=$2
        shift 2
        "$@" > /dev/full 2> err.txt < /dev/null
        local status=$?
        [ $status -eq "$want" ] &&
            grep -q 'error: cannot write to standard output' err.txt &&
            [ "$(wc -l < err.txt)" -eq 1 ]
        verdict $? "$name > /dev/full" "status $status, $(head -n 1 err.txt)"
    }
    for c in $commands; do
        full "$c -h" 1 "$TFBIND" "$c" -h
        full "help $c" 1 "$TFBIND" help "$c"
    done
    for c in -h --help help --version version; do full "tfbind $c" 1 "$TFBIND" $c; done
    full 'the plugin -h' 255 plugin -h
    for o in '' --list --check; do full "model $o" 1 "$TFBIND" model $o tiny.safetensors; done
else
    echo 'skip help that cannot be written: there is no /dev/full'
fi
"$TFBIND" annotate -h >&- 2> err.txt && echo 'not ok -h without standard output' || {
    grep -q 'cannot write to standard output' err.txt
    verdict $? '-h without standard output' "$(cat err.txt)"
}
"$TFBIND" annotate -v 0 -m tiny.safetensors -f ref.fa -o closed.vcf in.vcf >&- 2> err.txt
verdict $? 'what does not use standard output does without' "$(cat err.txt)"
