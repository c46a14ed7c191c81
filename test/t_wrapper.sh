# The Snakemake wrapper, by Snakemake: as annotate without it.
. "$SRCDIR/test/lib.sh"
W=$SRCDIR/workflow/snakemake-wrapper
version=$("$TFBIND" --version | sed -n 's/^tfbind //p')
ok_if 'the wrapper names this version' grep -qx "  - tfbind =$version" "$W/environment.yaml"
sed 's/^    //' "$W/README.md" | sed -n '/^rule /,/wrapper"$/p' > want.txt
grep -v 'fai=' "$W/test/Snakefile" > got.txt
same 'README.md has the rule of the test' want.txt got.txt
if ! command -v snakemake > /dev/null; then echo 'skip the wrapper: snakemake is not installed'; exit 0; fi
export HOME=$PWD XDG_CACHE_HOME=$PWD/cache
make_inputs || exit 1
mkdir bin installed && ln -s "$TFBIND" bin/tfbind && cp tiny.safetensors installed/human.safetensors
export TFBIND_MODELS=$PWD/installed PATH=$PWD/bin:$PATH
mkdir -p run && cp in.vcf.gz in.vcf.gz.csi run && cp ref.fa run/genome.fa && cp ref.fa.fai run/genome.fa.fai
S() { snakemake -d run -j 2 --nolock -q "$@" > log.txt 2>&1; }
plain() { bcftools view "$1" | grep -v '^##bcftools\|^##tfbind\|^##reference'; }
# the test's rule, with the options of this model, which is not calibrated
sed "s|file:workflow/snakemake-wrapper|file:$W|; s/--rank-by phred/--rank-by lor -c w/" "$W/test/Snakefile" > Snakefile
S -s Snakefile in.tfb.bcf
verdict $? 'the rule runs' "$(tail -n 3 log.txt | tr '\n' ' ')"
"$TFBIND" annotate -v 0 --rank-by lor -c w -f ref.fa -Ob -o want.bcf in.vcf.gz 2> err.txt
plain want.bcf > want.txt; plain run/in.tfb.bcf > got.txt 2> err.txt
same 'its output is that of annotate' want.txt got.txt
ok_if 'and has an index' [ -s run/in.tfb.bcf.csi ]
ok_if 'and a log' grep -q 'records' run/logs/in.log
# every input, a list of models, and VCF.gz with a tbi
printf 'chr1\t0\t450\n' > run/regions.bed
printf 'chr1\t0\t200\n' > run/peaks.bed
printf 'symbol\tTPM\nCTCF\t5\nSPI1\t0\n' > run/tpm.tsv
cp tiny.safetensors "run/a model.safetensors"
cat > Snakefile << END
rule all_inputs:
    input:
        vcf="in.vcf.gz", ref="genome.fa", model=["a model.safetensors", "a model.safetensors"],
        regions="regions.bed", open="peaks.bed", expressed="tpm.tsv"
    output: "out 1.vcf.gz", "out 1.vcf.gz.tbi"
    wrapper: "file:$W"
rule wrong:
    input: vcf="in.vcf.gz", ref="genome.fa"
    output: "out.txt"
    log: "logs/wrong.log"
    wrapper: "file:$W"
rule fails:
    input: vcf="in.vcf.gz", ref="genome.fa"
    output: "fails.bcf"
    log: "logs/fails.log"
    params: extra="--tf NOSUCH"
    wrapper: "file:$W"
END
S -s Snakefile 'out 1.vcf.gz'
verdict $? 'every input' "$(tail -n 3 log.txt | tr '\n' ' ')"
(cd run && "$TFBIND" annotate -v 0 -m 'a model.safetensors,a model.safetensors' -f genome.fa -R regions.bed \
    --open peaks.bed --expressed tpm.tsv in.vcf.gz 2> err.txt) | grep -v '^##tfbind\|^##reference' > want.txt
plain 'run/out 1.vcf.gz' > got.txt 2> err.txt
same 'every input: the output' want.txt got.txt
ok_if 'every input: the index' [ -s 'run/out 1.vcf.gz.tbi' ]
! S -s Snakefile out.txt && grep -q 'ends in none of .vcf, .vcf.gz, .bcf' log.txt
verdict $? 'another ending is refused' "$(tail -n 3 log.txt | tr '\n' ' ')"
! S -s Snakefile fails.bcf && [ ! -e run/fails.bcf ] && grep -q NOSUCH run/logs/fails.log
verdict $? 'what annotate reports is in the log' "$(tail -n 3 log.txt | tr '\n' ' ')"
