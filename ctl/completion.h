// What `dnsdctl completion` prints.
#pragma once

namespace dnsd::ctl {

// For bash: commands, options, and the names of the nodes that the running dnsd knows.
inline constexpr const char* kCompletion = R"bash(_dnsdctl() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command="" i
  local commands="status nodes zones top drain undrain disable enable reload log-level completion"
  for ((i = 1; i < COMP_CWORD; i++)); do
    case " $commands " in *" ${COMP_WORDS[i]} "*) command=${COMP_WORDS[i]}; break ;; esac
  done
  case $before in
    -s|--socket) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --reason|--for|--timeout|--interval) return ;;
  esac
  case $command in
    "") COMPREPLY=($(compgen -W "$commands --socket --json --help --version" -- "$word")) ;;
    log-level) COMPREPLY=($(compgen -W "debug info warning error" -- "$word")) ;;
    nodes|drain|undrain|disable|enable)
      if [[ $word == -* ]]; then
        local options="--json --help"
        case $command in drain|disable) options+=" --reason --for --wait --timeout" ;; esac
        COMPREPLY=($(compgen -W "$options" -- "$word"))
      else
        COMPREPLY=($(compgen -W "$(dnsdctl nodes 2>/dev/null | awk 'NR > 1 {print $1}')" -- "$word"))
      fi ;;
    top) COMPREPLY=($(compgen -W "--interval --json --help" -- "$word")) ;;
    *) COMPREPLY=($(compgen -W "--json --help" -- "$word")) ;;
  esac
}
complete -F _dnsdctl dnsdctl
)bash";

}  // namespace dnsd::ctl
