# Figures and reports say what the tags say: calls, the model that annotated, nothing where there is
# nothing.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
is() {
    [ "$2" = "$3" ]
    verdict $? "$1" "'$2', not '$3'"
}
net='conv 16 7; bn; relu; pool 4; conv 12 5; relu; bn; pool 3; dense 20; bn; relu; dropout 0.3; dense 3'
"$UNIT_DIR/tool_tiny_model" other.safetensors "$net" 60 CTCF,SPI1,NKX2-5 5
$TFBIND model --calibrate -f ref.fa -l labels.bed.gz --n 400 --precision 0.6 -o cal.safetensors \
    tiny.safetensors > /dev/null 2>&1
A="$TFBIND annotate -v 0 -f ref.fa --no-version"
R="$TFBIND report -f ref.fa --top 250 --figures 250"
{
    grep '^#' in.vcf
    awk '
        /^>/ { c = substr($1, 2); p = 0; next }
        {
            for (i = 1; i <= length($0); i++) {
                p++
                r = substr($0, i, 1)
                split("A C G T", b, " ")
                if (r != "N" && p % 75 == 0)
                    printf "%s\t%d\t.\t%s\t%s\t.\t.\t.\tGT\t0/1\n", c, p, r, b[index("ACGT", r) % 4 + 1]
            }
        }' ref.fa
} > dense.vcf
for m in tiny cal; do
    $A -m $m.safetensors --call-percentile 50 -o $m.vcf dense.vcf
    $A -m $m.safetensors --call-percentile 50 --tf all -o $m.all.vcf dense.vcf
done
$A -m cal.safetensors -o usual.vcf dense.vcf

# the sentence of each figure and the call in the table's row
words() {
    perl -0ne '
        my @row = /<tr><td class="n"><a href="#v\d+">.*?<\/tr>/g;
        my @figure = /<section class="v".*?<\/section>/gs;
        for my $i (0 .. $#figure) {
            my ($says) = $figure[$i] =~ /The ALT allele (.*?) \S+: the probability/ or next;
            my $call = $row[$i] =~ /<td class="c">(gain|loss|change|\.)<\/td>/ ? $1 : "none";
            print "$call: $says\n"
        }' "$1" |
        sed 's/strengthens\|weakens/strengthens or weakens/; s/raises\|lowers\|hardly changes/changes/' |
        sort |
        uniq -c |
        awk '{ $1 = ""; print }'
}
for k in cal cal.all; do
    $R -m cal.safetensors -o $k.html $k.vcf
    words $k.html > words.txt
    is "$k: figures are drawn" "$(grep -c 'class="wide"><svg' $k.html | awk "\$1 > 100" | wc -l)" 1
    site='a predicted binding site of'
    printf ' %s\n' '.: changes predicted binding of' "change: strengthens or weakens $site" \
        "gain: makes $site" "loss: breaks $site" > want.txt
    is "$k: figures say what the calls say" "$(grep -vxFf want.txt words.txt)" ''
    is "$k: of all calls" "$(cut -d: -f 1 words.txt | tr -d '\n')" ' . change gain loss'
done
$R -m tiny.safetensors -o tiny.html tiny.vcf
is 'without thresholds no site comes or goes' "$(words tiny.html)" ' none: changes predicted binding of'
# explain's figures have the calls that annotate writes by default
$TFBIND explain -v 0 -m cal.safetensors -f ref.fa --method ism --logos logos dense.vcf > /dev/null
calls() { for w in makes breaks; do cat logos/*.svg | grep -o "<title>The ALT allele $w a predicted" | wc -l; done |
    tr '\n' ' '; }
is 'sites that come and go' "$(calls | awk '$1 > 0 && $2 > 0' | wc -l)" 1
is 'figures of explain' "$(calls)" \
    "$(for c in gain loss; do bcftools query -f '%TFB_CALL\n' usual.vcf | tr ',' '\n' | grep -cx $c; done |
        tr '\n' ' ')"

# the model that annotated
warns() { local name=$1 text=$2; shift 2; "$@" > /dev/null 2> err.txt; is "$name" "$(grep -c "$text" err.txt)" 1; }
for k in tiny tiny.all; do
    warns "$k: figures by another model" \
        "$k.vcf was annotated by tiny.safetensors [0-9a-f]*: the figures are by another model, other" \
        $R -m other.safetensors -o other.html $k.vcf
    ok_if "$k: the page says so" grep -q 'The figures are by another model (other.safetensors' other.html
    cp tiny.safetensors renamed.safetensors
    $R -m renamed.safetensors -o b.html $k.vcf 2> err.txt
    is "$k: another name is no other model" "$(cat err.txt)" ''
done
$R -m other.safetensors -o b.html cal.vcf 2> err.txt
is 'figures by another model have no calls of the file' "$(words b.html | grep -c 'makes\|breaks\|site of')" 0
$A -m tiny.safetensors --strand fwd -o fwd.vcf in.vcf; $R -m tiny.safetensors --figures 1 -o fwd.html fwd.vcf
top() { perl -0ne 'print "$1 $2" if /<td class="n r">([\d.]+)<\/td><td class="n a">([\d.]+)<\/td>/' "$1" |
    awk '{ printf "%.2f %.2f", $1, $2 }'; }
is 'figures of the strand that annotated' \
    "$(perl -0ne 'print "$1 $2" if /is ([\d.]+) with REF and ([\d.]+) with ALT/' fwd.html)" "$(top fwd.html)"

# nothing
is 'no change of nothing' "$(grep -c '[+-]0\.000<' cal.html cal.all.html tiny.html |
    cut -d: -f 2 |
    tr '\n' ' ')" '0 0 0 '
$A -m tiny.safetensors in.vcf | awk -F'\t' '/^#/ || $3 == "snv"' > snv.vcf; $TFBIND report -o one.html snv.vcf
d=$(bcftools query -f '%TFB_DELTA' snv.vcf); at=$(awk -v d="$d" 'BEGIN { print (d > 0) ? 2 : 1 }')
is 'no greatest change in the other direction' \
    "$(perl -0ne 'my ($row) = /<tr id="tf-(.*?)<\/tr>/s; my @td = $row =~ /<td class="n[^"]*">(.*?)<\/td>/g; print $td[2 + '$at']' one.html)" .
bcftools view -h tiny.vcf > unscored.vcf; check 'a file without variants' $TFBIND report -o none.html unscored.vcf
grep -q '<b>0</b>records' none.html && ! grep -qi '[>+-]nan\|[>+-]inf' none.html
verdict $? 'its page'
sed 's/TFB_DELTA=[^;\t]*/TFB_DELTA=nan/; s/TFB_LOR=[^;\t]*/TFB_LOR=inf/; s/TFB_REF=[^;\t]*/TFB_REF=-inf/' \
    snv.vcf > numbers.vcf
$TFBIND report -o numbers.html numbers.vcf
is 'numbers that are none' "$(perl -0ne '
    print $1 if /<b>(\d+)<\/b>scored/' numbers.html) $(grep -ci '>[+-]*\(nan\|inf\)' numbers.html)" '0 0'
sed 's/TFB_LOR=[^;\t]*/TFB_LOR=inf/; s/TFB_REF=[^;\t]*/TFB_REF=nan/' snv.vcf > numbers.vcf
$TFBIND report -o numbers.html numbers.vcf
is 'numbers that are none beside one' "$(perl -0ne '
    print $1 if /<b>(\d+)<\/b>scored/' numbers.html) $(grep -ci '>[+-]*\(nan\|inf\)' numbers.html)" '1 0'
awk '/^>/ { print; next } { gsub(/[ACGT]/, "A"); print }' ref.fa > wrong.fa; samtools faidx wrong.fa
awk -F'\t' -v OFS='\t' '/^#/ { print; next } $4 == "A" { next } length($4) == 1 { print }' tiny.vcf > notA.vcf
$TFBIND report -m tiny.safetensors -f wrong.fa -o wrong.html notA.vcf
none=$(grep -c 'No figure: REF disagrees with this reference' wrong.html)
is 'no figure of another genome' "$((none > 0)) $(grep -c 'class="wide"><svg' wrong.html)" '1 0'
