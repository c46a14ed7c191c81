# The shape of the source: no statement with three ?:, no function over 100 lines or 8 parameters, and
# a reason ("Long: ...") above each function over 60 lines. shape.pl counts.
. "$SRCDIR/test/lib.sh"
shape() { perl "$SRCDIR/test/shape.pl" "$@"; }
cd "$SRCDIR" || exit 1
for d in src src/* plugins include bench doc test/unit test/lib test/fuzz; do
    files=$(ls "$d"/*.[ch] 2> /dev/null)
    [ -n "$files" ] || continue
    # shellcheck disable=SC2086
    found=$(shape $files)
    verdict $? "the shape of $d" "$(echo "$found" | tr '\n' ';')"
done

# each fault is found, and what only looks like one is not
cd "$TMP" || exit 1
lines() { for i in $(seq "$1"); do echo "    x += $i;"; done; }
function_of() { printf '/* f.c - %s. */\n\nvoid f(int x)\n{\n' "$2"; lines "$1"; echo '}'; }
finds() { # NAME TEXT: t.c has one fault
    shape t.c > found.txt
    [ $? -eq 1 ] && [ "$(wc -l < found.txt)" = 1 ] && grep -qF -- "$2" found.txt
    verdict $? "$1 is found" "$(tr '\n' ';' < found.txt)"
}
passes() { # NAME: t.c has none
    shape t.c > found.txt
    verdict $? "$1 passes" "$(tr '\n' ';' < found.txt)"
}
echo 'int f(int a) { return a ? 1 : g(a ? 2 : 3, a ? 4 : 5); }' > t.c
finds 'a statement with three ?:' 't.c:1: 3 conditional expressions'
printf 'void f(int a)\n{\n    put((int[]){a ? 1 : 2, a ? 3 : 4,\n                a ? 5 : 6});\n}\n' > t.c
finds 'three ?: in a compound literal' 't.c:3: 3 conditional'
printf '#define F(a) \\\n    ((a) ? 1 : (a) ? 2 : (a) ? 3 : 4)\n' > t.c
finds 'three ?: in a macro' 't.c:1: 3 conditional'
printf 'int f(int a)\n{\n    if (a ? b : c) return a ? 1 : 2; /* ? ? ? */\n    return "???"[a] ? 3 : 4; }\n' > t.c
passes 'two ?: beside question marks in comments and strings'
echo 'int f(int a, int b, int c, int d, int e, int f, int g, int h, int i);' > t.c
finds 'nine parameters' 't.c:1: 9 parameters'
echo 'struct s { int (*f)(int a, int b, int c, int d, int e, int f, int g, int h, int i); };' > t.c
finds 'a pointer to a function of nine parameters' 't.c:1: 9 parameters'
printf 'void f(int (*g)(int, int), int b, int c, int d, int e, int f, int g, int h)\n{\n    p(%s);\n}\n' \
    '1, 2, 3, 4, 5, 6, 7, 8, 9' > t.c
passes 'eight parameters, and a call with nine arguments'
{
    echo '/* Long: a table. */'
    function_of 101 x | tail -n +3
} > t.c
finds 'a function of 101 lines' 'f: 101 lines, more than 100'
function_of 61 'short' > t.c
finds 'a function of 61 lines without a reason' 'f: 61 lines, more than 60'
{
    echo '/* Long: a list. */'
    function_of 61 x | tail -n +3
} > t.c
passes 'a function of 61 lines with a reason'
function_of 60 x > t.c
passes 'a function of 60 lines'
