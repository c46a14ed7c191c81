# The rule of layers: a folder includes only folders below it; annotate, train and explain never meet; nn, kernels and util know no
# htslib; nn and genome do not know each other.
. "$SRCDIR/test/lib.sh"
cd "$SRCDIR" || exit 1
allowed() {
    case $1 in
        cmd) echo 'cmd annotate train explain genome nn kernels util' ;;
        annotate | train | explain) echo "$1 genome nn kernels util" ;;
        genome) echo 'genome util' ;;
        nn) echo 'nn kernels util' ;;
        kernels) echo 'kernels' ;;
        util) echo 'util' ;;
    esac
}
for folder in cmd annotate train explain genome nn kernels util; do
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
    if [ -n "$bad" ]; then echo "not ok $folder includes only what is below it:$bad"; else echo "ok $folder includes only what is below it"; fi
done
# no folder of src is unknown to the rule
for d in src/*/; do
    d=$(basename "$d")
    [ -n "$(allowed "$d")" ] && echo "ok src/$d is in the rule" || echo "not ok src/$d is in the rule: add it to test/t_includes.sh"
done
