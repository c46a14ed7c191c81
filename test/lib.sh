# lib.sh - what tests share: small inputs made on the spot, verdicts, the plugin's host.

# 20 kb of made-up sequence on two contigs, a tiny model of three TFs, and a small VCF over it.
make_inputs() {
    local spec='conv 16 7; bn; relu; pool 4; conv 12 5; relu; bn; pool 3; '
    spec+='dense 20; bn; relu; dropout 0.3; dense 3'
    awk '
        BEGIN {
            srand(7)
            split("A C G T", b, " ")
            for (c = 1; c <= 2; c++) {
                printf ">chr%d\n", c
                for (i = 1; i <= 200; i++) {
                    s = ""
                    for (k = 0; k < 50; k++) s = s b[1 + int(4 * rand())]
                    if (c == 2 && i == 100) s = "NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN"
                    print s
                }
            }
        }' > ref.fa &&
        samtools faidx ref.fa &&
        "$UNIT_DIR/tool_tiny_model" tiny.safetensors "$spec" 60 CTCF,SPI1,NKX2-5 4 &&
        make_vcf > in.vcf &&
        bcftools view --no-version -Oz -o in.vcf.gz in.vcf && bcftools index in.vcf.gz &&
        bcftools view --no-version -Ob -o in.bcf in.vcf && bcftools index in.bcf &&
        make_labels > labels.bed && bgzip -c labels.bed > labels.bed.gz
}

base_at() { samtools faidx ref.fa "$1:$2-$2" | tail -n 1; }
other() { case $1 in A) echo C ;; C) echo G ;; G) echo T ;; *) echo A ;; esac; }
seq_at() { samtools faidx ref.fa "$1:$2-$3" | grep -v '>' | tr -d '\n'; }

make_vcf() {
    cat << 'END'
##fileformat=VCFv4.2
##contig=<ID=chr1,length=10000>
##contig=<ID=chr2,length=10000>
##contig=<ID=chrUn,length=5000>
##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">
##ALT=<ID=DEL,Description="Deletion">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
END
    printf '#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n'
    local b
    row() { printf '%s\t%s\t%s\t%s\t%s\t.\tPASS\t%s\tGT\t0/1\n' "$@"; }
    b=$(base_at chr1 10)
    row chr1 10 edge "$b" "$(other "$b")" AF=0.1
    b=$(base_at chr1 100)
    row chr1 100 snv "$b" "$(other "$b")" AF=0.1
    b=$(base_at chr1 100)
    row chr1 100 snv2 "$b" "$(other "$(other "$b")")" AF=0.2
    b=$(base_at chr1 300)
    row chr1 300 multi "$b" "$(other "$b"),$(other "$(other "$b")"),<DEL>,${b}TT,*" AF=0.1,0.2,0.1,0.1,0.1
    b=$(seq_at chr1 400 402)
    row chr1 400 mnv "$b" "$(other "${b:0:1}")${b:1:1}$(other "${b:2:1}")" AF=0.5
    b=$(seq_at chr1 500 505)
    row chr1 500 del "$b" "${b:0:1}" AF=0.5
    b=$(base_at chr1 600)
    row chr1 600 ins "$b" "${b}ACGTACGTAC" AF=0.5
    b=$(base_at chr1 700)
    row chr1 700 longins "$b" "$b$(seq_at chr2 1001 1100)" AF=0.5
    b=$(seq_at chr1 800 919)
    row chr1 800 longdel "$b" "${b:0:1}" AF=0.5
    b=$(base_at chr1 1000)
    row chr1 1000 bnd "$b" "${b}[chr2:100[" AF=0.01
    b=$(base_at chr1 1100)
    row chr1 1100 iupac "$b" R AF=0.01
    b=$(base_at chr1 1200)
    row chr1 1200 gvcf "$b" '<NON_REF>' AF=0.01
    b=$(base_at chr1 1300)
    row chr1 1300 noalt "$b" . .
    b=$(base_at chr2 4940)
    row chr2 4940 nearn "$b" "$(other "$b")" AF=0.1
    row chr2 4960 inn N A AF=0.1
    row chr2 4970 refn A C AF=0.1
    b=$(base_at chr2 6000)
    row chr2 6000 lower "$(echo "$b" | tr ACGT acgt)" "$(other "$b")" AF=0.1
    b=$(base_at chr2 9990)
    row chr2 9990 end "$b" "$(other "$b")" AF=0.1
    row chrUn 100 nocontig A C AF=0.1
}

# 120 regions of 60 bases; CTCF is bound if the region has more G and C than A and T (the same on
# both strands), SPI1 at random, NKX2-5 mostly unresolved.
make_labels() {
    printf '#chrom\tstart\tend\tname\tCTCF\tSPI1\tNKX2-5\n'
    awk '
        BEGIN { srand(3) }
        /^>/ { c = substr($1, 2); n = 0; next }
        { s[c] = s[c] $0 }
        END {
            for (k = 1; k <= 2; k++) {
                c = "chr" k
                for (i = 0; i < 160; i++) {
                    b = i * 60 + 7
                    t = substr(s[c], b + 1, 60)
                    g = gsub(/[GC]/, "N", t)
                    printf "%s\t%d\t%d\tr%d\t%d\t%d\t%s\n", c, b, b + 60, k * 1000 + i, (g > 30), (rand() < 0.4),
                        ((rand() < 0.6) ? "." : (rand() < 0.5) ? 1 : 0)
                }
            }
        }' ref.fa
}

# The plugin inside bcftools; under sanitizers their runtime must be loaded before the host.
# bcftools' own leaks are not ours.
host() {
    if [ -n "${ASAN_PRELOAD:-}" ]; then
        LD_PRELOAD=$ASAN_PRELOAD ASAN_OPTIONS=detect_leaks=0 bcftools "$@"
    else
        bcftools "$@"
    fi
}

records() { grep -v '^##'; } # of VCF text: the column line and all below

# verdict STATUS NAME [WHY]: the verdict of the command before (STATUS is $?); WHY is shown if it failed
verdict() { if [ "$1" -eq 0 ]; then echo "ok $2"; else echo "not ok $2${3:+: $3}"; fi; }
# ok_if NAME COMMAND...: the command, often a test in brackets, succeeds
ok_if() {
    local name=$1
    shift
    "$@"
    verdict $? "$name"
}
# same NAME FILE FILE
same() {
    cmp -s "$2" "$3"
    verdict $? "$1" "$2 and $3 differ ($(diff "$2" "$3" 2> /dev/null | sed -n '2p' | cut -c1-120))"
}
# check NAME COMMAND...: the command succeeds
check() {
    local name=$1
    shift
    "$@" > check.out 2> check.err
    verdict $? "$name" "$(head -n 2 check.err | tr '\n' ' ')"
}
# Numbers of a stream to three decimals, minus zero as zero.
three() {
    perl -pe '
        s/-?\d+\.\d+(e[-+]?\d+)?/my $x = sprintf("%.3f", $&); $x =~ s{^-(0\.000)$}{$1}; $x/ge;
        s/-?\d+e-\d+/0.000/g'
}

# Prints the first Python that has all these modules; fails if none has.
python_with() {
    local p
    for p in python3 /usr/bin/python3; do
        if command -v $p > /dev/null && $p -c "import $*" 2> /dev/null; then echo $p; return; fi
    done
    return 1
}

# fails NAME TEXT COMMAND...: the command must fail, and TEXT be part of what it says.
fails() {
    local name=$1 text=$2
    shift 2
    if "$@" > /dev/null 2> fails.txt; then
        echo "not ok $name: succeeded"
        return
    fi
    grep -qF -- "$text" fails.txt
    verdict $? "$name" "$(head -n 1 fails.txt)"
}
# leaves_nothing NAME MESSAGE COMMAND...: status 1, the message, nothing left in out.*
leaves_nothing() {
    local name=$1 message=$2 status
    shift 2
    rm -f out.*
    "$@" > /dev/null 2> err.txt
    status=$?
    if [ $status -ne 1 ]; then
        echo "not ok $name: status $status"
    elif ! grep -qF -- "$message" err.txt; then
        echo "not ok $name: $(tail -n 1 err.txt)"
    elif [ -n "$(ls out.* 2> /dev/null)" ]; then
        echo "not ok $name: left $(ls out.*)"
    else echo "ok $name"; fi
}
# a bcftools on PATH that is host, for commands that call it by its name
put_host_on_path() {
    [ -n "${ASAN_PRELOAD:-}" ] || return 0
    mkdir bin
    cat > bin/bcftools << END
#!/bin/sh
LD_PRELOAD=$ASAN_PRELOAD ASAN_OPTIONS=detect_leaks=0 exec $(command -v bcftools) "\$@"
END
    chmod +x bin/bcftools
    PATH=$PWD/bin:$PATH
}
# small_training EPOCHS: the command line $P "$S" $O -o MODEL trains a small network
small_training() {
    P="$TFBIND pretrain -f ref.fa -l labels.bed.gz --valid chr2 --spec"
    S='conv 8 5; bn; relu; pool 4; dropout 0.2; dense 0'
    O="-e $1 -b 32 --rate 0.01"
}
# weights NAME...: the end of each NAME.safetensors, which is weights only, as NAME.w
weights() { for m in "$@"; do tail -c 1000 "$m.safetensors" > "$m.w"; done; }
# from_bigwig FILE FORMAT: a bigWig as bedGraph, read from its data blocks (bedGraph sections of
# start, end, value); contigs are named from ref.fa.fai
from_bigwig() {
    perl -MCompress::Zlib -e '
        my ($file, $format) = @ARGV;
        local $/;
        open F, "<:raw", $file or die;
        my $d = <F>;
        open G, "<", "ref.fa.fai";
        my @c = map { (split /\t/)[0] } split /\n/, <G>;
        my ($data, $idx) = unpack "x16 Q< Q<", $d;
        my $walk;
        $walk = sub {
            my $o = shift;
            my ($leaf, $x, $n) = unpack "C C S<", substr($d, $o, 4);
            $o += 4;
            for (1 .. $n) {
                if ($leaf) {
                    my ($off, $len) = unpack "Q< Q<", substr($d, $o + 16, 16);
                    $o += 32;
                    my $b = uncompress(substr $d, $off, $len);
                    my ($t, $k) = unpack "L< x18 S<", $b;
                    for (0 .. $k - 1) {
                        my ($s, $e, $v) = unpack "L< L< f<", substr($b, 24 + 12 * $_, 12);
                        printf "%s\t%d\t%d\t$format\n", $c[$t], $s, $e, $v
                    }
                } else {
                    $walk->(unpack "Q<", substr($d, $o + 16, 8));
                    $o += 24
                }
            }
        };
        $walk->($idx + 48)' "$1" "$2"
}
