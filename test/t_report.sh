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
is 'gains' "$(card d.html 'gains')" "$(bcftools query -f '%TFB_DELTA\n' a.vcf |
    tr ',' '\n' |
    awk '$1 != "." && $1 >= 0.01' |
    wc -l)"
is 'the strongest first' "$(perl -0ne 'print $1 if /<tbody>.*?<td class="n (?:up|down)">([-+0-9.]+)</s' p.html)" \
    "$(bcftools query -f '%TFB_DELTA\n' a.vcf |
        tr ',' '\n' |
        awk '$1 != "." { d = $1 < 0 ? -$1 : $1; if (d > m) { m = d; v = $1 } } END { printf "%+.3f", v }')"
$TFBIND report --top 2 -o two.html a.vcf 2> err.txt
is '--top' "$(grep -c '<td class="n \(up\|down\)">[-+0-9.]*</td><td class="n">' two.html)" 2
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
ok_if 'the list of variants has calls' grep -q '<td>\(gain\|loss\|change\)</td>' cal.html
! grep -q '<th>call</th>' p.html
verdict $? 'no calls without calibration'
grep -q 'id="tf-NKX2-5"' cal.html && ! grep -q 'does not predict this TF' cal.html
verdict $? 'a TF has its own name'
ok_if 'figures say the percentile' grep -q '% of random SNVs' cal.html
is 'figures' "$(grep -c '<figure class="wide"><svg' fig.html)" 3
is 'VCF = BCF' "$($TFBIND report --title x a.vcf 2> err.txt |
    grep -v '<footer>' |
    md5sum)" "$($TFBIND report --title x - < a.bcf 2> err.txt | grep -v '<footer>' | md5sum)"
! grep -q '<script\|src=\|@import\|url(' fig.html
verdict $? 'the page loads nothing'
perl -0ne '
    my %id = map { $_ => 1 } /\bid="([^"]+)"/g;
    my @lost = grep { !$id{$_} } /href="#([^"]+)"/g;
    print @lost ? "not ok links have their ends: @lost\n" : "ok links have their ends\n"' fig.html
# what a stranger's file says is text, never markup
sed 's/\tsnv\t/\t<script>alert(1)<\/script>\t/; s/TFB_TOP=[A-Z0-9-]*/TFB_TOP=<img"x>/' a.vcf > evil.vcf
$TFBIND report -o evil.html --title '<i>&' evil.vcf 2> err.txt
grep -q '<script\|<img\|<i>' evil.html && echo 'not ok text is escaped' || {
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
