# The manual: a page for each command, whole and fresh: every option of the usage text and no other,
# and nothing that the checkers dislike.
. "$SRCDIR/test/lib.sh"
build=$(dirname "$TFBIND")
"$TFBIND" help > help.txt
commands=$(sed -n 's/^    \([a-z][a-z]*\)  .*/\1/p' help.txt)
version=$("$TFBIND" --version | sed -n 's/^tfbind //p')
sh "$SRCDIR/doc/mkman" "$TFBIND" "$SRCDIR" "$version" pages 2> err.txt ||
    echo "not ok the manual is made: $(cat err.txt)"
! [ -s err.txt ]
verdict $? 'the manual is made without a word' "$(head -n 1 err.txt)"
{ echo tfbind.1; for c in $commands; do echo "tfbind-$c.1"; done; } | sort > want.txt
ls pages | sort > got.txt
same 'a page for each command and one for all' want.txt got.txt
diff -r -x made pages "$build/man" > diff.txt 2>&1
verdict $? 'the built pages are fresh' "$(head -n 1 diff.txt)"

# a list's items stand each on its own
[ "$(cat "$SRCDIR"/doc/man/*.md | grep -c '^- ')" -gt 0 ] &&
    [ "$(cat "$SRCDIR"/doc/man/*.md | grep -c '^- ')" = "$(cat pages/* | grep -cxF '.IP \(bu 2')" ] &&
    ! grep -q '^ *\\- ' pages/*
verdict $? 'lists are lists'

# plain text of a page: what a reader sees, as far as the escapes go that we write
plain() { sed 's/^\\&//; s/\\f[BIR]//g; s/\\-/-/g; s/\\(ti/~/g; s/\\(ha/^/g; s/\\(ga/`/g; s/\\(aq/'"'"'/g; s/\\e/\\/g' "$1"; }
words() { tr -s ' \n' '\n' | grep -v '^$'; }
for c in $commands; do "$TFBIND" $c -h; done > all.txt
for c in $commands; do
    "$TFBIND" $c -h > h.txt
    plain "pages/tfbind-$c.1" > page.txt
    # option heads: the words before the gap, in order
    sed -n 's/^  *\(-[^ ].*\)/\1/p' h.txt | grep '^--[a-z]\|^-[^ -]' | sed 's/  .*//' > want.txt
    awk 'tp { print; tp = 0 } /^\.TP$/ { tp = 1 }' page.txt > got.txt
    same "tfbind-$c(1) has the options of the usage text, in order" want.txt got.txt
    # every word of the usage text is on the page
    awk '!/^Usage: /' h.txt | words | sort -u > want.txt
    words < page.txt | sort -u > got.txt
    missing=$(comm -23 want.txt got.txt | tr '\n' ' ')
    [ -z "$missing" ]
    verdict $? "tfbind-$c(1) says all that the usage text says" "not $missing"
    # a sentence that goes on in a second line after the options began would be a heading's, and its
    # rest an option's
    awk '
        /^  /{ o = 1 }
        o && /^[a-z(]/ && !/^[a-z]* *[|:]/ && last ~ /^[^ ].*[a-z]$/ && !para { print; exit }
        { para = last == "" ? 1 : /^ / ? 0 : para; last = $0 }' h.txt > cut.txt
    ! [ -s cut.txt ]
    verdict $? "tfbind $c -h has headings of one line" "$(cat cut.txt)"
    # prose may speak only of options that there are, its own command's if it names none
    if grep -qx '# EXAMPLES' "$SRCDIR/doc/man/$c.md" &&
        grep -q "^    .*tfbind $c " "$SRCDIR/doc/man/$c.md"; then echo "ok doc/man/$c.md has an example of it"; else
        echo "not ok doc/man/$c.md has an example of it"
        continue
    fi
    unknown=
    for o in $(grep -o -- '\(^\|[ `(]\)--[a-z][a-z0-9-]*' "$SRCDIR/doc/man/$c.md" | grep -o -- '--.*' | sort -u); do
        grep -q -- "$o\b" all.txt || unknown="$unknown $o"
    done
    [ -z "$unknown" ]
    verdict $? "doc/man/$c.md names only options that there are" "$unknown"
done
for f in "$SRCDIR"/doc/man/*.md; do
    c=$(basename "$f" .md)
    [ $c = tfbind ] || echo "$commands" | grep -qx "$c" && continue
    echo "not ok doc/man/$c.md belongs to a command"
done
[ "$(grep -c "^    [a-z]*  " help.txt)" -eq "$(plain pages/tfbind.1 | grep -c '^[a-z][a-z]*   *[a-z]')" ]
verdict $? 'tfbind(1) lists all commands'

if command -v mandoc > /dev/null; then
    mandoc -Tlint pages/*.1 > lint.txt 2>&1
    ! [ -s lint.txt ]
    verdict $? 'mandoc -Tlint' "$(head -n 1 lint.txt)"
else echo 'skip mandoc -Tlint: mandoc is not installed'; fi
if command -v man > /dev/null && command -v groff > /dev/null && man --version > /dev/null 2>&1; then
    for p in pages/*.1; do man --warnings -E UTF-8 -l -Tutf8 -Z "$p" 2>&1 > /dev/null; done > lint.txt
    ! [ -s lint.txt ]
    verdict $? 'man --warnings' "$(head -n 1 lint.txt)"
else echo 'skip man --warnings: man or groff is not installed'; fi
# NEWS and CITATION.cff speak of this version
grep -q "^## $version (" "$SRCDIR/NEWS" && grep -qx "version: $version" "$SRCDIR/CITATION.cff"
verdict $? "NEWS and CITATION.cff know version $version"
