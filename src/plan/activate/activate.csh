# For tcsh and csh: "source bin/activate.csh"; "deactivate" takes it back.

set _rustvenv_call = ($_)
alias deactivate 'test $?_RUSTVENV_PATH != 0 && setenv PATH "$_RUSTVENV_PATH" && unset _RUSTVENV_PATH; test $?_RUSTVENV_PROMPT != 0 && set prompt="$_RUSTVENV_PROMPT" && unset _RUSTVENV_PROMPT; unsetenv VIRTUAL_ENV; unsetenv VIRTUAL_ENV_PROMPT; rehash; test "\!:*" != keep && unalias deactivate'
deactivate keep

# outside an interactive shell there is no telling which file is read
if ( $#_rustvenv_call >= 2 ) then
    set _rustvenv_file = "$_rustvenv_call[2]"
    if ( "$_rustvenv_file" !~ */* ) set _rustvenv_file = "./$_rustvenv_file"
    setenv VIRTUAL_ENV "`cd "'"'"$_rustvenv_file:h"'"'"/.. && pwd -P`"
    unset _rustvenv_file
else
    setenv VIRTUAL_ENV "@LOCATION@"
endif
unset _rustvenv_call
setenv VIRTUAL_ENV_PROMPT "@NAME@"

set _RUSTVENV_PATH = "$PATH"
setenv PATH "$VIRTUAL_ENV/bin:$PATH"
if ( $?prompt && ! $?VIRTUAL_ENV_DISABLE_PROMPT ) then
    set _RUSTVENV_PROMPT = "$prompt"
    set prompt = "(@NAME@) $prompt"
endif
rehash
