# Records that are not as they should be: each is an error that names file and record, never a
# crash, a loss, or a file that nothing reads. And those that are odd but whole: they pass.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
M="-m tiny.safetensors -f ref.fa -v 1"
A="$TFBIND annotate $M --no-version"
bcftools view --no-version -G in.vcf > sites.vcf
grep '^#' sites.vcf > head.txt; grep '^#' in.vcf > head.gt.txt
line() { grep -P '\tsnv\t' "${1:-sites.vcf}"; } # a good record

# is_error NAME MESSAGE FILE [OPTION...]: as VCF, as BCF, from a pipe, compressed, by the plugin;
# nothing is left of the output
is_error() {
    local name=$1 message=$2 file=$3 bad= status how
    shift 3
    bgzip -c "$file" > damaged.vcf.gz
    for how in "-o out.vcf $file" "-o out.bcf $file" \
        "-o out.bcf damaged.vcf.gz" "-o out.vcf -t chr1,chr2,chrUn $file" "-o out.vcf - < $file" plugin; do
        rm -f out.*
        if [ "$how" = plugin ]; then
            host +tfbind "$file" -- $M "$@" -Ob -o out.bcf > /dev/null 2> err.txt
            status=$?
            want=255
        else
            eval "$A $* $how" > /dev/null 2> err.txt
            status=$?
            want=1
        fi
        if [ $status -ne $want ] ||
            [ "$(grep -c error: err.txt)" -ne 1 ] ||
            ! grep -q -- "error: .*$message" err.txt ||
            [ -n "$(ls out.* 2> /dev/null)" ]; then
            bad="$how: status $status, $(grep error: err.txt | head -n 1) $(ls out.* 2> /dev/null)"
        fi
    done
    [ -z "$bad" ]
    verdict $? "$name" "$bad"
}
# passes NAME FILE WANT [WARNING]: records come out as bcftools has those of WANT, with our tags
passes() {
    local name=$1 file=$2 want=$3 warning=${4:-} bad= how
    bcftools view --no-version -H "$want" > want.txt
    bgzip -c "$file" > odd.vcf.gz
    for how in "$file" odd.vcf.gz "- < $file" "- < odd.vcf.gz"; do
        eval "$A -Ob -o out.bcf $how" 2> err.txt || {
            bad="$how: $(head -n 1 err.txt)"
            continue
        }
        bcftools annotate --no-version -x "^INFO/AF,^FORMAT/GT" out.bcf 2> /dev/null |
            bcftools view --no-version -H > got.txt
        cmp -s want.txt got.txt || bad="$how: $(diff want.txt got.txt | sed -n 2p)"
        if [ -n "$warning" ]; then grep -q -- "warning: .*$warning" err.txt ||
            bad="$how: no warning"; else [ ! -s err.txt ] || bad="$how: $(head -n 1 err.txt)"; fi
    done
    [ -z "$bad" ]
    verdict $? "$name" "$bad"
}

# ---- columns ----
for n in 1 2 3 4 5 6 7; do
    {
        cat head.txt
        line
        line | cut -f 1-$n
        line
    } > short.vcf
    is_error "a record of $n columns" \
        "record 2 (chr1.*line 10) has missing columns: $n, but the header has 8" short.vcf
done
for n in 5 8 9; do
    {
        cat head.gt.txt
        line in.vcf
        line in.vcf | cut -f 1-$n
    } > short.vcf
    is_error "a record of $n columns in a file with a sample" \
        "record 2 (chr1:100, line .*) has missing columns: $n, but the header has 10" short.vcf
    {
        cat head.gt.txt
        line in.vcf
        line in.vcf | cut -f 1-$n | tr -d '\n'
    } > short.vcf
    is_error "the same, and the end of the file" \
        "record 2 (chr1:100, line .*) has $n of 10 columns and the last line does not end: the file is truncated" \
        short.vcf
done
{ cat head.txt; line; line | cut -f 1-5; } | bgzip -c > short.vcf.gz; bcftools index short.vcf.gz 2> /dev/null
$A -r chr1 -o out.bcf short.vcf.gz 2> err.txt
[ $? -eq 1 ] && grep -q 'short.vcf.gz: record 2 (chr1:100) has missing columns' err.txt && [ ! -e out.bcf ]
verdict $? 'a record of 5 columns, -r' "$(head -n 1 err.txt)"
{ cat head.txt; line in.vcf; line in.vcf | sed 's/$/\t0\/1/'; } > long.vcf
is_error 'columns that the header does not have would be lost' \
    'record 1 (chr1:100, line 9) has 10 columns, but the header has 8' long.vcf
{ cat head.gt.txt; line in.vcf; line in.vcf | sed 's/$/\t0\/1/'; } > long.vcf
is_error 'a sample that the header does not have would be lost' \
    'record 2 (.*) has 11 columns, but the header has 10' long.vcf
{ cat head.txt; line; line | tr '\t' ' '; } > space.vcf
is_error 'spaces for tabs' 'record 2 (chr1 100 .*) has no tabs: columns are separated by tabs' space.vcf
{
    cat head.txt
    line
} > good.vcf
{
    cat head.txt
    line | sed 's/$/\t/'
} > tab.vcf
passes 'a tab at the end' tab.vcf good.vcf
{ cat head.txt; line | sed 's/$/\tGT/'; } > format.vcf; passes 'FORMAT without samples' format.vcf good.vcf

# ---- lines ----
{ cat sites.vcf; echo; } > blank.vcf; passes 'an empty last line' blank.vcf sites.vcf
{ cat sites.vcf; printf '\n\r\n\n'; } > blank.vcf; passes 'several of them' blank.vcf sites.vcf
{
    cat head.txt
    line
    echo
    line
} > blank.vcf
is_error 'an empty line between others' 'blank.vcf: line 10 is empty, and others follow\|line 10 is empty' blank.vcf
sed 's/$/\r/' sites.vcf > crlf.vcf; passes 'lines that end in CR LF' crlf.vcf sites.vcf
head -c -1 sites.vcf > open.vcf
passes 'a last line without newline' open.vcf sites.vcf 'the last line (.*) does not end with a newline'
head -c -1 in.vcf > open.vcf
passes 'a last line without newline, with a sample' open.vcf in.vcf 'the last line (.*) does not end with a newline'
{
    cat head.txt
    line
} | head -c -2 > open.vcf
{
    cat head.txt
    line | sed 's/.$//'
} > want.vcf
passes 'within the last column nobody can tell' open.vcf want.vcf 'does not end with a newline'
{ cat sites.vcf; cat sites.vcf; } > two.vcf; is_error 'two files in one' 'is a line of a header: join files' two.vcf
{
    cat head.txt
    line
    line | sed 's/AF=/AF=\x00/'
} > nul.vcf
is_error 'a NUL' 'record 2 (chr1:100, line 10) has a NUL byte' nul.vcf

# ---- numbers of text ----
for pos in '' x 12x -5 1e3 1,000 ' 7'; do
    {
        cat head.txt
        line
        line | awk -F'\t' -v OFS='\t' -v p="$pos" '{ $2 = p; print }'
    } > pos.vcf
    is_error "POS '$pos'" 'record 2 (chr1:.*line 10) has a POS that is no number' pos.vcf
done
for pos in 9223372036854775807 99999999999999999999 4611686018427387904; do
    {
        cat head.txt
        line
        line | awk -F'\t' -v OFS='\t' -v p="$pos" '{ $2 = p; print }'
    } > pos.vcf
    is_error "POS $pos" 'record 2 (.*) \(has an impossible POS\|is malformed\)' pos.vcf
done
{ cat head.txt; line | awk -F'\t' -v OFS='\t' '{ $2 = "3000000000"; print }'; } > pos.vcf
$A -o out.vcf pos.vcf 2> /dev/null && [ "$(grep -v '^#' out.vcf)" = "$(grep -v '^#' pos.vcf)" ]
verdict $? 'a POS beyond 2^31 passes as VCF'
fails 'and has no room in BCF' 'chr1:3000000000: BCF has no room for this POS' $A -Ob pos.vcf
for qual in PASS '' 1,5 .x; do
    {
        cat head.txt
        line
        line | awk -F'\t' -v OFS='\t' -v q="$qual" '{ $6 = q; print }'
    } > qual.vcf
    is_error "QUAL '$qual'" 'has a QUAL that is no number' qual.vcf
done
{
    cat head.txt
    for q in . 3 0.5 1e-3 -1 inf; do line | awk -F'\t' -v OFS='\t' -v q="$q" '{ $6 = q; print }'; done
} > qual.vcf
passes 'values of QUAL' qual.vcf qual.vcf
{
    cat head.gt.txt
    line in.vcf
    line in.vcf | sed 's/0\/1$/0\/x/'
} > gt.vcf
is_error 'a genotype that is no number' 'record 2 (chr1:100, line .*) is malformed' gt.vcf
{
    cat head.txt
    line
    line | sed 's/^chr1//'
} > chrom.vcf
is_error 'no contig' 'record 2 (.*) has no contig' chrom.vcf

# ---- nothing of one record gets into another: records with much in them between records with
# nothing ----
{
    cat head.gt.txt |
        sed 's/^#CHROM/##FORMAT=<ID=DP,Number=1,Type=Integer,Description="x">\n##FILTER=<ID=q,Description="x">\n&/'
    for i in 1 2 3 4 5 6; do
        line in.vcf
        line in.vcf | awk -F'\t' -v OFS='\t' '{ $3 = "."; $6 = 7; $7 = "q"; $9 = "GT:DP"; $10 = "./.:3"; print }'
        line in.vcf | awk -F'\t' -v OFS='\t' '{ $7 = $8 = "."; $9 = "."; $10 = "."; print }'
    done
} > mixed.vcf
bcftools view --no-version -Ob -o mixed.bcf mixed.vcf; bcftools view --no-version -H mixed.vcf > want.txt
for f in mixed.vcf mixed.bcf; do for n in 1 2 1000; do
    TFBIND_BATCH=$n $A --tf all -Ob $f |
        bcftools annotate --no-version -x '^INFO/AF,^FORMAT/GT,FORMAT/DP' |
        bcftools view --no-version -H > got.txt
    same "$f: every record is its own, batches of $n" want.txt got.txt
done; done

# ---- what the header does not declare: as text it passes; BCF cannot say it, also if the first
# record that has it was dropped ----
{ cat sites.vcf; tail -n 1 sites.vcf; } | sed '/ID=chrUn/d' > undeclared.vcf
$A undeclared.vcf 2> err.txt | bcftools view --no-version -H 2> /dev/null | grep -c '^chrUn' | grep -qx 2 &&
    [ "$(grep -c 'does not declare contig chrUn' err.txt)" = 1 ]
verdict $? 'an undeclared contig passes as VCF, with a warning' "$(head -n 1 err.txt)"
fails 'but not as BCF' 'chrUn:100: contig or tags are not declared in the header of undeclared.vcf' $A \
    -Ob undeclared.vcf
{ cat sites.vcf; tail -n 1 sites.vcf | sed 's/^chrUn\t100/chrUn\t101/'; } | sed '/ID=chrUn/d' > undeclared.vcf
host +tfbind undeclared.vcf -- $M -i 'POS!=100' -Ob -o out.bcf 2> err.txt
[ $? -eq 255 ] && grep -q 'chrUn:101: contig or tags are not declared' err.txt && [ ! -e out.bcf ]
verdict $? 'nor if the first record on it was left out' "$(head -n 1 err.txt)"
{
    cat head.txt
    line | sed 's/AF=0.1/NEW=1/'
    line | sed 's/AF=0.1/NEW=2/; s/\t100\t/\t101\t/; s/\(\t101\tsnv\t\)[ACGT]/\1N/'
} > undeclared.vcf
host +tfbind undeclared.vcf -- $M -i 'POS!=100' -Ob -o out.bcf 2> err.txt
[ $? -eq 255 ] && grep -q 'chr1:101: contig or tags are not declared' err.txt && [ ! -e out.bcf ]
verdict $? 'nor a tag' "$(head -n 1 err.txt)"

# ---- BCF: each number of a record, on both sides ----
bgzip -dc in.bcf > raw.bcf
cat > mutate.pl << 'P'
# mutate.pl IN OUT RECORD WHAT: changes a number of a record of an uncompressed BCF
my ($in, $out, $k, $what) = @ARGV;
local $/; open F, '<:raw', $in or die; my $d = <F>;
my $at = 9 + unpack 'L<', substr $d, 5, 4;
$at += 8 + unpack('L<', substr $d, $at, 4) + unpack('L<', substr $d, $at + 4, 4) for 2 .. $k;
my ($l_shared, $l_indiv) = unpack 'L<2', substr $d, $at, 8;
sub set { my ($o, $f, $v) = @_; substr $d, $at + $o, length pack($f, $v), pack $f, $v }
sub vector {
    my $o = shift;
    my $h = ord substr $d, $at + $o, 1;
    die "long" if $h >> 4 == 15;
    my %s = (0, 0, 1, 1, 2, 2, 3, 4, 5, 4, 7, 1);
    return $o + 1 + ($h >> 4) * $s{$h & 15};
}
my $n_allele = unpack 'S<', substr $d, $at + 26, 2;
my @start = (32); push @start, vector($start[-1]) for 0 .. $n_allele; # ID, alleles, then FILTER
my $info = vector($start[-1]);
my %do = (
    'length 2^32' => sub { set(0, 'L<', 0xffffffff) },
    'length 2^31' => sub { set(0, 'L<', 0x7fffffff) },
    'length 23' => sub { set(0, 'L<', 23) },
    'length + 1' => sub { set(0, 'L<', $l_shared + 1) },
    'length - 1' => sub { set(0, 'L<', $l_shared - 1) },
    'samples 2^32' => sub { set(4, 'L<', 0xffffffff) },
    'toolong' => sub { set(4, 'L<', 0x7ffffffe) },
    'INFOkey' => sub { set($info + 1, 'C', 120) },
    'samples 2^31' => sub { set(4, 'L<', 0x7fffffff) },
    'samples - 1' => sub { set(4, 'L<', $l_indiv - 1) },
    'contig -1' => sub { set(8, 'l<', -1) },
    'contig 3' => sub { set(8, 'l<', 3) },
    'contig least' => sub { set(8, 'l<', -2 ** 31) },
    'contig most' => sub { set(8, 'l<', 2 ** 31 - 1) },
    'rlen least' => sub { set(16, 'l<', -2 ** 31) },
    'n_info + 1' => sub { set(24, 'S<', 2) },
    'n_info - 1' => sub { set(24, 'S<', 0) },
    'n_info most' => sub { set(24, 'S<', 65535) },
    'n_allele 0' => sub { set(26, 'S<', 0) },
    'n_allele + 1' => sub { set(26, 'S<', $n_allele + 1) },
    'n_allele most' => sub { set(26, 'S<', 65535) },
    'n_sample 0' => sub { set(28, 'L<', 1 << 24) },
    'n_sample 2' => sub { set(28, 'L<', 1 << 24 | 2) },
    'n_sample most' => sub { set(28, 'L<', 1 << 24 | 0xffffff) },
    'n_fmt most' => sub { set(28, 'L<', 255 << 24 | 1) },
    'ID type' => sub { set($start[0], 'C', 0x15) },
    'REF type' => sub { set($start[1], 'C', 0x11) },
    'REF length' => sub { set($start[1], 'C', 0xf7) },
    'FILTER key' => sub { set($start[-1] + 1, 'C', 120) },
    'FILTER key -1' => sub { set($start[-1] + 1, 'c', -1) },
    'FILTER type' => sub { set($start[-1], 'C', 0x17) },
    'INFO key' => sub { set($info + 1, 'C', 120) },
    'INFO key -1' => sub { set($info + 1, 'c', -1) },
    'INFO key least' => sub { set($info + 1, 'c', -128) },
    'INFO type 4' => sub { set($info + 2, 'C', 0x14) },
    'INFO type 15' => sub { set($info + 2, 'C', 0x1f) },
    'INFO length' => sub { set($info + 2, 'C', 0xe5) }, 'INFO length of length' => sub { set($info + 2, 'C', 0xf5) },
    'FORMAT key' => sub { set(8 + $l_shared + 1, 'C', 120) },
    'FORMAT key -1' => sub { set(8 + $l_shared + 1, 'c', -1) },
    'FORMAT type' => sub { set(8 + $l_shared + 2, 'C', 0x26) },
    'GT as text' => sub { set(8 + $l_shared + 2, 'C', 0x27) },
    'GT length' => sub { set(8 + $l_shared + 2, 'C', 0xe1) },
);
if ($what eq 'list') { print "$_\n" for sort keys %do; exit }
$do{$what}->(); open G, '>:raw', $out or die; print G $d;
P
perl mutate.pl raw.bcf - 2 list > whats.txt
[ "$(wc -l < whats.txt)" -gt 35 ] || echo 'not ok mutate.pl lists what it does'
[ -n "$SANITIZED" ] || limit='ulimit -v 1500000' # a length field allocates no more than the file has
while read -r what; do
    perl mutate.pl raw.bcf bad.bcf 2 "$what"
    bgzip -c bad.bcf > bad.gz.bcf
    bad=
    for how in "bad.bcf" "--haplotypes -p a bad.bcf" "bad.gz.bcf" "- < bad.bcf" "-t chr1 bad.bcf"; do
        [ -n "$SANITIZED" ] && case $how in *gz* | *-t* | *'<'*) continue ;; esac
        (
            eval "${limit:-:}"
            eval "$A --tf all -Ob -o out.bcf $how"
        ) 2> err.txt
        status=$?
        case $what in
            # htslib takes the length of REF, and so do we
            rlen*) [ $status -eq 0 ] || bad="$how: $(head -n 1 err.txt)" ;;
            *) [ $status -eq 1 ] &&
                grep -q 'error: \(standard input\|bad.*bcf\): \(record [12]\|cannot read on after\|cannot read on before\)' err.txt &&
                [ "$(grep -c error: err.txt)" = 1 ] ||
                bad="$how: status $status, $(tail -n 1 err.txt)" ;;
        esac
        rm -f out.bcf
    done
    [ -z "$bad" ]
    verdict $? "BCF, $what" "$bad"
done < whats.txt
perl mutate.pl raw.bcf bad.bcf 2 'INFO key'
bcftools view --no-version -Ob -o ok.bcf in.vcf
bcftools index ok.bcf
bgzip -c bad.bcf > bad.gz.bcf
cp ok.bcf.csi bad.gz.bcf.csi
$A -r chr1:1-200 bad.gz.bcf > /dev/null 2> err.txt
[ $? -eq 1 ] && grep -q 'bad.gz.bcf: record 2 (chr1:100) has an INFO tag that the header does not declare' err.txt
verdict $? 'BCF with an index, INFO key' "$(tail -n 1 err.txt)"

# ---- the other commands that read VCF and BCF ----
$A sites.vcf > tags.vcf
perl "$SRCDIR/test/phased.pl" random 5 300 ref.fa | bcftools view --no-version -G > r.vcf
damage() { # FILE KIND: on standard output
    case $2 in
        short)
            cat "$1"
            tail -n 1 "$1" | cut -f 1-5
            ;;
        pos)
            cat "$1"
            tail -n 1 "$1" | sed 's/\t100\t/\tx\t/'
            ;;
        blank)
            cat "$1"
            echo
            ;;
        open) head -c -1 "$1" ;;
    esac
}
while read -r kind message; do
    case $kind in *.bcf)
        perl mutate.pl raw.bcf o.vcf 2 "${kind%.bcf}"
        cp o.vcf t.vcf
        ;;
    *)
        damage sites.vcf $kind > o.vcf
        damage tags.vcf $kind > t.vcf
        ;;
    esac
    for command in "explain --tf SPI1 -m tiny.safetensors -f ref.fa o.vcf" \
        "enrich -m tiny.safetensors -f ref.fa --background r.vcf o.vcf" "report -o report.html t.vcf"; do
        case $kind$command in *.bcfreport*) continue ;; esac # which wants tags before it reads records
        (
            eval "${limit:-:}"
            eval "$TFBIND $command"
        ) > out.txt 2> err.txt
        status=$?
        if [ "$message" = passes ]; then [ $status -eq 0 ]; else [ $status -eq 1 ] &&
            [ "$(grep -c error: err.txt)" = 1 ] &&
            grep -q -- "$message" err.txt; fi
        verdict $? "${command%% *}: $kind" "status $status $(tail -n 1 err.txt)"
    done
done << 'E'
short record 20 (chrUn:100, line .*) has missing columns: 5, but the header has 8
pos record 20 (chrUn:x, line .*) has a POS that is no number
blank passes
open passes
INFOkey.bcf record 2 (chr1:100) has an INFO tag that the header does not declare
toolong.bcf cannot read on after chr1:10 (record 1): the file is truncated or damaged
E

# ---- an ALT that is REF ----
{
    cat head.txt
    line |
        awk -F'\t' -v OFS='\t' '
            { $5 = $4; print; $5 = tolower($4); print; $5 = $4 "," ($4 == "A" ? "C" : "A"); print }'
} > equal.vcf
$TFBIND annotate -m tiny.safetensors -f ref.fa --csq equal.vcf 2> err.txt |
    bcftools query -f '%TFB_TOP %TFB_DELTA %TFB_CSQ\n' > got.txt
[ "$(head -n 2 got.txt | sort -u)" = '. . .' ] &&
    sed -n 3p got.txt | grep -q '^\.,[A-Z0-9-]* \.,-*[0-9.e-]* [ACGT]||||||||,[AC]|TF_b' &&
    grep -q '1 ALT alleles scored, 3 not: 3 equal to REF' err.txt
verdict $? 'an ALT equal to REF has no best TF' "$(tr '\n' ' ' < got.txt) $(tail -n 1 err.txt)"
$A --tf SPI1 equal.vcf | bcftools query -f '%TFB_SPI1 %TFB_SPI1_DELTA\n' > got.txt
[ "$(head -n 2 got.txt | sort -u)" = '. .' ] && sed -n 3p got.txt | grep -q '^[0-9.]*,\.,[0-9.]* \.,'
verdict $? 'nor values of --tf' "$(tr '\n' ' ' < got.txt)"

# ---- --csq: the consequence is the call, and all ALTs have as many subfields ----
$TFBIND model --calibrate -f ref.fa -l labels.bed.gz --n 1000 --precision 0.5 -o cal.safetensors \
    tiny.safetensors > /dev/null 2>&1
for model in tiny cal; do
    $TFBIND annotate -v 0 -m $model.safetensors -f ref.fa --csq --call-percentile 50 r.vcf > csq.vcf
    $TFBIND annotate -v 0 -m $model.safetensors -f ref.fa --csq --call-percentile 50 in.vcf >> csq.vcf
    bad=$(grep -v '^#' csq.vcf | perl -ne '
        chomp; my %i = map { split /=/, $_, 2 } split /;/, (split /\t/)[7]; next unless $i{TFB_CSQ}; $n++;
        my @call = split /,/, $i{TFB_CALL} // "", -1;
        my @csq = split /,/, $i{TFB_CSQ}, -1;
        my @top = split /,/, $i{TFB_TOP}, -1;
        for (0 .. $#csq) {
            my @f = split /\|/, $csq[$_], -1;
            my $call = $call[$_] // ".";
            $call = "" if $call eq ".";
            my $want = $top[$_] eq "." ? "" : "TF_binding_site_" . ($call || "variant");
            $calls++ if $call;
            print "$csq[$_] of $call; " if @f != 9 || $f[1] ne $want || $f[8] ne $call || ($f[2] || ".") ne $top[$_] }
        END { print "few: $n" if $n < 250; print "calls: $calls" if ("'$model'" eq "cal") != ($calls > 20) }')
    [ -z "$bad" ]
    verdict $? "--csq agrees with TFB_CALL, $model" "$(echo "$bad" | cut -c1-200)"
done
if BCFTOOLS_PLUGINS=$PLUGIN_DIR: bcftools plugin -l 2> /dev/null | grep -qx split-vep; then
    $A --csq in.vcf > csq.vcf
    bcftools view -H csq.vcf | grep -c TFB_CSQ= > want.txt
    BCFTOOLS_PLUGINS=$PLUGIN_DIR: bcftools +split-vep -a TFB_CSQ -f \
        '%POS %ALT %Consequence %TF %DELTA %CALL\n' csq.vcf 2> err.txt > got.out
    grep -c . got.out > got.txt
    same '+split-vep prints every record' want.txt got.txt
    grep -q '^300 .* TF_binding_site_variant,TF_binding_site_variant,\.,TF_binding_site_variant,\. [^ ,]*,[^ ,]*,\.,[^ ,]*,\. [^ ]* \.,\.,\.,\.,\.$' got.out
    verdict $? 'with . for ALTs without a score' "$(grep '^300' got.out) $(head -n 1 err.txt)"
else echo 'skip +split-vep prints every record: this bcftools has no split-vep'; fi
{
    cat head.txt
    line | awk -F'\t' -v OFS='\t' '{ a = ($4 == "A" ? "C" : "A"); $5 = $4 "[gi|1;x=2:100[," a; print }'
} > bnd.vcf
$A --csq bnd.vcf |
    bcftools query -f '%TFB_CSQ\n' |
    tr , '\n' |
    head -n 1 |
    grep -qx '[ACGT]\[gi_1_x_2:100\[||||||||'
verdict $? "letters of a breakend do not break the string" "$($A --csq bnd.vcf | grep -v '^#')"

# ---- contigs ----
sed 's/chr\([12]\)/ctg\1/' sites.vcf > other.vcf
for f in other.vcf other.bcf; do
    [ $f = other.vcf ] || bcftools view --no-version -Ob -o other.bcf other.vcf
    $A -o out.vcf $f 2> err.txt
    [ $? -eq 1 ] &&
        [ "$(bcftools view -H out.vcf | wc -l)" = "$(bcftools view -H sites.vcf | wc -l)" ] &&
        grep -q 'error: nothing was scored: ref.fa has no contig ctg1' err.txt &&
        [ "$(grep -c error err.txt)" = 1 ]
    verdict $? "$f: no contig is known: an error, the output is whole" "$(head -n 1 err.txt)"
    host +tfbind $f -- $M -o out.vcf 2> err.txt
    [ $? -eq 255 ] &&
        [ "$(bcftools view -H out.vcf | wc -l)" = "$(bcftools view -H sites.vcf | wc -l)" ] &&
        grep -q 'error: nothing was scored' err.txt
    verdict $? "$f: the plugin" "$(head -n 1 err.txt)"
done
bcftools view --no-version -Oz -o sites.vcf.gz sites.vcf; bcftools index sites.vcf.gz
$A -r chrUn -o out.vcf sites.vcf.gz 2> err.txt && grep -q 'warning: nothing was scored' err.txt
verdict $? 'regions may be those of an unknown contig' "$(head -n 1 err.txt)"
{
    cat head.txt
    line | sed 's/\t[ACGT]\tAF\|\tPASS/&/; s/^\(chr1\t100\tsnv\t[ACGT]\t\)[ACGT]/\1<DEL>/'
} > none.vcf
$A -o out.vcf none.vcf 2> err.txt
verdict $? 'nothing to score is no error' "$(head -n 1 err.txt)"

# many contigs: time linear in their number, whether the header declares them or not (processor time
# and the best of three: the machine may be busy)
scaffolds() {
    awk -v n=$1 -v declared=$2 '
        BEGIN {
            print "##fileformat=VCFv4.2"
            for (i = 1; i <= n && declared; i++) printf "##contig=<ID=s%d,length=500>\n", i
            print "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
            for (i = 1; i <= n; i++) printf "s%d\t5\t.\tA\tC\t.\t.\t.\n", i
        }'
}
cat > slower.pl << 'P'
# slower.pl COMMAND: how many times longer it takes with many.vcf than with few.vcf
sub user { my $b = (times)[2]; system "$ARGV[0] -o out.vcf $_[0] 2> /dev/null"; return (times)[2] - $b }
my ($few, $many) = (1e9, 1e9);
for (1 .. 3) { my ($a, $b) = (user('few.vcf'), user('many.vcf')); $few = $a if $a < $few; $many = $b if $b < $many }
print $many < 9 * $few + 0.1 ? "linear" : "$few s, then $many s", "\n";
P
for declared in 1 0; do
    [ -n "$SANITIZED" ] && {
        echo 'skip time linear in contigs: sanitizers take their own'
        break
    }
    scaffolds 10000 $declared > few.vcf
    scaffolds 40000 $declared > many.vcf
    said=$(perl slower.pl "$A")
    [ "$said" = linear ]
    verdict $? "4 times the contigs, linear time (declared: $declared)" "$said"
done
