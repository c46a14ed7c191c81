# The cell at hand: lists of TFs from a file, TFs that a cell expresses, and open chromatin from peaks and bigWigs.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
$TFBIND model --calibrate -f ref.fa -l labels.bed --n 1000 --precision 0.5 -o cal.safetensors tiny.safetensors \
    > /dev/null 2>&1
A="$TFBIND annotate -v 1 --no-version -m cal.safetensors -f ref.fa"
tab() { printf '%b' "$1"; }

# ---- --tf @FILE ----
printf 'SPI1\r\n# not this one: CTCF\n\nNKX2-5\n' > tfs.txt
$A --tf SPI1,NKX2-5 in.vcf > want.vcf; $A --tf @tfs.txt in.vcf > got.vcf; same '--tf @FILE' want.vcf got.vcf
host +tfbind in.vcf -- -v 1 --no-version -m cal.safetensors -f ref.fa --tf @tfs.txt > got.vcf
same '--tf @FILE in the plugin' want.vcf got.vcf
$A --tf SPI1,NKX2-5 labels.bed > want.txt
$A --tf @tfs.txt labels.bed > got.txt
same '--tf @FILE, BED' want.txt got.txt
for c in scan evaluate; do
    more=$([ $c = scan ] && echo '-r chr1:1-2000 -o {tf}.bg' || echo '-l labels.bed -o table.tsv')
    $TFBIND $c -m cal.safetensors -f ref.fa --tf @tfs.txt $more 2> /dev/null
done
[ -s SPI1.bg ] && [ -s NKX2-5.bg ] && [ ! -e CTCF.bg ] &&
    [ "$(cut -f 1 table.tsv | tr '\n' ' ')" = 'target SPI1 NKX2-5 mean ' ]
verdict $? '--tf @FILE in scan and evaluate' "$(ls)"
fails '--tf @FILE that is not there' 'cannot read none.txt' $A --tf @none.txt in.vcf
printf '# nothing\n' > empty.txt; fails '--tf @FILE without names' 'empty.txt holds no names' $A --tf @empty.txt in.vcf
printf 'SPI1\nCTFC\n' > typo.txt; fails '--tf @FILE with an unknown TF' 'did you mean CTCF?' $A --tf @typo.txt in.vcf

# ---- --expressed ----
tab 'gene\tTPM\nCTCF\t0.9\nSPI1\t3\nNKX2-5\t1\n' > plain.tsv
tab 'SPI1\t2\nNKX2-5\t1.5\n' > bare.tsv
tab '#1.2\n4\t2\nName\tDescription\tLiver\tWhole Blood\nENSG1.3\tCTCF\t9\t0.1\nENSG2.1\tSPI1\t0.6\t50\n' > gtex.gct
tab 'ENSG2.1_PAR_Y\tSPI1\t0.5\t0\nENSG3.2\tNKX2-5\t0.2\t1\n' >> gtex.gct
tab 'gene_id\ttranscript_id(s)\tlength\teffective_length\texpected_count\tTPM\tFPKM\n' > rsem.tsv
tab 'ENSG1.3\tT1\t9\t9\t9\t0.00\t9\nENSG2.9\tT2\t9\t9\t9\t4.50\t9\nENSG3.2\tT3\t9\t9\t9\t1.00\t9\n' >> rsem.tsv
tab 'gene_id\tgene_name\tone\nENSG1\tCTCF\t0\nENSG2\tSPI1\t2\nENSG3\tNKX2-5\t2\n' > merged.tsv
gzip -c merged.tsv > merged.tsv.gz
# same_tags NAME TFS OPTION...: the tags are those of --tf TFS, but for PHRED, which some TFs do not have
same_tags() {
    local name=$1 tfs=$2
    shift 2
    $A --tf "$tfs" in.vcf 2> /dev/null | records | sed 's/;TFB_PHRED=[^;\t]*//' > want.txt
    $A --tf all "$@" in.vcf 2> err.txt | records | sed 's/;TFB_PHRED=[^;\t]*//' > got.txt
    same "$name" want.txt got.txt
}
same_tags '--expressed: symbols and TPM' SPI1,NKX2-5 --expressed plain.tsv
same_tags '--expressed: --min-tpm' SPI1 --expressed plain.tsv --min-tpm 1.01
same_tags '--expressed: --min-tpm 0' CTCF,SPI1,NKX2-5 --expressed plain.tsv --min-tpm 0
same_tags '--expressed: no header' SPI1,NKX2-5 --expressed bare.tsv
grep -q 'warning: bare.tsv does not have 1 of the TFs under their names.*: CTCF$' err.txt
verdict $? '--expressed: a TF that the table does not have is named' "$(cat err.txt)"
same_tags '--expressed: GTEx, a tissue; equal symbols add up' CTCF,SPI1 --expressed gtex.gct --tissue Liver
same_tags '--expressed: GTEx, another' SPI1,NKX2-5 --expressed gtex.gct --tissue 'Whole Blood'
same_tags '--expressed: RSEM with symbols of GTEx' SPI1,NKX2-5 --expressed rsem.tsv --genes gtex.gct
same_tags '--expressed: RSEM with symbols of another table' SPI1,NKX2-5 --expressed rsem.tsv --genes merged.tsv
same_tags '--expressed: ids, symbols and one column, gzip' SPI1,NKX2-5 --expressed merged.tsv.gz
$TFBIND annotate -m cal.safetensors -f ref.fa --expressed gtex.gct --tissue Liver in.vcf 2>&1 > /dev/null |
    grep -q '2 of 3 TFs have 1 TPM or more in gtex.gct (Liver)$'
verdict $? '--expressed says how many'
# the summary: the TF of the largest change among those; PHRED: the others count as unchanged
$A --expressed plain.tsv in.vcf > sum.vcf
bcftools query -f '%TFB_TOP\n' sum.vcf | tr ',' '\n' | sort -u | tr '\n' ' ' | grep -qx '. NKX2-5 SPI1 '
verdict $? 'the summary names only expressed TFs'
$A --tf all in.vcf | bcftools query -f '%ID %TFB_SPI1_LOR %TFB_NKX2_5_LOR\n' > lors.txt
$TFBIND model --calibration cal.safetensors > table.txt
bcftools query -f '%ID %TFB_PHRED\n' sum.vcf | paste -d ' ' lors.txt - | perl -e '
    open F, "table.txt";
    chomp($_ = <F>);
    my @p = map { s/^p//r } split /\t/;
    my @c;
    while (<F>) { chomp; @c = split /\t/ if /^all/ }
    my ($n, $bad) = (0, "");
    while (<STDIN>) {
        my ($id, $a, $b, undef, $phred) = split;
        next if "$a$b$phred" =~ /,/ || $phred eq ".";
        my $d = sqrt($a * $a + $b * $b);
        my $i = 4;
        $i++ while $i < $#p && $c[$i + 1] <= $d;
        my ($x, $y) = map { my $s = 1 - $p[$_] / 100; $s < 1 / 1001 ? 1 / 1001 : $s } ($i, $i + 1);
        my $s = $d < $c[4] ? 1 : $i == $#p ? 1 / 1001 : $x * ($y / $x) ** (($d - $c[$i]) / ($c[$i + 1] - $c[$i]));
        $n++;
        my $want = -10 * log($s) / log(10);
        $bad .= " $id $phred not $want" if abs($want - $phred) > 0.1
    }
    print !$bad && $n > 5 ? "ok PHRED of expressed TFs by hand\n" : "not ok PHRED of expressed TFs by hand:$bad ($n)\n"'
bcftools view -h sum.vcf | grep -c '; --expressed plain.tsv; --min-tpm 1)">$' | grep -qx 8
verdict $? 'the header names the limits'
$A -@ 3 --expressed plain.tsv in.bcf > got.vcf; same 'BCF and threads' sum.vcf got.vcf
host +tfbind in.vcf -- -v 1 --no-version -m cal.safetensors -f ref.fa --expressed plain.tsv > got.vcf
same 'the plugin' sum.vcf got.vcf
$A --tf SPI1,NKX2-5 labels.bed > want.txt; $A --tf all --expressed plain.tsv labels.bed > got.txt
same '--expressed, BED' want.txt got.txt
rm -f ./*.bg
$TFBIND scan -v 0 -m cal.safetensors -f ref.fa --tf all --expressed plain.tsv -r chr1:1-2000 -o '{tf}.bg'
[ "$(ls ./*.bg | tr '\n' ' ')" = './NKX2-5.bg ./SPI1.bg ' ]
verdict $? '--expressed in scan' "$(ls ./*.bg)"
bcftools view --no-version -i 'POS<450' -Ob -o hits.bcf in.vcf
$TFBIND enrich -v 0 -m cal.safetensors -f ref.fa --expressed plain.tsv --permutations 10 --background in.vcf hits.bcf |
    awk -F'\t' 'NR > 1 { print $1 }' | sort | tr '\n' ' ' | grep -qx 'NKX2-5 SPI1 '
verdict $? '--expressed in enrich'
$A in.vcf > all.vcf
$TFBIND report --expressed plain.tsv all.vcf > page.html
n=$(bcftools query -f '%TFB_TOP\n' all.vcf | tr ',' '\n' | grep -c CTCF)
grep -q "Only TFs with at least 1 TPM (plain.tsv): $n changes of other TFs are left out" page.html &&
    ! grep -q 'tf-CTCF' page.html
verdict $? '--expressed in report' "$(grep -o 'Only TFs[^<]*' page.html) $n"
fails '--expressed: no file' 'cannot read none.tsv' $A --expressed none.tsv in.vcf
fails '--expressed: several columns' \
    'gtex.gct:3: several columns of values: choose one with --tissue (Liver, Whole Blood)' \
    $A --expressed gtex.gct in.vcf
fails '--expressed: no such column' "no column 'Heart' (--tissue); there are Liver, Whole Blood" \
    $A --expressed gtex.gct --tissue Heart in.vcf
fails '--expressed: ids only' 'rsem.tsv:2: genes are named by ids such as ENSG1: give --genes' \
    $A --expressed rsem.tsv in.vcf
fails '--expressed: ids of another table' 'are the gene_id those of --genes?' $A --expressed rsem.tsv \
    --genes <(tab 'gene_id\tsymbol\nENSG9\tSPI1\n') in.vcf
fails '--genes: no table of genes' 'not a table of genes' $A --expressed rsem.tsv --genes plain.tsv in.vcf
fails '--expressed: no table' 'not a table of expression' $A --expressed ref.fa in.vcf
tab 'gene\tTPM\nSPI1\tmany\n' > bad.tsv
fails '--expressed: no number' "bad.tsv:2: 'many' is not a TPM" $A --expressed bad.tsv in.vcf
tab 'gene\tTPM\nSPI1\n' > short.tsv
fails '--expressed: a short row' 'short.tsv:2: the row has no column 2' $A --expressed short.tsv in.vcf
tab 'gene\tTPM\nSPI1\t-1\n' > minus.tsv
fails '--expressed: a negative TPM' "'-1' is not a TPM" $A --expressed minus.tsv in.vcf
fails '--expressed: none of the TFs' 'none of the 3 TFs is expressed' $A --expressed plain.tsv --min-tpm 100 in.vcf
fails '--expressed: none of those of --tf' 'none of the 1 TFs is expressed' $A --expressed plain.tsv --tf CTCF in.vcf
fails '--min-tpm alone' '--min-tpm, --tissue and --genes need --expressed' $A --min-tpm 2 in.vcf
fails '--tissue alone, in the report' 'need --expressed' $TFBIND report --tissue Liver all.vcf

# ---- --open ----
printf 'chr1\t99\t100\nchr1\t550\t610\nchr1\t502\t503\nchr1\t505\t560\nchrZ\t1\t9\nchr2\t5999\t6000\n' > peaks.bed
gzip -c peaks.bed > peaks.bed.gz
$A --open peaks.bed in.vcf 2> err.txt > open.vcf
bcftools query -f '%ID %TFB_OPEN\n' open.vcf > got.txt
cat > want.txt << 'END'
edge .
snv 1
snv2 1
multi 0,0,.,0,.
mnv 0
del 1
ins 1
longins 0
longdel 0
bnd .
iupac .
gvcf .
noalt .
nearn 0
inn .
refn .
lower 1
end .
nocontig .
END
same '--open: a value for each scored ALT, by the bases that it changes' want.txt got.txt
described='1 if the bases that the ALT changes overlap open chromatin, else 0 (peaks.bed)'
bcftools view -h open.vcf |
    grep -cF "ID=TFB_OPEN,Number=A,Type=Integer,Description=\"$described\"" |
    grep -qx 1
verdict $? '--open: the header'
$TFBIND annotate -m cal.safetensors -f ref.fa --open peaks.bed in.vcf 2>&1 > /dev/null |
    grep -q 'peaks.bed: 1 intervals are on contigs that ref.fa does not have (such as chrZ)'
verdict $? '--open: contigs that the reference does not have'
bcftools annotate --no-version -x INFO/TFB_OPEN open.vcf | records > a.txt
bcftools view --no-version all.vcf | records > b.txt
same '--open changes no other tag' b.txt a.txt
of() { bcftools query -f '%ID %TFB_OPEN\n' "$@"; }
$A --open peaks.bed.gz in.vcf | of > got.txt; same '--open: gzip' want.txt got.txt
$A -@ 3 -Ob --open peaks.bed in.bcf | of > got.txt; same '--open: BCF and threads' want.txt got.txt
$A --tf all --open peaks.bed in.vcf | of > got.txt; same '--open: with --tf' want.txt got.txt
host +tfbind in.vcf -- -v 1 -m cal.safetensors -f ref.fa --open peaks.bed | of > got.txt
same '--open: the plugin' want.txt got.txt
sed 's/^chr//' peaks.bed > style.bed
$A --open style.bed in.vcf | of > got.txt
same '--open: contigs in another style' want.txt got.txt
$A --open peaks.bed open.vcf > got.vcf; same '--open: twice' open.vcf got.vcf
! $A open.vcf | grep -q TFB_OPEN
verdict $? '--open: a run without takes it away'
$A --tf SPI1 open.vcf | of > got.txt; same '--open: tags of TFs leave that of the summary' want.txt got.txt
bcftools norm --no-version -m- open.vcf 2> /dev/null | of > a.txt
bcftools norm --no-version -m- in.vcf 2> /dev/null | $A --open peaks.bed | of > b.txt
same '--open: split before or after' a.txt b.txt
$A --open peaks.bed labels.bed > got.txt
awk -F'\t' -v OFS='\t' '
    NR == FNR { if ($1 != "chrZ") { n++; c[n] = $1; b[n] = $2; e[n] = $3 } next }
    FNR == 1 { print $0, "tfb_open"; next }
    { o = 0; for (i = 1; i <= n; i++) if (c[i] == $1 && b[i] < $3 && e[i] > $2) o = 1; print $0, o }' \
        peaks.bed <($A labels.bed 2> /dev/null) > want.txt
same '--open: a column of BED' want.txt got.txt
$A --open peaks.bed got.txt > twice.txt; same '--open: BED twice' got.txt twice.txt
$A got.txt > without.txt; $A labels.bed > want.txt; same '--open: BED again, without' want.txt without.txt
# scan: only there
$TFBIND scan -v 0 -m cal.safetensors -f ref.fa --tf CTCF --step 10 > whole.bg
$TFBIND scan -v 0 -m cal.safetensors -f ref.fa --tf CTCF --step 10 --open peaks.bed -r chr1 > got.txt
bedtool() { awk -F'\t' -v OFS='\t' '
    NR == FNR { if ($1 == "chr1") { n++; b[n] = $2; e[n] = $3 } next }
    $1 == "chr1" {
        for (i = 1; i <= n; i++) {
            from = $2 > b[i] ? $2 : b[i]
            to = $3 < e[i] ? $3 : e[i]
            if (from < to) print $1, from, to, $4
        }
    }' "$@"; }
printf 'chr1\t99\t100\nchr1\t502\t503\nchr1\t505\t610\n' > merged.bed
bedtool merged.bed whole.bg | sort -k2,2n > want.txt
sort -k2,2n got.txt > sorted.txt; same '--open in scan, within -r' want.txt sorted.txt
# enrich: the same as -R
grep -v chrZ peaks.bed > peaks2.bed
$TFBIND enrich -v 0 -m cal.safetensors -f ref.fa --permutations 10 -R peaks2.bed --background in.vcf hits.bcf \
    > want.txt 2> err.txt
$TFBIND enrich -v 0 -m cal.safetensors -f ref.fa --permutations 10 --open peaks.bed --background in.vcf hits.bcf \
    > got.txt 2>> err.txt
same '--open in enrich is -R' want.txt got.txt
ok_if '--open in enrich: a table' [ -s got.txt ]
# report: only these
$TFBIND report --open peaks.bed all.vcf > page.html 2> err.txt
n=$(of open.vcf | cut -d ' ' -f 2 | tr ',' '\n' | grep -c 0)
grep -q "open chromatin (peaks.bed): $n scored ALT alleles are left out" page.html && grep -q 'chr1:500' page.html &&
    ! grep -q 'chr1:400' page.html
verdict $? '--open in report' "$(grep -o 'Only changes[^<]*' page.html) $n"
# bigWig: ours, and each kind of section, compressed or not, as other programs write them
$TFBIND scan -v 0 -m cal.safetensors -f ref.fa --tf CTCF --step 10 -o all.bw
awk -F'\t' '$4 >= 0.31 { print $1 "\t" $2 "\t" $3 }' whole.bg > strong.bed
$A --open strong.bed in.vcf | of > want.txt
$A --open all.bw --open-min 0.31 in.vcf | of > got.txt; grep -q ' 1' got.txt && grep -q ' 0' got.txt
verdict $? '--open of a bigWig: both'
same '--open of a bigWig = its strong intervals' want.txt got.txt
host +tfbind in.vcf -- -v 1 -m cal.safetensors -f ref.fa --open all.bw --open-min 0.31 | of > got.txt
same '--open of a bigWig, the plugin' want.txt got.txt
cat > bw.pl << 'END'
# bw.pl KIND COMPRESSED LEVELS > FILE: values 2 at chr1:99-100 and 505-610, 1 at chr1:200-300, as section KIND
use strict;
use warnings;
use Compress::Zlib;
my ($kind, $zip, $levels) = @ARGV;
binmode STDOUT;
my @v = ([99, 100, 2], [200, 300, 1], [505, 610, 2]);
@v = map { [$_, $_ + 1, $_ >= 200 && $_ < 300 ? 1 : 2] } 99, 200 .. 299, 505 .. 609 if $kind != 1;
my @sections = $kind == 3 ? ([$v[0]], [@v[1 .. 100]], [@v[101 .. $#v]]) : ([@v]);
my $tree = pack('L< L< L< L< Q< Q<', 0x78CA8C91, 2, 4, 8, 2, 0) . pack('C C S<', 1, 0, 2) .
    pack('a4 L< L<', 'chr1', 0, 10000) . pack('a4 L< L<', 'chr2', 1, 10000);
my $data = pack 'Q<', scalar @sections;
my (@at, @size);
my $from = 64 + length $tree;
for my $s (@sections) {
    my $body = pack 'L< L< L< L< L< C C S<', 0, $s->[0][0], $s->[-1][1], 1, 1, $kind, 0, scalar @$s;
    for my $v (@$s) {
        $body .= pack('L< L< f<', @$v) if $kind == 1;
        $body .= pack('L< f<', $v->[0], $v->[2]) if $kind == 2;
        $body .= pack('f<', $v->[2]) if $kind == 3;
    }
    $body = compress($body) if $zip;
    push @at, $from + length $data;
    push @size, length $body;
    $data .= $body;
}
my $at = $from + length $data;
my $index = pack 'L< L< Q< L< L< L< L< Q< L< L<', 0x2468ACE0, 256, scalar @sections, 0, 99, 0, 610, 0, 1, 0;
for my $l (2 .. $levels) {
    my $next = $at + length($index) + 4 + 24;
    $index .= pack('C C S<', 0, 0, 1) . pack('L< L< L< L< Q<', 0, 99, 0, 610, $next);
}
$index .= pack 'C C S<', 1, 0, scalar @sections;
$index .= pack 'L< L< L< L< Q< Q<', 0, 99, 0, 610, $at[$_], $size[$_] for 0 .. $#sections;
my @head = (0x888FFC26, 4, 0, 64, $from, $at, 0, 0, 0, 0, $zip ? 65536 : 0, 0);
print pack('L< S< S< Q< Q< Q< S< S< Q< Q< L< Q<', @head), $tree, $data, $index;
END
printf 'chr1\t99\t100\nchr1\t505\t610\n' > two.bed
$A --open two.bed in.vcf | of > want.txt
for kind in 1 2 3; do
    for zip in 0 1; do
        perl bw.pl $kind $zip $kind > own.bw
        $A --open own.bw --open-min 1.5 in.vcf 2> err.txt | of > got.txt
        same "--open of a bigWig, sections of kind $kind, compressed $zip" want.txt got.txt
    done
done
fails '--open of a bigWig without --open-min' 'own.bw is a bigWig: --open-min says' $A --open own.bw in.vcf
fails '--open-min of BED' '--open-min is for values: peaks.bed is not a bigWig' $A --open peaks.bed --open-min 1 in.vcf
fails '--open-min alone' '--open-min needs --open' $A --open-min 1 in.vcf
fails '--open-min above all' 'own.bw holds no regions' $A --open own.bw --open-min 3 in.vcf
fails '--open: no file' 'none.bed' $A --open none.bed in.vcf
fails '--open: no BED' 'not BED' $A --open in.vcf in.vcf
printf 'chrZ\t1\t9\n' > z.bed
fails '--open: another genome' 'z.bed holds no regions on contigs of the reference' $A --open z.bed in.vcf
fails '--open of FASTA' 'are for VCF, BCF and BED' $A --open peaks.bed ref.fa
fails '--open of a bigWig in the plugin' 'own.bw is a bigWig' \
    host +tfbind in.vcf -- -m cal.safetensors -f ref.fa --open own.bw
fails '--open and -R in enrich' '-R and --open both' \
    $TFBIND enrich -m cal.safetensors -f ref.fa -R peaks.bed --open peaks.bed in.vcf
perl -e 'print pack("L>", 0x888FFC26), "x" x 100' > swapped.bw
fails '--open of the other byte order' 'byte order' $A --open swapped.bw --open-min 1 in.vcf
# damage at every place: an error or values, never a crash
perl bw.pl 1 0 2 > own.bw
bad=
for at in $(seq 0 4 $(($(wc -c < own.bw) - 1))); do
    for byte in 0 255; do
        perl -e '
            my ($at, $byte) = @ARGV;
            local $/;
            open F, "<:raw", "own.bw";
            my $s = <F>;
            substr($s, $at, 1) = chr $byte;
            open G, ">:raw", "damaged.bw";
            print G $s' $at $byte
        $A -o /dev/null --open damaged.bw --open-min 1.5 in.vcf > /dev/null 2> err.txt
        status=$?
        [ $status -le 1 ] || bad="$bad $at:$byte:$status"
        [ $status = 0 ] || grep -q 'error:' err.txt || bad="$bad $at:$byte:silent"
    done
done
[ -z "$bad" ]
verdict $? '--open of a damaged bigWig' "$bad"
head -c 300 own.bw > cut.bw
fails '--open of a bigWig cut short' 'cut.bw is damaged' $A --open cut.bw --open-min 1 in.vcf
