# The library as another program meets it: installed, found by pkg-config, linked both ways; what it
# exports, says and promises.
. "$SRCDIR/test/lib.sh"
build=$(dirname "$TFBIND")
CC=${CC:-gcc}
unset MAKEFLAGS MAKELEVEL MFLAGS
if [ ! -f "$build/Makefile" ]; then echo "skip the library: $build is no build folder"; exit 0; fi
if [ -n "$SANITIZED" ]; then echo 'skip the library: sanitizers need a program built with them'; exit 0; fi
make -s -C "$build" install prefix="$PWD/inst" plugindir="$PWD/inst/plugins" > make.txt 2>&1 || {
    echo "not ok make install: $(tail -n 1 make.txt)"
    exit 1
}
make_inputs || exit 1
# names of ours, not of what counts lines
own() { if [ -n "${COVERAGE:-}" ]; then grep -v '^__gcov_\|^mangle_path$'; else cat; fi; }

# names: the header's, and no other
sed 's/\/\*.*\*\///; /\/\*/,/\*\//d' inst/include/tfbind.h |
    grep -o 'tfbind_[a-z_]*(' |
    tr -d '(' |
    sort -u > want.txt
nm -D --defined-only inst/lib/libtfbind.so | awk '{ print $3 }' | own | sort > got.txt
same "libtfbind.so exports the header's functions and nothing else" want.txt got.txt
nm -g --defined-only inst/lib/libtfbind.a | awk 'NF == 3 { print $3 }' | own | sort > got.txt
same 'libtfbind.a likewise' want.txt got.txt
objdump -p inst/lib/libtfbind.so | grep -q 'SONAME *libtfbind.so.0$'
verdict $? 'its soname'
[ "$(readlink inst/lib/libtfbind.so)" = libtfbind.so.0 ] && [ -f inst/lib/libtfbind.so.0 ]
verdict $? 'libtfbind.so -> libtfbind.so.0 -> the library'
if [ -n "${COVERAGE:-}" ]; then
    echo 'skip it neither ends the process nor writes to standard output: what counts lines does'
else nm -D --undefined-only inst/lib/libtfbind.so |
    grep -q ' U \(_\?exit\|abort\|__assert_fail\|stdout\|puts\|printf\)\b' &&
    echo "not ok it neither ends the process nor writes to standard output: $(nm -D --undefined-only inst/lib/libtfbind.so |
        grep -o '\b\(exit\|abort\|__assert_fail\|stdout\|puts\|printf\)\b' |
        tr '\n' ' ')" ||
    echo 'ok it neither ends the process nor writes to standard output'; fi
[ "$(sed -n 's/#define TFBIND_VERSION "\(.*\)"/\1/p' "$SRCDIR/include/tfbind.h")" = "$("$TFBIND" --version |
    sed -n 's/^tfbind //p')" ]
verdict $? "the header's version is the program's"

if ! command -v pkg-config > /dev/null; then echo 'skip programs: pkg-config is not installed'; exit 0; fi
export PKG_CONFIG_PATH=$PWD/inst/lib/pkgconfig LD_LIBRARY_PATH=$PWD/inst/lib
flags=$(pkg-config --cflags --libs tfbind) || { echo 'not ok pkg-config knows tfbind'; exit 1; }
static="-I$PWD/inst/include inst/lib/libtfbind.a $(sed -n 's/^HTS_LDFLAGS *= *//p' "$build/Makefile") $(pkg-config --static --libs-only-l tfbind |
    sed 's/-ltfbind//') ${COVERAGE:+--coverage}"
W='-Wall -Wextra -Werror -std=c11'

# the example, in C and in C++, both ways
ok_if 'the example is under 60 lines' [ "$(wc -l < "$SRCDIR/doc/example.c")" -lt 60 ]
$CC $W -o example "$SRCDIR/doc/example.c" $flags -lm 2> err.txt
verdict $? 'the example compiles' "$(head -n 1 err.txt)"
$CC $W -o example.static "$SRCDIR/doc/example.c" $static 2> err.txt && ! ldd example.static | grep -q libtfbind
verdict $? 'with the static library too' "$(head -n 1 err.txt)"
if command -v g++ > /dev/null; then
    printf '#include <tfbind.h>\nint main() { return tfbind_version()[0] == 0; }\n' > x.cc
    g++ -Wall -Wextra -Werror -o x x.cc $flags 2> err.txt && ./x
    verdict $? 'the header is C++ as well' "$(head -n 1 err.txt)"
fi
set -- $(grep -P '\tsnv\t' in.vcf | cut -f 1,2,4,5)
for e in example example.static; do ./$e tiny.safetensors ref.fa "$@" > got.$e 2> err.txt ||
    echo "not ok $e: $(cat err.txt)"; done
same 'both say the same' got.example got.example.static
"$TFBIND" annotate -v 0 -m tiny.safetensors -f ref.fa -t "$1:$2" in.vcf |
    bcftools query -i 'ID="snv"' -f '%TFB_TOP\t%TFB_REF\t%TFB_ALT\n' |
    awk '{ printf "%s\t%.3f -> %.3f\n", $1, $2, $3 }' > want.txt
head -n 1 got.example > got.txt
same 'the example = tfbind annotate' want.txt got.txt
./example none.safetensors ref.fa "$@" 2>&1 | grep -q '^example: cannot read model none.safetensors: No such file'
verdict $? 'its errors are the message and nothing else' "$(./example none.safetensors ref.fa "$@" 2>&1)"

# all alleles against the program's, in four threads
$CC $W -D_GNU_SOURCE -o checker "$SRCDIR/test/lib/check.c" $flags -lm -lpthread 2> err.txt ||
    echo "not ok check.c compiles: $(head -n 1 err.txt)"
grep -v '^#' in.vcf | ./checker scores tiny.safetensors ref.fa > lib.txt 2> err.txt && [ ! -s err.txt ]
verdict $? 'four threads over one model agree' "$(head -n 1 err.txt lib.txt)"
"$TFBIND" annotate -v 0 -c w --tf all -m tiny.safetensors -f ref.fa in.vcf 2> /dev/null |
    bcftools query -f '%CHROM %POS %REF %ALT [%TFB_CTCF %TFB_SPI1 %TFB_NKX2_5]\n' |
    awk '
        {
            n = split($4, alt, ",")
            split($5 " " $6 " " $7, s, " ")
            if ($4 != ".") for (i = 1; i <= n; i++) {
                printf "%s %s %s %s", $1, $2, $3, alt[i]
                for (t = 1; t <= 3; t++) {
                    if (s[t] == ".") printf " . ."
                    else {
                        split(s[t], v, ",")
                        if (v[i + 1] == ".") printf " . ."
                        else printf " %.3f %.3f", v[1], v[i + 1]
                    }
                }
                print ""
            }
        }' > want.txt
awk -F '\t' '
    {
        printf "%s %s %s %s", $1, $2, $3, $4
        for (i = 6; i <= NF; i++) printf($i == "." ? " ." : " %.3f", $i);
        print ""
    }' lib.txt > got.txt
[ "$(grep -c '0\.' want.txt)" -gt 8 ] &&
    same 'every allele = tfbind annotate' want.txt got.txt ||
    echo "not ok every allele = tfbind annotate: there is nothing to compare"
cut -f 5 lib.txt | sort -u > got.txt
printf '%s\n' '* (deleted by another variant)' breakend 'on a contig not in the FASTA' scored \
    symbolic 'too near a contig end' 'with a REF that differs from the FASTA' \
    'with letters other than A, C, G, T' 'with too many N around' | sort > want.txt
comm -13 want.txt got.txt > diff.txt; [ ! -s diff.txt ] && [ "$(wc -l < got.txt)" -ge 7 ]
verdict $? 'reasons' "$(tr '\n' ',' < got.txt)"
# padding changes nothing, and an ALT that is REF is no change
s=$(seq_at chr1 96 104); d=$(seq_at chr1 498 509)
row() { printf 'chr1\t%d\t.\t%s\t%s\t.\t.\t.\n' "$@"; }
{
    x=$(other "${s:4:1}")
    row 100 "${s:4:1}" "$x"
    row 98 "${s:2}" "${s:2:2}$x${s:5}"
    row 96 "$s" "$(echo "${s:0:4}$x${s:5}" | tr ACGT acgt)"
    row 500 "${d:2:4}" "${d:2:1}"
    row 498 "$d" "${d:0:3}${d:6}"
    row 98 "${s:2}" "${s:2}"
} | ./checker scores tiny.safetensors ref.fa | cut -f 5- > got.txt
[ "$(sed -n 1,3p got.txt | sort -u | wc -l)" = 1 ] &&
    [ "$(sed -n 4,5p got.txt | sort -u | wc -l)" = 1 ] &&
    sed -n 6p got.txt | grep -q '^equal to REF	\.' &&
    [ "$(grep -c ^scored got.txt)" = 5 ]
verdict $? 'a padded allele has the scores that it has without padding' "$(cut -c1-40 got.txt | tr '\n' ';')"
# PHRED is annotate's; there is none if the model is not calibrated
$TFBIND model --calibrate -f ref.fa -l labels.bed --n 1000 -o cal.safetensors tiny.safetensors > /dev/null 2>&1
bcftools norm --no-version -m- in.vcf.gz 2> /dev/null | awk '/^#/ || !/[*<]/' > split.vcf
grep -v '^#' split.vcf | ./checker phred cal.safetensors ref.fa > got.txt
$TFBIND annotate -v 0 -c w -m cal.safetensors -f ref.fa split.vcf | bcftools query -f '%POS %ALT %TFB_PHRED\n' |
    awk '$2 != "." { print $1, $2, $3 == "." ? "." : sprintf("%.3f", $3) }' > want.txt
grep -q '[0-9]$' want.txt && same 'tfbind_phred is TFB_PHRED' want.txt got.txt
grep -v '^#' split.vcf | ./checker phred tiny.safetensors ref.fa | grep -qv ' \.$'
[ $? = 1 ]
verdict $? 'tfbind_phred without a calibration'
mkdir named && cp tiny.safetensors named/human.safetensors
./checker contracts tiny.safetensors ref.fa > got.txt 2> err.txt && [ ! -s err.txt ] && [ ! -s got.txt ]
verdict $? 'what the header promises, without a word on standard error' "$(cat got.txt err.txt | head -n 3)"
for cpu in plain vec128; do
    TFBIND_CPU=$cpu ./checker precisions tiny.safetensors ref.fa > got.txt 2> err.txt && [ ! -s err.txt ] &&
        [ ! -s got.txt ]
    verdict $? "models of two precisions ($cpu)" "$(cat got.txt err.txt | head -n 3)"
done
nm -D --undefined-only "$build/libtfbind.so" > /dev/null # (the library that was checked is the one that was built)

# lack of memory anywhere: an error with its words
$CC $W -D_GNU_SOURCE -DWITH_FAIL -o failing "$SRCDIR/test/lib/check.c" "$SRCDIR/test/lib/fail.c" $flags \
    -lm -lpthread 2> err.txt ||
    echo "not ok fail.c compiles: $(head -n 1 err.txt)"
n=0 odd=
while
    n=$((n + 1))
    [ $n -lt 3000 ]
do
    got=$(./failing memory tiny.safetensors ref.fa $n 2> err.txt)
    status=$?
    case "$status $got" in
        '0 end') break ;;
        '0 memory') [ -s err.txt ] && odd="$odd $n:stderr" ;;
        *) odd="$odd $n:$status:$got" ;;
    esac
done
[ -z "$odd" ] &&
    [ $n -gt 50 ] &&
    [ $n -lt 3000 ] &&
    echo "ok the library without memory, at any of $n places" ||
    echo "not ok the library without memory, at any of $n places:$(echo "$odd" | cut -c1-200)"
