# The tutorial: each command that it shows, in order, must print what it shows. --redo-outputs
# writes what they print into it. A source folder as a reader has it, but of links, so that nothing
# is written into the real one.
. "$SRCDIR/test/lib.sh"
mkdir -p top && cd top || exit 1
for f in demo doc models; do ln -s "$SRCDIR/$f" $f; done
ln -s "$TFBIND" tfbind
ln -s "$PLUGIN_DIR" plugins
set -- # options of the runner
[ -z "$REDO" ] || set -- --update
# the real data are fetched once, to where the demo keeps them; without them the first half cannot run
kept=$(dirname "$TFBIND")/build/demo
if sh "$SRCDIR/demo/fetch" "$kept" 2> fetch.txt; then
    mkdir -p build/tutorial
    kept=$(cd "$kept" && pwd)
    for f in chr22_1Mb.fa chr22_1Mb.fa.fai demo.vcf.gz demo.vcf.gz.tbi; do ln -s "$kept/$f" build/tutorial/; done
else
    echo "skip the first half: $(head -n 1 fetch.txt)"
    set -- "$@" --skip '^(From a VCF|The variants|Annotating|How large|The ranked|Why)'
fi
# the plugin's host is not instrumented
put_host_on_path
perl "$SRCDIR/test/shown.pl" "$@" "$SRCDIR/doc/tutorial.md"
