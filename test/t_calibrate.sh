# Calibration: the quantiles are those of random SNVs scored one by one, percentiles and calls
# follow from them, several models keep theirs.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
M="$TFBIND model"
C="$M --calibrate -f ref.fa -l labels.bed.gz --n 3000 --precision 0.5"
$C -@ 1 -o cal.safetensors tiny.safetensors > said.txt 2> err.txt || {
    echo "not ok --calibrate: $(cat err.txt)"
    exit 1
}
percentiles='percentiles of 3 targets from 3000 random SNVs (labels.bed.gz, 320 regions, seed 1)'
thresholds='thresholds of [123] at precision 0.5 (labels.bed.gz, [0-9]* regions)'
grep -q "^calibration	$percentiles; $thresholds; changes combined by l2-lor\$" said.txt
verdict $? '--calibrate says what it measured' "$(cat said.txt)"
$M cal.safetensors | grep '^calibration	' > shown.txt; same 'model shows it' said.txt shown.txt
$M tiny.safetensors | grep -q '^calibration' &&
    echo 'not ok a model without says nothing' ||
    echo 'ok a model without says nothing'
$C -@ 4 -o cal4.safetensors tiny.safetensors > /dev/null 2>&1
$M --calibration cal.safetensors > table.txt
$M --calibration cal4.safetensors > table4.txt
same '4 threads = 1' table.txt table4.txt
$C --seed 2 -o cal2.safetensors tiny.safetensors > /dev/null 2>&1; $M --calibration cal2.safetensors > table2.txt
cmp -s table.txt table2.txt && echo 'not ok --seed' || echo 'ok another seed, other SNVs'
$M --convert half.safetensors --half cal.safetensors
$M --calibration half.safetensors > tableh.txt
same '--convert keeps it' table.txt tableh.txt
cp tiny.safetensors own.safetensors
$C own.safetensors > /dev/null 2>&1
$M --calibration own.safetensors > tableo.txt
same 'over the model itself' table.txt tableo.txt
[ "$($M --list own.safetensors | tr '\n' ' ')" = 'CTCF SPI1 NKX2-5 ' ] &&
    ls | grep -q 'tmp' &&
    echo 'not ok the model is whole' ||
    echo 'ok the model is whole'

# the second implementation: all SNVs of the regions, scored by annotate; the quantiles of 3000
# random ones lie near theirs
{
    printf '##fileformat=VCFv4.2
##contig=<ID=chr1,length=10000>
##contig=<ID=chr2,length=10000>
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
'
    awk '
        BEGIN { split("A C G T", b, " ") }
        /^>/ { c = substr($1, 2); p = 0; next }
        {
            for (i = 1; i <= length($0); i++) {
                p++
                r = substr($0, i, 1)
                if (r == "N" || p % 2 || p <= 7 || p > 9607) continue
                for (k = 1; k <= 4; k++) if (b[k] != r) printf "%s\t%d\t.\t%s\t%s\t.\t.\t.\n", c, p, r, b[k]
            }
        }' ref.fa
} > every.vcf
A="$TFBIND annotate -f ref.fa -v 1 --no-version"
$A -m tiny.safetensors --tf all -Ou every.vcf |
    bcftools query -f '%TFB_CTCF_DELTA\t%TFB_CTCF_LOR\t%TFB_SPI1_DELTA\t%TFB_SPI1_LOR\n' |
    tr -d - > changes.txt
perl -e '
    my ($t, $all) = @ARGV;
    my (@v, %q, $bad);
    open F, $all;
    while (<F>) { chomp; next if /\./ && /(^|\t)\.(\t|$)/; my @c = split /\t/; push @{$v[$_]}, $c[$_] for 0 .. 3 }
    close F;
    open F, $t;
    my @p = split /\t/, <F>;
    while (<F>) { chomp; my @c = split /\t/; $q{"$c[0] $c[3]"} = [@c] }
    for my $k (0 .. 3) {
        my @s = sort { $a <=> $b } @{$v[$k]};
        my $c = $q{("CTCF delta", "CTCF lor", "SPI1 delta", "SPI1 lor")[$k]};
        for my $i (4 .. $#p - 3) {
            (my $p = $p[$i]) =~ s/^p//;
            my $n = grep { $_ <= $c->[$i] } @s;
            my $share = 100 * $n / @s;
            $bad .= " $c->[0] $c->[3] p$p is at $share" if abs($share - $p) > 3
        }
    }
    print $bad ? "not ok quantiles are those of all SNVs:$bad\n" : "ok quantiles are those of all SNVs\n"' \
        table.txt changes.txt

# uniform NAME: standard input are many percentiles, each tenth about as often
uniform() {
    awk -v name="$1" '
        $1 != "." { n++; b[int($1 / 10)]++ }
        END {
            for (i = 0; i < 10; i++) if (b[i] < 0.07 * n || b[i] > 0.13 * n) bad = bad " " i ":" b[i] / n
            if (n > 1000 && bad == "") print "ok " name
            else print "not ok " name ":" bad
        }'
}
# annotate: percentiles of random SNVs are uniform, tags are as declared, and the model without
# calibration says what it said
$A -m tiny.safetensors in.vcf.gz > plain.vcf; $A -m cal.safetensors in.vcf.gz > cal.vcf
bcftools annotate --no-version -x INFO/TFB_PCT,INFO/TFB_CALL,INFO/TFB_PHRED cal.vcf | records > a.txt
bcftools view --no-version plain.vcf | records > b.txt
same 'all else is as without calibration' b.txt a.txt
$A -m cal.safetensors --tf CTCF -Ou every.vcf |
    bcftools query -f '%TFB_CTCF_PCT\n' |
    uniform 'percentiles of SNVs are uniform'
bcftools view -h cal.vcf |
    grep -c '^##INFO=<ID=TFB_PCT,Number=A,Type=Float\|^##INFO=<ID=TFB_CALL,Number=A,Type=String' |
    grep -qx 2
verdict $? 'PCT and CALL are declared'
$A -m cal.safetensors --strand fwd in.vcf.gz 2>&1 > /dev/null |
    grep -c 'percentiles and calls were calibrated on both strands; with --strand fwd' |
    grep -qx 1
verdict $? '--strand with percentiles is warned of, once'
$A -m tiny.safetensors --strand fwd in.vcf.gz 2>&1 > /dev/null | grep -q . &&
    echo 'not ok --strand without them is not' ||
    echo 'ok --strand without them is not'
$A -m cal.safetensors cal.vcf > twice.vcf; same 'annotating twice changes nothing' cal.vcf twice.vcf
$A -m tiny.safetensors cal.vcf | records > gone.txt
records < plain.vcf > b.txt
same 'tags of a calibrated model do not outlive it' b.txt gone.txt
bcftools view --no-version -Ob -o in2.bcf in.vcf
$A -m cal.safetensors in2.bcf > bcf.vcf
same 'BCF = VCF' cal.vcf bcf.vcf
host +tfbind in.vcf.gz -- --no-version -v 1 -m cal.safetensors -f ref.fa > p.vcf
same 'plugin = program' cal.vcf p.vcf
# a percentile by hand: from the table, between its two quantiles
bcftools query -f '%TFB_TOP\t%TFB_DELTA\t%TFB_PCT\n' -i 'ID="snv" || ID="mnv" || ID="del"' cal.vcf > pct.txt
perl -e '
    my ($t, $f) = @ARGV;
    my (%q, $bad, $n);
    open F, $t;
    chomp($_ = <F>);
    my @p = split /\t/;
    s/^p// for @p;
    while (<F>) { chomp; my @c = split /\t/; $q{$c[0]} = \@c if $c[3] eq "delta" }
    open F, $f;
    while (<F>) {
        chomp;
        my ($tf, $d, $pct) = split /\t/;
        $d = abs $d;
        my $c = $q{$tf};
        my $i = 4;
        $i++ while $i < $#p && $c->[$i + 1] <= $d;
        my $want;
        if ($i == $#p) {
            $want = 100 * 3000 / 3001
        } else {
            my ($a, $b) = map { my $s = 1 - $p[$_] / 100; $s < 1 / 3001 ? 1 / 3001 : $s } ($i, $i + 1);
            $want = 100 * (1 - $a * ($b / $a) ** (($d - $c->[$i]) / ($c->[$i + 1] - $c->[$i])))
        }
        $n++;
        $bad .= " $tf $pct not $want" if abs($want - $pct) > 0.05
    }
    print !$bad && $n == 3 ? "ok percentiles by hand\n" : "not ok percentiles by hand:$bad ($n)\n"' table.txt pct.txt

# calls by hand: thresholds of the table, percentiles of the record
$A -m cal.safetensors --tf all --call-percentile 60 every.vcf |
    bcftools query -f '%TFB_CTCF\t%TFB_CTCF_PCT\t%TFB_CTCF_CALL\n' > calls.txt
th=$(awk -F'\t' '$1 == "CTCF" { print $2; exit }' table.txt)
[ "$th" = . ] &&
    echo "not ok CTCF of the tiny model has a threshold" ||
    awk -F'[\t,]' -v th="$th" '
        $2 != "." && ($1 - th) ^ 2 > 1e-7 && ($2 - th) ^ 2 > 1e-7 {
            r = $1 >= th
            a = $2 >= th
            w = ($3 < 60 || (!r && !a)) ? "." : r && a ? "change" : r ? "loss" : "gain"
            n[w]++
            if (w != $4) bad++
        }
        END {
            if (!bad && n["gain"] && n["loss"] && n["change"] && n["."]) print "ok gain, loss and change by hand"
            else print "not ok gain, loss and change by hand: " bad " of", n["gain"], n["loss"], n["change"], n["."]
        }' calls.txt

# --min-percentile
$A -m cal.safetensors --min-percentile 70 in.vcf.gz > min.vcf 2> /dev/null
$TFBIND annotate -f ref.fa -m cal.safetensors --min-percentile 70 in.vcf.gz 2>&1 > /dev/null |
    grep 'have no tags' > said.txt
[ "$(bcftools view -H min.vcf | wc -l)" = "$(bcftools view -H cal.vcf | wc -l)" ]
verdict $? '--min-percentile keeps all records'
n=$(bcftools view -H -i 'TFB_PCT>=0' cal.vcf | wc -l); k=$(bcftools view -H -i 'TFB_PCT>=0' min.vcf | wc -l)
grep -q "$((n - k)) of the annotated records have no tags: their changes are below percentile 70" said.txt &&
    [ $k -gt 0 ] &&
    [ $k -lt $n ]
verdict $? 'it counts those it leaves out' "$n $k $(cat said.txt)"
bcftools query -f '[%TFB_PCT\n]' min.vcf | tr ',' '\n' | awk '$1 != "." && $1 < 70 { bad = 1 } END { exit bad }'
verdict $? 'nothing below is written'
$A -m cal.safetensors --tf all in.vcf.gz |
    bcftools query -f '%POS\t%TFB_SPI1\t%TFB_SPI1_DELTA\t%TFB_SPI1_PCT\n' |
    awk -F'\t' '
        {
            n = split($4, p, ",")
            split($2, s, ",")
            split($3, d, ",")
            any = 0
            S = s[1]
            D = P = ""
            for (i = 1; i <= n; i++) {
                ok = p[i] != "." && p[i] >= 70
                any += ok
                S = S "," (ok ? s[i + 1] : ".")
                D = D (i > 1 ? "," : "") (ok ? d[i] : ".")
                P = P (i > 1 ? "," : "") (ok ? p[i] : ".")
            }
            print any ? $1 "\t" S "\t" D "\t" P : $1 "\t.\t.\t."
        }' > want.txt
$A -m cal.safetensors --tf all --min-percentile 70 in.vcf.gz |
    bcftools query -f '%POS\t%TFB_SPI1\t%TFB_SPI1_DELTA\t%TFB_SPI1_PCT\n' > got.txt
same '--tf and --min-percentile, ALT by ALT' want.txt got.txt
$A -m cal.safetensors --tf all --min-percentile 70 in.vcf.gz |
    bcftools norm --no-version -m- 2> /dev/null |
    records |
    cut -f 1-8 > after.txt
bcftools norm --no-version -m- in.vcf.gz 2> /dev/null |
    $A -m cal.safetensors --tf all --min-percentile 70 |
    records |
    cut -f 1-8 > before.txt
clean() { sed 's/TFB_[A-Z0-9_]*=\(\.\|[0-9.e-]*,\.\);\?//g; s/;$//; s/;\t/\t/'; }
clean < after.txt > a.txt
clean < before.txt > b.txt
same 'split after annotating = annotating after the split' a.txt b.txt

# --rank-by against the tags of all TFs
fields=
for tag in DELTA PCT LOR; do
    for tf in CTCF SPI1 NKX2_5; do fields="$fields${fields:+ }%TFB_${tf}_$tag"; done
done
$A -m cal.safetensors --tf all every.vcf | bcftools query -f "$fields\n" > all.txt
at=0
for by in delta percentile lor; do
    $A -m cal.safetensors --rank-by $by every.vcf | bcftools query -f '%TFB_TOP\n' > top.txt
    paste -d ' ' all.txt top.txt |
        awk -v at=$at '
            BEGIN { tf["CTCF"] = 1; tf["SPI1"] = 2; tf["NKX2-5"] = 3 }
            $1 != "." {
                n++
                m = 0
                for (i = 1; i <= 3; i++) { x = $(at + i); if (x < 0) x = -x; if (x > m) m = x }
                x = $(at + tf[$10])
                if (x < 0) x = -x
                if (x < m) bad++
            }
            END { exit !(n > 1000) || bad > 0 }'
    verdict $? "--rank-by $by"
    at=$((at + 3))
done
$A -m cal.safetensors --tf CTCF --percentile-of lor every.vcf |
    bcftools query -f '%TFB_CTCF_PCT\n' |
    uniform '--percentile-of lor'

# several models: each target has its own model's calibration; a model without has none
"$UNIT_DIR/tool_tiny_model" other.safetensors \
'conv 16 7; bn; relu; pool 4; conv 12 5; relu; bn; pool 3; dense 20; bn; relu; dropout 0.3; dense 2' 60 FOXA1,SPI1 9
$C -o other.cal.safetensors other.safetensors > /dev/null 2>&1
q='%ID %TFB_SPI1_PCT %TFB_SPI1_CALL\n'
$A -m cal.safetensors,other.cal.safetensors --tf all in.vcf.gz > two.vcf
$A -m other.cal.safetensors --tf all in.vcf.gz > o.vcf
$A -m cal.safetensors --tf all in.vcf.gz > c.vcf
bcftools query -f "$q" two.vcf > got.txt
bcftools query -f "$q" o.vcf > want.txt
same 'a TF that two know has the percentiles of the last' want.txt got.txt
q='%ID %TFB_CTCF_PCT %TFB_NKX2_5_PCT\n'
bcftools query -f "$q" two.vcf > got.txt
bcftools query -f "$q" c.vcf > want.txt
same 'the others those of their own' want.txt got.txt
$A -m cal.safetensors,other.safetensors --tf all in.vcf.gz |
    bcftools query -f '%TFB_SPI1_PCT%TFB_FOXA1_PCT\n' |
    grep -qv '^[.,]*$' &&
    echo 'not ok a model without calibration lends none' ||
    echo 'ok a model without calibration lends none'

# PHRED: the combined change of all TFs, by each combination, worked out again from the tags of all TFs
phred_by_hand() { # COMBINATION TABLE TAGS: tags are the three deltas, the three lors and PHRED of a record
    perl -e '
        my ($how, $t, $f) = @ARGV;
        my (%q, $bad, $n);
        open F, $t;
        chomp($_ = <F>);
        my @p = map { s/^p//r } split /\t/;
        while (<F>) { chomp; my @c = split /\t/; $q{"$c[0] $c[3]"} = \@c }
        sub share {
            my ($c, $d) = @_;
            return 1 if $d < $c->[4];
            my $i = 4;
            $i++ while $i < $#p && $c->[$i + 1] <= $d;
            return 1 / 3001 if $i == $#p;
            my ($a, $b) = map { my $s = 1 - $p[$_] / 100; $s < 1 / 3001 ? 1 / 3001 : $s } ($i, $i + 1);
            return $a * ($b / $a) ** (($d - $c->[$i]) / ($c->[$i + 1] - $c->[$i]))
        }
        my @tf = ("CTCF", "SPI1", "NKX2-5");
        my ($sum, $max);
        open F, $f;
        while (<F>) {
            chomp;
            next if /\t\.$/;
            my @v = map { abs } split /\t/;
            my $phred = $v[6];
            my @x = $how =~ /lor/ ? @v[3 .. 5] : @v[0 .. 2];
            my $want = 0;
            for my $k (0 .. 2) {
                my $x = $x[$k];
                $want += $x * $x if $how =~ /^l2/;
                $want += $x / 3 if $how =~ /^mean/;
                $want = $x if $how =~ /^max/ && $x > $want;
                $want -= log(share($q{"$tf[$k] delta"}, $x)) / log(10) if $how eq "tail";
            }
            $want = sqrt $want if $how =~ /^l2/;
            $want = -10 * log(share($q{"all $how"}, $want)) / log(10);
            $n++;
            $bad .= " $phred not $want" if abs($want - $phred) > 0.1 && length $bad < 100
        }
        print !$bad && $n > 1000 ? "ok PHRED by hand: $how\n" : "not ok PHRED by hand: $how:$bad ($n)\n"' "$@"
}
q='%TFB_CTCF_DELTA\t%TFB_SPI1_DELTA\t%TFB_NKX2_5_DELTA\t%TFB_CTCF_LOR\t%TFB_SPI1_LOR\t%TFB_NKX2_5_LOR\t%TFB_PHRED\n'
for how in l2-lor l2-delta max-delta mean-delta mean-lor tail; do
    $C --combine $how -o how.safetensors tiny.safetensors > /dev/null 2>&1
    $M --calibration how.safetensors > how.txt
    head -n 7 how.txt > a.txt
    head -n 7 table.txt > b.txt
    cmp -s a.txt b.txt || echo "not ok --combine $how leaves the percentiles"
    $A -m how.safetensors --tf all every.vcf | bcftools query -f "$q" > tags.txt
    phred_by_hand $how how.txt tags.txt
done
$A -m cal.safetensors every.vcf |
    bcftools query -f '%TFB_PHRED\n' |
    awk '
        $1 != "." { n++; a += $1 >= 3.0103; b += $1 >= 10; c += $1 >= 20 }
        END {
            a /= n; b /= n; c /= n
            if (n > 1000 && a > 0.46 && a < 0.54 && b > 0.08 && b < 0.12 && c > 0.005 && c < 0.02)
                print "ok PHRED 3, 10 and 20 are the top 50, 10 and 1 % of SNVs"
            else print "not ok PHRED 3, 10 and 20 are the top 50, 10 and 1 % of SNVs: " a " " b " " c
        }'
phreds() { bcftools query -f '%ID %TFB_PHRED\n' "$@"; }
phreds cal.vcf > want.txt
grep -q ' [0-9]' want.txt && grep -q '^multi [0-9.e-]*,[0-9.e-]*,\.,[0-9.e-]*,\.$' want.txt
verdict $? 'PHRED: a value for each scored ALT' "$(grep multi want.txt)"
$A -m cal.safetensors --tf all in.vcf.gz > all.vcf; phreds all.vcf > got.txt; same 'PHRED: --tf all' want.txt got.txt
$A -m cal.safetensors -@ 4 in.bcf -Ob | phreds > got.txt; same 'PHRED: BCF, threads' want.txt got.txt
host +tfbind in.vcf.gz -- -v 1 -m cal.safetensors -f ref.fa | phreds > got.txt
same 'PHRED: the plugin' want.txt got.txt
# what adds most to it: for l2-lor the largest |LOR|
$A -m cal.safetensors --rank-by phred every.vcf | bcftools query -f '%TFB_TOP %TFB_LOR\n' > got.txt
$A -m cal.safetensors --rank-by lor every.vcf | bcftools query -f '%TFB_TOP %TFB_LOR\n' > want.txt
same '--rank-by phred' want.txt got.txt
# not written: one note says why
note() { # NAME TEXT OPTION...
    local name=$1 text=$2
    shift 2
    $TFBIND annotate -f ref.fa "$@" in.vcf.gz 2> err.txt | grep -q TFB_PHRED && echo "not ok no PHRED: $name"
    [ "$(grep -c PHRED err.txt)" = 1 ] && grep -q "TFB_PHRED is not written: $text" err.txt
    verdict $? "no PHRED: $name" "$(cat err.txt)"
}
note 'no calibration' 'the model is not calibrated for it' -m tiny.safetensors
note 'several models' 'it combines the changes of all TFs of one model, and several' \
    -m cal.safetensors,other.cal.safetensors
mkdir panel && cp cal.safetensors other.cal.safetensors panel
note 'a folder' 'it combines the changes of all TFs of one model, and several' -m panel
mkdir single && cp cal.safetensors single
$A -m single in.vcf.gz | phreds > got.txt
phreds cal.vcf > want.txt
same 'PHRED: a folder of one model' want.txt got.txt
perl -pe 's/\\"combine/\\"xombine/g' cal.safetensors > old.safetensors
$A -m old.safetensors in.vcf.gz > old.vcf 2> err.txt
bcftools annotate --no-version -x INFO/TFB_PHRED cal.vcf | records > a.txt
bcftools view --no-version old.vcf | records > b.txt
same 'a calibration without the combined change: all other tags' a.txt b.txt
$A -m cal.safetensors --tf CTCF,SPI1 in.vcf.gz 2>&1 | grep -q PHRED && echo 'not ok no PHRED of some TFs' ||
    echo 'ok no PHRED of some TFs'
$A -m cal.safetensors --tf CTCF cal.vcf | phreds > got.txt; phreds cal.vcf > want.txt
same "the summary's PHRED stays beside tags of TFs" want.txt got.txt
$A -m tiny.safetensors cal.vcf 2> /dev/null | grep -q PHRED && echo 'not ok PHRED does not outlive its calibration' ||
    echo 'ok PHRED does not outlive its calibration'
perl -pe 's/\\"l2-lor\\"/\\"l9-lor\\"/' cal.safetensors > later.safetensors
$A -m later.safetensors in.vcf.gz 2> err.txt > later.vcf
grep -q "combines changes by an unknown 'l9-lor', of a later version" err.txt && ! grep -q PHRED later.vcf
verdict $? 'a combination of a later version' "$(cat err.txt)"
perl -pe 's/(\\"combined\\":\[)0\.0/${1}9.0/' cal.safetensors > bad.safetensors
fails 'a combined change that was tampered with' "'combined': entry 2 is not a number" $M --check bad.safetensors
fails '--combine' '--combine is l2-lor, l2-delta, max-delta, mean-delta, mean-lor or tail' \
    $C --combine sum tiny.safetensors
fails '--combine without --calibrate' 'are for --calibrate' $M --combine tail tiny.safetensors
fails '--rank-by phred without calibration' '--rank-by phred: the model is not calibrated for it' $A \
    -m tiny.safetensors --rank-by phred in.vcf.gz
# in the report
$TFBIND report --rank-by phred --top 3 cal.vcf > page.html
bcftools query -f '%TFB_PHRED %POS\n' -i 'N_ALT=1 && TFB_PHRED>0' cal.vcf | sort -gr |
    head -n 1 | cut -d ' ' -f 2 > want.txt
grep -oE '<td class="g">(<a[^>]*>)?chr[12]:[0-9]+' page.html | sed -n '1s/.*://p' > got.txt
same 'report --rank-by phred: the highest first' want.txt got.txt
grep -q '>PHRED</th>' page.html && ! $TFBIND report plain.vcf | grep -q '>PHRED</th>'
verdict $? 'report: a column of PHRED'
fails 'report --rank-by phred without' 'has no TFB_PHRED tags' $TFBIND report --rank-by phred plain.vcf

# refused
fails '--rank-by percentile without calibration' 'needs a calibrated model' $A -m tiny.safetensors \
    --rank-by percentile in.vcf.gz
# a second run with fewer TFs takes the haplotypes' tags of the others, too
bcftools view --no-version -G in.vcf.gz |
    bcftools sort 2> /dev/null |
    awk -F'\t' -v OFS='\t' '
        /^#CHROM/ {
            print "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"g\">"
            print $1, $2, $3, $4, $5, $6, $7, $8, "FORMAT", "S"
            next
        }
        /^#/ { print; next }
        { print $1, $2, $3, $4, $5, $6, $7, $8, "GT", $5 == "." ? "0|0" : NR % 2 ? "0|1" : "1|0" }' > phased.vcf
$A -m cal.safetensors --tf all --haplotypes phased.vcf > all.vcf
tags='%POS %TFB_CTCF %TFB_CTCF_HAP_DIFF %TFB_SPI1 %TFB_SPI1_HAP_DIFF[ %TFB_CTCF_HAP %TFB_SPI1_HAP]\n'
$A -m cal.safetensors --tf all --haplotypes --min-percentile 70 phased.vcf | bcftools query -f "$tags" > want.txt
$A -m cal.safetensors --tf all --haplotypes --min-percentile 70 all.vcf | bcftools query -f "$tags" > got.txt
grep -q ' \. \. [0-9]' want.txt &&
    same '--min-percentile over a file with all haplotypes' want.txt got.txt ||
    echo 'not ok --min-percentile over a file with all haplotypes: nothing to leave out'
fails '--min-percentile without calibration' 'needs a calibrated model' $A -m tiny.safetensors --min-percentile \
    99 in.vcf.gz
fails '--rank-by' '--rank-by is delta, percentile, lor or phred' $A -m cal.safetensors --rank-by size in.vcf.gz
fails '--percentile-of' '--percentile-of is delta or lor' $A -m cal.safetensors --percentile-of size in.vcf.gz
fails 'BED has no changes' 'are for VCF and BCF' $A -m cal.safetensors --min-percentile 9 labels.bed
fails '--calibration of a model without' 'has no calibration' $M --calibration tiny.safetensors
fails '--calibrate without reference' 'needs -f ref.fa' $M --calibrate -l labels.bed.gz tiny.safetensors
fails '--calibrate without regions' 'needs regions' $M --calibrate -f ref.fa tiny.safetensors
fails '--n without --calibrate' 'are for --calibrate' $M --n 500 tiny.safetensors
fails 'regions of another genome' 'chr9 is not in ref.fa' $M --calibrate -f ref.fa -R \
    <(printf 'chr9\t1\t100\n') tiny.safetensors
fails 'regions that are none' '1: not BED' $M --calibrate -f ref.fa -R <(printf 'chr1\t100\t1\n') tiny.safetensors
fails 'a contig without regions' "has no regions on 'chr7'" $M --calibrate -f ref.fa -l labels.bed.gz \
    --snv-chroms chr7 -o x.safetensors tiny.safetensors
fails 'regions of N only' 'only 0 random SNVs' $M --calibrate -f ref.fa -R <(printf 'chr2\t4965\t4985\n') \
    --max-n 0 -o x.safetensors tiny.safetensors
perl -e '
    local $/;
    open F, "cal.safetensors";
    my $s = <F>;
    my $n = $s =~ s/(\\"grid\\":\[)0\.0,/${1}9.0,/;
    print $s;
    exit !$n' > bad.safetensors ||
    echo 'not ok the tampering'
fails 'a calibration that was tampered with' "bad.safetensors: its calibration is damaged: 'grid': entry 1" \
    $M --check bad.safetensors
ok_if 'nothing is left of what failed' [ ! -e x.safetensors ]
