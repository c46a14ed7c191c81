# OpenBLAS: opened only when a product needs it, results that do not depend on threads, TFBIND_GEMM.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
file=$("$TFBIND" --version | sed -n 's/^OpenBLAS: \(lib.*\)/\1/p')
if [ -z "$file" ]; then
    echo 'skip OpenBLAS: left out of this build'
    exit 0
fi

# opened COMMAND...: the program prints what the loader opens; true if that is an OpenBLAS
opened() {
    (export LD_DEBUG=files LD_DEBUG_OUTPUT=debug && "$@") > out.txt 2> err.txt && cat debug.* | grep -q openblas
}
# unopened NAME COMMAND...: no OpenBLAS is opened
unopened() {
    local name=$1
    shift
    rm -f debug.*
    if opened "$@"; then
        echo "not ok $name: opens OpenBLAS"
    elif ! ls debug.* > /dev/null 2>&1; then
        echo "skip $name: this loader has no LD_DEBUG"
    else
        echo "ok $name opens no OpenBLAS"
    fi
}
unset TFBIND_GEMM
if [ "$(uname -m)" = x86_64 ]; then
    unopened 'tfbind --version' "$TFBIND" --version
    unopened annotate "$TFBIND" annotate -m tiny.safetensors -f ref.fa in.vcf
    unopened 'the plugin' env BCFTOOLS_PLUGINS="$PLUGIN_DIR" bcftools +tfbind in.vcf -- -m tiny.safetensors -f ref.fa
fi

# a network whose dense layers OpenBLAS computes by default
spec='conv 32 7; relu; pool 2; dense 50; relu; dense 0'
train() {
    local out=$1
    shift
    "$TFBIND" pretrain -v 1 --spec "$spec" -f ref.fa -l labels.bed.gz --valid chr2 -e 2 -b 64 --seed 3 -o "$out" \
        "$@" 2> err.txt && tail -c 20000 "$out" > "$out.tail"
}
if train one.safetensors -@ 1 && train three.safetensors -@ 3; then
    same 'training: -@ 3 as -@ 1' one.safetensors.tail three.safetensors.tail
else
    echo "not ok training: $(tail -n 1 err.txt)"
fi

for g in own blas; do
    TFBIND_GEMM=$g "$TFBIND" annotate -v 1 --no-version -m tiny.safetensors -f ref.fa --tf all in.vcf 2> $g.err |
        three > $g.vcf
done
same 'TFBIND_GEMM: the same scores' own.vcf blas.vcf
TFBIND_GEMM=mkl "$TFBIND" annotate -m tiny.safetensors -f ref.fa in.vcf 2>&1 > out.vcf |
    grep -q 'TFBIND_GEMM is ignored: it can be own or blas'
verdict $? 'an unknown TFBIND_GEMM is reported'
if grep -q 'cannot open OpenBLAS' blas.err; then
    echo 'skip OpenBLAS itself: not installed'
    exit 0
fi
rm -f debug.*
opened train opened.safetensors
verdict $? 'training opens it'
rm -f debug.*
export TFBIND_GEMM=blas
opened "$TFBIND" annotate -m tiny.safetensors -f ref.fa in.vcf
verdict $? 'TFBIND_GEMM=blas opens it'
for n in 1 3; do
    "$TFBIND" annotate -v 1 --no-version -@ $n -m tiny.safetensors -f ref.fa --tf all in.vcf > $n.vcf
done
same 'TFBIND_GEMM=blas: -@ 3 as -@ 1' 1.vcf 3.vcf
