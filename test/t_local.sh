# Variant-local inference on all variants of the demo: the same scores, bit for bit, as whole
# windows give.
. "$SRCDIR/test/lib.sh"
fa=$(dirname "$TFBIND")/build/demo/chr22_1Mb.fa
vcf=$(dirname "$TFBIND")/build/demo/demo.vcf.gz
[ -s "$fa" ] && [ -s "$vcf" ] || {
    echo 'skip local = full on the demo: its data are not there (make demo)'
    exit 0
}
[ -z "$SANITIZED" ] || { echo 'skip local = full on the demo: too slow under the sanitizers'; exit 0; }
bcftools query -f '%CHROM %POS %REF %ALT\n' "$vcf" > alleles.txt
if low=$("$UNIT_DIR/tool_local" "$SRCDIR/models/human.safetensors" "$fa" bfloat16 < alleles.txt 2> /dev/null); then
    [ "$low" = "$(wc -l < alleles.txt) 0" ]
    verdict $? 'the same in bfloat16' "$low"
else
    echo 'skip local = full on the demo in bfloat16: this processor has no such products'
fi
got=$("$UNIT_DIR/tool_local" "$SRCDIR/models/human.safetensors" "$fa" < alleles.txt)
[ "$got" = "$(wc -l < alleles.txt) 0" ] &&
    echo "ok local = full on $(wc -l < alleles.txt) variants of the demo" ||
    echo "not ok local = full on the demo: $got"
