# The command table: what `tfbind` lists is there, answers -h on standard output, and fails politely.
. "$SRCDIR/test/lib.sh"
"$TFBIND" help > help.txt 2> err.txt && [ ! -s err.txt ]
verdict $? 'tfbind help' "$(head -n 1 err.txt)"
for opt in -h --help; do "$TFBIND" $opt > got.txt; same "tfbind $opt" help.txt got.txt; done
"$TFBIND" > out.txt 2> err.txt &&
    echo 'not ok tfbind alone fails' ||
    { [ ! -s out.txt ] &&
        cmp -s help.txt err.txt &&
        echo 'ok tfbind alone fails, with the help on standard error' ||
        echo 'not ok tfbind alone prints its help on standard error'; }
"$TFBIND" --version | grep -q '^tfbind [0-9]'
verdict $? '--version'

commands=$(sed -n 's/^    \([a-z][a-z]*\)  .*/\1/p' help.txt)
# the files in cmd/ are the commands, and the other way round
ls "$SRCDIR"/src/cmd/*.c | sed 's/.*\///; s/\.c$//' | grep -vx 'complete\|options\|table\|training' | sort > files.txt
echo "$commands" | sort > listed.txt
same 'a command for each file of src/cmd, a file for each command' files.txt listed.txt
for c in $commands; do
    "$TFBIND" $c -h > h.txt 2> err.txt
    status=$?
    [ $status -eq 0 ] && [ ! -s err.txt ] && grep -q "^Usage: tfbind $c" h.txt
    verdict $? "$c -h" "status $status, $(head -n 1 err.txt)"
    "$TFBIND" help $c > got.txt
    same "help $c" h.txt got.txt
    # every option that the program takes is in the text (one name of those that mean the same), and
    # the other way round
    missing=$(perl -e '
        my ($help, $source, $training, $shared) = map { local (@ARGV, $/) = $_; <> } @ARGV;
        my %told = map { $_ => 1 } $help =~ /^ *(?:-\S, +)?--([a-zA-Z0-9-]+)/mg;
        my (%value, %covered);
        # a table, with the shared rows of table.h and training.h; what has no letter is known by what it sets
        my ($table) = $source =~ /static const tfb_option_t \w+\[\] = \{(.*?)\n\};/s;
        my %row = "$training$shared" =~ /^#define (TFB_OPTIONS?_\w+)(?:\(field\))? +((?:.*\\\n)*.*)/mg;
        my $expand = sub {
            my ($name, $field) = @_;
            my $text = $row{$name} // die "no row $name";
            $text =~ s/\bfield\b/$field/g;
            $text
        };
        $table //= "";
        1 while $table =~ s/(TFB_OPTIONS?_\w+)(?:\(([\w.]+)\))?/$expand->($1, $2)/e;
        while ($table =~ /\{"([a-zA-Z0-9-]+)"(.*?)\}/sg) {
            my ($name, $text) = ($1, $2);
            my ($letter) = $text =~ /\.id = ([^,]+)/;
            my ($set) = $text =~ /TFB_[A-Z0-9]+\(([\w.]+)/;
            $value{$name} = $letter // $set // $name;
        }
        $covered{$value{$_} // die "$_ is not taken"} = 1 for keys %told;
        print join " ", grep { !$covered{$value{$_}} } sort keys %value;
        exit !%value' h.txt "$SRCDIR/src/cmd/$c.c" "$SRCDIR/src/cmd/training.h" "$SRCDIR/src/cmd/table.h" 2>&1) &&
        [ -z "$missing" ]
    verdict $? "$c -h tells all options" "$missing"
    ok_if "$c -h fits a screen" awk 'length($0) > 140 { exit 1 }' h.txt
    ok_if "$c -h has -v, --verbosity" grep -q '^  -v, --verbosity INT ' h.txt
    "$TFBIND" $c --no-such-option > out.txt 2> err.txt
    status=$?
    [ $status -eq 1 ] && [ -s err.txt ] && [ ! -s out.txt ]
    verdict $? "$c --no-such-option" "status $status"
    # doc/speed.md, Threads: training uses all processors by default, other commands one thread
    case $c in
        labels | relate) want= ;;
        pretrain | finetune | distill | learn) want=0 ;;
        *) want=1 ;;
    esac
    got=$(perl -0ne 'print "$1 " if /^(  -@, --threads INT +total number of threads.*?\])$/ms' h.txt)
    case $want:$got in : | ?*"0: all processors"*"[$want] ") true ;; *) false ;; esac
    verdict $? "$c -h: the default of -@" "'$got'"
    wrong=
    for n in -1 x 1025 1.5; do
        [ -z "$want" ] && continue
        "$TFBIND" $c -@ $n > out.txt 2> err.txt
        [ $? -eq 1 ] && [ ! -s out.txt ] &&
            grep -q -- "--threads takes a whole number from 0 to 1024, not '$n'" err.txt || wrong="$wrong $n"
    done
    [ -z "$wrong" ]
    verdict $? "$c: -@ takes whole numbers" "not refused:$wrong"
    "$TFBIND" $c > out.txt 2> err.txt
    status=$?
    [ $status -eq 1 ] && [ ! -s out.txt ] && grep -q Usage err.txt
    verdict $? "$c alone shows its help and fails" "status $status"
done
"$TFBIND" evalute 2> err.txt; status=$?
[ $status -eq 1 ] && grep -q 'did you mean evaluate' err.txt
verdict $? 'an unknown command: the nearest' "$(cat err.txt)"
! "$TFBIND" help evalute 2> err.txt
verdict $? 'help of an unknown command fails'
