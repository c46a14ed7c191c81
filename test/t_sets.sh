# Sets of variants: what is compared is comparable, a variant counts once, hits are never their own
# background, and one study's numbers are one study's.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
E="$TFBIND enrich -m tiny.safetensors -v 1 --permutations 60"
A="$TFBIND annotate -v 0 -f ref.fa --no-version -m tiny.safetensors"
net='conv 16 7; bn; relu; pool 4; conv 12 5; relu; bn; pool 3; dense 20; bn; relu; dropout 0.3; dense'
"$UNIT_DIR/tool_tiny_model" other.safetensors "$net 3" 60 CTCF,SPI1,NKX2-5 5
"$UNIT_DIR/tool_tiny_model" many.safetensors "$net 12" 60 A,B,C,D,E,F,G,H,I,J,K,L 4
says() { # NAME TEXT COMMAND...: the command succeeds, and TEXT is part of what it says
    local name=$1 text=$2
    shift 2
    if ! "$@" > says.out 2> says.txt; then
        echo "not ok $name: failed: $(head -n 1 says.txt)"
    elif grep -qF -- "$text" says.txt; then
        echo "ok $name"
    else echo "not ok $name: $(head -n 1 says.txt)"; fi
}
is() {
    [ "$2" = "$3" ]
    verdict $? "$1" "'$2', not '$3'"
}

# SNVs at every 13th base: the first 40 are hits
header='##fileformat=VCFv4.2\n##contig=<ID=chr1,length=10000>\n##contig=<ID=chr2,length=10000>\n'
for t in INFO/PIP INFO/AF FORMAT/LP FORMAT/PP; do
    header="$header##${t%/*}=<ID=${t#*/},Number=A,Type=Float,Description=\"x\">\n"
done
{
    printf "$header"'#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ttrait\n'
    awk '
        /^>/ { c = substr($1, 2); p = 0; next }
        {
            for (i = 1; i <= length($0); i++) {
                p++
                r = substr($0, i, 1)
                if (r == "N" || p % 13 || p < 60 || p > 9900) continue
                split("A C G T", b, " ")
                k = index("ACGT", r)
                n++
                printf "%s\t%d\t.\t%s\t%s\t.\tPASS\tPIP=%g;AF=0.2\tLP:PP\t%s:0.5\n", c, p, r, b[k % 4 + 1],
                    0.5 + (n % 18) / 48, n % 6 ? "1" : "9"
            }
        }' ref.fa |
        head -n 240
} > gwas.vcf
keep() { awk -F'\t' -v OFS='\t' "/^#/ || ($1)" gwas.vcf; }
keep '$10 ~ /^9/' > hits.vcf; keep '$10 ~ /^1/' > rest.vcf
$A -o hs.vcf hits.vcf
$A -o rs.vcf rest.vcf
$A --tf all -o ha.vcf hits.vcf
$A --tf all -o ra.vcf rest.vcf
$A --tf all -o hb.vcf hs.vcf

# values that are comparable
fails 'tags per TF against the summary' \
    'ha.vcf has tags per TF, rs.vcf has only the summary: annotate both alike' $E --background rs.vcf ha.vcf
fails 'the summary against tags per TF' 'hs.vcf has only the summary, ra.vcf has tags per TF' $E \
    --background ra.vcf hs.vcf
$E --background rs.vcf hs.vcf > s.txt; $E --background ra.vcf ha.vcf > a.txt
$E --background rs.vcf hb.vcf > b.txt; same 'both kinds against the summary: the summary' s.txt b.txt
$E --background ra.vcf hb.vcf > b.txt; same 'both kinds against tags per TF: these' a.txt b.txt
$A --tf CTCF -o rc.vcf rest.vcf
fails 'some TFs only' 'rc.vcf has tags of some of the TFs only, 1 of 3' $E --background rc.vcf ha.vcf
$E --tf CTCF --background ra.vcf ha.vcf > a1.txt
$E --tf CTCF --background rc.vcf ha.vcf > b.txt
same 'the TFs that both have' a1.txt b.txt
for t in '' '--tf all'; do
    k=${t:+a}
    k=${k:-s}
    $TFBIND annotate -v 0 -f ref.fa -m other.safetensors $t -o other.vcf rest.vcf
    fails "two models $t" 'other.vcf by other.safetensors' $E --background other.vcf h$k.vcf
    cp tiny.safetensors renamed.safetensors
    $TFBIND annotate -v 0 -f ref.fa --no-version -m renamed.safetensors $t -Ob -o renamed.bcf rest.vcf
    $E --background renamed.bcf h$k.vcf > b.txt 2> err.txt
    same "one model of two names $t" $k.txt b.txt
    is "and no warning $t" "$(cat err.txt)" ''
    $A $t --strand fwd -o fwd.vcf rest.vcf
    fails "another strand $t" 'fwd.vcf with --strand fwd: annotate both alike' $E --background fwd.vcf h$k.vcf
done
$A --rank-by lor -o lor.vcf rest.vcf
fails 'another rank' 'TF whose log odds change most' $E --background lor.vcf hs.vcf
$TFBIND model --calibrate -f ref.fa -l labels.bed.gz --n 400 --precision 0.2 -o cal.safetensors \
    tiny.safetensors > /dev/null 2>&1
for t in '' '--tf all'; do
    for f in hits rest; do $TFBIND annotate -v 0 -f ref.fa -m cal.safetensors --min-percentile 50 $t \
        -o least.$f.vcf $f.vcf; done
    fails "--min-percentile $t" 'annotated with --min-percentile 50: changes below are missing' \
        $TFBIND enrich -m cal.safetensors --background least.rest.vcf least.hits.vcf
done
$A --prefix XX -o xx.vcf rest.vcf
fails 'another prefix' 'it has XX_DELTA: annotate hits and background with the same --prefix' $E \
    --background xx.vcf hs.vcf
says '-m is another model' 'hs.vcf was annotated by tiny.safetensors' $TFBIND enrich -m other.safetensors -v \
    1 --permutations 60 --background rs.vcf hs.vcf
sed 's/ (model [^)]*)//' rs.vcf > unknown.vcf
says 'a header without a model' 'unknown.vcf: the header does not tell which model' $E --background unknown.vcf hs.vcf

# once
F="$E -f ref.fa"
$F --background rest.vcf hits.vcf > t.txt
again() { local name=$1; shift; "$@" > b.txt 2> err.txt; same "$name" t.txt b.txt; } # all give the same table
again 'GWAS-VCF' $F --min-lp 7.3 gwas.vcf
{
    cat hits.vcf
    grep -v '^#' hits.vcf
} > h2.vcf
{
    cat rest.vcf
    grep -v '^#' rest.vcf
} > r2.vcf
{
    cat gwas.vcf
    grep -v '^#' gwas.vcf
} > g2.vcf
again 'hits twice' $F --background rest.vcf h2.vcf
again 'the background twice' $F --background r2.vcf hits.vcf
again 'a GWAS-VCF twice' $F --min-lp 7.3 g2.vcf
again 'twice, as BCF from a pipe' sh -c "bcftools view --no-version -Ob g2.vcf | $F --min-lp 7.3 -"
{
    cat gwas.vcf
    grep -v '^#' hits.vcf | sed 's/\t9:/\t0.1:/'
} > low.vcf
again 'a hit again with a low LP, after it' $F --min-lp 7.3 low.vcf
{
    grep '^#' gwas.vcf
    grep -v '^#' hits.vcf | sed 's/\t9:/\t0.1:/'
    grep -v '^#' gwas.vcf
} > low.vcf
again 'a hit again with a low LP, before it' $F --min-lp 7.3 low.vcf
again 'hits in the background file' $F --background gwas.vcf hits.vcf
awk -F'\t' -v OFS='\t' '/^#/ { print; next } { $4 = tolower($4); print }' gwas.vcf > lower.vcf
again 'hits in the background in lower case' $F --background lower.vcf hits.vcf
padded() { # with the base before
    awk -F'\t' -v OFS='\t' '
        NR == FNR { if (/^>/) c = substr($1, 2); else s[c] = s[c] $0; next }
        /^#/ { print; next }
        { b = substr(s[$1], $2 - 1, 1); if (b != "N") { $2--; $4 = b $4; $5 = b $5 } print }' ref.fa "$1"
}
padded hits.vcf > hp.vcf
{
    cat hits.vcf
    grep -v '^#' hp.vcf
} > h2.vcf
again 'hits padded' $F --background rest.vcf h2.vcf
{
    cat rest.vcf
    grep -v '^#' hp.vcf
} > r2.vcf
again 'hits padded in the background' $F --background r2.vcf hits.vcf
$E --background ra.vcf ha.vcf > t.txt
{ cat ha.vcf; grep -v '^#' ha.vcf; } > h2.vcf; again 'hits twice, by tags' $E --background ra.vcf h2.vcf
sed 's/^chr//; s/ID=chr/ID=/' ha.vcf > style.vcf; { cat style.vcf; sed 's/^chr//' ra.vcf | grep -v '^#'; } > r2.vcf
again 'hits in the background in another style, by tags' $E --background r2.vcf ha.vcf
V="$TFBIND enrich -m tiny.safetensors --permutations 60"
says 'a note how many: hits' '40 hits are repeated, and count once' $V --background ra.vcf h2.vcf
{ cat ra.vcf; grep -v '^#' ra.vcf; } > r2.vcf
says 'a note how many: background' '200 ALT alleles of the background are repeated' $V --background r2.vcf ha.vcf
# multi-allelic records split and joined
awk -F'\t' -v OFS='\t' '
    /^#/ { print; next }
    {
        split("A C G T", b, " ")
        k = index("ACGT", $4)
        $5 = b[k % 4 + 1] "," b[(k + 1) % 4 + 1]
        $8 = "PIP=0.5,0.25"
        $10 = "9,9:0.5,0.5"
        print
    }' hits.vcf > joined.vcf
bcftools norm -m- joined.vcf 2> err.txt > split.vcf
$F --background rest.vcf joined.vcf > t.txt
again 'split = joined' $F --background rest.vcf split.vcf
{ cat split.vcf; grep -v '^#' joined.vcf; } > h2.vcf; again 'split and joined' $F --background rest.vcf h2.vcf
# a hit without a weight is left out, but it is no background
w() { $F --weight INFO/PIP "$@"; }
sed '0,/PIP=[0-9.]*/s//PIP=0/' hits.vcf > zero.vcf; first=$(grep -v '^#' hits.vcf | head -n 1 | cut -f 2)
awk -F'\t' -v p="$first" '/^#/ || $2 != p' gwas.vcf > without.vcf; w --background without.vcf zero.vcf > t.txt
again 'a hit without a weight is no background' w --background gwas.vcf zero.vcf
w --background rest.vcf hits.vcf > t.txt
{ grep '^#' hits.vcf; grep -v '^#' hits.vcf | sed 's/PIP=[0-9.]*/PIP=0.125/'; grep -v '^#' hits.vcf; } > h2.vcf
again 'the largest weight of a repeated hit' w --background rest.vcf h2.vcf
awk -F'\t' -v OFS='\t' '/^#/ { print; next } { n++; if (n == 1) $5 = $4; print }' hits.vcf > same.vcf
awk -F'\t' '/^#/ || ++n > 1' hits.vcf > fewer.vcf
$F --background rest.vcf fewer.vcf > t.txt; again 'ALT equal to REF is no hit' $F --background rest.vcf same.vcf

# two studies
two() { awk -F'\t' -v OFS='\t' '/^#CHROM/ { print $0, "second"; next } /^#/ { print; next } '"$1" "$2"; }
two '{ print $0, "1:0.5" }' gwas.vcf > first.vcf
two '{ t = $10; $10 = "1:0.5"; print $0, t }' gwas.vcf > second.vcf
$F --min-lp 7.3 gwas.vcf > t.txt
again 'the first study' $F --min-lp 7.3 first.vcf
says 'a warning of two studies' 'first.vcf has 2 samples (studies): only the first, trait, is used' $F \
    --min-lp 7.3 first.vcf
again '--sample' $F --min-lp 7.3 --sample second second.vcf; is '--sample: no warning' "$(cat err.txt)" ''
fails 'no hits in the first study' \
    'no record has an LP of 7.3 or more (--min-lp) in sample trait, one of 2; --sample' \
    $F --min-lp 7.3 second.vcf
fails 'no such sample' "has no sample 'secnd'; did you mean second?" $F --min-lp 7.3 --sample secnd second.vcf
fails '--sample of nothing' '--sample is for FORMAT values' $F --sample second \
    --background rest.vcf hits.vcf
two '{ sub(/:0.5$/, ":.", $10); print $0, "1:0.25" }' hits.vcf > pp.vcf; $F --background rest.vcf hits.vcf > t.txt
again '--sample of weights' $F --weight FORMAT/PP --sample second --background rest.vcf pp.vcf
check 'a background needs no sample of that name' $F --min-lp 7.3 --match-af --sample second --background \
    rest.vcf second.vcf
check 'samples that are not read' $F --background rest.vcf pp.vcf; is 'are not spoken of' "$(cat check.err)" ''

# numbers that are none
for v in -0.5 inf; do
    sed "s/PIP=0.625/PIP=$v/" hits.vcf > bad.vcf
    fails "a weight of $v" "INFO/PIP is $v; weights must be finite and not negative" w --background rest.vcf bad.vcf
done
for v in 0 . nan; do
    sed "s/PIP=[0-9.]*/PIP=$v/" hits.vcf > bad.vcf
    fails "all weights $v" 'none has a weight above 0' w --background rest.vcf bad.vcf
done
sed 's/AF=0.2/AF=20/' hits.vcf > bad.vcf
fails 'frequencies in per cent' 'AF is 20; a frequency must be from 0 to 1' $F --match-af --background rest.vcf bad.vcf
sed 's/\t9:/\t.:/' gwas.vcf > bad.vcf
fails 'no LP' 'has no hits: no record has an LP of 7.3 or more' $F --min-lp 7.3 bad.vcf
sed 's/\t9:/\tinf:/' gwas.vcf > bad.vcf
$F --min-lp 7.3 gwas.vcf > t.txt
again 'an LP beyond all numbers' $F --min-lp 7.3 bad.vcf
sed 's/_DELTA=[-0-9.e]*/_DELTA=nan/g' ra.vcf > bad.vcf
fails 'tags that are no numbers' 'nothing to compare: the background is empty' timeout 20 $E --background \
    bad.vcf ha.vcf
{ grep '^#' hs.vcf; grep -v '^#' hs.vcf | head -n 1; } > one.vcf
for o in '--permutations 0' '--permutations 3'; do
    $E $o --svg one.svg -o one.txt --background rs.vcf one.vcf 2> err.txt
    is "numbers that are nan or inf $o" "$(cat one.svg one.txt |
        grep -ci 'nan\|inf') of $(wc -l < one.txt)" '0 of 4'
done
fails 'both from standard input' 'cannot both be standard input' $F --background - - < hits.vcf

# the interval, and a background that does not match
$F --background rest.vcf hits.vcf > t.txt
is 'auc lies in its interval' "$(awk -F'\t' 'NR > 1 && 0 < $11 && $11 < $6 && $6 < $12 && $12 < 1' t.txt | wc -l)" 3
$TFBIND annotate -v 0 -f ref.fa -m many.safetensors --tf all -Ob -o many.bcf gwas.vcf
deltas=$(for t in A B C D E F G H I J K L; do printf '\t%%TFB_%s_DELTA' $t; done)
bcftools query -f "%CHROM\t%POS$deltas\n" many.bcf |
    awk '{ s = 0; for (i = 3; i <= NF; i++) s += $i < 0 ? -$i : $i; print s "\t" $1 "\t" $2 }' |
    sort -k1,1g > by.txt
places() { cut -f 2,3 | sort -k1,1 -k2,2n; }
tail -n 60 by.txt | places > large.txt
head -n 60 by.txt | places > small.txt
awk 'NR % 4 == 0' by.txt | places > any.txt
for f in large small any; do
    bcftools view -T $f.txt -Ob -o $f.bcf many.bcf
    bcftools view -T ^$f.txt -Ob -o not.$f.bcf many.bcf
done
M="$TFBIND enrich -m many.safetensors -v 1 --permutations 60"
says 'hits that change all TFs more' \
    'TFs are significant (q below 0.05): hits and background differ in something' $M --background \
    not.large.bcf large.bcf
says 'hits that change all TFs less' 'but the other way (auc_high below 0.5)' $M --background not.small.bcf small.bcf
$M --background not.any.bcf any.bcf 2> err.txt > t.txt
is 'any hits: no warning' "$(grep -c 'differ in something' err.txt)" 0
# ranks and means that disagree: hits change all a little more, the background a few much more
d() { grep '^#' "$1"; grep -v '^#' "$1" | awk -F'\t' -v OFS='\t' "{ n++; \$8 = \"TFB_CTCF_DELTA=\" $2; print }"; }
d ha.vcf '0.01 + n / 1e5' > hd.vcf; d ra.vcf '(n % 10 ? n / 1e5 : 0.9)' > rd.vcf
says 'means and ranks that disagree' 'mean_hits is below mean_background for 1 of the 1 significant TFs' $E \
    --tf CTCF --background rd.vcf hd.vcf

# no background: SNVs near the hits
N="$TFBIND enrich -m tiny.safetensors --permutations 60 -f ref.fa"
says 'SNVs near the hits' '400 random SNVs match 40 hits in trinucleotide, change and GC, within 50000 bases of each; 0 hits are left out' $N hits.vcf
cp says.out n.txt
$N -@ 3 hits.vcf > b.txt 2> err.txt; same 'the same with threads' n.txt b.txt
$N --seed 2 hits.vcf > b.txt 2> err.txt; ! cmp -s n.txt b.txt
verdict $? 'another seed, other SNVs'
is '--within' "$($N --within 300 hits.vcf 2> err.txt |
    awk -F'\t' 'NR == 2 && $2 > 30 && $3 > 100 && $3 < 400' |
    wc -l)" 1
says '--within 0: from anywhere' 'random SNVs match 40 hits in trinucleotide, change and GC; 0 hits' $N --within \
    0 hits.vcf
fails '--within and --background' '--within is for a background of random SNVs' $E -f ref.fa --within \
    100 --background rest.vcf hits.vcf
printf 'chr1\t0\t1500\n' > part.bed
keep '$2 < 1500' > near.vcf
says '--within and -R' 'within 300 bases of each' $N --within 300 -R part.bed near.vcf
b=$(base_at chr1 2000)
{
    cat hits.vcf
    printf 'chr1\t2000\t.\t%s\t%sAC\t.\t.\tPIP=0.5\tLP:PP\t9:0.5\n' "$b" "$b"
} > indel.vcf
says 'an indel has no SNVs' '1 hits are left out: no SNVs, or none matches' $N indel.vcf
same 'and changes nothing' n.txt says.out
