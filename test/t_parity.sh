# Parity with PyTorch, if it is installed: logits, gradients, Adam steps tensor by tensor; model
# files both ways; annotation.
. "$SRCDIR/test/lib.sh"
PY=${TFBIND_PYTHON:-python3}
[ -n "$PEER" ] || {
    echo 'skip parity with PyTorch: the reference implementation is not beside the source'
    exit 0
}
"$PY" -c 'import torch, numpy' 2> /dev/null || {
    echo 'skip parity with PyTorch: no torch for python3 (TFBIND_PYTHON=... names another)'
    exit 0
}
"$PY" "$SRCDIR/test/peer/parity.py" "$PEER/torch_ref.py" "$UNIT_DIR/tool_grad" "$TMP"
"$PY" "$SRCDIR/test/peer/graph.py" "$SRCDIR/test/unit/graphs.h" "$UNIT_DIR/tool_tiny_model" \
"$UNIT_DIR/tool_grad" "$TMP"
ref() { "$PY" "$PEER/torch_ref.py" "$@"; }
# a file of ours in PyTorch: sequences scored by both
awk '
    BEGIN {
        srand(5)
        split("A C G T", b, " ")
        for (i = 0; i < 40; i++) { print ">s" i; for (k = 0; k < 200; k++) printf b[1 + int(4 * rand())]; print "" }
    }' > s.fa
awk '/^>/ { n++; next } { s = s $0 } END { print ">c"; print s }' s.fa > c.fa; samtools faidx c.fa
{
    printf '#chrom\tstart\tend\tname\tX\tY\n'
    for i in $(seq 0 39); do printf 'c\t%d\t%d\ts%d\t%d\t%d\n' $((i * 200)) $((i * 200 + 200)) $i \
        $((i % 2)) $((i / 20)); done
} > l.bed
for arch in convnet shallow; do
    $TFBIND pretrain -f c.fa -l l.bed -a $arch -e 1 -o ours.safetensors 2> /dev/null
    ref forward -m ours.safetensors --fasta s.fa --both > theirs.tsv || {
        echo "not ok PyTorch reads our $arch"
        continue
    }
    $TFBIND evaluate --allow-leak -m ours.safetensors -f c.fa -l l.bed --predictions ours.tsv > /dev/null 2>&1
    paste <(cut -f 2,3 theirs.tsv | tail -n +2) <(cut -f 4,5 ours.tsv | tail -n +2) |
        awk -v a=$arch '
            { for (i = 1; i <= 2; i++) { d = $i - $(i + 2); if (d < 0) d = -d; if (d > m) m = d } n++ }
            END {
                if (n == 40 && m < 2e-5) print "ok PyTorch scores our " a " file as we do (" m ")"
                else print "not ok PyTorch scores our " a " file as we do: " m " in " n
            }'
done
# contributions
if "$PY" -c 'import captum' 2> /dev/null; then
    # the network of the shipped model, narrower; then every other kind that has a rule
    pooled='conv 32 19; bn; relu; m = pool 3; conv 24 7; bn; relu; pool 3; conv 32 4; bn; relu'
    pooled="$pooled; g = gpool lse 3; gpool lse 3 @m; cat @g; dense 64; bn; relu; dense 2"
    others='conv 16 11; bn; e = exp; pool 4; conv 16 5; bn; gelu; g = gpool max; gpool mean @e; cat @g'
    others="$others; dense 24; bn; silu; dense 2"
    "$PY" "$SRCDIR/test/peer/deeplift.py" "$PEER/torch_ref.py" "$TFBIND" "$TMP" "$UNIT_DIR/tool_tiny_model" \
        "$pooled" "$others"
else echo 'skip contributions beside Captum: captum is not installed'; fi
