# Enrichment: found where it was planted, not elsewhere; the same from tags and from sequence;
# GWAS-VCF, weights, matched random SNVs.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
E="$TFBIND enrich -m tiny.safetensors -v 1 --permutations 400"
# every second base, one ALT each
{
    printf '##fileformat=VCFv4.2
##contig=<ID=chr1,length=10000>
##contig=<ID=chr2,length=10000>
##INFO=<ID=PIP,Number=A,Type=Float,Description="p">
##INFO=<ID=N,Number=1,Type=Integer,Description="n">
'
    printf '##FORMAT=<ID=ES,Number=A,Type=Float,Description="e">
##FORMAT=<ID=SE,Number=A,Type=Float,Description="s">
##FORMAT=<ID=LP,Number=A,Type=Float,Description="l">
##FORMAT=<ID=ID,Number=1,Type=String,Description="i">
'
    printf '#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ttrait\n'
    awk '
        BEGIN { srand(5); split("A C G T", b, " "); split("C G T A", o, " ") }
        /^>/ { c = substr($1, 2); p = 0; next }
        {
            for (i = 1; i <= length($0); i++) {
                p++
                r = substr($0, i, 1)
                if (r == "N" || p % 7) continue
                for (k = 1; k <= 4; k++)
                    if (b[k] == r)
                        printf "%s\t%d\t.\t%s\t%s\t.\tPASS\t.\tES:SE:LP:ID\t0.1:0.1:0:rs%d\n", c, p, r, o[k], p
            }
        }' ref.fa
} > all.vcf
A="$TFBIND annotate -m tiny.safetensors -f ref.fa -v 1 --no-version"
$A --tf all -Ob -o all.bcf all.vcf
# planted: the variants that change CTCF most, with every tenth of the others
bcftools query -f '%CHROM\t%POS\t%TFB_CTCF_DELTA\n' all.bcf | awk '$3 != "."' > d.txt
awk '{ x = $3 < 0 ? -$3 : $3; print x "\t" $1 "\t" $2 }' d.txt |
    sort -k1,1gr |
    awk 'NR <= 40 || NR % 40 == 0 { print $2 "\t" $3 }' |
    sort -k1,1 -k2,2n > planted.txt
bcftools view -T planted.txt -Ob -o hits.bcf all.bcf; bcftools view -T ^planted.txt -Ob -o rest.bcf all.bcf
bcftools annotate --no-version -x INFO hits.bcf -Oz -o hits.vcf.gz
bcftools annotate --no-version -x INFO rest.bcf -Oz -o rest.vcf.gz
$E -f ref.fa --background rest.vcf.gz hits.vcf.gz > t.txt || exit 1
head -n 1 t.txt |
    grep -qx 'tf	n_hits	n_background	mean_hits	mean_background	auc	p_rank	q_rank	p_perm	q_perm	auc_low	auc_high' &&
    [ "$(wc -l < t.txt)" = 4 ]
verdict $? 'a row for each TF'
awk -F'\t' '
    NR == 2 {
        if ($1 == "CTCF" && $7 < 1e-6 && $8 < 1e-5 && $9 < 0.003 && $6 > 0.6) print "ok what was planted is found"
        else print "not ok what was planted is found: " $0
    }' t.txt
[ "$(sed -n 2p t.txt |
    cut -f 2,3)" = "$(bcftools view -H hits.bcf -i 'TFB_CTCF_DELTA!="."' |
        wc -l)	$(bcftools view -H rest.bcf -i 'TFB_CTCF_DELTA!="."' | wc -l)" ]
verdict $? 'all variants count'
$E --background rest.bcf hits.bcf > tags.txt
three < t.txt > a.txt
three < tags.txt > b.txt
same 'from tags as from sequence' a.txt b.txt
$E -@ 4 -f ref.fa --background rest.vcf.gz hits.vcf.gz > t4.txt; same '4 threads = 1' t.txt t4.txt
$E -f ref.fa --background all.vcf hits.vcf.gz > both.txt
same 'hits in the background are left out of it' t.txt both.txt
# U by hand
bcftools query -f 'h %TFB_CTCF_DELTA\n' hits.bcf > v.txt; bcftools query -f 'b %TFB_CTCF_DELTA\n' rest.bcf >> v.txt
for what in change gain loss; do
    $E --test $what --background rest.bcf hits.bcf | awk '$1 == "CTCF" { print $4, $5, $6 }' > got.txt
    perl -e '
        my $what = shift;
        my (@h, @b);
        while (<>) {
            my ($k, $d) = split;
            next if $d eq ".";
            my $x = $what eq "change" ? abs $d : $what eq "gain" ? ($d > 0 ? $d : 0) : $d < 0 ? -$d : 0;
            push @{$k eq "h" ? \@h : \@b}, $x
        }
        my ($u, $sh, $sb) = (0, 0, 0);
        for my $x (@h) { $sh += $x; $u += $x > $_ ? 1 : $x == $_ ? 0.5 : 0 for @b }
        $sb += $_ for @b;
        printf "%.4g %.4g %.4f\n", $sh / @h, $sb / @b, $u / @h / @b' $what v.txt > want.txt
    same "--test $what by hand" want.txt got.txt
done
# nothing planted: 30 random sets of 60, a third TF each time; p must not crowd near 0
for s in $(seq 1 30); do
    awk -v s=$s 'BEGIN { srand(s) } { print rand() "\t" $1 "\t" $2 }' d.txt |
        sort -k1,1g |
        head -n 60 |
        cut -f 2,3 |
        sort -k1,1 -k2,2n > r.txt
    bcftools view -T r.txt -Ou all.bcf > r.bcf
    $E --permutations 99 --background all.bcf r.bcf | tail -n 3 | cut -f 7,9
done > null.txt
awk '
    { n++; for (k = 1; k <= 2; k++) { s[k] += $k; low[k] += $k < 0.1 } }
    END {
        for (k = 1; k <= 2; k++)
            if (s[k] / n < 0.38 || s[k] / n > 0.62 || low[k] > 0.22 * n) bad = bad " " s[k] / n " " low[k]
        if (n == 90 && bad == "") print "ok random sets have random p"
        else print "not ok random sets have random p:" bad " (" n ")"
    }' null.txt

# GWAS-VCF: the same hits by LP
awk '
    NR == FNR { h[$1 " " $2]; next }
    /^#/ { print; next }
    { FS = "\t"; if (($1 " " $2) in h) sub(/0\.1:0\.1:0:/, "0.5:0.1:9.5:"); print }' planted.txt all.vcf > gwas.vcf
grep -c ':9.5:' gwas.vcf | grep -qx "$(wc -l < planted.txt)" || echo 'not ok the GWAS-VCF'
$E -f ref.fa --min-lp 7.3 gwas.vcf > g.txt
three < t.txt > a.txt
three < g.txt > b.txt
same 'GWAS-VCF: the rest is the background' a.txt b.txt
bcftools view --no-version -Ob gwas.vcf > gwas.bcf
$E -f ref.fa --min-lp 7.3 gwas.bcf > gb.txt
same 'BCF = VCF' g.txt gb.txt
$E -f ref.fa --min-lp 7.3 --background all.vcf gwas.vcf > g2.txt
three < g2.txt > b.txt
same 'GWAS-VCF against a background' a.txt b.txt

# weights: weight 1 for the planted and a little for others; equal weights are none
awk -v OFS='\t' -F'\t' '
    NR == FNR { h[$1 " " $2]; next }
    /^#/ { print; next }
    { $8 = "PIP=0.5;N=2"; print }' planted.txt gwas.vcf > w.vcf
bcftools view -T planted.txt w.vcf > wh.vcf
for w in INFO/PIP INFO/N; do
    $E -f ref.fa --weight $w --background rest.vcf.gz wh.vcf | three > b.txt
    same "equal weights ($w) are as none" a.txt b.txt
done
sed 's/PIP=0.5/PIP=0.001/' wh.vcf > low.vcf
{
    grep '^#' wh.vcf
    grep -v '^#' low.vcf | head -n 30
    grep -v '^#' wh.vcf | tail -n +31
} > mixed.vcf
$E -f ref.fa --weight INFO/PIP --background rest.vcf.gz mixed.vcf > m.txt
awk -F'\t' '
    NR == FNR { if ($1 == "CTCF") m = $4; next }
    $1 == "CTCF" { print ($4 != m && $2 > 0) ? "ok" : "not ok", "weights count" }' t.txt m.txt
sed 's/PIP=0.5/PIP=./' wh.vcf > nw.vcf
fails 'no hit has a weight' 'nw.vcf has no hits: none has a weight above 0' $E -f ref.fa --weight \
    INFO/PIP --background rest.vcf.gz nw.vcf
printf 'chr1\t0\t1\n' > nowhere.bed
fails 'no hit in the regions' 'standard input has no hits: none lies in the regions' $E -f ref.fa -R \
    nowhere.bed --background rest.vcf.gz - < wh.vcf

# matched random SNVs
$TFBIND enrich -m tiny.safetensors --permutations 400 -f ref.fa --random 3 hits.vcf.gz > r.txt 2> err.txt
grep -q '[0-9]* random SNVs match [0-9]* hits in trinucleotide, change and GC' err.txt &&
    [ "$(sed -n 2p r.txt | cut -f 1)" = CTCF ] &&
    awk -F'\t' 'NR == 2 { exit !($3 > $2 && $3 <= 3 * $2 && $7 < 1e-4) }' r.txt
verdict $? 'matched random SNVs' "$(sed -n 2p r.txt) $(cat err.txt)"
printf 'chr1\t0\t6000\n' > part.bed
$TFBIND enrich -m tiny.safetensors --permutations 100 -f ref.fa -R part.bed hits.vcf.gz 2>&1 > r.txt |
    grep -q 'outside part.bed'
verdict $? '-R'
$E -f ref.fa --max-background 200 --background rest.vcf.gz hits.vcf.gz |
    awk -F'\t' 'NR == 2 { exit !($3 <= 200 && $3 > 150 && $1 == "CTCF") }'
verdict $? '--max-background'

# the summary's tags: the TF that changes most
$A -Ob -o hs.bcf hits.vcf.gz
$A -Ob -o rs.bcf rest.vcf.gz
$E --background rs.bcf hs.bcf > s.txt && [ "$(sed -n 2p s.txt | cut -f 1)" = CTCF ]
verdict $? 'from the tags of the summary' "$(sed -n 2p s.txt)"
# the figure
$E --svg f.svg -o o.txt --background rest.bcf hits.bcf &&
    grep -q '^<svg' f.svg &&
    [ "$(grep -c '<circle' f.svg)" = 3 ] &&
    tail -n 1 f.svg | grep -q '</svg>' &&
    ! grep -q 'nan\|inf' f.svg
verdict $? 'a figure'
grep -q '>Change of binding sites: hits.bcf against rest.bcf<' f.svg
verdict $? 'the figure names the files'
grep -q ">q below 0.05: $(awk -F'\t' 'NR > 1 { n++; r += $8 < 0.05; p += $10 < 0.05; b += $8 < 0.05 && $10 < 0.05 }
    END { print r + 0 " of " n " TFs by the rank test, " p + 0 " by permutations of the mean, " b + 0 " by both" }' o.txt)<" f.svg
verdict $? 'and counts TFs that are significant'
# AUC and its interval are where the axis has them
perl -0e '
    my ($svg, $table) = map { open(my $f, "<", $_) or die; <$f> } "f.svg", "o.txt";
    my %x = reverse $svg =~ /<text x="([\d.]+)" y="\d+" text-anchor="middle" fill="#555">([\d.]+)</g;
    my ($lo, $hi) = (sort { $a <=> $b } keys %x)[0, -1];
    my $at = sub { $x{$lo} + ($_[0] - $lo) / ($hi - $lo) * ($x{$hi} - $x{$lo}) };
    my (undef, @row) = map { [split /\t/] } split /\n/, $table;
    my (@want, @got);
    push @want, map { sprintf "%.0f", $at->($_) } @$_[5, 10, 11] for @row;
    push @got, sprintf("%.0f %.0f %.0f", $3, $1, $2) =~ /\S+/g
        while $svg =~ /<line x1="([\d.]+)" y1="\d+" x2="([\d.]+)" y2="\d+" stroke="[^"]*" stroke-width="2".*?<circle cx="([\d.]+)"/g;
    print "@want" eq "@got" && @got == 9 ? "ok" : "not ok", " AUC and interval on the axis\n"'
$E --svg early.svg --background rest.bcf hits.bcf | true; [ -s early.svg ] && tail -n 1 early.svg | grep -q '</svg>'
verdict $? 'the figure, if the reader of the table ends early'
same '-o' tags.txt o.txt

fails 'no background' '--background is missing' $E hits.bcf
fails 'not annotated' 'rest.vcf.gz is not annotated' $E --background rest.vcf.gz hits.bcf
fails 'no LP' 'declares no numeric FORMAT/LP' $E -f ref.fa --min-lp 5 in.vcf
fails 'no such weight' 'declares no numeric INFO/NONE' $E -f ref.fa --weight INFO/NONE --background \
    rest.vcf.gz hits.vcf.gz
fails 'LP too high' 'has no hits' $E -f ref.fa --min-lp 50 gwas.vcf
fails 'not a VCF' 'is not VCF or BCF' $E -f ref.fa --background labels.bed hits.vcf.gz
head -c 3000 rest.bcf > cut.bcf
fails 'a truncated background' 'cut.bcf' $E --background cut.bcf hits.bcf
fails '--test' '--test is change, gain or loss' $E --test size --background rest.bcf hits.bcf
fails '--random and --background' 'cannot be used with --background or --min-lp' $E -f ref.fa --random 5 --background rest.vcf.gz hits.vcf.gz
fails 'a full disk' 'cannot write' $E -o /dev/full --background rest.bcf hits.bcf

# GWAS-VCF's ES and AF: turned round, a gain is a loss; matched frequencies leave no difference in them
cat > down.awk << 'END'
BEGIN { srand(9) }
NR == FNR { planted[$1 " " $2]; next }
/^##FORMAT=<ID=ES/ { print "##FORMAT=<ID=AF,Number=A,Type=Float,Description=\"f\">" }
/^#/ { print; next }
{
    frequency = ($1 " " $2) in planted ? 0.3 + 0.2 * rand() : rand()
    sub(/:LP:/, ":LP:AF:", $9)
    split($10, f, ":")
    $10 = -f[1] ":" f[2] ":" f[3] ":" frequency ":" f[4]
    print
}
END
awk -F'\t' -v OFS='\t' -f down.awk planted.txt gwas.vcf > down.vcf
sed 's/\t-0\.\([15]\):/\t0.\1:/' down.vcf > up.vcf
for t in gain loss; do
    other=$([ $t = gain ] && echo loss || echo gain)
    $E -f ref.fa --min-lp 7.3 --test $t up.vcf > a.txt
    $E -f ref.fa --min-lp 7.3 --test $t --by-effect up.vcf > b.txt
    same "--by-effect, ES above 0: $t of ALT" a.txt b.txt
    $E -f ref.fa --min-lp 7.3 --test $other --by-effect down.vcf > b.txt
    same "--by-effect, ES below 0: $t of ALT is $other" a.txt b.txt
done
$TFBIND enrich -m tiny.safetensors --permutations 400 -f ref.fa --min-lp 7.3 --match-af up.vcf > m.txt 2> err.txt
k=$(sed -n 's/.*background, up to \([0-9]*\) for each hit, match.*/\1/p' err.txt)
awk -F'\t' -v k="$k" '
    NR == 2 {
        if (k >= 1 && $1 == "CTCF" && $3 <= k * $2 && $3 > 0.7 * k * $2 && $3 < 700 && $7 < 1e-3 && $9 < 0.01)
            print "ok --match-af"
        else print "not ok --match-af: " k " " $0
    }' m.txt
$A --tf all -Ob -o up.bcf up.vcf
$E --min-lp 7.3 --match-af up.bcf |
    awk -F'\t' '
        NR == 2 {
            if ($1 == "CTCF" && $3 < 700 && $7 < 1e-3) print "ok --match-af from tags"
            else print "not ok --match-af from tags: " $0
        }'
# each bin of frequencies has as many for a hit as any other
$TFBIND enrich -v 1 -m tiny.safetensors --permutations 50 -f ref.fa --match-af --background up.vcf hits.vcf.gz 2>&1 |
    grep -q 'declares no numeric INFO/AF'
verdict $? 'hits without AF declared'
fails 'no AF' 'declares no numeric INFO/AF' $E -f ref.fa --min-lp 7.3 --match-af gwas.vcf
fails '--by-effect without a direction' '--by-effect needs --test gain or loss' $E -f ref.fa --min-lp 7.3 \
    --by-effect up.vcf
fails '--match-af of random SNVs' '--match-af needs a background' $E -f ref.fa --match-af hits.vcf.gz
cp hits.vcf.gz both.vcf.gz
for o in '-o both.vcf.gz both.vcf.gz' \
    '--svg both.vcf.gz both.vcf.gz' \
    '-o both.vcf.gz --background both.vcf.gz hits.vcf.gz'; do
    fails "onto the input: $o" 'both.vcf.gz is the input' $E -f ref.fa $o
done
same 'it is still whole' hits.vcf.gz both.vcf.gz
sed 's/\t0\.5:/\t.:/' up.vcf > noes.vcf
fails 'hits without ES' 'those there are have no ES or AF' $E -f ref.fa --min-lp 7.3 --test gain --by-effect noes.vcf
