# Haplotypes: windows derived by hand, by a plain second implementation, and by bcftools consensus;
# the same answer every way.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
cp "$SRCDIR"/test/data/phased.fa "$SRCDIR"/test/data/phased.vcf . && samtools faidx phased.fa || exit 1
perl "$SRCDIR/test/oracle.pl" model 10 CTCF,NKX2-5 > m10.safetensors
P="$TFBIND annotate -v 1 -m m10.safetensors -f phased.fa --no-version"
fails() {
    local name=$1 text=$2
    shift 2
    "$@" > /dev/null 2> err.txt && echo "not ok $name: succeeded" || {
        grep -qF -- "$text" err.txt
        verdict $? "$name" "$(head -n 1 err.txt)"
    }
}
# values VCF TAG: a line "ID.ALTS.SAMPLE.HAPLOTYPE value" for each haplotype
values() {
    bcftools query -l "$1" > samples.txt
    bcftools query -f "%ID %ALT[ %$2]\n" "$1" |
        perl -lane '
            BEGIN { open S, "samples.txt"; @s = <S>; chomp @s }
            for my $i (2 .. $#F) {
                my @v = split /,/, $F[$i];
                print "$F[0].$F[1].$s[$i - 2].$_ $v[$_]" for 0 .. $#v
            }' |
        sort
}
# scores FASTA TF MODEL: the same of windows
scores() { $TFBIND annotate -v 1 -m $3 --tf $2 $1 | tail -n +2 | tr '\t' ' ' | sort; }
# agree NAME: each line of got.txt is in want.txt with the same number to 2e-5 (the table has five
# decimals); want.txt lacks those that are '.'
agree() {
    awk -v name="$1" '
        NR == FNR { want[$1] = $2; next }
        {
            n++
            if ($2 == ".") {
                if ($1 in want) bad = bad " " $1 "=."
            } else if (!($1 in want)) bad = bad " " $1; else {
                m++
                d = $2 - want[$1]
                if (d > 2e-5 || d < -2e-5) bad = bad " " $1 "=" $2 " for " want[$1]
            }
        }
        END {
            k = 0
            for (i in want) k++
            if (m != k) bad = bad " " m " values for " k " windows"
            print (bad == "" && m > 0) ? "ok " name : "not ok " name ":" substr(bad, 1, 200)
        }' want.txt got.txt
}

# 1. By hand. The contig, ten bases a group, and the variants:
#
#    1          11         21         31         41         51
#    ACTGACTTGC AAGTCCGATA GGCTTAACGT TCAGGATCCA TGTCGACGTT AGCATTCGGA
#
#    v1 21 G>T   v2 23 C>CAG   v3 24 TTAA>T (deletes 25-27)   v4 26 A>C (within v3)
#    v5 28 C>G,CTT   v6 31 TCA>AGT   v7 35 G>A   v8 35 G>GT
#
# A window of W = 10 has 5 - a/2 bases of the haplotype, a bases in place of REF, and the rest.
cat > hand.txt << 'HAND'
v1.T.S0.0    CGATAGGCTT    the reference: 16-20, 21, 22-25
v1.T.S1.0    CGATATGCTT    v1 alone: the window of the allele
v2.CAG.S1.0  ATATGCTTAA    REF of v2 (23) beside v1: 18-20, T, 22, then 23, then 24-27
v2.CAG.S1.1  ATAGGCTTAA    the other haplotype: reference
v2.CAG.S2.1  TATGCAGTTA    v1 and v2: a = 3, so four bases to the left: 19, 20, T, 22; CAG; 24-26
v1.T.S2.1    CGATATGCAG    the same haplotype at v1: the insertion is to the right: T, 22, 23, A, G
v2.CAG.S3.0  TAGGCAGTCG    v2 and v3: after CAG comes 24, then 28 and 29
v3.T.S3.0    GGCAGTCGTT    at v3: 21?-23 with AG give GGCAG; T; 28-31
v4.C.S3.0    GCAGTCGTTC    at v4, which v3 deleted: five bases to the left of the gap (22, 23, A, G, 24), five to the right (28-32)
v4.C.S4.0    AGGCTCGTTC    v4 overlaps v3, which came first: as v3 left it: 20-24 and 28-32
v3.T.S4.1    GGCTTCACGT    v4 within REF of v3: a = 4: 21-23, TTCA, 28-30
v5.G,CTT.S5.0 CTTAAGGTTC   the first ALT: 23-27, G, 29-32
v5.G,CTT.S5.1 TTAACTTGTT   the second: a = 3: 24-27, CTT, 29-31
v5.G,CTT.S6.1 CAGTCTTGTA   v1, v2, v3, v5 and v6: to the left A?CAGT: C, A, G, 24; CTT; 29, 30 and the A of v6
v6.AGT.S6.1  TTGTAGTGGA    at v6: T and T of CTT, 29, 30; AGT; 34-36
v7.A.S7.0    TCAGATATCC    v7 and v8 behind the same base: both; a = 2: 31-34, A and T, 36-39
v8.GT.S7.0   TCAGATATCC    and the same at v8
v1.T.S8.1    CGATATGCTT    .|1
v5.G,CTT.S8.0 TTAACTTGTT   haploid
v5.G,CTT.S9.0 CTTCAGGTTC   v4 and v5: 23, 24, 25, C, 27, G, 29-32
v5.G,CTT.S9.1 CTTAAGGTAG   v5 and v6: 23-27, G, 29, 30, A, G
HAND
awk '{ print ">" $1; print $2 }' hand.txt > hand.fa
perl "$SRCDIR/test/phased.pl" windows 10 phased.fa phased.vcf > plain.fa
for tf in CTCF NKX2-5; do
    tag=TFB_$(echo $tf | tr - _)_HAP
    $P --tf $tf --haplotypes phased.vcf > got.vcf
    scores hand.fa $tf m10.safetensors > want.txt
    values got.vcf $tag | awk 'NR == FNR { w[$1]; next } $1 in w' want.txt - > got.txt
    agree "$tf: the windows derived by hand"
    scores plain.fa $tf m10.safetensors > want.txt
    values got.vcf $tag > got.txt
    agree "$tf: all windows of the ten samples"
done
# every line of the table is a window of the plain implementation, too
paste - - < plain.fa | tr -d '>' | sort > a.txt; awk '{ print $1 "\t" $2 }' hand.txt | sort > b.txt
[ -z "$(comm -13 a.txt b.txt)" ]
verdict $? 'the plain implementation gives the windows derived by hand' "$(comm -13 a.txt b.txt | head -n 1)"
values got.vcf TFB_NKX2_5_HAP | grep -x 'v1.T.S8.0 \.' > /dev/null
verdict $? 'a missing allele has no value'
[ "$(bcftools query -f '[%TFB_NKX2_5_HAP ]' -i 'ID="v5"' got.vcf | cut -d ' ' -f 9 | tr ',' '\n' | wc -l)" = 1 ]
verdict $? 'a haploid genotype has one value'
$TFBIND annotate -m m10.safetensors -f phased.fa --haplotypes phased.vcf 2>&1 > /dev/null |
    grep -q '; 1 alleles left out of haplotypes that have an earlier variant'
verdict $? 'overlapping variants are counted'

# 2. bcftools consensus writes the same haplotypes
bcftools view -Oz -o phased.vcf.gz phased.vcf && bcftools index phased.vcf.gz
perl "$SRCDIR/test/phased.pl" sequences phased.fa phased.vcf | paste - - | tr -d '>' > a.txt
for s in 0 1 2 3 4 5 6 7 9; do # S8 has missing alleles, which consensus takes its own way
    for k in 1 2; do
        printf 'h1.S%d.%d\t' $s $((k - 1))
        bcftools consensus -H $k -s S$s -f phased.fa phased.vcf.gz 2> /dev/null | grep -v '>' | tr -d '\n'
        echo
    done
done > b.txt
grep -v 'S8' a.txt > c.txt; same 'bcftools consensus has the same haplotypes' b.txt c.txt
# (a window without indels to its left lies where it lies in the reference: scored straight from the
# consensus)
bcftools consensus -H 1 -s S9 -f phased.fa phased.vcf.gz 2> /dev/null > s9.fa
samtools faidx s9.fa h1:23-32 | sed 's/^>.*/>v5.G,CTT.S9.0/' > w.fa
scores w.fa CTCF m10.safetensors > want.txt
$P --tf CTCF --haplotypes phased.vcf > got.vcf
values got.vcf TFB_CTCF_HAP | grep 'v5.G,CTT.S9.0' > got.txt
agree 'a window cut out of the consensus'

# 3. Random variants, dense, nested and overlapping, on two contigs: against the plain
# implementation, with windows of 60 and 21
perl "$SRCDIR/test/oracle.pl" model 21 CTCF,SPI1 > m21.safetensors
i=0
for case in 'tiny.safetensors 60 300' 'm21.safetensors 21 1000' 'tiny.safetensors 60 700'; do
    set -- $case
    i=$((i + 1))
    perl "$SRCDIR/test/phased.pl" random $i $3 ref.fa > random.vcf
    perl "$SRCDIR/test/phased.pl" windows $2 ref.fa random.vcf > random.fa
    # windows with many N have no value
    perl -ne 'if (/^>/) { $h = $_ } else { print $h, $_ if tr/N// <= 20 }' random.fa > r.fa
    $TFBIND annotate -v 1 --no-version -m $1 -f ref.fa --tf SPI1 --haplotypes random.vcf > random.got.vcf
    scores r.fa SPI1 $1 > want.txt
    values random.got.vcf TFB_SPI1_HAP > got.txt
    agree "random variants, window $2, $3 places: $(wc -l < got.txt) haplotypes"
done

# and with deletions of up to 15,000 bases
awk '
    BEGIN {
        srand(11)
        split("A C G T", b, " ")
        print ">L"
        for (i = 1; i <= 800; i++) { s = ""; for (k = 0; k < 50; k++) s = s b[1 + int(4 * rand())]; print s }
    }' > long.fa
samtools faidx long.fa
perl "$SRCDIR/test/phased.pl" long 2 500 long.fa > long.vcf
perl "$SRCDIR/test/phased.pl" windows 21 long.fa long.vcf > r.fa
$TFBIND annotate -v 1 --no-version -m m21.safetensors -f long.fa --tf SPI1 --haplotypes long.vcf > long.got.vcf
scores r.fa SPI1 m21.safetensors > want.txt; values long.got.vcf TFB_SPI1_HAP > got.txt
[ "$(awk '!/^#/ && length($4) > 10000' long.vcf | wc -l)" -ge 3 ] &&
    agree "random variants and long deletions: $(wc -l < got.txt) haplotypes" ||
    echo 'not ok random variants and long deletions: there are none'

# 4. The departure, and the summary
$TFBIND annotate -v 1 --no-version -m tiny.safetensors -f ref.fa --tf SPI1 --haplotypes random.vcf > d.vcf
# departures VCF: for each ALT with a score TFB_SPI1_HAP_DIFF, then what each haplotype with the ALT
# in its genotype departs by
departures() {
    bcftools query -f '%TFB_SPI1\t%TFB_SPI1_HAP_DIFF[\t%GT:%TFB_SPI1_HAP]\n' "$1" | perl -lane '
        my ($s, $d, @g) = @F;
        my @s = split /,/, $s;
        my @d = split /,/, $d;
        my @by;
        for (@g) {
            my ($gt, $v) = split /:/;
            my @a = split /\|/, $gt;
            my @v = split /,/, $v;
            for (0 .. $#a) {
                my $a = $a[$_];
                next if $a eq "." || $a == 0 || $v[$_] eq ".";
                push @{$by[$a]}, $v[$_] - $s[$a]
            }
        }
        for my $a (1 .. $#s) { print join " ", $d[$a - 1] // ".", @{$by[$a] // []} if $s[$a] ne "." }'
}
departures d.vcf | perl -lane '
    my ($d, @by) = @F;
    next if $d eq ".";
    $n++;
    my ($most) = sort { $b <=> $a } map { abs } @by;
    $over++ if $most - abs($d) > 2e-6;
    $bad++ unless grep { abs($_ - $d) < 2e-6 } @by;
    END {
        print $n > 500 && !$bad && $over < $n / 4 ?
            "ok the departure is that of one haplotype with the ALT, from the ALT alone"
            : "not ok the departure: $n, $bad, $over"
    }'
# without overlaps every haplotype with the ALT in its genotype has it: there the departure is the
# largest
grep -v '^#' random.vcf |
    awk '
        {
            e = $2 + length($4)
            if ($2 > end + 1 || $1 != c) print
            if (e > end || $1 != c) end = e
            c = $1
        }' > apart.txt
{
    grep '^#' random.vcf
    cat apart.txt
} > apart.vcf
$TFBIND annotate -v 1 --no-version -m tiny.safetensors -f ref.fa --tf SPI1 --haplotypes apart.vcf > a.vcf
departures a.vcf | perl -lane '
    my ($d, @by) = @F;
    my ($most) = sort { $b <=> $a } map { abs } @by;
    $n++;
    $bad++ if @by ? $d eq "." || abs(abs($d) - $most) > 2e-6 : $d ne ".";
    END {
        print $n > 150 && !$bad ? "ok the departure is the largest of the haplotypes with the ALT"
            : "not ok the departure is the largest: $bad of $n"
    }'
$P --haplotypes phased.vcf > sum.vcf; $P --tf all --haplotypes phased.vcf > all.vcf
paste <(bcftools query -f '%TFB_HAP_TF\t%TFB_HAP_DIFF[\t%TFB_HAP]\n' sum.vcf) \
    <(bcftools query -f '%TFB_CTCF_HAP_DIFF[\t%TFB_CTCF_HAP]\n' all.vcf) \
    <(bcftools query -f '%TFB_NKX2_5_HAP_DIFF[\t%TFB_NKX2_5_HAP]\n' all.vcf) |
    perl -lne '
        my @f = split /\t/;
        my @want = @f[$f[0] eq "CTCF" ? (12 .. 22) : (23 .. 33)];
        $bad++ if "@want" ne "@f[1 .. 11]";
        $tf{$f[0]}++;
        END {
            print !$bad && keys %tf == 2 ? "ok the summary has the haplotypes of the top TF"
                : "not ok the summary has the haplotypes of the top TF"
        }'
bcftools query -f '%TFB_HAP_TF %TFB_TOP\n' sum.vcf |
    awk '
        { split($2, t, ","); ok = 0; for (i in t) ok += t[i] == $1; if (!ok) bad = 1 }
        END { print bad ? "not ok HAP_TF is of TOP" : "ok HAP_TF is of TOP" }'
$P --tf all phased.vcf > without.vcf
bcftools annotate --no-version \
    -x FORMAT/TFB_CTCF_HAP,FORMAT/TFB_NKX2_5_HAP,INFO/TFB_CTCF_HAP_DIFF,INFO/TFB_NKX2_5_HAP_DIFF \
    all.vcf > stripped.vcf
same 'all other tags are as without haplotypes' without.vcf stripped.vcf
bcftools annotate --no-version -x INFO,FORMAT/TFB_HAP sum.vcf > stripped.vcf
bcftools view --no-version phased.vcf > want.vcf
same 'without its tags the output is the input' want.vcf stripped.vcf

# 5. The same answer every way
H="$TFBIND annotate -v 1 --no-version -m tiny.safetensors -f ref.fa --tf SPI1,CTCF --haplotypes"
$H random.vcf > want.vcf
for n in 1 2 7 100; do TFBIND_BATCH=$n $H random.vcf > got.vcf; same "batches of $n records" want.vcf got.vcf; done
$H -@ 4 random.vcf > got.vcf; same 'four threads = one' want.vcf got.vcf
bcftools view --no-version -Ob -o random.bcf random.vcf && bcftools index random.bcf
bcftools view --no-version -Oz -o random.vcf.gz random.vcf && bcftools index random.vcf.gz
for f in random.bcf random.vcf.gz; do
    $H $f > got.vcf
    bcftools view --no-version want.vcf | records > a.txt
    records < got.vcf > b.txt
    same "$f" a.txt b.txt
    # as one program prints them: another htslib, such as that of a newer host, rounds ties otherwise
    $H -Ob -o want.bcf $f
    host +tfbind $f -- -v 1 --no-version -m tiny.safetensors -f ref.fa --tf SPI1,CTCF --haplotypes -Ob -o got.bcf
    for b in want got; do bcftools view --no-version $b.bcf | records > $b.txt; done
    same "$f in the plugin" want.txt got.txt
done
$H want.vcf > got.vcf; same 'annotating twice changes nothing' want.vcf got.vcf
sed 's/TFB_SPI1_HAP_DIFF=[^;\t]*/TFB_SPI1_HAP_DIFF=9/' want.vcf | $H > got.vcf
same 'older values are replaced' want.vcf got.vcf
grep -v '^#' random.vcf | cut -f 1-5 > a.txt
grep -v '^#' want.vcf | cut -f 1-5 > b.txt
same 'output order = input order' a.txt b.txt
bcftools view -Ob want.vcf | bcftools view | records > a.txt
bcftools view want.vcf | records > b.txt
same 'the tags are legal in BCF' a.txt b.txt
# a sample alone, or among others, or many times over
bcftools view --no-version -I -s S3 random.vcf > one.vcf
$H one.vcf | bcftools query -f '[%TFB_SPI1_HAP]\n' > a.txt
bcftools view -I -s S3 want.vcf | bcftools query -f '[%TFB_SPI1_HAP]\n' > b.txt
same 'a sample alone = among others' a.txt b.txt
grep '^##' phased.vcf > many.vcf
grep -v '^##' phased.vcf |
    awk -F'\t' -v OFS='\t' '
        {
            n = NF
            for (k = 1; k < 200; k++) for (i = 10; i <= n; i++) $(NF + 1) = /^#/ ? $i "_" k : $i
            print
        }' >> many.vcf
count() { $TFBIND annotate -m m10.safetensors -f phased.fa --haplotypes $1 2>&1 > /dev/null |
    sed -n 's/.* \([0-9]*\) more windows to score.*/\1/p'; }
[ "$(count many.vcf)" = "$(count phased.vcf)" ]
verdict $? '2000 samples of ten kinds are scored as ten' "$(count many.vcf), $(count phased.vcf)"
# splitting before and after: the same for the ALT, and for the haplotypes that have it (the others
# have one REF in their middle before, and another one beside each ALT after)
$H random.vcf | bcftools norm --no-version -m- 2> /dev/null > after.vcf
bcftools norm --no-version -m- random.vcf 2> /dev/null | $H > before.vcf
own_haplotypes() {
    bcftools query -f '%ID %REF %ALT %TFB_SPI1_DELTA %TFB_SPI1_LOR %TFB_SPI1_HAP_DIFF[ %GT:%TFB_SPI1_HAP]\n' $1 |
        perl -lane '
            for my $x (@F[6 .. $#F]) {
                my ($gt, $v) = split /:/, $x;
                my @a = split /[|]/, $gt;
                my @v = split /,/, $v;
                $x = join ",", map { $a[$_] eq "1" ? $v[$_] : "-" } 0 .. $#a
            }
            print "@F"'
}
own_haplotypes after.vcf > a.txt; own_haplotypes before.vcf > b.txt
awk '$3 ~ /,/' <(bcftools query -f '%ID %REF %ALT\n' random.vcf) | wc -l | grep -qv '^0$' ||
    echo 'not ok there are multi-allelic records'
same 'haplotypes: split after annotating = annotating after the split' a.txt b.txt

# 6. What genotypes mean
h1() {
    printf '##fileformat=VCFv4.2
##contig=<ID=h1,length=60>
##FORMAT=<ID=GT,Number=1,Type=String,Description="G">
##FORMAT=<ID=PS,Number=1,Type=Integer,Description="P">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS
'
    while read -r p r a f; do printf 'h1\t%s\t.\t%s\t%s\t.\t.\t.\t%s\n' $p $r $a "$(echo $f | sed 's/ /\t/')"; done
}
# (newer ones end lines by themselves)
hap() { $P --tf CTCF --haplotypes "$@" 2> err.txt | bcftools query -f '[%TFB_CTCF_HAP ]' | tr -d '\n'; }
printf '21 G T GT 0/1\n24 T A GT 1|0\n28 C G,CTT GT 1/2\n31 T C GT ./1\n' | h1 > u.vcf
fails '-p r: an unphased heterozygote stops' \
    'h1:21: the genotype of S is heterozygous and not phased (u.vcf); see --phase' $P --haplotypes u.vcf
says() {
    printf "$3" | h1 > v.vcf
    [ "$(hap $2 u.vcf)" = "$(hap v.vcf)" ] && [ -n "$(hap $2 u.vcf)" ]
    verdict $? "$1" "$(hap $2 u.vcf), not $(hap v.vcf)"
}
says '-p a: as they are' '-p a' '21 G T GT 0|1\n24 T A GT 1|0\n28 C G,CTT GT 1|2\n31 T C GT .|1\n'
says '-p R: non-reference haplotypes' '-p R' '21 G T GT 1|1\n24 T A GT 1|0\n28 C G,CTT GT 1|2\n31 T C GT .|1\n'
says '-p m: one haplotype' '-p m' '21 G T GT 1\n24 T A GT 1\n28 C G,CTT GT 1\n31 T C GT 1\n'
says '-p s: skipped' '-p s' '21 G T GT .|.\n24 T A GT 1|0\n28 C G,CTT GT .|.\n31 T C GT .|.\n'
# phase sets: 24 is of another set than 21 and 28; 26 is homozygous
printf '21 G T GT:PS 0|1:21\n24 T A GT:PS 0|1:24\n26 A C GT:PS 1|1:.\n28 C G GT:PS 0|1:21\n' | h1 > ps.vcf
own() { printf "$1" | h1 > v.vcf; hap v.vcf | cut -d ' ' -f $2; }
set_21='21 G T GT 0|1\n24 T A GT 0|0\n26 A C GT 1|1\n28 C G GT 0|1\n'
set_24='21 G T GT 0|0\n24 T A GT 0|1\n26 A C GT 1|1\n28 C G GT 0|0\n'
a="$(own "$set_21" 1) $(own "$set_24" 2) $(own "$set_24" 3) $(own "$set_21" 4) "
[ "$(hap ps.vcf)" = "$a" ]
verdict $? 'neighbours of another phase set are left out' "$(hap ps.vcf), not $a"
sed 's/Type=Integer,Description="P"/Type=String,Description="P"/; s/:21$/:a/; s/:24$/:b/' ps.vcf > pt.vcf
[ "$(hap pt.vcf)" = "$a" ]
verdict $? 'phase sets may have names'
[ "$(hap -p a ps.vcf)" = "$(own '21 G T GT 0|1\n24 T A GT 0|1\n26 A C GT 1|1\n28 C G GT 0|1\n' 1-5)" ]
verdict $? '-p a takes phase sets together'
# odd alleles
printf '21 GGC G GT 1|0\n22 G *,A GT 1|2\n26 A <DEL>,C GT 1|2\n31 T N GT 0|1\n' | h1 > odd.vcf
$P --tf CTCF --haplotypes odd.vcf > got.vcf; bcftools query -f '[%TFB_CTCF_HAP]\n' got.vcf > got.txt
printf '21 GGC G GT 1|0\n22 G A GT 0|1\n26 A C GT 0|1\n31 T G GT 0|0\n' | h1 > v.vcf
$P --tf CTCF --haplotypes v.vcf | bcftools query -f '[%TFB_CTCF_HAP]\n' > v.txt
w="$(sed -n 1p v.txt)|$(sed -n 2p v.txt)|.,$(sed -n 3p v.txt | cut -d , -f 2)|.|"
[ "$(tr '\n' '|' < got.txt)" = "$w" ]
verdict $? '* behind its deletion is scored, <DEL> and N are not' "$(tr '\n' '|' < got.txt) for $w"
printf '21 G T GT 1|0|1\n24 T A GT 1\n26 A C GT 0|1\n' | h1 > p.vcf
[ "$(hap p.vcf | tr ' ' '\n' | awk -F, '{ printf "%d ", NF }')" = '3 1 2 ' ]
verdict $? 'any ploidy' "$(hap p.vcf)"
# which records and files
{
    grep '^##' phased.vcf
    grep -v '^##' phased.vcf | cut -f 1-8
} > sites.vcf
fails 'a file without samples' 'needs genotypes, and there are no samples' $P --haplotypes sites.vcf
{
    grep '^#' phased.vcf
    grep -v '^#' phased.vcf | sort -k2,2nr
} > unsorted.vcf
fails 'unsorted records' 'h1:31 comes after 35 in unsorted.vcf: --haplotypes needs sorted records' $P \
    --haplotypes unsorted.vcf
fails '--phase of no haplotypes' '--phase needs --haplotypes' $P -p a phased.vcf
fails 'an unknown --phase' "--phase is a, m, r, R or s, not 'x'" $P --haplotypes -p x phased.vcf
fails '--haplotypes of BED' 'are for VCF and BCF' $TFBIND annotate -m m10.safetensors -f phased.fa \
    --haplotypes --input bed phased.vcf
sed '/\tv4\t/s/GT\t.*/DP\t1\t1\t1\t1\t1\t1\t1\t1\t1\t1/' phased.vcf > nogt.vcf
$P --haplotypes nogt.vcf | grep -P '\tv4\t' | grep -q 'TFB_DELTA.*DP	1'
verdict $? 'a record without genotypes'
host +tfbind phased.vcf -- -v 1 --no-version -m m10.safetensors -f phased.fa --tf CTCF --haplotypes -i \
    'ID!="v1"' -k > got.vcf
bcftools view -e 'ID="v1"' phased.vcf | $P --tf CTCF --haplotypes > want.vcf
values want.vcf TFB_CTCF_HAP > a.txt
values got.vcf TFB_CTCF_HAP | grep -v '^v1' > b.txt
same 'sites that -i leaves out are on no haplotype' a.txt b.txt
# memory does not grow with the input
if [ -z "$SANITIZED" ] && [ -x /usr/bin/time ]; then
    {
        grep '^#' random.vcf
        grep -v '^#' random.vcf |
            grep '^chr1' |
            awk -v OFS='\t' '{ l[NR] = $0 } END { for (i = 1; i <= NR; i++) print l[i] }'
    } > short.vcf
    perl -e '
        my @h = grep { /^##[^c]/ } my @l = <>;
        my @r = grep { !/^#/ } @l;
        my ($c) = grep { /^#C/ } @l;
        print @h;
        print "##contig=<ID=g$_>\n" for 1 .. 12;
        print $c;
        for my $k (1 .. 12) { for (@r) { my $x = $_; $x =~ s/^chr1/g$k/; print $x } }' short.vcf > long.vcf
    awk '/^>chr2/ { exit } NR > 1' ref.fa > body.txt
    for k in 1 2 3 4 5 6 7 8 9 10 11 12; do
        echo ">g$k"
        cat body.txt
    done > long.fa
    S="$TFBIND annotate -v 1 -m m21.safetensors --haplotypes -Ob"
    /usr/bin/time -f %M $S -f ref.fa short.vcf 2> a.txt > /dev/null
    /usr/bin/time -f %M $S -f long.fa long.vcf 2> b.txt > /dev/null
    awk -v a="$(tail -n 1 a.txt)" -v b="$(tail -n 1 b.txt)" '
        BEGIN {
            if (a > 0 && b < 1.5 * a) print "ok memory is bounded: " a " and " b " kB"
            else print "not ok memory is bounded: " a " and " b " kB"
        }'
fi
