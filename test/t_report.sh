# report: counts, lists and figures of an annotated VCF, on a page that stands alone.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
$TFBIND annotate -m tiny.safetensors -f ref.fa -Ov -o a.vcf in.vcf 2> err.txt && bcftools view -Ob -o a.bcf a.vcf
$TFBIND annotate -m tiny.safetensors -f ref.fa --tf all -Ov -o all.vcf in.vcf 2> err.txt
check 'a page' $TFBIND report -o p.html a.vcf
check 'with figures' $TFBIND report -m tiny.safetensors -f ref.fa --figures 3 -o fig.html a.bcf
card() { perl -0ne 'print $1 if /<b[^>]*>([^<]*)<\/b>'"$2"'/' "$1"; }
is() {
    [ "$2" = "$3" ]
    verdict $? "$1" "'$2', not '$3'"
}
is 'records' "$(card p.html records)" "$(bcftools view -H a.vcf | wc -l)"
is 'ALT alleles' "$(card p.html 'ALT alleles')" "$(bcftools query -f '%ALT\n' a.vcf |
    awk -F, '$1 != "." { n += NF } END { print n }')"
is 'scored' "$(card p.html scored)" "$(bcftools query -f '%TFB_DELTA\n' a.vcf | tr ',' '\n' | grep -vcx '\.')"
# gains with another limit, by bcftools and by the page
$TFBIND report --delta 0.01 -o d.html a.vcf 2> err.txt
is 'deltas' "$(card d.html 'delta [+]0.01 or more')" "$(bcftools query -f '%TFB_DELTA\n' a.vcf |
    tr ',' '\n' |
    awk '$1 != "." && $1 >= 0.01' |
    wc -l)"
is 'the strongest first' "$(perl -0ne 'print $1 if /<tbody>.*?<td class="n (?:up|down) d">([-+0-9.]+)</s' p.html)" \
    "$(bcftools query -f '%TFB_DELTA\n' a.vcf |
        tr ',' '\n' |
        awk '$1 != "." { d = $1 < 0 ? -$1 : $1; if (d > m) { m = d; v = $1 } } END { printf "%+.3f", v }')"
$TFBIND report --top 2 -o two.html a.vcf 2> err.txt
is '--top' "$(grep -c '<td class="n \(up\|down\) d">[-+0-9.]*</td>' two.html)" 2
is 'tags of each TF' "$(perl -0ne '$n = () = /<tr id="tf-/g; print $n' <($TFBIND report all.vcf 2> err.txt))" 3
# calls of a calibrated model, those of the summary and those of each TF, also of a TF whose tags
# have other characters than its name
$TFBIND model --calibrate -f ref.fa -l labels.bed.gz --n 400 --precision 0.2 -o cal.safetensors \
    tiny.safetensors > /dev/null 2>&1
$TFBIND annotate -v 0 -m cal.safetensors -f ref.fa --call-percentile 0 --tf all -Ov -o cal.vcf in.vcf
$TFBIND annotate -v 0 -m cal.safetensors -f ref.fa --call-percentile 0 -Ov -o cals.vcf in.vcf
calls() { perl -0ne '
    for my $c (2 .. 4) {
        my $n = 0;
        while (/<tr id="tf-[^>]*>(.*?)<\/tr>/gs) { my @td = $1 =~ /<td class="n">(\d+)/g; $n += $td[$c + 1] }
        print "$n "
    }' "$1"; }
want() { for c in gain loss change; do bcftools query -f "$1" "$2" | tr ',\t' '\n\n' | grep -cx $c; done |
    tr '\n' ' '; }
$TFBIND report -m cal.safetensors -f ref.fa --top 100 --figures 40 -o cal.html cal.vcf
$TFBIND report --top 100 -o cals.html cals.vcf
is 'calls of each TF' "$(calls cal.html)" "$(want '%TFB_CTCF_CALL\t%TFB_NKX2_5_CALL\t%TFB_SPI1_CALL\n' cal.vcf)"
is 'calls of the summary' "$(calls cals.html)" "$(want '%TFB_CALL\n' cals.vcf)"
ok_if 'the list of variants has calls' grep -q '<td class="c">\(gain\|loss\|change\)</td>' cal.html
! grep -q '<th>call</th>' p.html
verdict $? 'no calls without calibration'
grep -q 'id="tf-NKX2-5"' cal.html && ! grep -q 'does not predict this TF' cal.html
verdict $? 'a TF has its own name'
ok_if 'figures say the percentile' grep -q '% of random SNVs' cal.html
is 'figures' "$(grep -c '<figure class="wide"><svg' fig.html)" 3
is 'VCF = BCF' "$($TFBIND report --title x a.vcf 2> err.txt |
    grep -v '<dt>' |
    md5sum)" "$($TFBIND report --title x - < a.bcf 2> err.txt | grep -v '<dt>' | md5sum)"
! grep -q '<script [a-z]\|src=\|@import\|url(\|<link' fig.html
verdict $? 'the page loads nothing'
perl -0ne '
    my %id = map { $_ => 1 } /\bid="([^"]+)"/g;
    my @lost = grep { !$id{$_} } /href="#([^"]+)"/g;
    print @lost ? "not ok links have their ends: @lost\n" : "ok links have their ends\n"' fig.html
# what it is about: input, model, genome, day
facts() { perl -0ne 'print "$1: $2\n" while /<dt>(.*?)<\/dt><dd>(.*?)<\/dd>/gs' "$1"; }
digest=$(sha256sum tiny.safetensors | cut -c1-12)
is 'the facts' "$(facts fig.html | sed 's/ <code>.*//' | tr '\n' '|')" "Input: a.bcf|Model: tiny.safetensors $digest; the \
figures are by the same model|Genome: not recognised by contig lengths|Made: 2023-11-14 by tfbind \
$($TFBIND --version | sed -n 's/^tfbind //p' | cut -d' ' -f 1):|"
is 'without figures' "$(facts p.html | sed -n 2p)" "Model: tiny.safetensors $digest"
is 'the day without SOURCE_DATE_EPOCH' "$(env -u SOURCE_DATE_EPOCH $TFBIND report a.vcf | grep -c "$(date -u +%Y)-")" 1
is 'a heading once' "$(grep -c '<section class="v"' fig.html) $(grep -o 'font-weight="bold" fill="#111">[^<]*chr' fig.html | wc -l)" '3 0'
# links by build
in_build() { sed "s/length=10000/length=$2/; s/\tsnv\t/\trs123\t/" a.vcf > "$1.vcf"; $TFBIND report -o "$1.html" "$1.vcf"; }
links() { grep -o 'href="https://[^"]*"' "$1.html" | sed 's/[:=][0-9].*//; s/snp.*/snp/; s/"$//; s/href="//' | sort -u | tr '\n' ' '; }
in_build hg38 248956422; in_build hg19 249250621; in_build hs1 248387328; in_build mm10 195471971; in_build mm39 195154279
ucsc() { echo "https://genome.ucsc.edu/cgi-bin/hgTracks?db=$1&amp;position=chr1 https://genome.ucsc.edu/cgi-bin/hgTracks?db=$1&amp;position=chr2"; }
snp=https://www.ncbi.nlm.nih.gov/snp
E=Location/View?r
is 'links: hg38' "$(links hg38)" "$(ucsc hg38) https://www.ensembl.org/Homo_sapiens/$E $snp "
is 'links: hg19' "$(links hg19)" "$(ucsc hg19) https://grch37.ensembl.org/Homo_sapiens/$E $snp "
is 'links: T2T' "$(links hs1)" "$(ucsc hs1) $snp "
is 'links: mm10' "$(links mm10)" "$(ucsc mm10) "
is 'links: mm39' "$(links mm39)" "$(ucsc mm39) https://www.ensembl.org/Mus_musculus/$E https://www.ensembl.org/Mus_musculus/Variation/Explore?v=rs123 "
is 'an unknown build: only rsIDs' "$(sed 's/\tsnv\t/\trs123\t/' a.vcf | $TFBIND report - > u.html; links u)" "$snp "
$TFBIND report --genome GRCh37 -o given.html a.vcf
ok_if '--genome' grep -q 'hgTracks?db=hg19&amp;position=chr1:' given.html
fails 'an unknown --genome' '--genome hg99 is not known' $TFBIND report --genome hg99 a.vcf
ok_if 'a place' grep -q 'position=chr1:50-150">chr1:100</a> <a class="sub" href="https://www.ensembl.org/Homo_sapiens/Location/View?r=1:100-100">' hg38.html
# the track: each gain and loss, where its bases change
{
    grep '^#' in.vcf
    grep -v '^#' in.vcf
    awk '
        /^>/ { c = substr($1, 2); p = 0; next }
        {
            for (i = 1; i <= length($0); i++) {
                p++
                r = substr($0, i, 1)
                if (r != "N" && p % 75 == 0)
                    printf "%s\t%d\tid%d\t%s\t%s\t.\t.\t.\tGT\t0/1\n", c, p, p, r, substr("CGTA", index("ACGT", r), 1)
            }
        }' ref.fa
} | bcftools sort 2> /dev/null > dense.vcf
$TFBIND annotate -v 0 -m cal.safetensors -f ref.fa --call-percentile 0 --tf all -o dcal.vcf dense.vcf
$TFBIND report --track gains.bed -o t.html dcal.vcf
bed() { bcftools query -f "%CHROM\t%POS\t%ID\t%REF\t%ALT\t%TFB_$2_CALL\t%TFB_$2_DELTA\n" dcal.vcf | awk -F'\t' -v tf="$1" '
    {
        n = split($5, alt, ","); split($6, call, ","); split($7, delta, ",")
        for (i = 1; i <= n; i++) if (call[i] == "gain" || call[i] == "loss") {
            r = $4; a = alt[i]; p = $2
            while (length(r) > 1 && length(a) > 1 && substr(r, length(r)) == substr(a, length(a))) {
                r = substr(r, 1, length(r) - 1); a = substr(a, 1, length(a) - 1)
            }
            d = delta[i] < 0 ? -delta[i] : delta[i]
            printf "%s\t%d\t%d\t%s:%s:%s\t%.0f\t.\t%d\t%d\t%s\n", $1, p - 1, p - 1 + length(r), tf, call[i], $3, d * 1000,
                p - 1, p - 1 + length(r), call[i] == "gain" ? "31,95,196" : "181,71,8"
        }
    }'; }
{ bed CTCF CTCF; bed NKX2_5 NKX2_5; bed SPI1 SPI1; } | sort > want.txt
head -n 1 gains.bed | grep -q '^track name=.* itemRgb=On' && grep -q 31,95,196 want.txt && grep -q 181,71,8 want.txt
verdict $? 'a track of gains and losses'
tail -n +2 gains.bed | sort > got.txt
paste want.txt got.txt | awk -F'\t' '{ d = $5 - $14; if (d > 1 || d < -1) exit 1 }' &&
    cmp -s <(cut -f 5 --complement want.txt) <(cut -f 5 --complement got.txt)
verdict $? 'the track'
$TFBIND report -o t2.html dcal.vcf
is 'the page is the same' "$(grep -v '<dt>Made' t.html | md5sum)" "$(grep -v '<dt>Made' t2.html | md5sum)"
fails 'a track without calls' 'a.vcf has no calls of gain and loss' $TFBIND report --track x.bed a.vcf
fails 'a compressed track' 'the track is plain BED' $TFBIND report --track x.bed.gz cal.vcf
ok_if 'no track is left' [ ! -e x.bed ]
# what a stranger's file says is text, never markup
sed 's/\tsnv\t/\t<script>alert(1)<\/script>\t/; s/TFB_TOP=[A-Z0-9-]*/TFB_TOP=<img"x>/' a.vcf > evil.vcf
$TFBIND report -o evil.html --title '<i>&' evil.vcf 2> err.txt
grep -q '<script>alert\|<img\|<i>' evil.html && echo 'not ok text is escaped' || {
    grep -q '&lt;script&gt;' evil.html
    verdict $? 'text is escaped' 'it is not there'
}
fails 'not annotated' 'has no TFB_TOP tags' $TFBIND report in.vcf
fails 'another prefix' 'has no XX_TOP tags' $TFBIND report --prefix XX a.vcf
fails 'no VCF' 'as VCF or BCF' $TFBIND report ref.fa
fails 'a model without a reference' 'figures need -f' $TFBIND report -m tiny.safetensors a.vcf
cp a.bcf both.bcf
fails 'onto the input' 'both.bcf is the input' $TFBIND report -o both.bcf both.bcf
same 'it is still whole' a.bcf both.bcf
head -c $(($(stat -c %s a.bcf) - 28)) a.bcf > cut.bcf
fails 'a file without its end marker' 'truncated or damaged' $TFBIND report -o cut.html cut.bcf
bcftools view -Ou a.vcf > u.bcf
head -c $(($(stat -c %s u.bcf) - 10)) u.bcf > cut.bcf
fails 'a truncated file' 'truncated or damaged' $TFBIND report -o cut.html cut.bcf
ok_if 'nothing half-written is left' [ ! -e cut.html ]
