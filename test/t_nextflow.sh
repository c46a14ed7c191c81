# The Nextflow module: by nf-test and Nextflow if they are installed, else the scripts that its
# Groovy makes, run by bash as Nextflow would.
. "$SRCDIR/test/lib.sh"
M=$SRCDIR/workflow/nextflow/modules/tfbind/annotate
version=$("$TFBIND" --version | sed -n 's/^tfbind //p')
grep -q "tfbind=$version\$" "$M/environment.yml" && grep -q "tfbind:$version'" "$M/main.nf"
verdict $? 'the module names this version'
mkdir bin && ln -s "$TFBIND" bin/tfbind && PATH=$PWD/bin:$PATH
make_inputs || exit 1
if command -v nextflow > /dev/null && command -v nf-test > /dev/null; then
    cp -r "$M" module && printf 'params.tfbind_testdata = "%s"\n' "$PWD" >> module/tests/nextflow.config
    nf-test test module/tests/main.nf.test > nf.txt 2>&1 && echo 'ok nf-test' || {
        echo 'not ok nf-test'
        tail -n 20 nf.txt >&2
    }
else echo 'skip nf-test: Nextflow and nf-test are not installed'; fi
if ! command -v groovy > /dev/null; then echo 'skip the scripts of the module: groovy is not installed'; exit 0; fi
# Debian's groovy looks for one Java only
groovy --version > groovy.txt 2>&1 || {
    export JAVA_HOME=$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")
    groovy --version > groovy.txt 2>&1
} ||
    {
        echo "skip the scripts of the module: groovy does not run: $(head -n 1 groovy.txt)"
        exit 0
    }

# script NAME KIND EXT INPUTS: what Nextflow would run, in a folder of its own
script() { groovy "$SRCDIR/test/module.groovy" "$M/main.nf" "$2" TFBIND_ANNOTATE "$3" "$4" > "$1.sh" 2> "$1.err" &&
    mkdir "$1" &&
    ln -s "$PWD"/in.vcf.gz* "$PWD"/ref.fa* "$PWD"/*.safetensors "$PWD/regions.bed" "$1" &&
    (cd "$1" && bash -euo pipefail "../$1.sh") 2>> "$1.err"; }
printf 'chr1\t0\t450\n' > regions.bed
cp tiny.safetensors second.safetensors
in="meta: [id: 'test'], vcf: new File('in.vcf.gz'), index: [], meta2: [:], meta3: [:], fasta: new File('ref.fa'), fai: new File('ref.fa.fai'), gzi: []"
if script all script "[args: '-c w --no-version -W']" "[$in, regions: [], models: new File('tiny.safetensors')]"; then
    "$TFBIND" annotate -v 0 -c w --no-version -m tiny.safetensors -f ref.fa in.vcf.gz 2> err.txt > want.txt
    bcftools view --no-version all/test.tfbind.bcf > got.txt
    same 'annotated as without Nextflow' want.txt got.txt
    ok_if '-W' [ -f all/test.tfbind.bcf.csi ]
    sed -n 's/^# eval //p' all.sh > eval.sh
    [ "$(bash eval.sh)" = "$version" ] && [ "$(grep -cF "$(cat eval.sh):" "$M/meta.yml")" = 2 ]
    verdict $? 'the expression of the version, also in meta.yml' "$(cat eval.sh)"
    grep -qx '# emits vcf csi tbi versions_tfbind' all.sh &&
        [ "$(sed -n '/^output:/,/^topics:/s/^  \([a-z_]*\):$/\1/p' "$M/meta.yml" | tr '\n' ' ')" = 'vcf csi tbi versions_tfbind ' ]
    verdict $? 'meta.yml has the outputs of main.nf'
    [ "$(sed -n '/^input:/,/^output:/s/^  *- *-* *\([a-z0-9]*\):$/\1/p' "$M/meta.yml" |
        tr '\n' ' ')" = 'meta vcf index regions meta2 models meta3 fasta fai gzi ' ]
    verdict $? 'meta.yml has the inputs of main.nf'
else echo "not ok annotated as without Nextflow: $(tail -n 2 all.err | tr '\n' ' ')"; fi
if script part script "[args: '-c w --no-version --tf CTCF -Ov', prefix: 'out']" \
    "[$in, regions: new File('regions.bed'), models: [new File('tiny.safetensors'), new File('second.safetensors')]]"; then
    "$TFBIND" annotate -v 0 -c w --no-version --tf CTCF -R regions.bed -m tiny.safetensors,second.safetensors \
    -f ref.fa in.vcf.gz 2> err.txt > want.txt
    same 'regions, two models and a prefix' want.txt part/out.vcf
else echo "not ok regions, two models and a prefix: $(tail -n 2 part.err | tr '\n' ' ')"; fi
script stub stub "[args: '-Oz -W=tbi']" "[$in, regions: [], models: new File('tiny.safetensors')]" &&
    gzip -t stub/test.tfbind.vcf.gz &&
    [ -f stub/test.tfbind.vcf.gz.tbi ]
verdict $? 'stub' "$(tail -n 2 stub.err | tr '\n' ' ')"
script clash script "[prefix: 'in', args: '-Oz']" "[$in, regions: [], models: new File('tiny.safetensors')]"
grep -q 'Input and output names are the same' clash.err
verdict $? 'a name that would overwrite the input'
