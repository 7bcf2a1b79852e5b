# For bash, zsh, ksh and dash: ". bin/activate"; "deactivate" takes it back.

deactivate() {
    if [ -n "${_RUSTVENV_PATH+set}" ]; then
        PATH=$_RUSTVENV_PATH
        export PATH
        unset _RUSTVENV_PATH
    fi
    if [ -n "${_RUSTVENV_PYTHONHOME+set}" ]; then
        PYTHONHOME=$_RUSTVENV_PYTHONHOME
        export PYTHONHOME
        unset _RUSTVENV_PYTHONHOME
    fi
    if [ -n "${_RUSTVENV_PS1+set}" ]; then
        PS1=$_RUSTVENV_PS1
        unset _RUSTVENV_PS1
    fi
    unset VIRTUAL_ENV VIRTUAL_ENV_PROMPT
    hash -r 2>/dev/null
    [ "${1-}" = keep ] || unset -f deactivate
}
deactivate keep

# dash cannot say which file it reads
_rustvenv_file=@LOCATION@/bin/activate
if [ -n "${BASH_VERSION-}" ]; then
    _rustvenv_file=$BASH_SOURCE
elif [ -n "${ZSH_VERSION-}" ]; then
    eval '_rustvenv_file=${(%):-%x}'
elif [ -n "${KSH_VERSION-}" ]; then
    eval '_rustvenv_file=${.sh.file}' 2>/dev/null
fi
case $_rustvenv_file in
    */*) ;;
    *) _rustvenv_file=./$_rustvenv_file ;;
esac
VIRTUAL_ENV=$(CDPATH='' cd -P -- "${_rustvenv_file%/*}/.." && pwd -P) || {
    unset VIRTUAL_ENV _rustvenv_file
    return 1
}
VIRTUAL_ENV_PROMPT=@NAME@
export VIRTUAL_ENV VIRTUAL_ENV_PROMPT
unset _rustvenv_file

_RUSTVENV_PATH=$PATH
PATH=$VIRTUAL_ENV/bin:$PATH
export PATH
if [ -n "${PYTHONHOME+set}" ]; then
    _RUSTVENV_PYTHONHOME=$PYTHONHOME
    unset PYTHONHOME
fi
if [ -z "${VIRTUAL_ENV_DISABLE_PROMPT-}" ] && [ -n "${PS1+set}" ]; then
    _RUSTVENV_PS1=$PS1
    PS1="(@NAME@) $PS1"
fi
hash -r 2>/dev/null
:
