# made-up.awk - a small genome in which a made-up TF binds, for doc/tutorial.md. Writes genome.fa,
# and in a folder peaks/ what experiments would have found; and variants.vcf of the third
# chromosome, some of which lie in the TF's sites.
#
#     awk -f made-up.awk
#
# The TF binds GTAAACAGGATA on either strand, with one letter in twenty another one. Half of the
# open regions have such a site, which its ChIP-seq finds. Random numbers come from a generator of
# our own (Park and Miller's), so that every awk makes the same files.
function random(n) { x = x * 16807 % 2147483647; return int(x / 2147483647 * n) }
function letter() { return substr("ACGT", 1 + random(4), 1) }
function another(b,   a) { do a = letter(); while (a == b); return a }
function revcomp(s,   i, r) {
    for (i = length(s); i; i--) r = r substr("TGCA", index("ACGT", substr(s, i, 1)), 1)
    return r
}
function variant(pos, id,   b) {
    b = substr(s, pos - r * size, 1)
    print "chr3\t" pos "\t" id "\t" b "\t" another(b) "\t.\t.\t." > "variants.vcf"
}

BEGIN {
    x = 20211
    motif = "GTAAACAGGATA"
    size = 400 # bases from one open region to the next
    per_chromosome = 300
    system("mkdir -p peaks")
    sheet = "peaks/sheet.tsv"
    print "cell\ttf\tkind\tpath" > sheet
    print "CELL1\t.\topen\topen.bed" > sheet
    print "CELL1\tMYTF\tpeaks\tmytf.bed" > sheet
    print "CELL1\tMYTF\ttfbs\tsites.bed" > sheet
    print "##fileformat=VCFv4.2" > "variants.vcf"
    print "##contig=<ID=chr3,length=" size * per_chromosome ">" > "variants.vcf"
    print "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO" > "variants.vcf"
    for (c = 1; c <= 3; c++) {
        print ">chr" c > "genome.fa"
        for (r = 0; r < per_chromosome; r++) {
            s = ""
            for (i = 0; i < size; i++) s = s letter()
            beg = r * size
            print "chr" c "\t" beg + 100 "\t" beg + 300 > "peaks/open.bed"
            at = 160 + random(68)
            if (bound = random(2)) {
                m = ""
                for (i = 1; i <= length(motif); i++) m = m (random(20) ? substr(motif, i, 1) : letter())
                if (random(2)) m = revcomp(m)
                s = substr(s, 1, at) m substr(s, at + length(m) + 1)
                print "chr" c "\t" beg + at "\t" beg + at + length(m) > "peaks/sites.bed"
                print "chr" c "\t" beg + at - 40 + random(30) "\t" beg + at + 40 + random(30) > "peaks/mytf.bed"
            }
            print s > "genome.fa"
            # a variant in the middle of each fifth place, site or not, and one beside it
            if (c == 3 && r % 5 == 0) {
                variant(beg + 120 + random(30), "beside" ++n_beside)
                if (bound) variant(beg + at + 5 + random(4), "site" ++n_site)
            }
        }
    }
}
