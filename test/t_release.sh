# A release: the files that repeat the version and the address agree; the tarball, its SBOM and the recipe are made
# from the commit alone. `make check-slow TEST_OPTS=t_release` also builds the tarball (release/distcheck).
. "$SRCDIR/test/lib.sh"
. "$SRCDIR/release/settings"
version=$("$TFBIND" --version | sed -n 's/^tfbind //p')
"$SRCDIR/release/settle" --check > got.txt
verdict $? 'version and address are the same everywhere' "$(head -n 1 got.txt)"
ok_if 'the version of debian/changelog' \
    [ "$(sed -n '1s/.*(\(.*\)-.*/\1/p' "$SRCDIR/debian/changelog")" = "$version" ]
for f in debian/control debian/watch debian/copyright recipe/meta.yaml CITATION.cff; do
    grep -q "$home" "$SRCDIR/$f"
    verdict $? "$f has the address"
done
if ! git -C "$SRCDIR" rev-parse -q --verify HEAD > /dev/null 2>&1; then
    echo 'skip a release: the source is no git repository'
    exit 0
fi
if ! command -v autoreconf > /dev/null; then echo 'skip a release: autoreconf is not installed'; exit 0; fi

# a clone with the source as it is now
export GIT_CONFIG_GLOBAL=$PWD/gitconfig
git config --global user.name tfbind && git config --global user.email tfbind@localhost
git config --global init.defaultBranch main && git config --global advice.detachedHead false
git config --global safe.directory '*'
git config --global "url.$PWD/published.insteadOf" "$home"
git clone -q "$SRCDIR" clone 2> err.txt || { echo "not ok a clone: $(head -n 1 err.txt)"; exit 1; }
(cd "$SRCDIR" && git diff --binary HEAD) | (cd clone && git apply --allow-empty)
(cd "$SRCDIR" && git ls-files -o --exclude-standard) | while read -r f; do
    mkdir -p "clone/$(dirname "$f")" && cp "$SRCDIR/$f" "clone/$f"
done
(cd clone && git add -A && git commit -q --allow-empty -m 'as it is now')
export NO_DISTCHECK=1
check 'release/make' clone/release/make --unpublished "$PWD/dist"
name=tfbind-$version
printf '%s\n' SHA256SUMS recipe recipe/build.sh recipe/meta.yaml $name.spdx.json $name.tar.gz | sort > want.txt
(cd dist && find . -mindepth 1 | sed 's|^\./||' | sort) > got.txt
same 'these files, and no other' want.txt got.txt
check 'SHA256SUMS' sh -c 'cd dist && sha256sum -c SHA256SUMS'
cp -r dist first
check 'release/make again' clone/release/make --unpublished "$PWD/dist"
diff -r first dist > diff.txt
verdict $? 'the same commit gives the same bytes' "$(head -n 1 diff.txt)"
tar tzf dist/$name.tar.gz | grep -v '/$' | sed "s|^$name/||" | sort > got.txt
{ (cd clone && git ls-files); printf '%s\n' configure config.h.in install-sh; } | sort > want.txt
same 'the tarball has the files of the commit, and configure' want.txt got.txt
tar tvzf dist/$name.tar.gz | awk '$2 != "0/0" { bad = 1 } END { exit bad }'
verdict $? 'and names no user'

# the SBOM
tar xzf dist/$name.tar.gz
perl -MJSON::PP -MDigest::SHA -e '
    my ($file, $folder) = @ARGV;
    local $/;
    open F, "<", $file or die;
    my $d = decode_json(<F>);
    my %known = map { $_->{SPDXID} => 1 } $d, @{$d->{packages}}, @{$d->{files}};
    for my $r (@{$d->{relationships}}) {
        $known{$_} or die "no element $_\n" for $r->{spdxElementId}, $r->{relatedSpdxElement};
    }
    my %digest = map { $_->{fileName} => $_->{checksums}[1]{checksumValue} } @{$d->{files}};
    for my $f (keys %digest) {
        $digest{$f} eq Digest::SHA->new(256)->addfile("$folder/$f", "b")->hexdigest or die "digest of $f\n";
    }
    my $models = grep { $_->{relationshipType} eq "GENERATED_FROM" } @{$d->{relationships}};
    print scalar(keys %digest), " $models $d->{spdxVersion}\n"' dist/$name.spdx.json $name > got.txt 2> err.txt
verdict $? 'the SBOM: every relation names elements, every digest holds' "$(head -n 1 err.txt)"
echo "$(wc -l < want.txt) $(ls "$SRCDIR"/models/*.safetensors | wc -l) SPDX-2.3" > want2.txt
same 'the SBOM lists every file and the origin of every model' want2.txt got.txt
if command -v pyspdxtools > /dev/null; then
    check 'the SBOM is valid SPDX' pyspdxtools -i dist/$name.spdx.json
else echo 'skip the SBOM is valid SPDX: pyspdxtools is not installed'; fi

# the recipe
url=$home/releases/download/v$version/$name.tar.gz
if python=$(python_with jinja2, yaml); then
    $python - dist/recipe/meta.yaml > got.txt 2> err.txt << 'END'
import jinja2, re, sys, yaml
text = re.sub(r".*# \[not linux\]", "", open(sys.argv[1]).read())
recipe = yaml.safe_load(jinja2.Template(text).render(
    compiler=lambda language: language, pin_subpackage=lambda name, max_pin: f"{name} {max_pin}"))
about = recipe["about"]
assert about["license"] and about["license_file"] and len(about["summary"]) < 100
assert recipe["build"]["run_exports"] == ["tfbind x.x"] and recipe["test"]["commands"]
assert recipe["extra"]["recipe-maintainers"]
print(recipe["source"]["url"], recipe["source"]["sha256"], about["home"])
END
    verdict $? 'the recipe is YAML with what bioconda asks for' "$(tail -n 1 err.txt)"
    echo "$url $(sha256sum < dist/$name.tar.gz | cut -d ' ' -f 1) $home" > want.txt
    same "the recipe has the tarball's address and digest" want.txt got.txt
else echo 'skip the recipe: jinja2 and yaml are not installed'; fi
pattern=$(sed -n 's|^ *\(https://[^ ]*/releases/download/.*\)$|\1|p' "$SRCDIR/debian/watch" |
    sed 's/@PACKAGE@/tfbind/; s/@ANY_VERSION@/([0-9][0-9.]*)/')
[ "$(perl -e '$ARGV[1] =~ m{^$ARGV[0]$} and print $1' "$pattern" "$url")" = "$version" ]
verdict $? 'debian/watch finds the tarball' "$pattern"

# published: the tag must be there, and of this commit
sed -i "s/^## Unreleased/## $version/" clone/NEWS
fails 'uncommitted changes' 'there are uncommitted changes' clone/release/make --unpublished "$PWD/dist2"
(cd clone && git commit -qam release)
fails 'an address without the tag' "has no tag v$version of this commit" clone/release/make "$PWD/dist2"
(cd clone && git tag -am 'release' v$version && git clone -q . ../published)
check 'a published tag' clone/release/make "$PWD/dist2"
(cd clone && git commit -q --allow-empty -m 'more')
fails 'the tag of another commit' "has no tag v$version of this commit" clone/release/make "$PWD/dist3"
sed -i 's/\[0\.1\.0\]/[9.8.7]/' clone/configure.ac
fails 'a version that is not the same everywhere' 'release/settle' clone/release/make --unpublished "$PWD/dist3"
(cd clone && release/settle > out.txt && release/settle --check) && [ "$(grep -c . clone/out.txt)" -ge 5 ]
verdict $? 'release/settle writes it everywhere' "$(tr '\n' ' ' < clone/out.txt)"
ok_if 'nothing is left of what failed' [ ! -e dist3 ]

if [ -n "$SLOW" ]; then
    check 'release/distcheck' "$SRCDIR/release/distcheck" dist/$name.tar.gz
else echo 'skip release/distcheck: make check-slow runs it'; fi
