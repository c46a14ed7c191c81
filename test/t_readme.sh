# README and the pages of doc: the commands after `$` run in order, in the source folder, and print
# what is shown. Every file that a command reads is made by an earlier one, ships with the program,
# or is named as the reader's own. The table of doc/variants.md is what the demo prints. --redo-outputs
# writes what the commands print. t_tutorial runs the tutorial.
. "$SRCDIR/test/lib.sh"
build=$(dirname "$TFBIND")
pages=$(cd "$SRCDIR" && grep -l '^```console' README.md doc/*.md | grep -v '^doc/tutorial.md$')

# a source folder as a reader has it, but of links, so that nothing is written into the real one
mkdir -p top/build/demo top/build/doc
for f in demo doc models include; do ln -s "$SRCDIR/$f" top/$f; done
ln -s "$TFBIND" top/tfbind
ln -s "$PLUGIN_DIR" top/plugins
for f in "$build"/libtfbind.*; do ln -s "$f" top/; done

for page in $pages; do
    perl "$SRCDIR/test/inputs.pl" "$SRCDIR/$page" "$SRCDIR" | sed "s|^\(not \)\{0,1\}ok |&$page, |"
done

# the real data are fetched once, to where the demo keeps them
if sh "$SRCDIR/demo/fetch" "$build/build/demo" 2> fetch.txt; then
    for f in chr22_1Mb.fa chr22_1Mb.fa.fai demo.vcf.gz demo.vcf.gz.tbi; do
        for d in demo doc; do ln -s "$(cd "$build/build/demo" && pwd)/$f" top/build/$d/$f; done
    done
else
    echo "skip pages with real data: $(head -n 1 fetch.txt)"
    pages=$(cd "$SRCDIR" && grep -L 'chr22_1Mb' $pages)
    for f in chr22_1Mb.fa.fai demo.vcf.gz.tbi; do echo none > top/build/doc/$f; done # doc/start.sh does not try again
fi
# the plugin's host is not instrumented, and other programs cannot be linked with the library
put_host_on_path
if [ -n "${ASAN_PRELOAD:-}" ]; then
    pages=$(echo "$pages" | grep -v '^doc/library.md$')
fi

if [ -L top/build/demo/demo.vcf.gz ]; then
    BUILD_DIR=$PWD/top sh top/demo/run > table.txt 2> demo.txt
    verdict $? 'the demo' "$(tail -n 1 demo.txt)"
    # the same variants in the same order, probabilities within rounding
    rows() { sed -n 's/^ *\(chr22_1Mb:[0-9]* .*\) -> .*/\1/p' "$1"; }
    if [ -n "$REDO" ]; then # the table, in place of the one shown
        sed '1d; /^More: /d; s/^\(.\)/    \1/' table.txt > shown.txt
        perl -0777 -i -pe 'BEGIN { local @ARGV = "shown.txt"; ($t = <>) =~ s/\n+\z// } s/^    Strongest gains.*?(?=\n\n[^ ])/$t/ms' \
            "$SRCDIR/doc/variants.md"
    fi
    rows "$SRCDIR/doc/variants.md" > want.txt
    rows table.txt > got.txt
    same "the demo's table is the one that doc/variants.md shows" want.txt got.txt
fi

set -- --close
[ -z "$REDO" ] || set -- "$@" --update
cd top || exit 1
for page in $pages; do
    perl "$SRCDIR/test/shown.pl" "$@" "$SRCDIR/$page" | sed "s|^\(not \)\{0,1\}ok |&$page, |"
done

# the figure of doc/explain.md has the probabilities of the one that its command makes
if [ -s build/doc/figures/chr22_1Mb_718116_G_A.CEBPA.svg ]; then
    title() { grep -o '<title>[^;]*' "$1" | head -n 1; }
    [ "$(title "$SRCDIR/doc/rs3827282.svg")" = "$(title build/doc/figures/chr22_1Mb_718116_G_A.CEBPA.svg)" ]
    verdict $? 'doc/rs3827282.svg is by the shipped model' "$(title build/doc/figures/chr22_1Mb_718116_G_A.CEBPA.svg)"
fi
