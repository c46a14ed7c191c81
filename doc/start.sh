# start.sh - a folder with the inputs of the commands in README.md and doc/*.md. Source it in the
# source folder, after the build:
#
#     . doc/start.sh
#
# It enters build/doc, puts tfbind and its plugin on the paths, and makes what is not there yet:
#
#   models/                                   a link to the shipped models
#   chr22_1Mb.fa, demo.vcf.gz                 a megabase of chromosome 22 and its dbSNP variants (demo/fetch downloads them)
#   genome.fa, variants.vcf, peaks/           a made-up genome, its variants, and ChIP-seq of a made-up TF (made-up.awk)
if [ -d doc ] && [ -d models ] && [ -x tfbind ]; then
    mkdir -p build/doc && cd build/doc
    export PATH=$PWD/../..:$PATH BCFTOOLS_PLUGINS=$PWD/../../plugins:
    ln -sfn ../../models models
    [ -s variants.vcf ] || awk -f ../../doc/made-up.awk
    [ -s genome.fa.fai ] || samtools faidx genome.fa
    sh ../../demo/fetch .
else
    echo 'start.sh: go to the source folder and run ./bootstrap build first' >&2
fi
