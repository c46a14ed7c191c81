# The same answer every way: one name for each equality that pipelines build on.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
M="-v 1 --no-version -m tiny.safetensors -f ref.fa"
A="$TFBIND annotate $M"
perl "$SRCDIR/test/oracle.pl" model 21 CTCF,SPI1 > m21.safetensors
perl "$SRCDIR/test/phased.pl" random 5 300 ref.fa > r.vcf
bcftools view --no-version -Oz -o r.vcf.gz r.vcf &&
    bcftools index r.vcf.gz &&
    bcftools view --no-version -Ob -o r.bcf r.vcf &&
    bcftools index r.bcf ||
    exit 1

for tags in '' '--tf all' '--csq' '--haplotypes --csq' '--tf SPI1 --haplotypes'; do
    $A $tags r.vcf.gz > want.vcf
    [ "$(grep -c TFB want.vcf)" -gt 250 ] || echo "not ok there are tags"
    n=${tags:-the summary}
    host +tfbind r.vcf.gz -- $M $tags > got.vcf
    same "program = plugin: $n" want.vcf got.vcf
    $A $tags r.bcf | records > b.txt
    records < want.vcf > a.txt
    same "VCF = BCF: $n" a.txt b.txt
    $A $tags -Ob r.bcf | bcftools view | records > b.txt
    same "VCF = BCF, output: $n" a.txt b.txt
    $A $tags -@ 3 r.vcf.gz > got.vcf
    same "1 thread = 3: $n" want.vcf got.vcf
    $A $tags want.vcf > got.vcf
    same "twice = once: $n" want.vcf got.vcf
    ids=$(bcftools view -h want.vcf | sed -n 's/^##\(INFO\|FORMAT\)=<ID=\(TFB_[^,]*\),.*/\1\/\2/p' | paste -sd,)
    bcftools annotate --no-version -x "$ids" want.vcf | bcftools view --no-version > got.vcf
    bcftools view --no-version r.vcf > in.view.vcf
    same "nothing but the tags changes: $n" in.view.vcf got.vcf
done
# a second run replaces what the first wrote, also by options that the second does not have; tags of
# the other kind (summary, or --tf) stay
for f in r.vcf.gz r.bcf; do
    for pair in '--haplotypes --csq|' '--haplotypes|--csq' \
        '--csq|--haplotypes' '--tf SPI1 --haplotypes --csq|--tf SPI1' '--tf all --haplotypes|--tf all'; do
        $A ${pair%|*} -Ob $f > first.bcf
        $A ${pair#*|} first.bcf > got.vcf
        $A ${pair#*|} $f > want.vcf
        same "$f, '${pair%|*}', then '${pair#*|}' = the latter alone" want.vcf got.vcf
    done
done
$A --csq --haplotypes -Ob r.bcf > first.bcf
$A --tf CTCF first.bcf > both.vcf
$A --tf CTCF r.bcf | bcftools query -f '%TFB_CTCF\n' > a.txt
bcftools query -f '%TFB_CTCF\n' both.vcf > b.txt
same 'the summary, then --tf: the tags of --tf' a.txt b.txt
bcftools query -f '%TFB_TOP %TFB_CSQ %TFB_HAP_DIFF[ %TFB_HAP]\n' first.bcf > a.txt
bcftools query -f '%TFB_TOP %TFB_CSQ %TFB_HAP_DIFF[ %TFB_HAP]\n' both.vcf > b.txt
same 'and those of the summary' a.txt b.txt
host +tfbind first.bcf -- $M -i 'POS<3000' -k > kept.vcf
bcftools view -Ob kept.vcf > kept.bcf 2> err.txt
[ ! -s err.txt ] &&
    [ "$(bcftools query -i 'POS>=3000 && TFB_CSQ!="."' -f '%POS\n' kept.bcf | wc -l)" -gt 10 ] &&
    [ "$(bcftools query -i 'POS<3000 && TFB_CSQ!="."' -f '%POS\n' kept.bcf | wc -l)" = 0 ]
verdict $? 'records that -k leaves alone keep their tags' "$(head -n 1 err.txt)"
# split = joined: an ALT without a score carries '.' when split afterwards, and no tag when split before
bare() { bcftools query -f "$1" | sed 's/\t-\?[0-9.e-]*,\.\(\t\|$\)/\t.,.\1/'; }
q='%POS %REF %ALT\t%TFB_TOP\t%TFB_REF\t%TFB_ALT\t%TFB_DELTA\t%TFB_LOR\t%TFB_CSQ\n'
$A --csq r.vcf.gz | bcftools norm --no-version -m- 2> /dev/null | bcftools query -f "$q" > a.txt
bcftools norm --no-version -m- r.vcf.gz 2> /dev/null | $A --csq | bcftools query -f "$q" > b.txt
same 'split multi-allelic = joined: summary and --csq' a.txt b.txt
# (a joined record has one value of REF where each split one has that beside its ALT, if they are
# trimmed differently)
q='%POS %REF %ALT %TFB_CTCF{1} %TFB_CTCF_DELTA %TFB_NKX2_5_LOR[ %GT:%TFB_CTCF_HAP]\n'
own() { perl -lane '
    for my $x (@F[6 .. $#F]) {
        my ($gt, $v) = split /:/, $x;
        my @a = split /[|]/, $gt;
        my @v = split /,/, $v;
        $x = join ",", map { $a[$_] eq "1" ? $v[$_] // "." : "-" } 0 .. $#a
    }
    print "@F"'; }
$A --tf all --haplotypes r.vcf.gz |
    bcftools norm --no-version -m- 2> /dev/null |
    bcftools query -f "$q" |
    own > a.txt
bcftools norm --no-version -m- r.vcf.gz 2> /dev/null |
    $A --tf all --haplotypes |
    bcftools query -f "$q" |
    own > b.txt
same 'split multi-allelic = joined: --tf and --haplotypes' a.txt b.txt
$A --tf all r.vcf.gz |
    bcftools norm --no-version -m- 2> /dev/null |
    bcftools norm --no-version -m+any 2> /dev/null |
    bcftools query -f '%POS %REF %ALT %TFB_SPI1_DELTA\n' |
    sort > a.txt
$A --tf all r.vcf.gz |
    bcftools norm --no-version -m+any 2> /dev/null |
    bcftools query -f '%POS %REF %ALT %TFB_SPI1_DELTA\n' |
    sort > b.txt
same 'split and joined again = joined' a.txt b.txt

# A shifted indel is the left-aligned one with its windows moved: those of REF along the reference,
# those of ALT along the changed genome
awk '
    NR == 1 { print; next }
    /^>/ { exit }
    { s = s $0 }
    END { print substr(s, 1, 1000) "TCACACACACACACAG" substr(s, 1001, 1000) }' ref.fa > rep.fa
samtools faidx rep.fa
{
    grep '^##' in.vcf
    printf '#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n'
    for k in 0 2 4 6 8; do printf 'chr1\t%d\tdel%d\t%s\t%s\t.\t.\t.\n' $((1001 + k)) \
        $k "$(samtools faidx rep.fa chr1:$((1001 + k))-$((1005 + k)) |
        tail -n 1)" "$(samtools faidx rep.fa chr1:$((1001 + k))-$((1001 + k)) | tail -n 1)"; done
    for k in 0 2 4 6 8; do
        b="$(samtools faidx rep.fa chr1:$((1001 + k))-$((1001 + k)) | tail -n 1)"
        printf 'chr1\t%d\tins%d\t%s\t%sCACA\t.\t.\t.\n' $((1001 + k)) $k "$b" "$b"
    done
} | bcftools sort 2> /dev/null > shift.vcf
[ "$(bcftools norm -f rep.fa shift.vcf 2> /dev/null | bcftools query -f '%POS %REF %ALT\n' | sort -u | wc -l)" = 2 ]
verdict $? 'shifted indels: norm takes them for one deletion and one insertion'
$TFBIND annotate -v 1 -m tiny.safetensors -f rep.fa --tf SPI1 shift.vcf |
    bcftools query -f '%ID\t%TFB_SPI1\n' |
    tr ',' '\t' |
    sort > got.txt
{
    echo '>del'
    awk 'NR > 1 { s = s $0 } END { print substr(s, 1, 1001) substr(s, 1006) }' rep.fa
    echo '>ins'
    awk 'NR > 1 { s = s $0 } END { print substr(s, 1, 1001) "CACA" substr(s, 1002) }' rep.fa
} > hap.fa
samtools faidx hap.fa
for k in 0 2 4 6 8; do # W = 60: 30 - a/2 bases to the left of POS; a is 5 and 1, or 1 and 5
    for kind in 'del 28 30' 'ins 30 28'; do
        set -- $kind
        r=$((1001 + k - $2)) x=$((1001 + k - $3))
        echo ">$1$k.ref"
        samtools faidx rep.fa chr1:$r-$((r + 59)) | grep -v '>'
        echo ">$1$k.alt"
        samtools faidx hap.fa $1:$x-$((x + 59)) | grep -v '>'
    done
done > w.fa
$TFBIND annotate -v 1 -m tiny.safetensors --tf SPI1 w.fa |
    tail -n +2 |
    tr . ' ' |
    awk '{ v = $3 "." $4; if ($2 == "ref") r[$1] = v; else print $1 "\t" r[$1] "\t" v }' |
    sort > want.txt
paste want.txt got.txt |
    awk '
        { n++; for (i = 2; i <= 3; i++) { d = $i - $(i + 3); if ($1 != $4 || d > 1e-5 || d < -1e-5) bad = $0 } }
        END {
            if (n == 10 && bad == "")
                print "ok shifted indel = the left-aligned one, its windows moved by as many bases"
            else print "not ok shifted indel = the left-aligned one, its windows moved: " bad
        }'
bcftools norm --no-version -f rep.fa shift.vcf 2> /dev/null |
    $TFBIND annotate -v 1 -m tiny.safetensors -f rep.fa --tf SPI1 |
    bcftools query -f '%TFB_SPI1\n' |
    sort -u |
    wc -l |
    grep -qx 2
verdict $? 'after norm -f shifted indels have the same scores'

# REF and ALT exchanged: minus the delta (of every kind of variant: t_annotate)
awk '/^>/ { if (NR > 1) print ""; print; next } { printf "%s", $0 } END { print "" }' ref.fa > line.fa
grep -v '^#' r.vcf |
    awk -F'\t' '$5 !~ /,/ && $1 == "chr1" && $2 > 100 && $2 < 9800' |
    head -n 40 |
    cut -f 1-5 > one.txt
n=0 bad=
while IFS=$'\t' read -r c p id ref alt; do
    awk -v p="$p" -v r="$ref" -v x="$alt" '
        NR == 2 { $0 = substr($0, 1, p - 1) x substr($0, p + length(r)) }
        1' line.fa |
        fold -w 60 > sw.fa
    samtools faidx sw.fa
    vcf1() {
        grep '^##c' in.vcf | sed '1i ##fileformat=VCFv4.2'
        printf '#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n%s\t%s\t.\t%s\t%s\t.\t.\t.\n' "$c" "$p" "$1" "$2"
    }
    a=$(vcf1 "$ref" "$alt" | $A --tf CTCF | bcftools query -f '%TFB_CTCF_DELTA %TFB_CTCF_LOR')
    b=$(vcf1 "$alt" "$ref" |
        $TFBIND annotate -v 1 -m tiny.safetensors -f sw.fa --tf CTCF |
        bcftools query -f '%TFB_CTCF_DELTA %TFB_CTCF_LOR')
    n=$((n + 1))
    [ "$(echo "$a" | sed 's/-//g')" = "$(echo "$b" | sed 's/-//g')" ] &&
        [ "$a" != "$b" ] ||
        bad="$bad $p: $a and $b;"
done < <(head -n 12 one.txt)
[ $n = 12 ] &&
    [ -z "$bad" ] &&
    echo 'ok REF/ALT swapped = minus delta: 12 random variants' ||
    echo "not ok REF/ALT swapped = minus delta: $n $bad"

# The other strand: the genome reversed and complemented, with its variants
revcomp() { awk '
    /^>/ { if (s != "") flush(); print; s = ""; next }
    { s = s $0 }
    function flush( i, r) {
        r = ""
        for (i = length(s); i > 0; i--) r = r substr("TGCAN", index("ACGTN", substr(s, i, 1)), 1);
        print r
    }
    END { flush() }' "$1"; }
revcomp ref.fa | fold -w 60 > rc.fa; samtools faidx rc.fa
turn() { # ALTs of the length of REF, of which nothing is trimmed: SNVs and MNVs have no base to be anchored on
    perl -ne '
        if (/^#/) {
            print if /^##(file|contig)/;
            print "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" if /^#C/;
            next
        }
        my @c = split /\t/;
        my @alt =
            grep { length $_ == length $c[3] && substr($_, 0, 1) ne substr($c[3], 0, 1) && substr($_,
            -1) ne substr($c[3], -1) } split /,/, $c[4];
        next unless @alt;
        $c[4] = join ",", @alt;
        push @v, [@c[0 .. 4]];
        END {
            for (reverse @v) {
                my @c = @$_;
                if ($ENV{TURN}) {
                    $c[1] = 10000 - $c[1] - length($c[3]) + 2;
                    for (@c[3, 4]) { $_ = join ",", map { scalar reverse } split /,/; tr/ACGT/TGCA/ }
                }
                print join("\t", @c, ".", ".", "."), "\n"
            }
        }' r.vcf |
        bcftools sort 2> /dev/null
}
turn > f.vcf; TURN=1 turn > b.vcf
odd='%ID %TFB_SPI1 %TFB_CTCF_DELTA\n'
$TFBIND annotate -v 1 -m m21.safetensors -f ref.fa --tf all f.vcf |
    bcftools query -i 'STRLEN(REF)=1 || STRLEN(REF)=3 || STRLEN(REF)=5' -f "$odd" |
    sort > a.txt
$TFBIND annotate -v 1 -m m21.safetensors -f rc.fa --tf all b.vcf |
    bcftools query -i 'STRLEN(REF)=1 || STRLEN(REF)=3 || STRLEN(REF)=5' -f "$odd" |
    sort > b.txt
near() { paste a.txt b.txt |
    tr ', ' '\t\t' |
    awk -v name="$1" '
        {
            n++
            h = NF / 2
            if ($1 != $(h + 1)) bad = $0
            for (i = 2; i <= h; i++) {
                if (($i == ".") != ($(i + h) == ".")) bad = $0
                d = $i - $(i + h)
                if (d > 2e-6 || d < -2e-6) bad = $0
            }
        }
        END {
            if (n > 5 && bad == "") print "ok " name " (" n " variants)"
            else print "not ok " name ": " n " " bad
        }'; }
near 'reverse-complemented genome = same scores: odd window, odd alleles'
$A --tf all f.vcf | bcftools query -i 'STRLEN(REF)=2' -f "$odd" | sort > a.txt
$TFBIND annotate -v 1 -m tiny.safetensors -f rc.fa --tf all b.vcf |
    bcftools query -i 'STRLEN(REF)=2' -f "$odd" |
    sort > b.txt
near 'reverse-complemented genome = same scores: even window, even alleles'
# an SNV cannot lie in the middle of an even window: it is at index W/2 on either strand, so the
# windows of the two differ by one base
$TFBIND annotate -v 1 -m tiny.safetensors -f rc.fa --tf SPI1 b.vcf |
    bcftools query -i 'STRLEN(REF)=1 && N_ALT=1 && TFB_SPI1[0]!="."' -f '%CHROM:%POS\t%ID\t%TFB_SPI1{0}\n' |
    awk -F'[\t:]' '{ p = 10001 - $2; print $1 "\t" p - 30 "\t" p + 30 "\t" $3 "\t" $4 }' > rc.bed
$TFBIND annotate -v 1 -m tiny.safetensors -f ref.fa --tf SPI1 rc.bed |
    tail -n +2 |
    awk '
        { n++; d = $5 - $6; if (d > 1e-5 || d < -1e-5) bad = $0 }
        END {
            if (n > 20 && bad == "")
                print "ok reverse-complemented genome, even window, SNV: the window one base on"
            else print "not ok reverse-complemented genome, even window, SNV: " n " " bad
        }'
$TFBIND annotate -v 1 -m tiny.safetensors w.fa > a.txt
revcomp w.fa > rcw.fa
$TFBIND annotate -v 1 -m tiny.safetensors rcw.fa > b.txt
same 'a window and its reverse complement have the same scores' a.txt b.txt

# --csq
$A --csq r.vcf.gz > csq.vcf
BCFTOOLS_PLUGINS=$PLUGIN_DIR: bcftools plugin -l 2> err.txt | grep -qx split-vep && split=1 || {
    split=
    echo 'skip +split-vep reads --csq: this bcftools has no split-vep'
}
for f in ${split:+vcf bcf}; do
    bcftools view --no-version -O${f:0:1} -o c.$f csq.vcf 2> /dev/null
    BCFTOOLS_PLUGINS=$PLUGIN_DIR: bcftools +split-vep -a TFB_CSQ -f \
        '%POS\t%Allele\t%TF\t%DELTA\t%LOR\t%P_REF\n' -A tab -d c.$f 2> err.txt > got.txt
    bcftools query -f '%POS\t%ALT\t%TFB_TOP\t%TFB_DELTA\t%TFB_LOR\t%TFB_REF\n' c.$f |
        perl -F'\t' -lane '
            chomp @F;
            my @l = map { [split /,/] } @F[1 .. 5];
            for my $i (0 .. $#{$l[0]}) { print join "\t", $F[0], map { $_->[$i] // "." } @l }' > want.txt
    # a subfield may not be called like a column (REF, ALT): that column is what %REF and filters
    # would take
    grep -v -P '\t\.\t\.\t' got.txt > a.txt
    grep -v -P '\t\.\t\.\t' want.txt > b.txt
    [ "$(wc -l < a.txt)" -gt 250 ] &&
        cut -f 1-3 a.txt > a3.txt &&
        cut -f 1-3 b.txt > b3.txt &&
        cmp -s a3.txt b3.txt &&
        paste a.txt b.txt |
        awk '
            {
                d = $4 - $10
                e = $5 - $11
                r = $6 - $12
                if (d * d > 1e-10 || e * e > 1e-8 || r * r > 1e-10 || $6 !~ /^[0-9]/) exit 1
            }'
    verdict $? "+split-vep reads --csq from $f" "$(head -n 1 err.txt) $(diff a3.txt b3.txt |
        head -n 3 |
        tr '\n' ' ')"
done
if [ -n "$split" ]; then
    BCFTOOLS_PLUGINS=$PLUGIN_DIR: bcftools +split-vep -a TFB_CSQ -c Consequence \
        -i 'Consequence="TF_binding_site_variant"' c.vcf 2> /dev/null |
        bcftools query -f '%TFB_DELTA\n' |
        tr ',' '\n' |
        awk '$1 > 0 { n++ } END { print (n > 50) ? "yes" : "no" }' |
        grep -q yes
    verdict $? '+split-vep filters on Consequence'
fi
grep -q '##INFO=<ID=TFB_CSQ,Number=A,Type=String,Description=".*Format: Allele|Consequence|TF|P_REF|P_ALT|DELTA|LOR|PCT|CALL">' csq.vcf
verdict $? 'the header gives the subfields'
perl "$SRCDIR/test/oracle.pl" model 20 'A|B&C,D' > odd.safetensors
cp "$SRCDIR"/test/data/tiny.* .
$TFBIND annotate -v 0 -m odd.safetensors -f tiny.fa --csq tiny.vcf 2> /dev/null |
    bcftools query -f '%TFB_CSQ\n' |
    tr ',' '\n' |
    awk -F'|' 'NF != 1 && NF != 9 { bad = 1 } /A_B_C/ { n++ } END { exit !(n > 0 && !bad) }'
verdict $? 'odd names do not break the string'
