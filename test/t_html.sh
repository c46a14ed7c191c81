# The documentation: doc/README.md lists every page, and the site that `make html` makes of it has no dead link.
. "$SRCDIR/test/lib.sh"
build=$(dirname "$TFBIND")
# pages that the list must have, and what it has
(cd "$SRCDIR" && ls doc/*.md models/*.md workflow/*/README.md test/README.md NEWS) |
    grep -vx 'doc/README.md' | sort > want.txt
grep -o '](\([^)#]*\))' "$SRCDIR/doc/README.md" | sed 's/^](//; s/)$//' | grep -vx '../README.md' |
    sed 's|^|doc/|; s|^doc/\.\./||' | sort > got.txt
missing=$(comm -23 want.txt got.txt | tr '\n' ' ')
[ -z "$missing" ]
verdict $? 'doc/README.md lists every page' "not $missing"
[ -z "$(comm -13 want.txt got.txt)" ] && [ -z "$(uniq -d got.txt)" ]
verdict $? 'and each once, and nothing else' "$(comm -13 want.txt got.txt | tr '\n' ' ')"

# links.pl finds what it is for
mkdir -p site/sub
echo '<a href="sub/b.html#x">b</a> <a href="https://example.org/">out</a> <p id="top">' > site/index.html
echo '<h1 id="x">b</h1> <a href="../index.html#top">a</a> <a href="#x">x</a>' > site/sub/b.html
perl "$SRCDIR/test/links.pl" site > got.txt
verdict $? 'a site without dead links' "$(head -n 1 got.txt)"
[ "$(perl "$SRCDIR/test/links.pl" --external site)" = 'https://example.org/	index.html' ]
verdict $? 'addresses outside are listed'
finds() { # NAME HTML TEXT
    echo "<a href=\"index.html\">a</a> $2" > site/sub/../c.html
    echo '<a href="sub/b.html#x">b</a> <a href="c.html">c</a> <p id="top">' > site/index.html
    perl "$SRCDIR/test/links.pl" site > found.txt
    [ $? -eq 1 ] && [ "$(wc -l < found.txt)" = 1 ] && grep -qF -- "$3" found.txt
    verdict $? "$1 is found" "$(tr '\n' ';' < found.txt)"
}
finds 'a dead link' '<a href="sub/d.html">' 'c.html: sub/d.html is not there'
finds 'a dead anchor' '<a href="sub/b.html#y">' 'sub/b.html#y has no such anchor'
finds 'a dead anchor of the page' '<a href="#y">' '#y has no such anchor'
finds 'a dead picture' '<img src="d.svg">' 'd.svg is not there'
finds 'an id that occurs twice' '<p id="a"><p id="a">' 'the id a occurs twice'
echo > site/lost.html
finds 'a page that nothing links to' '' 'lost.html: no page links to it'

if ! command -v cmark-gfm > /dev/null; then echo 'skip the site: cmark-gfm is not installed'; exit 0; fi
perl "$SRCDIR/doc/mkhtml" "$SRCDIR" "$TFBIND" cmark-gfm html > out.txt 2> err.txt
verdict $? 'the site is made' "$(head -n 1 err.txt)"
ok_if 'without a word' [ ! -s out.txt -a ! -s err.txt ]
perl "$SRCDIR/test/links.pl" html > got.txt
verdict $? 'no link of the site is dead' "$(head -n 3 got.txt | tr '\n' ' ')"
sed 's|\.md$|.html|; s|^NEWS$|NEWS.html|' want.txt > pages.txt
missing=$(cd html && for p in $(cat ../pages.txt); do [ -f "$p" ] || echo "$p"; done)
[ -z "$missing" ]
verdict $? 'it has every page' "$missing"
"$TFBIND" help | sed -n 's/^    \([a-z][a-z]*\)  .*/\1.html/p' | sort > want.txt
ls html/commands > got.txt
same 'and a page for each command' want.txt got.txt
! grep -rlE '<script|src="https?:|href="http:' html > found.txt
verdict $? 'pages need no network and no script' "$(head -n 1 found.txt)"
for p in html/index.html html/doc/tutorial.html; do
    [ "$(grep -c '<h1 ' $p)" = 1 ] && grep -q '<meta name="viewport"' $p && grep -q '<html lang="en">' $p
    verdict $? "$(basename $p) has one title, a language and a viewport"
done
grep -q '<b>\$ ' html/doc/tutorial.html && ! grep -q '<!-- raw HTML omitted' -r html
verdict $? 'commands of a session stand out, and no text is lost'
if [ -f "$build/Makefile" ]; then
    unset MAKEFLAGS MAKELEVEL MFLAGS
    make -s -C "$build" html CMARK_GFM= > out.txt 2> err.txt
    [ $? -ne 0 ] && grep -q 'make html needs cmark-gfm (Debian: cmark-gfm)' err.txt
    verdict $? 'make html without cmark-gfm says what it needs' "$(head -n 1 err.txt)"
fi
