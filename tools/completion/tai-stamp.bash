# SPDX-License-Identifier: Apache-2.0
# Completion of tai-stamp for bash.
_tai_stamp() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command='' word
    local all='--json --quiet --verbose --help --version'
    COMPREPLY=()
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in
        stamp | verify | info | trust | export | flush | restore)
            command=$word
            break
            ;;
        esac
    done
    case $previous in
    --algorithm)
        mapfile -t COMPREPLY < <(compgen -W 'sha256 sha384 sha512 sha3-256 sha3-384 sha3-512' -- "$current")
        return
        ;;
    --out-dir)
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
        ;;
    --server | --fingerprint | --jobs | --timeout | --digest) return ;;
    esac
    if [[ $current == -* ]]; then
        case $command in
        verify) all+=' --recursive --files-from --null --receipt --policy --trust --digest --quick' ;;
        restore) all+=' --recursive --files-from --null --force' ;;
        info) ;;
        trust) all+=' --fingerprint --list --remove --ca-file --timeout' ;;
        export) all+=' --output --with-file --policy --trust --receipt --force' ;;
        flush) all+=' --server --ca-file --jobs --timeout --force' ;;
        *) all+=' --recursive --files-from --null --digest --algorithm --output --out-dir --force --retry --server
            --ca-file --jobs --timeout' ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$all" -- "$current")
        return
    fi
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    if ((COMP_CWORD == 1)); then
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W 'stamp verify info trust export flush restore' -- "$current")
    fi
}
complete -o filenames -F _tai_stamp tai-stamp
