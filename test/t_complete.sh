# Completion: what `tfbind complete` prints, and the functions of bash, zsh and fish that call it.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
export TFBIND_MODELS=$PWD/installed
mkdir installed bin && cp tiny.safetensors installed/human.safetensors
"$UNIT_DIR/tool_tiny_model" installed/SPI1.safetensors 'conv 8 5; relu; dense 1' 60 SPI1 9
ln -s "$TFBIND" bin/tfbind
PATH=$PWD/bin:$PATH
told() { # NAME WANT GOT
    [ "$2" = "$3" ]
    verdict $? "$1" "'$3'"
}
# the candidates, in one line
offered() { "$TFBIND" complete "$@" 2> err.txt | cut -f 1 | tr '\n' ' '; }
commands=$("$TFBIND" help | sed -n 's/^    \([a-z][a-z]*\)  .*/\1/p')

told 'every command' "$(echo $commands help version) " "$(offered '')"
told 'commands to help with' 'pretrain ' "$(offered help pre)"
told 'an unknown command has no options' '' "$(offered anotate --)"
told '--rank-by' 'delta percentile lor phred ' "$(offered annotate --rank-by '')"
told '--rank-by=' '--rank-by=phred ' "$(offered annotate --rank-by=ph)"
told 'the same in the words of bash' 'phred ' "$(offered annotate --rank-by = ph)"
told 'the same before any letter' 'delta phred ' "$(offered report --rank-by =)"
told '--precision' 'float32 bfloat16 int8 ' "$(offered scan --precision '')"
told '--precision of training' 'float32 bfloat16 ' "$(offered pretrain --precision '')"
told '--precision of a threshold is a number' '' "$(offered model --precision '')"
told '--combine' 'l2-lor l2-delta max-delta mean-delta mean-lor tail ' "$(offered model --combine '')"
told '--recipe' 'default published ' "$(offered finetune --recipe '')"
told '-O' 'b u z v ' "$(offered annotate -O '')"
told '-O of scan' 'bedgraph bigwig ' "$(offered scan -O '')"
told '-c' 'e w x ' "$(offered annotate -c '')"
told '-W takes no separate value' ':files ' "$(offered annotate -W '')"
told '-W=' 'csi tbi bai ' "$(offered annotate -W = '')"
told '--tf: those of the model' 'CTCF SPI1 NKX2-5 all ' "$(offered annotate --tf '')"
told '--tf: those of -m' 'SPI1 all ' "$(offered annotate -m SPI1 -f ref.fa --tf '')"
told '--tf: those of --model=' 'SPI1 all ' "$(offered annotate --model=SPI1 --tf '')"
told '--tf: the next of a list' 'CTCF,SPI1 ' "$(offered annotate --tf CTCF,SP)"
told '--tf=: the next of a list' '--tf=CTCF,SPI1 ' "$(offered annotate --tf=CTCF,SP)"
told '--target: those of the labels' 'SPI1 ' "$(offered finetune -l labels.bed.gz --target SP)"
told '--targets: the next of a list' 'CTCF,NKX2-5 ' "$(offered pretrain --labels=labels.bed --targets CTCF,N)"
told '--targets without labels' ':files ' "$(offered pretrain --targets '')"
mkfifo pipe
told 'a pipe of labels is not read' '' "$(timeout 10 "$TFBIND" complete pretrain -l pipe --targets '')"
told '-m: names and files' 'SPI1 human :files ' "$(offered annotate -m '')"
told '-m: the next of a list' 'SPI1,human :files ' "$(offered annotate -m SPI1,h)"
told 'the argument of model' 'human :files ' "$(offered model h)"
told 'a file' ':files ' "$(offered annotate -f '')"
told 'a number' '' "$(offered annotate -@ '')"
told 'an argument' ':files ' "$(offered annotate --csq '')"
told 'a damaged model has no TFs' 'all ' "$(offered annotate -m ref.fa --tf '')"
! [ -s err.txt ]
verdict $? 'completion prints no messages' "$(head -n 1 err.txt)"

# every option of every usage text and no other; every word that is offered is one that the option takes
for c in $commands; do
    "$TFBIND" $c -h > h.txt
    grep -oE '^ *(-[^ -], +)?--[A-Za-z][A-Za-z0-9-]*' h.txt | grep -oE -- '--[A-Za-z0-9-]+' | sort -u > want.txt
    "$TFBIND" complete $c -- | cut -f 1 | sort > got.txt
    same "$c: all options" want.txt got.txt
    # what the usage text writes as a|b|c is offered
    listed=$(sed -nE 's/^ *(-., )?(--[a-z-]+)[ =[]+[a-z0-9A-Z]+\|.*/\2/p' h.txt | tr '\n' ' ')
    wrong= missing=
    for o in $(cat want.txt); do
        words=$(offered $c $o = '')
        case $words in
            '') case " $listed " in *" $o "*) missing="$missing $o" ;; esac; continue ;;
            *:files*) continue ;;
        esac
        [ $o != --write-index ] || continue
        for w in $words; do
            "$TFBIND" $c $o $w -h > out.txt 2> err.txt || wrong="$wrong $o $w"
        done
    done
    [ -z "$wrong" ]
    verdict $? "$c takes the words that are offered" "not:$wrong"
    [ -z "$missing" ]
    verdict $? "$c: words of the usage text" "none for:$missing"
done

# bash
from_bash() { # WORD...: what the last one may become
    (
        . "$SRCDIR/doc/completion/tfbind.bash"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _tfbind 2> /dev/null
        printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' '
    )
}
told 'bash: a command' 'annotate ' "$(from_bash tfbind ann)"
told 'bash: options' '--regions --regions-file --regions-overlap ' "$(from_bash tfbind annotate --reg)"
told 'bash: words' 'bam bed ' "$(from_bash tfbind annotate --input b)"
told 'bash: words after =' 'bam bed ' "$(from_bash tfbind annotate --input = b)"
told 'bash: TFs' 'CTCF,SPI1 ' "$(from_bash tfbind annotate --tf CTCF,S)"
told 'bash: files' 'labels.bed labels.bed.gz ' "$(from_bash tfbind pretrain -l lab)"
told 'bash: models and files' 'SPI1 in.vcf installed ' \
    "$(from_bash tfbind annotate -m '' | tr ' ' '\n' | grep -x 'in.vcf\|SPI1\|installed' | tr '\n' ' ')"

# zsh: the function, with its own words, and what it hands to zsh
if command -v zsh > /dev/null; then
    from_zsh() { # WORD...
        zsh -f -c '
            _describe() { print -rl -- ${(P)3}; }
            _files() { print :files; }
            compdef() { }
            source "$1/doc/completion/_tfbind"
            shift
            words=("$@") CURRENT=$#
            _tfbind' zsh "$SRCDIR" "$@" 2>&1 | tr '\n' ' '
    }
    told 'zsh: a command' 'scan:predict binding along a genome: bedGraph or bigWig ' "$(from_zsh tfbind sc)"
    told 'zsh: words' 'bed bam ' "$(from_zsh tfbind annotate --input b)"
    told 'zsh: TFs' 'CTCF,SPI1 ' "$(from_zsh tfbind annotate --tf CTCF,S)"
    told 'zsh: files' ':files ' "$(from_zsh tfbind annotate -f '')"
else echo 'skip completion of zsh: zsh is not installed'; fi

# fish completes a line by itself
if command -v fish > /dev/null; then
    from_fish() { # LINE
        HOME=$PWD fish --no-config -c 'source $argv[1]; complete -C $argv[2]' \
            "$SRCDIR/doc/completion/tfbind.fish" "$1" 2>&1 | cut -f 1 | sort | tr '\n' ' '
    }
    told 'fish: a command' 'annotate ' "$(from_fish 'tfbind ann')"
    told 'fish: words' 'bam bed ' "$(from_fish 'tfbind annotate --input b')"
    told 'fish: TFs' 'CTCF,SPI1 ' "$(from_fish 'tfbind annotate --tf CTCF,S')"
    told 'fish: files' 'labels.bed labels.bed.gz ' "$(from_fish 'tfbind pretrain -l lab')"
else echo 'skip completion of fish: fish is not installed'; fi
