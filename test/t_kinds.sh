# A new activation is one file and one row: a dummy one, added to a copy, trains, scores and
# explains like the others.
. "$SRCDIR/test/lib.sh"
CC=${CC:-gcc}
B=$(dirname "$TFBIND")
[ -z "$SANITIZED" ] && [ -z "${COVERAGE:-}" ] && command -v "$CC" > /dev/null && [ -f "$B/config.h" ] ||
    { echo 'skip a dummy activation: needs a compiler and an ordinary build'; exit 0; }
mkdir -p src/nn
cat > src/nn/act_square.c << 'END'
#include "nn/act.h"

TFB_ACTIVATION(square, x *x, 2 * x);
END
sed '/^#define KINDS(X)/s/X(exp)/X(exp) X(square)/' "$SRCDIR/src/nn/net.c" > src/nn/net.c
sed 's/silu/square/g' "$SRCDIR/test/unit/graphs.h" > graphs.h
for t in test_layers test_model test_explain_walk; do
    sed 's|"graphs.h"|"./graphs.h"|' "$SRCDIR/test/unit/$t.c" > $t.c
done
flags="-std=gnu11 -O2 -D_GNU_SOURCE -I$B -I$SRCDIR/src -I. -iquote $SRCDIR/test/unit"
$CC $flags -c -o net.o src/nn/net.c && $CC $flags -O3 -c -o act_square.o src/nn/act_square.c || {
    echo 'not ok a dummy activation compiles'
    exit 0
}
objects=
for f in "$SRCDIR"/src/util/*.c "$SRCDIR"/src/kernels/*.c "$SRCDIR"/src/nn/*.c; do
    [ "$f" = "$SRCDIR/src/nn/net.c" ] || objects="$objects $B/${f#"$SRCDIR"/}"
done
objects=$(echo "$objects" | sed 's/\.c\( \|$\)/.o\1/g')
for t in test_layers test_model test_explain_walk; do
    $CC $flags -o $t $t.c net.o act_square.o $objects -ljansson -lm -lpthread 2> err.txt && ./$t 2>> err.txt
    verdict $? "$t with a dummy activation" "$(head -n 1 err.txt)"
done
