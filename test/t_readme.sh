# README: its commands after `$` run in the demo's folder and print what is shown, the table of the demo is what the demo prints, and every
# file that a command uses is made by an earlier one, ships with the program, or is named as the reader's own. --redo-outputs writes what the commands print.
. "$SRCDIR/test/lib.sh"
mkdir -p top/build/demo
for f in demo doc models; do ln -s "$SRCDIR/$f" top/$f; done
ln -s "$TFBIND" top/tfbind
ln -s "$PLUGIN_DIR" top/plugins

perl "$SRCDIR/test/inputs.pl" "$SRCDIR/README.md" "$SRCDIR"

kept=$(dirname "$TFBIND")/build/demo
if ! sh "$SRCDIR/demo/fetch" "$kept" 2> fetch.txt; then
    echo "skip the commands of README: $(head -n 1 fetch.txt)"
    exit 0
fi
for f in chr22_1Mb.fa chr22_1Mb.fa.fai demo.vcf.gz demo.vcf.gz.tbi; do ln -s "$(cd "$kept" && pwd)/$f" top/build/demo/$f; done
# the plugin's host is not instrumented
if [ -n "${ASAN_PRELOAD:-}" ]; then
    mkdir bin
    printf '#!/bin/sh\nLD_PRELOAD=%s ASAN_OPTIONS=detect_leaks=0 exec %s "$@"\n' "$ASAN_PRELOAD" "$(command -v bcftools)" > bin/bcftools
    chmod +x bin/bcftools
    PATH=$PWD/bin:$PATH
fi
BUILD_DIR=$PWD/top sh top/demo/run > table.txt 2> demo.txt && echo 'ok the demo' || echo "not ok the demo: $(tail -n 1 demo.txt)"
# the same variants in the same order, probabilities within rounding
rows() { sed -n 's/^ *\(chr22_1Mb:[0-9]* .*\) -> .*/\1/p' "$1"; }
rows "$SRCDIR/README.md" > want.txt
rows table.txt > got.txt
same "the demo's table is the one that README shows" want.txt got.txt
set -- --close
[ -z "$REDO" ] || set -- "$@" --update
cd top && perl "$SRCDIR/test/shown.pl" "$@" "$SRCDIR/README.md"
