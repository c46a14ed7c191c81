# What fuzzing found, and hand-made oddities, again: no crash, no hang. The corpus is test/fuzz/corpus; make fuzz-quick adds to it.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
"$UNIT_DIR/tool_tiny_model" small.safetensors 'conv 2 3; bn; relu; pool 2; dense 2' 12 A,B 1
export TFB_FUZZ_FASTA=$PWD/ref.fa TFB_FUZZ_MODEL=$PWD/small.safetensors
for f in annotate labels model alleles; do
    timeout 60 "$UNIT_DIR/../fuzz/replay_$f" "$SRCDIR"/test/fuzz/corpus/fuzz_$f/* > out.txt 2> err.txt
    status=$?
    [ $status = 0 ] && echo "ok $(cat out.txt) of fuzz_$f" || echo "not ok fuzz_$f: status $status at $(grep corpus err.txt | tail -n 1)"
done
