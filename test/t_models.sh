# Model files that are not what they should be: names, numbers, layout, kinds of file; numbers in
# other locales; scores that overflow.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
[ -n "$SANITIZED" ] || ulimit -v 8000000 # no size in a file may ask for more; sanitizers reserve more themselves

# edit IN OUT CODE: runs Perl on a model; $h is its header (JSON text), $d its tensors, at(NAME)
# gives a tensor's offsets
cat > edit.pl << 'P'
my ($in, $out, $code) = @ARGV;
open my $f, '<:raw', $in or die "$in: $!";
read $f, my $b, 8;
our ($h, $d);
read $f, $h, unpack 'Q<', $b;
{ local $/; $d = <$f> }
sub at { $h =~ /"\Q$_[0]\E":\{[^}]*"data_offsets":\[(\d+),(\d+)\]/ or die "no tensor $_[0]"; return ($1, $2) }
sub put { my ($name, @v) = @_; substr($d, (at($name))[0], 4 * @v) = pack 'f<*', @v }
eval $code;
die $@ if $@;
open my $o, '>:raw', $out or die "$out: $!";
print $o pack('Q<', length $h), $h, $d;
P
edit() { perl edit.pl "$@" || echo "not ok edit $3"; }
names() { edit tiny.safetensors "$1" '$h =~ s{CTCF,SPI1,NKX2-5}{'"$2"'}'; } # FILE, three names as JSON writes them

# refused NAME TEXT FILE [all]: within seconds, with TEXT in a message of one line without control
# characters; all: by everything that opens models
refused() {
    local name=$1 text=$2 file=$3 bad= status c
    local commands=("$TFBIND model --check $file" "$TFBIND annotate -v 0 -m $file -f ref.fa in.vcf")
    [ -z "${4:-}" ] || commands+=("$TFBIND annotate -v 0 -m tiny.safetensors,$file -f ref.fa labels.bed"
        "$TFBIND evaluate -m $file -f ref.fa -l labels.bed"
        "$TFBIND scan -m $file -f ref.fa --tf all -r chr1:1-500 -o scan.{tf}.bg"
        "$TFBIND explain -m $file -f ref.fa --tf CTCF -o explain.tsv labels.bed"
        "$TFBIND motifs -m $file -f ref.fa -l labels.bed -o motifs.meme"
        "$TFBIND finetune --from $file --target SPI1 -f ref.fa -l labels.bed -o no.safetensors"
        "host +tfbind in.vcf -- -m $file -f ref.fa")
    for c in "${commands[@]}"; do
        timeout 20 bash -c "$(declare -f host); $c" < /dev/null > out.txt 2> err.txt
        status=$?
        [ $status -ne 0 ] &&
            [ $status -ne 124 ] &&
            [ $status -lt 128 -o $status -eq 255 ] ||
            bad="$bad; status $status of $c"
        grep -qF -- "$text" err.txt || bad="$bad; $c said $(head -n 1 err.txt | cut -c1-150)"
        LC_ALL=C grep -q '[[:cntrl:]]' <(tr -d '\t' < err.txt) && bad="$bad; control characters by $c"
        grep -qi '\bnan\b\|\binf\b' out.txt && bad="$bad; nan or inf by $c"
    done
    [ -z "$bad" ] && echo "ok refused: $name" || echo "not ok refused: $name${bad}" | tr -d '\033'
}

# ---- names ----
names m.safetensors 'A\\u000achr1\\t1\\t2\\tEVIL,SPI1,B'
refused 'a name with a newline' "the name of target 1, 'A?chr1" m.safetensors all
names m.safetensors 'CTCF,\\u001b[2J\\u001b]0;x\\u0007,B'
refused 'a name with escapes' 'has a control character' m.safetensors
names m.safetensors 'CTCF,SPI1,B\\u007f'; refused 'a name with DEL' 'has a control character' m.safetensors
names m.safetensors 'CTCF,SPI1,\\u009b2J'
refused "a name with a terminal's 8-bit escape" 'has a control character' m.safetensors
names m.safetensors 'A\\tB,SPI1,B'; refused 'a name with a tab' 'has a control character' m.safetensors
names m.safetensors 'CTCF,,B'; refused 'an empty name' "the name of target 2, '', is empty" m.safetensors
names m.safetensors 'CTCF,SPI1,'; refused 'an empty last name' "the name of target 3, '', is empty" m.safetensors
names m.safetensors ',,'; refused 'no names at all' 'is empty' m.safetensors
names m.safetensors 'CTCF,SPI1,CTCF'; refused 'a name twice' 'two targets are called CTCF' m.safetensors all
names m.safetensors 'NF-κB,A/B c,E::F(v2)'; check 'names that are only unusual' $TFBIND model --check m.safetensors

# ---- numbers ----
for v in NaN Inf -Inf; do
    edit tiny.safetensors m.safetensors \
        'put("c1.weight", 9**9**9 * ("'$v'" eq "NaN" ? 9**-9**9 || 0 : "'$v'" eq "Inf" ? 1 : -1))'
    refused "a weight that is $v" 'not a finite number' m.safetensors all
done
edit tiny.safetensors m.safetensors 'put("d4.bias", 0, 0, 9**9**9)'
refused 'the last number infinite' 'not a finite number' m.safetensors
edit tiny.safetensors m.safetensors 'put("bn1.running_var", -1)'
refused 'a negative variance' 'bn1.running_var holds a negative variance, -1' m.safetensors all
edit tiny.safetensors m.safetensors 'put("bn3.running_var", -1e-9)'
refused 'a variance that is a little negative' 'holds a negative variance' m.safetensors
edit tiny.safetensors m.safetensors 'put("bn1.running_var", 0)'
check 'a variance of zero' $TFBIND model --check m.safetensors
$TFBIND model --convert half.safetensors --half tiny.safetensors
edit half.safetensors m.safetensors 'substr($d, (at("c1.weight"))[0], 2) = pack("v", 0x7c00)'
refused 'an infinite float16' 'not a finite number' m.safetensors
# finite numbers whose products are not: not seen until something is scored
edit tiny.safetensors huge.safetensors 'put("bn1.running_mean", (3e38) x 16); put("bn1.weight", (-1e10) x 16)'
refused 'numbers that overflow' 'usable number' huge.safetensors all
fails '--check scores' 'huge.safetensors: its layer bn1 does not compute usable numbers' $TFBIND model \
    --check huge.safetensors
for c in 'explain -f ref.fa -o /dev/null' 'explain --method ism -f ref.fa -o /dev/null'; do
    fails "$c of numbers that overflow" 'usable number' $TFBIND ${c%% *} -m huge.safetensors ${c#* } --tf \
        CTCF labels.bed
done
fails 'calibration of numbers that overflow' 'usable number' \
    $TFBIND model --calibrate -f ref.fa -l labels.bed --n 100 -o no.safetensors huge.safetensors
# ... only for three T in a row, which no test of the file can know
"$UNIT_DIR/tool_tiny_model" ttt.safetensors 'conv 1 3; relu; pool 58; dense 1' 60 X 1
edit ttt.safetensors ttt.safetensors \
    'put("c1.weight", (0) x 9, (1.5e38) x 3); put("c1.bias", 0); put("d2.weight", 1e-38); put("d2.bias", 0)'
check 'a model that overflows for some windows opens' $TFBIND model --check ttt.safetensors
awk '
    BEGIN {
        for (i = 0; i < 20; i++) s = s "ACG"
        t = substr(s, 1, 30) "TTT" substr(s, 34)
        print ">a\n" s s s s ">"
        print ">b\n" s t s t
    }' |
    sed 's/>$//' > ttt.fa
samtools faidx ttt.fa
printf 'a\t60\t120\n' > a.bed; printf 'a\t60\t120\nb\t60\t120\n' > ab.bed
check 'it scores the others' $TFBIND annotate -v 0 -m ttt.safetensors -f ttt.fa a.bed
N='model ttt.safetensors'
never() { # NAME COMMAND-with-OUT: fails with the model's name, and the output has no nan or inf
    rm -f out.*
    if "${@:2}" > out.stdout 2> err.txt; then
        echo "not ok $1: succeeded"
    elif ! grep -q "$N.* X is not a usable number" err.txt; then
        echo "not ok $1: $(head -n 1 err.txt)"
    elif cat out.* | grep -aqi '\bnan\b\|\binf\b'; then
        echo "not ok $1: wrote $(cat out.* | grep -ai 'nan\|inf' | head -n 1)"
    else echo "ok $1"; fi
}
never 'overflow in BED' $TFBIND annotate -m ttt.safetensors -f ttt.fa ab.bed
never 'overflow in bedGraph' $TFBIND scan -m ttt.safetensors -f ttt.fa --tf X -r b:1-240 -o out.bg
printf '##fileformat=VCFv4.2
##contig=<ID=b>
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
b\t91\t.\tT\tA\t.\t.\t.
' > ttt.vcf
never 'overflow in VCF' $TFBIND annotate -m ttt.safetensors -f ttt.fa ttt.vcf
never 'overflow in the plugin' host +tfbind ttt.vcf -- -m ttt.safetensors -f ttt.fa
{
    printf '#chrom\tstart\tend\tname\tX\n'
    for i in 0 60 120 180; do printf 'b\t%d\t%d\t.\t%d\n' $i $((i + 60)) $((i / 60 % 2)); done
} > ttt.labels
never 'overflow in evaluate' $TFBIND evaluate -m ttt.safetensors -f ttt.fa -l ttt.labels --predictions out.p
never 'overflow in explain' $TFBIND explain -m ttt.safetensors -f ttt.fa --method ism --tf X -o out.tsv ab.bed
# float16 holds less
edit tiny.safetensors large.safetensors 'put("bn1.running_var", 70000)'; cp large.safetensors kept
fails '--half of what float16 cannot hold' 'bn1.running_var holds 70000, and float16 goes up to 65504' \
    $TFBIND model --convert no.safetensors --half large.safetensors
[ ! -e no.safetensors ] && same 'it leaves nothing' large.safetensors kept || echo 'not ok it leaves nothing'
edit tiny.safetensors m.safetensors 'put("bn1.running_var", 65519)'
check '--half of the largest' sh \
    -c "$TFBIND model --convert ok.safetensors --half m.safetensors && $TFBIND model --check ok.safetensors"

# ---- layout ----
edit tiny.safetensors m.safetensors \
    'my ($b, $e) = at("c1.bias"); my ($x, $y) = at("bn1.weight"); $h =~ s/\[$x,$y\]/[$b,$e]/'
refused 'two tensors in one place' 'overlap' m.safetensors all
edit tiny.safetensors m.safetensors '$d .= "\0" x 8'
refused 'bytes after the last tensor' 'the last 8 bytes belong to no tensor' m.safetensors
edit tiny.safetensors m.safetensors \
    '$d = "\0" x 8 . $d; $h =~ s/"data_offsets":\[(\d+),(\d+)\]/"\"data_offsets\":[" . ($1 + 8) . "," . ($2 + 8) . "]"/ge'
refused 'bytes before the first tensor' '8 bytes before tensor' m.safetensors
extra='my $n = length $d; $d .= "\0" x 8; $h =~ s/\}\s*$//; $h .= ",\"NAME\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[$n," . ($n + 8) . "]}}"'
edit tiny.safetensors m.safetensors "${extra/NAME/more.weight}"
fails '--check of a tensor that nothing uses' 'tensor more.weight is not part of the architecture' $TFBIND \
    model --check m.safetensors
check 'it can be used' $TFBIND annotate -v 0 -m m.safetensors -f ref.fa in.vcf
edit tiny.safetensors m.safetensors "${extra/NAME/bn1.num_batches_tracked}"
check "PyTorch's counter of batches is nothing odd" $TFBIND model --check m.safetensors
for o in '-8,0' '0,99999999999' '8,0' '0.5,8' '"0",8' '0'; do
    edit tiny.safetensors m.safetensors "${extra/NAME/x}"' ; $h =~ s/("x":.*data_offsets":)\[\d+,\d+\]/$1\['"$o"'\]/'
    refused "a tensor at [$o]" 'x is malformed' m.safetensors
done
edit tiny.safetensors m.safetensors '$h =~ s/"window":"60"/"window":"60","n":5/'
fails '--check of metadata that are no strings' 'metadata n is not a string' $TFBIND model --check m.safetensors
edit tiny.safetensors m.safetensors '$h = "[" x 100000'
refused 'a header of brackets' 'not a safetensors file' m.safetensors
edit tiny.safetensors m.safetensors \
    '$h =~ s/("__metadata__":\{)/$1 . "\"deep\":" . "{\"a\":" x 50000 . "1" . "}" x 50000 . ","/e'
refused 'metadata 50,000 deep' 'not a safetensors file' m.safetensors
printf '\377\377\377\377\377\377\377\177{"a":1}' > m.safetensors
refused 'a header of 2^63 bytes' 'not a safetensors file' m.safetensors
printf '\377\377\377\003\0\0\0\0{"a":1}' > m.safetensors
refused 'a header longer than the file' 'is truncated' m.safetensors
: > m.safetensors; refused 'an empty file' 'not a safetensors file' m.safetensors

# ---- other files ----
cp "$SRCDIR/models/human.md" text.md
refused 'a page about a model' 'text.md is not a model: it is not a safetensors file' text.md all
gzip -c tiny.safetensors > m.safetensors; refused 'a compressed model' 'not a safetensors file' m.safetensors
for f in ref.fa in.vcf.gz in.bcf labels.bed; do
    fails "$f as a model" "$f is not a model: it is not a safetensors file" $TFBIND model $f
done
mkfifo pipe.safetensors; refused 'a named pipe' 'it is a pipe or device, not a file' pipe.safetensors all
refused 'a device' 'it is a pipe or device, not a file' /dev/zero
mkdir folder.safetensors
fails 'a folder called like a model' 'folder.safetensors holds no models' $TFBIND model folder.safetensors
for odd in pipe folder; do
    mkdir $odd.d
    cp tiny.safetensors $odd.d/a.safetensors
    [ $odd = pipe ] && mkfifo $odd.d/odd.safetensors || mkdir $odd.d/odd.safetensors
    fails "a folder of models with a $odd in it" "$odd.d/odd.safetensors is not a model" timeout 20 \
        $TFBIND annotate -m $odd.d -f ref.fa in.vcf
done

# ---- many ----
# NAME MOST COMMAND...: succeeds within so many seconds of processor time, which a busy machine does not change
seconds() {
    local name=$1 most=$2
    shift 2
    (
        ulimit -t ${SANITIZED:+10}$most
        exec "$@"
    ) > many.out 2> err.txt
    verdict $? "$name" "$(head -n 1 err.txt)"
}
edit tiny.safetensors m.safetensors \
    '$h =~ s/"window":"60"/join ",", "\"window\":\"60\"", map { "\"key$_\":\"v\"" } 1 .. 300000/e'
seconds '300,000 entries of metadata' 5 $TFBIND model --check m.safetensors
perl - << 'P'
my $n = 60000; my $d = pack('f<*', (0.01) x (4 * 50 + 1 + 2 * $n)); my $o = 0;
my @t = (['c1.weight', '1,4,50', 200], ['c1.bias', 1, 1], ['d2.weight', "$n,1", $n], ['d2.bias', $n, $n]);
for my $w ('p', 'q') {
    my ($at, @j) = (0);
    for (@t) { push @j, sprintf '"%s":{"dtype":"F32","shape":[%s],"data_offsets":[%d,%d]}', @$_[0, 1], $at, $at + 4 * $$_[2]; $at += 4 * $$_[2] }
    my $names = join ',', map { "$w$_" } 1 .. $n;
    my $h = sprintf '{"__metadata__":{"spec":"conv 1 50; relu; pool 11; dense %d","window":"60","targets":"%s"},%s}', $n, $names, join ',', @j;
    open my $f, '>:raw', "$w.safetensors"; print $f pack('Q<', length $h), $h, $d;
}
P
perl -e '
    print join("\t", "#chrom", "start", "end", "name", map { "p$_" } 1 .. 15000), "\n",
        join("\t", "chr1", 0, 60, ".", (0) x 15000), "\n"' > many.bed
tfs=$(perl -e 'print join ",", map { "p$_" } reverse 1 .. 15000')
seconds '60,000 targets by name' 5 $TFBIND evaluate -m p.safetensors -f ref.fa --tf "$tfs" -l many.bed -o many.tsv
[ "$(awk 'NR == 2' many.tsv | cut -f 1,2)" = "p15000	1" ]
verdict $? 'each is its own' "$(sed -n 2p many.tsv)"
# two models of one trunk whose outputs together are more than a layer may have
$TFBIND annotate -v 1 -m p.safetensors,q.safetensors -f ref.fa --tf p1,q60000 in.vcf > many.vcf 2> err.txt &&
    grep -q 'TFB_p1=.*TFB_q60000=' many.vcf
verdict $? 'two models of one trunk and too many outputs' "status $?, $(head -n 1 err.txt)"

# ---- time zones and locales ----
if $TFBIND explain -h 2>&1 | grep -q -- --npz; then
    for z in UTC Asia/Tokyo America/New_York Pacific/Apia; do
        TZ=$z $TFBIND explain -m tiny.safetensors -f ref.fa --tf CTCF --npz "npz.${z##*/}" -o /dev/null \
            labels.bed 2> err.txt ||
            break
    done
    if grep -q 'without libzip' err.txt; then echo 'skip .npz in time zones: no libzip'; else
        for z in Tokyo New_York Apia; do
            same ".npz in the time zone of $z" npz.UTC.CTCF.hyp.npz npz.$z.CTCF.hyp.npz
        done
    fi
fi
locale=de_DE.UTF-8
if ! command -v localedef > /dev/null || ! localedef --no-archive -i de_DE -f UTF-8 ./$locale 2> /dev/null; then
    echo 'skip locales: localedef cannot make one'
    exit 0
fi
export LOCPATH=$PWD
[ -z "$SANITIZED" ] || export ASAN_OPTIONS=detect_leaks=0 # other libraries leak what LOCPATH makes them read
D='conv 16 7; bn; relu; pool 4; dropout 0.3; dense 12; relu; dropout 0.25; dense 2'
"$UNIT_DIR/tool_tiny_model" drop.safetensors "$D" 60 CTCF,SPI1 4
for c in 'model drop.safetensors' \
    'annotate -v 0 --no-version -m drop.safetensors -f ref.fa in.vcf' \
    'annotate -v 0 -m drop.safetensors -f ref.fa labels.bed'; do
    $TFBIND $c > c.out 2>&1
    LC_ALL=$locale $TFBIND $c > de.out 2>&1
    same "tfbind ${c%% *} in German" c.out de.out
done
host +tfbind --no-version in.vcf -- -v 0 -m drop.safetensors -f ref.fa > c.out 2>&1
LC_ALL=$locale host +tfbind --no-version in.vcf -- -v 0 -m drop.safetensors -f ref.fa > de.out 2>&1
same 'the plugin in German' c.out de.out
build=$(dirname "$TFBIND")
if [ -n "$SANITIZED" ] || [ ! -f "$build/libtfbind.so" ]; then
    echo 'skip a German host of the library: no library to link'
    exit 0
fi
cat > de.c << 'C'
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <tfbind.h>
/* Opens and scores in the environment's locale; prints what came out in the C locale. */
int main(int argc, char **argv)
{
    tfbind_model_t *m;
    tfbind_scorer_t *s;
    tfbind_variant_t v = {"chr1", 99, argv[3], argv[4]};
    tfbind_status_t status;
    float ref[256], alt[256];
    if (argc != 5 || !setlocale(LC_ALL, "")) return 77;
    int point = localeconv()->decimal_point[0], r = tfbind_model_open(&m, argv[1], "CTCF");
    if (r < 0 || tfbind_scorer_open(&s, m, argv[2]) < 0 || tfbind_score_variants(s, &v, 1, ref, alt, &status) < 0) return printf("%s\n", tfbind_message()), 1;
    if (localeconv()->decimal_point[0] != point) return puts("the host's locale has changed"), 1;
    setlocale(LC_ALL, "C");
    printf("%d %c %.6g %.6g\n", status, point, ref[0], alt[0]);
    tfbind_scorer_close(s);
    tfbind_model_close(m);
    return 0;
}
C
export LD_LIBRARY_PATH=$build
if ! ${CC:-gcc} -std=c11 -I"$SRCDIR/include" -o de de.c -L"$build" -ltfbind 2> err.txt; then
    echo "not ok a German host compiles: $(head -n 1 err.txt)"
    exit 1
fi
set -- ref.fa $(grep -P '\tsnv\t' in.vcf | cut -f 4,5)
$TFBIND model --calibrate -f ref.fa -l labels.bed --n 500 -o cal.safetensors drop.safetensors > /dev/null 2>&1
for m in drop.safetensors cal.safetensors "$SRCDIR/models/human.safetensors"; do
    LC_ALL=C ./de $m "$@" > c.out 2>&1
    LC_ALL=$locale ./de $m "$@" > de.out 2>&1
    [ "$(cut -d' ' -f 2 de.out)" = , ] &&
        same "a German host opens ${m##*/}" c.out <(sed 's/ , / . /' de.out) ||
        echo "not ok a German host opens ${m##*/}: $(head -n 1 de.out)"
done
./de huge.safetensors "$@" > de.out 2>&1 && echo 'not ok the library refuses numbers that overflow' || {
    grep -q 'usable number' de.out
    verdict $? 'the library refuses numbers that overflow' "$(cat de.out)"
}
