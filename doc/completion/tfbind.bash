# bash completion of tfbind(1): `tfbind complete` prints what fits.
_tfbind() {
    local line files= IFS=$'\n'
    COMPREPLY=()
    while read -r line; do
        if [[ $line == :files ]]; then files=1; else COMPREPLY+=("${line%%$'\t'*}"); fi
    done < <("${COMP_WORDS[0]}" complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2> /dev/null < /dev/null)
    [[ -n $files ]] || return 0
    while read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]#=}")
    compopt -o filenames 2> /dev/null
}
complete -F _tfbind tfbind
