# For fish: "source bin/activate.fish"; "deactivate" takes it back.

function deactivate --description "leave the virtual environment"
    if set -q _RUSTVENV_PATH
        set -gx PATH $_RUSTVENV_PATH
        set -e _RUSTVENV_PATH
    end
    if set -q _RUSTVENV_PYTHONHOME
        set -gx PYTHONHOME $_RUSTVENV_PYTHONHOME
        set -e _RUSTVENV_PYTHONHOME
    end
    if functions -q _rustvenv_prompt
        functions -e fish_prompt
        functions -c _rustvenv_prompt fish_prompt
        functions -e _rustvenv_prompt
    end
    set -e VIRTUAL_ENV
    set -e VIRTUAL_ENV_PROMPT
    if test "$argv[1]" != keep
        functions -e deactivate
    end
end
deactivate keep

set -gx VIRTUAL_ENV (realpath (dirname (status filename))/..)
set -gx VIRTUAL_ENV_PROMPT @NAME@
set -g _RUSTVENV_PATH $PATH
set -gx PATH $VIRTUAL_ENV/bin $PATH
if set -q PYTHONHOME
    set -g _RUSTVENV_PYTHONHOME $PYTHONHOME
    set -e PYTHONHOME
end
if not set -q VIRTUAL_ENV_DISABLE_PROMPT; and functions -q fish_prompt
    functions -c fish_prompt _rustvenv_prompt
    function fish_prompt
        printf '(%s) ' @NAME@
        _rustvenv_prompt
    end
end
