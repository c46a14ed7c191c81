# motifs: filters as motifs, their matches and importance, tables and page.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
M="$TFBIND motifs -m tiny.safetensors -f ref.fa -l labels.bed.gz"
printf 'MEME version 4\n\nALPHABET= ACGT\n' > db.meme
awk '
    BEGIN {
        srand(11)
        n = split("CTCF SPI1 NKX2-5 FOS::JUN <b>&", name, " ")
        for (i = 1; i <= 30; i++) {
            w = 5 + i % 7
            printf "MOTIF M%d %s\nletter-probability matrix: alength= 4 w= %d nsites= 20 E= 0\n", i,
                name[1 + i % n], w
            for (k = 0; k < w; k++) {
                s = 0
                for (c = 0; c < 4; c++) s += v[c] = rand() ^ 4 + 0.001
                for (c = 0; c < 4; c++) printf " %.6f", v[c] / s
                print ""
            }
        }
    }' >> db.meme
$M -d db.meme -o f.tsv --targets t.tsv --importance i.tsv --meme m.meme --html p.html --use all -@ 1 2> err.txt
verdict $? 'all outputs' "$(head -n 1 err.txt)"
ok_if 'a row a filter' awk -F'\t' 'NF != 13 { exit 1 } END { exit NR != 17 }' f.tsv
ok_if 'a row a target' awk -F'\t' 'NF != 16 { exit 1 } END { exit NR != 4 }' t.tsv
awk -F'\t' 'NF != 4 || (NR > 1 && !($2 >= 0)) { exit 1 } END { exit NR != 17 }' i.tsv
verdict $? 'importance: a row a filter, a column a target'
ok_if '0 <= p <= q <= 1' awk -F'\t' 'NR > 1 && $6 != "." && !($8 >= 0 && $8 <= $9 && $9 <= 1) { exit 1 }' f.tsv
# the filters against themselves: each finds itself
$M -d m.meme -o self.tsv --use all 2> err.txt
awk -F'\t' '
    NR > 1 && $6 != "." && $6 != "filter" $1 { bad = 1 }
    NR > 1 && $6 != "." { n++ }
    END { exit bad || n < 10 }' self.tsv
verdict $? 'each filter is most like itself'
$M -d db.meme -o f3.tsv --targets t3.tsv --importance i3.tsv --use all -@ 3 2> err.txt
same 'one thread = three: filters' f.tsv f3.tsv
same 'one thread = three: targets' t.tsv t3.tsv
same 'one thread = three: importance' i.tsv i3.tsv
$M -d db.meme --targets - --use all 2> err.txt > t4.tsv; same 'the targets alone on standard output' t.tsv t4.tsv
# the page: no script, nothing fetched, text escaped, every link has its end
! grep -q '<script [a-z]\|src=\|@import\|url(' p.html
verdict $? 'the page loads nothing'
grep -q '<b>&<' p.html && echo 'not ok text is escaped' || {
    grep -q '&lt;b&gt;&amp;' p.html
    verdict $? 'text is escaped' 'the name is not there'
}
perl -0ne '
    my %id = map { $_ => 1 } /\bid="([^"]+)"/g;
    my @lost = grep { !$id{$_} } /href="#([^"]+)"/g;
    print @lost ? "not ok links have their ends: @lost\n" : "ok links have their ends\n"' p.html
# sorted by q, bold below --max-q, grey for few regions or sites; the letters once
perl -0ne '
    for my $part (split /(?=<h2)/) {
        my ($id) = $part =~ /<h2 id="(\w+)"/ or next;
        my (@q, $bad);
        for my $row ($part =~ /<tr[^>]* id=".*?<\/tr>/gs) {
            my ($few, $n) = $row =~ /^<tr( class="few")?/;
            my @number = $row =~ /<td class="n">(\d[^<]*)</g;
            $n = $id eq "targets" ? $number[0] : $number[1];
            $bad = 1 if ($n < 20) != !!$few;
            while ($row =~ /<td class="b">(<b>)?(.*?)<\/td><td class="n">([^<]*)</g) {
                $bad = 1 if $2 ne "none" && !!$1 != ($3 < 0.01);
            }
            push @q, $1 if $row =~ /<td class="b">.*?<\/td><td class="n">([\d.e-]+)</;
        }
        my $sorted = "@q" eq join " ", sort { $a <=> $b } @q;
        print $sorted && !$bad && @q ? "ok" : "not ok", " $id: sorted, bold and grey @q\n"
    }' p.html
ok_if 'bold and grey are explained' [ "$(grep -c 'Bold: q below 0.01. Grey: fewer than 20' p.html)" = 2 ]
ok_if 'the letters once' [ "$(grep -o '<symbol' p.html | wc -l) $(grep -c '<use href="#LA"' p.html | awk '{ print ($1 > 5) }')" = '4 1' ]
# a model beside itself: nothing has changed, nothing became
$M --compare tiny.safetensors -d db.meme --use all 2> err.txt > c.tsv
awk -F'\t' '
    NR > 1 && $2 > 0 && ($19 != "1.000" || $25 == "became" || $25 == "lost" || $5 != $14) { bad = 1 }
    NF != 25 { bad = 1 }
    END { exit bad }' c.tsv
verdict $? 'a model compared with itself'
# beside another: what became of a filter follows from its q-values, by the line that --max-q draws
"$UNIT_DIR/tool_tiny_model" third.safetensors "$($TFBIND model tiny.safetensors |
    awk -F'\t' '$1 == "spec" || $1 == "architecture" { print $2; exit }')" 60 CTCF,SPI1,NKX2-5 99 2> err.txt
for q in 0.01 0.3 0.9; do
    $M --compare third.safetensors -d db.meme --use all --max-q $q --html q.html 2> err.txt > q.tsv
    awk -F'\t' -v q=$q '
        NR > 1 {
            now = $23 != "." && $23 < q
            was = $24 != "." && $24 < q
            want = now ? (was ? "kept" : "became") : was ? "lost" : "no"
            n++
            if ($25 != want) bad = 1
        }
        END { exit bad || !n }' q.tsv
    verdict $? "what became of filters, q < $q" "$(head -n 1 err.txt)"
    for k in became kept lost; do awk -F'\t' -v k=$k '$25 == k' q.tsv | wc -l; done | tr '\n' ' ' > a.txt
    perl -0ne '
        print "$1 $2 $3 " if /<b>(\d+)<\/b>filters became.*?<b>(\d+)<\/b>were it.*?<b>(\d+)<\/b>are it no longer/' \
            q.html > b.txt
    same "the page counts the same, q < $q" a.txt b.txt
done
ok_if 'some became' [ "$(awk -F'\t' '$25 == "became"' q.tsv | wc -l)" -gt 0 ]
# importance on other regions: none of own regions where nothing is predicted bound, the same where
# all are
$M --use all --importance-on own --importance o.tsv 2> err.txt
cmp -s o.tsv i.tsv && echo 'not ok --importance-on own' || {
    [ "$(wc -l < o.tsv)" = 17 ]
    verdict $? '--importance-on own'
}
$M --use all --importance-on own -@ 3 --importance o3.tsv 2> err.txt
same '--importance-on own: one thread = three' o.tsv o3.tsv
# one target: its own regions are those bound by any
"$UNIT_DIR/tool_tiny_model" one.safetensors 'conv 8 9; relu; pool 4; dense 1' 60 CTCF 7
for w in own bound; do $TFBIND motifs -m one.safetensors -f ref.fa -l labels.bed.gz --use all --importance-on \
    $w --regions 20 --importance $w.tsv 2> $w.err > /dev/null; done
same 'of one target, own = bound' own.tsv bound.tsv
grep -q 'importance on [1-9]' own.err
verdict $? 'it was measured' "$(cat own.err)"
fails 'an unknown place of importance' '--importance-on is used, bound or own' $M --importance-on here
"$UNIT_DIR/tool_tiny_model" other.safetensors 'conv 8 7; relu; pool 4; dense 1' 60 CTCF 4
"$UNIT_DIR/tool_tiny_model" dense.safetensors 'dense 8; relu; dense 1' 60 CTCF 4
for arch in shallow danq; do
    "$UNIT_DIR/tool_tiny_model" $arch.safetensors "$([ $arch = danq ] &&
        echo 'conv 12 9; relu; pool 4; dropout 0.2; bilstm 6 1; dense 10; relu; dense 1' ||
        echo 'conv 12 9; bn; relu; pool 4; conv 8 3; bn; relu; pool 3; dense 10; bn; relu; dense 1')" 60 SPI1 4
    check "like $arch" $TFBIND motifs -m $arch.safetensors -f ref.fa -l labels.bed.gz --use all --importance x.tsv
done
fails 'another first layer' 'do not have the same first layer' $M --compare other.safetensors
fails 'no convolution' 'does not begin with a convolution' $TFBIND motifs -m dense.safetensors -f ref.fa \
    -l labels.bed.gz
fails 'a database that is none' 'must begin with' $M -d labels.bed
fails 'targets without a database' 'needs -d' $M --targets x
fails 'importance switched off' 'needs the importance' $M --importance x --regions 0
fails 'an unwritable page' 'cannot write none/x.html' $M --use all --html none/x.html
$M -d db.meme --use all --html /dev/full > /dev/null 2> err.txt && echo 'not ok a full disk' || {
    grep -q 'cannot write /dev/full' err.txt
    verdict $? 'a full disk' "$(cat err.txt)"
}
