# make install and make uninstall: everything in its place, under DESTDIR and any prefix, usable
# from there, and gone again.
. "$SRCDIR/test/lib.sh"
build=$(dirname "$TFBIND")
if [ ! -f "$build/Makefile" ]; then echo "skip installing: $build is no build folder"; exit 0; fi
unset MAKEFLAGS MAKELEVEL MFLAGS
install() { make -s -C "$build" install DESTDIR="$PWD/$1" prefix="$2" \
    plugindir="$2/libexec/bcftools" > make.txt 2>&1; }
uninstall() { make -s -C "$build" uninstall DESTDIR="$PWD/$1" prefix="$2" \
    plugindir="$2/libexec/bcftools" > make.txt 2>&1; }

install root /usr/local
verdict $? 'make install DESTDIR' "$(tail -n 1 make.txt)"
! [ -s make.txt ]
verdict $? 'make -s install says nothing' "$(head -n 1 make.txt)"
(cd root && find . ! -type d | sort) > got.txt
version=$("$TFBIND" --version | sed -n 's/^tfbind //p')
{
    cat << END
./usr/local/bin/tfbind
./usr/local/libexec/bcftools/tfbind.so
./usr/local/share/bash-completion/completions/tfbind
./usr/local/share/fish/vendor_completions.d/tfbind.fish
./usr/local/share/zsh/site-functions/_tfbind
./usr/local/share/man/man1/tfbind.1
./usr/local/include/tfbind.h
./usr/local/lib/libtfbind.a
./usr/local/lib/libtfbind.so
./usr/local/lib/libtfbind.so.0
./usr/local/lib/libtfbind.so.$version
./usr/local/lib/pkgconfig/tfbind.pc
END
    "$TFBIND" help | sed -n 's/^    \([a-z][a-z]*\)  .*/.\/usr\/local\/share\/man\/man1\/tfbind-\1.1/p'
    for f in README.md NEWS LICENSE CITATION.cff Containerfile doc/made-up.awk doc/multiqc.awk \
        doc/example.c doc/growth.svg doc/rs3827282.svg doc/speed.svg test/README.md \
        workflow/annotate/Snakefile workflow/annotate/config.yaml \
        workflow/galaxy/tfbind_annotate.xml \
        workflow/snakemake-wrapper/meta.yaml workflow/snakemake-wrapper/environment.yaml \
        workflow/paper/Snakefile workflow/paper/config.yaml workflow/paper/digest.py \
        models/train models/card models/weights; do echo ./usr/local/share/doc/tfbind/$f; done
    (cd "$SRCDIR" &&
        ls doc/*.md models/*.md workflow/*/*.md workflow/paper/results/*) |
        sed 's|^|./usr/local/share/doc/tfbind/|'
    for m in "$SRCDIR"/models/*.safetensors; do echo "./usr/local/share/tfbind/models/$(basename "$m")"; done
} | sort > want.txt
same 'these files, and no other' want.txt got.txt
[ -z "$(find root -type f ! -perm -444)" ] &&
    [ "$(find root -type f -perm -100 | sed 's/.*\///' | grep -cv '\.so')" -eq 1 ]
verdict $? 'readable by all, and only the program is a program'

# links of the installed documents, to files beside them
broken=$(cd root/usr/local/share/doc/tfbind && find . -name '*.md' | while read -r f; do
    grep -o '](\([^)#]*\)' "$f" |
        sed 's/^](//' |
        grep -v '^$\|^[a-z]*:' |
        while read -r to; do [ -e "$(dirname "$f")/$to" ] ||
            echo "$f: $to"; done
done)
[ -z "$broken" ]
verdict $? 'links of the installed documents' "$(echo "$broken" | head -n 3 | tr '\n' ' ')"

# hardening: what configure adds unless flags of one's own are given, in all that is linked
hardened() { # WHAT FILE
    local bad=
    readelf -sW "$2" | grep -q __stack_chk_fail || bad="$bad no canaries,"
    readelf -sW "$2" | grep -q '__[a-z]*_chk' || bad="$bad no fortified functions,"
    readelf -lW "$2" | grep -q GNU_RELRO || bad="$bad no RELRO,"
    readelf -dW "$2" | grep -q 'BIND_NOW\|Flags:.* NOW' || bad="$bad lazy binding,"
    readelf -hW "$2" | grep -q 'Type: *DYN' || bad="$bad fixed addresses,"
    [ -z "$bad" ] && echo "ok $1 is hardened" || echo "not ok $1 is hardened:$bad"
}
cc=$(sed -n 's/^CC *= *//p' "$build/Makefile")
if ! command -v readelf > /dev/null; then
    echo 'skip hardening: readelf is not installed'
elif "$build/config.status" --config | grep -q 'CFLAGS=\|LDFLAGS=\|hardening'; then
    echo 'skip hardening: configured with flags of its own'
elif ! echo 'int main(void) { return 0; }' |
    $cc -x c - -O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE -pie -Wl,-z,relro -Wl,-z,now -Werror \
        -o try 2> /dev/null; then
    echo 'skip hardening: the compiler cannot'
else
    hardened 'the program' "$TFBIND"
    hardened 'the plugin' "$PLUGIN_DIR/tfbind.so"
    hardened 'the library' "$build/libtfbind.so"
fi

# used from there, with nothing of the build folder
r=$PWD/root/usr/local
make_inputs || exit 1
"$r/bin/tfbind" annotate -v 0 --no-version -m tiny.safetensors -f ref.fa in.vcf.gz > prog.vcf 2> err.txt
[ -s prog.vcf ] && [ ! -s err.txt ]
verdict $? 'the installed program' "$(head -n 1 err.txt)"
BCFTOOLS_PLUGINS=$r/libexec/bcftools host +tfbind in.vcf.gz -- -v 0 --no-version -m tiny.safetensors \
    -f ref.fa > plug.vcf
same 'the installed plugin says the same' prog.vcf plug.vcf
for m in "$r"/share/tfbind/models/*.safetensors; do
    check "the installed $(basename "$m") is whole" "$r/bin/tfbind" model --check "$m"
done
"$r/bin/tfbind" model --installed | grep -q "	$r/share/tfbind/models/human.safetensors\$\|	/usr/local/share/tfbind"
verdict $? 'the installed program finds the installed models' "$("$r/bin/tfbind" model --installed 2>&1 | tail -n 1)"
check 'and takes human' "$r/bin/tfbind" model --list human
if command -v man > /dev/null && man --version > /dev/null 2>&1; then
    MANPATH=$r/share/man man -P cat tfbind-annotate 2> /dev/null | grep -q 'tfbind-annotate - '
    verdict $? 'man tfbind-annotate'
else echo 'skip man tfbind-annotate: man is not installed'; fi

: > root/usr/local/share/man/man1/another.1 && : > root/usr/local/share/tfbind/models/mine.safetensors
uninstall root /usr/local
verdict $? 'make uninstall' "$(tail -n 1 make.txt)"
(cd root && find . ! -type d | sort) > got.txt
printf './usr/local/share/man/man1/another.1\n./usr/local/share/tfbind/models/mine.safetensors\n' > want.txt
same 'uninstall leaves what is not ours' want.txt got.txt
make -s -C "$build" install prefix="$PWD/mine" plugindir="$PWD/mine/plugins" > make.txt 2>&1 &&
    [ -x mine/bin/tfbind ] &&
    [ -f mine/plugins/tfbind.so ] &&
    echo 'ok a prefix of one'"'"'s own' ||
    echo "not ok a prefix of one's own: $(tail -n 1 make.txt)"
make -s -C "$build" uninstall prefix="$PWD/mine" plugindir="$PWD/mine/plugins" > make.txt 2>&1
[ -z "$(find mine ! -type d)" ] && [ ! -d mine/share/tfbind ]
verdict $? 'uninstall takes our folders along'
