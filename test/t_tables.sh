# Tables of variants: annotate and enrich give for a table what they give for the VCF that `tfbind tables`
# makes of it, however the table is handed over and however little memory sorting may use.
. "$SRCDIR/test/lib.sh"
cp "$SRCDIR"/test/data/table.* . && samtools faidx table.fa || exit 1
"$UNIT_DIR/tool_tiny_model" short.safetensors 'conv 16 7; bn; relu; pool 4; dense 20; bn; relu; dense 3' 20 \
    CTCF,SPI1,NKX2-5 4 || exit 1
M='-m short.safetensors -f table.fa -v 1'
T=$TFBIND
ssf=table.gwas-ssf.tsv
gzip -c $ssf > ssf.gz
bgzip -c $ssf > ssf.bgz
tac $ssf | sed '$d' | cat <(head -n 1 $ssf) - > back.tsv
body() { bcftools view -H "$@"; }

$T tables -f table.fa -v 0 -W -o table.bcf $ssf && [ -s table.bcf.csi ] &&
    [ "$(bcftools view -H -r chr2 table.bcf | wc -l)" = 3 ]
verdict $? 'BCF with its index'
body table.bcf > want.txt
$T tables -f table.fa -v 0 -W=tbi -o z.vcf.gz $ssf && body z.vcf.gz > got.txt && [ -s z.vcf.gz.tbi ]
verdict $? 'VCF.gz with tbi'
$T tables -f table.fa -v 0 -@ 3 -W -o t.bcf --study table $ssf && body t.bcf | cmp -s - want.txt
verdict $? 'threads'
same 'BCF and VCF have the same records' want.txt got.txt
$T tables -f table.fa -v 0 --study table back.tsv | body > got.txt
same 'the order of the rows does not matter' want.txt got.txt
for m in 1 300 1k; do
    $T tables -f table.fa -v 0 -m $m --study table back.tsv | body > got.txt
    same "sorted on the disk, --max-mem $m" want.txt got.txt
done
for f in ssf.gz ssf.bgz; do
    $T tables -f table.fa -v 0 --study table $f | body > got.txt
    same "$f" want.txt got.txt
done
sed 's/$/\r/' $ssf | $T tables -f table.fa -v 0 --study table | body > got.txt
same 'lines that end with CR and LF' want.txt got.txt
sed '2,$s/^\([0-9]\)/chr\1/; s/^chr23/chrX/' $ssf | $T tables -f table.fa -v 0 --study table | body > got.txt
same 'contigs with chr' want.txt got.txt
sed '2,$s/^\([0-9]*\)/\1.0/; 2,$s/^\([^\t]*\t[0-9]*\)/\1.0/' $ssf | $T tables -f table.fa -v 0 --study table | body > got.txt
same 'whole numbers as of pandas' want.txt got.txt
{ echo '## a comment'; cat $ssf; echo; } | $T tables -f table.fa -v 0 --study table | body > got.txt
same 'comments and empty lines' want.txt got.txt

# every row is written or counted
awk 'BEGIN { srand(1); print "chr\tpos\tref\talt" } END { for (i = 0; i < 3000; i++) printf "%s\t%d\t%s\t%s\n",
    substr("12X7", 1 + int(4 * rand()), 1), 300 * rand(), substr("ACGTN", 1 + int(5 * rand()), 1),
    substr("ACGT", 1 + int(4 * rand()), 1) }' /dev/null > random.tsv
$T tables -f table.fa -m 2k -o random.vcf random.tsv 2> err.txt
n=$(body random.vcf | wc -l)
perl -ne 'if (/(\d+) rows read, (\d+) records written.*; (\d+) left out: (.*)/) { my ($r, $w, $l, $why) = ($1, $2, $3, $4);
    my $s = 0; $s += $_ for $why =~ /(?:^|, )(\d+) /g; exit !($r == 3000 && $w == '"$n"' && $r == $w + $l && $s == $l) }
    END { $? ||= 0 }' err.txt && grep -q '3000 rows read' err.txt
verdict $? 'all rows are counted' "$(tail -n 1 err.txt)"
bcftools view -e 'POS=100 || POS=101' random.vcf | bcftools norm -c e -f table.fa > /dev/null 2> err.txt
verdict $? 'REF is that of the FASTA' "$(tail -n 1 err.txt)"
body random.vcf | awk '{ c = $1; sub(/chr/, "", c) } c < last || (c == last && $2 < pos) { exit 1 } { last = c; pos = $2 }'
verdict $? 'records are sorted'

# ---- annotate ----
annotate() { $T annotate $M --no-version "$@" | body; }
annotate table.bcf > want.txt
annotate $ssf > got.txt
sed 's/\tstudy$/\ttable/' got.txt | cmp -s want.txt -
verdict $? 'annotate of a table'
annotate - < $ssf > got.txt
same 'annotate of a table on standard input' want.txt got.txt
cat $ssf | annotate - > got.txt
same 'annotate of a piped table' want.txt got.txt
annotate <(cat ssf.gz) > got.txt
same 'annotate of a named pipe' want.txt got.txt
annotate -@ 3 ssf.bgz > got.txt
same 'annotate of a table, threads' want.txt got.txt
annotate --input table --format gwas-ssf $ssf > got.txt
same 'annotate --input table' want.txt got.txt
$T annotate $M --no-version -Ob -W -o out.bcf ssf.gz && body out.bcf > got.txt && [ -s out.bcf.csi ]
same 'annotate of a table to an indexed BCF' want.txt got.txt

# ---- enrich ----
enrich() { $T enrich $M --permutations 100 "$@" 2> /dev/null; }
enrich --min-lp 6 table.bcf > want.txt
enrich --min-lp 6 $ssf > got.txt
same 'enrich of a table' want.txt got.txt
enrich --max-p 1e-6 $ssf > got.txt
same '--max-p is --min-lp' want.txt got.txt
enrich --max-p 1e-6 - < ssf.gz > got.txt
same 'enrich of a table on standard input' want.txt got.txt
$T tables -f table.fa -v 0 -o plain.vcf table.plain.txt
enrich --max-p 1e-6 --background plain.vcf table.bcf > want.txt
enrich --max-p 1e-6 --background table.plain.txt $ssf > got.txt
same 'a table as background' want.txt got.txt
$T tables -f table.fa -v 0 -o susie.vcf table.susie.tsv
enrich --min-pip 0.2 susie.vcf > want.txt
enrich --min-pip 0.2 table.susie.tsv > got.txt
same 'hits by PIP' want.txt got.txt
[ "$(awk 'NR == 2 { print $2, $3 }' got.txt)" = '2 1' ]
verdict $? 'the rest of a fine-mapped table is the background'
enrich --by-effect --test gain --match-af --max-p 1e-6 $ssf > got.txt && [ -s got.txt ]
verdict $? 'effects and frequencies of a table'
