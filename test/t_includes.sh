# The rule of layers: a folder includes only folders below it; annotate, train and explain never
# meet; nn, kernels and util know no htslib; nn and genome do not know each other: score joins them.
. "$SRCDIR/test/lib.sh"
cd "$SRCDIR" || exit 1
allowed() {
    case $1 in
        lib) echo 'lib score genome nn util' ;;
        cmd) echo 'cmd annotate train explain score genome nn kernels util' ;;
        annotate | train | explain) echo "$1 score genome nn kernels util" ;;
        score) echo 'score genome nn kernels util' ;;
        genome) echo 'genome util' ;;
        nn) echo 'nn kernels util' ;;
        kernels) echo 'kernels' ;;
        util) echo 'util' ;;
    esac
}
for folder in lib cmd annotate train explain score genome nn kernels util; do
    bad=
    for f in src/"$folder"/*.[ch]; do
        [ -f "$f" ] || continue
        for inc in $(sed -n 's/^#include "\([a-z]*\)\/.*/\1/p' "$f"); do
            case " $(allowed $folder) " in *" $inc "*) ;; *) bad="$bad $f->$inc" ;; esac
        done
        case $folder in
            nn | kernels | util) grep -q '#include <htslib' "$f" && bad="$bad $f->htslib" ;;
        esac
    done
    [ -z "$bad" ]
    verdict $? "$folder includes only what is below it" "$bad"
done
# no folder of src is unknown to the rule
for d in src/*/; do
    d=$(basename "$d")
    [ -n "$(allowed "$d")" ]
    verdict $? "src/$d is in the rule" 'add it to test/t_includes.sh'
done
# the library's header stands alone, and only the library knows it
bad=$(grep -l '#include "tfbind.h"' src/*/*.[ch] src/*.c plugins/*.c | grep -v '^src/lib/')
[ -z "$bad" ]
verdict $? 'only src/lib includes tfbind.h' "$bad"
bad=$(grep '#include' include/tfbind.h | grep -v '<stddef.h>\|<stdint.h>')
[ -z "$bad" ]
verdict $? 'tfbind.h needs only the C library' "$bad"
# what is run from test, bench and plugins uses src by its own paths
bad=$(grep -n '#include "\.\.' src/*/*.[ch] plugins/*.c test/*/*.[ch] bench/*.c 2> /dev/null)
[ -z "$bad" ]
verdict $? 'nothing is included by a path through ..' "$bad"
