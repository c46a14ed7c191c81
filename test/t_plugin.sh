# The plugin: the same records as the program, the host's options and conventions, a load that costs
# nothing.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
O="-m tiny.safetensors -f ref.fa -v 1"
A="$TFBIND annotate $O --no-version"
$A in.vcf.gz > want.vcf || exit 1
for f in in.vcf.gz in.bcf; do
    host +tfbind $f -- $O --no-version > got.vcf
    same "$f: plugin = program" want.vcf got.vcf
    host +tfbind $f $O --no-version > got.vcf
    same "$f: without the --" want.vcf got.vcf
    host +tfbind -- $O --no-version $f > got.vcf
    same "$f: file after the options" want.vcf got.vcf
    host +tfbind - -- $O --no-version < $f > got.vcf
    same "$f: standard input" want.vcf got.vcf
    host plugin tfbind $f -- $O --no-version > got.vcf
    same "$f: bcftools plugin tfbind" want.vcf got.vcf
    host +tfbind $f -- $O --no-version -@ 3 > got.vcf
    same "$f: three threads" want.vcf got.vcf
    host +tfbind $f -- $O --no-version -@ 0 > got.vcf
    same "$f: all threads" want.vcf got.vcf
    $A --tf all $f > want.all.vcf
    host +tfbind $f -- $O --no-version --tf all > got.vcf
    same "$f: --tf all" want.all.vcf got.vcf
    host +tfbind $f -- $O --no-version -Ob -o p.bcf -W && bcftools view --no-version p.bcf > got.vcf
    bcftools view --no-version want.vcf > want.view.vcf
    same "$f: -Ob -o" want.view.vcf got.vcf
    bcftools view -H -r chr1:300 p.bcf | grep -q multi
    verdict $? "$f: -W"
    # the host's expressions
    host +tfbind $f -- $O --no-version -i 'AF>0.15' | grep -v '^#' | cut -f 1-5 > got.txt
    bcftools view -H -i 'AF>0.15' $f | cut -f 1-5 > want.txt
    same "$f: -i as in bcftools view" want.txt got.txt
    host +tfbind $f -- $O --no-version -e 'AF>0.15' | grep -v '^#' | cut -f 1-5 > got.txt
    bcftools view -H -e 'AF>0.15' $f | cut -f 1-5 > want.txt
    same "$f: -e as in bcftools view" want.txt got.txt
    host +tfbind $f -- $O --no-version -k -i 'AF>0.15' > k.vcf
    [ "$(grep -vc '^#' k.vcf)" = "$(grep -vc '^#' want.vcf)" ] &&
        grep -P '\tsnv\t' k.vcf | grep -qv TFB &&
        grep -P '\tsnv2\t' k.vcf | grep -q TFB
    verdict $? "$f: -k keeps the others unannotated"
    host +tfbind $f -- $O --no-version -r chr1:200-600 | grep -v '^#' > got.txt
    grep -v '^#' want.vcf | awk '$1 == "chr1" && $2 >= 200 && $2 <= 600' > want.txt
    same "$f: -r" want.txt got.txt
done
host +tfbind in.vcf.gz -- $O | grep -c '^##bcftools_tfbind\(Version\|Command\)=' | grep -qx 2
verdict $? 'version and command in the header'
host +tfbind -h > h.txt 2> err.txt && grep -q 'bcftools +tfbind in.vcf.gz' h.txt && [ ! -s err.txt ]
verdict $? '-h goes to standard output, status 0' "$(head -n 2 err.txt)"
host +tfbind in.vcf.gz -- $O -m none.safetensors > /dev/null 2> err.txt; status=$?
[ $status = 255 ] && grep -q '^\[bcftools +tfbind\] error: cannot read model none.safetensors' err.txt
verdict $? 'errors: status 255 and our name' "$status $(head -n 1 err.txt)"
host +tfbind in.vcf.gz -- $O 2> err.txt > /dev/null; ! [ -s err.txt ]
verdict $? 'no warning of versions' "$(head -n 1 err.txt)"
# another htslib than the one it was built with: the host says so, as of any plugin; of a version
# between releases it does not
if [ -n "$SANITIZED" ]; then
    echo 'skip a host with another htslib: it would be preloaded, as the sanitizer is'
else
    host_has() {
        printf 'const char *hts_version(void) { return "%s"; }\n' "$1" > version.c
        ${CC:-cc} -shared -fPIC -o version.so version.c
        LD_PRELOAD=$PWD/version.so bcftools +tfbind in.vcf.gz -- $O 2>&1 > /dev/null |
            grep -c 'htslib version mismatch .. bcftools at'
    }
    ok_if 'a host with another htslib warns' [ "$(host_has 1.99)" = 1 ]
    now=$(bcftools --version | sed -n 's/^Using htslib //p')
    ok_if 'a host between two releases does not' [ "$(host_has "$now-12-gabcdef")" = 0 ]
fi
[ -n "$SANITIZED" ] || {
    bcftools plugin -l | grep -qx tfbind
    verdict $? 'bcftools lists it'
}

# loading costs nothing: no thread, no BLAS, no second htslib
case $(nm -D --defined-only "$PLUGIN_DIR/tfbind.so" |
    awk '{ print $3 }' |
    grep -v "^_\|^__asan\|^__odr\|^__ubsan${COVERAGE:+\|^mangle_path}" |
    sort |
    tr '\n' ' ') in
    'about run version ') echo 'ok exports about, run, version and nothing else' ;;
    *) [ -n "$SANITIZED" ] &&
        echo 'skip exports: sanitizers add theirs' ||
        echo "not ok exports about, run, version and nothing else: $(nm -D --defined-only "$PLUGIN_DIR/tfbind.so" |
            awk '{ print $3 }' |
            tr '\n' ' ')" ;;
esac
ldd "$PLUGIN_DIR/tfbind.so" | grep -qi 'libhts\|blas' &&
    echo 'not ok links neither htslib nor a BLAS' ||
    echo 'ok links neither htslib nor a BLAS'
if [ -n "$SANITIZED" ]; then
    echo 'skip threads at load: sanitizers start theirs'
elif command -v strace > /dev/null; then
    # the host may link a BLAS of its own (with GSL): what counts is what our plugin adds
    trace() {
        strace -f -e trace=clone,clone3,openat -o trace.txt bcftools plugin -l > /dev/null 2>&1
        grep -Eci '\bclone3?\(|lib[a-z]*blas' trace.txt
    }
    mkdir -p none
    without=$(BCFTOOLS_PLUGINS=$PWD/none trace)
    with=$(trace)
    grep -q 'tfbind.so' trace.txt &&
        [ "$with" = "$without" ] &&
        echo 'ok `bcftools plugin -l` starts no thread and maps no BLAS' ||
        echo "not ok \`bcftools plugin -l\` starts no thread and maps no BLAS: $with calls, $without without us"
else echo 'skip `bcftools plugin -l` starts no thread: strace is not installed'; fi
