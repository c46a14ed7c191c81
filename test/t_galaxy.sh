# The Galaxy tool: its options and words are those of annotate, and its command lines run.
. "$SRCDIR/test/lib.sh"
G=$SRCDIR/workflow/galaxy
X=$G/tfbind_annotate.xml
version=$("$TFBIND" --version | sed -n 's/^tfbind //p')
ok_if 'the tool names this version' grep -q "name=\"@TOOL_VERSION@\">$version<" "$X"
sed -n '/<command/,/<\/command>/p' "$X" | grep -oE -- '(^|[^-a-zA-Z])--?[a-zA-Z@][a-z-]*' |
    grep -oE -- '--?[a-zA-Z@].*' | sort -u > options.txt
"$TFBIND" annotate -h | sed -nE 's/^ +(-.)?,? *(--[A-Za-z-]+).*/\1\n\2/p' | sort -u > known.txt
unknown=$(grep -vxF -f known.txt options.txt | grep -vx -- '-s' | tr '\n' ' ')
[ "$(wc -l < options.txt)" -ge 12 ] && [ -z "$unknown" ]
verdict $? 'its options are those of annotate' "$unknown"
words() { sed -n "/argument=\"$1\" type=\"select\"/,/<\/param>/s/.*<option value=\"\([^\"]*\)\".*/\1/p" "$X" | sort; }
words --rank-by > got.txt
"$TFBIND" complete annotate --rank-by '' | sort > want.txt
same 'the words of --rank-by' want.txt got.txt
words --check-ref > got.txt
"$TFBIND" complete annotate -c '' | sort > want.txt
same 'the words of -c' want.txt got.txt
sed -n 's/.*<option value="\([^"]*\)".*TFs\? (hg38).*/\1/p; s/.*<option value="\(SPI1\)".*/\1/p' "$X" | sort > got.txt
ls "$SRCDIR"/models/*.safetensors | sed 's|.*/||; s/\.safetensors$//' | sort > want.txt
same 'the models that come with tfbind' want.txt got.txt
if command -v planemo > /dev/null; then
    check 'planemo lint' planemo lint "$X"
else echo 'skip planemo lint: planemo is not installed'; fi
if command -v xmllint > /dev/null; then
    check 'well-formed' xmllint --noout "$X"
else echo 'skip well-formed: xmllint is not installed'; fi

# command lines, by the template language of Galaxy
if ! python=$(python_with Cheetah); then
    echo 'skip the command lines: Cheetah is not installed (Debian: python3-cheetah)'
    exit 0
fi
make_inputs || exit 1
mkdir bin installed && ln -s "$TFBIND" bin/tfbind && cp tiny.safetensors installed/human.safetensors
export TFBIND_MODELS=$PWD/installed PATH=$PWD/bin:$PATH
all='"variants": "in.vcf", "haplotypes": "", "csq": "", "check_ref": "e", "output_type": "v", "rank_by": "delta",
    "min_percentile": "", "open": "", "tf": "", "cell": {"use": "no"},
    "model": {"source": "installed", "name": "human"}, "reference": {"source": "history", "fasta": "ref.fa"}'
line() { # VALUES: the command line for all and these
    printf '{%s, %s}' "$all" "$1" > values.json
    $python "$SRCDIR/test/command.py" "$X" values.json
}
runs() { # NAME VALUES ARGUMENTS...: as this command prints
    local name=$1
    line "$2" > line.sh
    shift 2
    rm -f reference.fa annotated
    sh line.sh 2> err.txt
    verdict $? "$name" "$(tail -n 1 err.txt)"
    "$TFBIND" annotate -v 0 -f ref.fa "$@" in.vcf > want.txt 2> err.txt
    grep -v '^##tfbind\|^##reference\|^##fileDate' want.txt > want2.txt
    grep -v '^##tfbind\|^##reference\|^##fileDate' annotated > got.txt
    same "$name: the output" want2.txt got.txt
}
runs 'the default command' '"x": 0' -m human
runs 'TFs and a model of the history' \
    '"tf": "CTCF,SPI1", "csq": "--csq", "model": {"source": "history", "files": ["tiny.safetensors"]}' \
    -m tiny.safetensors --tf CTCF,SPI1 --csq
runs 'an installed genome' \
    '"check_ref": "w", "reference": {"source": "cached", "index": {"fields": {"path": "ref.fa"}}}' -m human -c w
printf 'symbol\tTPM\nCTCF\t5\nSPI1\t0\n' > tpm.tsv
printf 'chr1\t0\t450\n' > peaks.bed
runs 'a cell' \
    '"open": "peaks.bed", "cell": {"use": "yes", "table": "tpm.tsv", "min_tpm": 1.0, "tissue": ""}' \
    -m human --open peaks.bed --expressed tpm.tsv
mkdir own && cd own && cp "$G"/test-data/* . && TFBIND_MODELS=$SRCDIR/models
{ line '"x": 0' | sh; } 2> err.txt && grep -q 'made_up	300	.*TFB_TOP=' annotated
verdict $? 'its own test data' "$(tail -n 1 err.txt)"
