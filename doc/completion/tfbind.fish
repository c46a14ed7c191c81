# fish completion of tfbind(1): `tfbind complete` prints what fits.
function __tfbind_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] complete $words[2..-1] 2>/dev/null </dev/null)
        if test "$line" = :files
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c tfbind -f -a '(__tfbind_complete)'
