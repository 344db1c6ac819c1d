// What `dnsdctl completion` prints.
#pragma once

namespace dnsd::ctl {

// For bash: commands, options, and the names of the nodes that the running dnsd knows.
inline constexpr const char* kCompletion = R"bash(_dnsdctl() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command="" name i
  local commands="status nodes sites zones explain history top watch drain undrain disable enable placement plan apply expand contract pin unpin freeze unfreeze reload log-level completion"
  local reach=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      -s|--socket|--server|--ca|--cert|--key|--token-file)
        reach+=("${COMP_WORDS[i]}" "${COMP_WORDS[i+1]}") ;;
    esac
    case " $commands " in *" ${COMP_WORDS[i]} "*) command=${COMP_WORDS[i]}; break ;; esac
  done
  case $before in
    -s|--socket|--ca|--cert|--key|--token-file) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --client|--server|--since|-t|--type|--reason|--for|--timeout|--interval|-n|--past) return ;;
  esac
  case $command:$word in
    :*) COMPREPLY=($(compgen -W "$commands --socket --server --ca --cert --key --token-file --json --help --version" -- "$word")) ;;
    log-level:*) COMPREPLY=($(compgen -W "debug info warning error" -- "$word")) ;;
    drain:-*|disable:-*)
      COMPREPLY=($(compgen -W "--reason --for --wait --timeout --json --help" -- "$word")) ;;
    expand:-*|contract:-*)
      COMPREPLY=($(compgen -W "--reason --wait --timeout --json --help" -- "$word")) ;;
    apply:-*) COMPREPLY=($(compgen -W "--wait --timeout --json --help" -- "$word")) ;;
    explain:-*) COMPREPLY=($(compgen -W "--type --client --json --help" -- "$word")) ;;
    history:-*) COMPREPLY=($(compgen -W "--since --json --help" -- "$word")) ;;
    explain:*|sites:[!-]*|sites:)
      while read -r name _; do
        [[ $name == "$word"* ]] && COMPREPLY+=("$(printf %q "$name")")
      done < <(dnsdctl "${reach[@]}" sites 2>/dev/null | tail -n +2) ;;
    watch:*) COMPREPLY=($(compgen -W "--past --json --help" -- "$word")) ;;
    top:*) COMPREPLY=($(compgen -W "--interval --json --help" -- "$word")) ;;
    reload:[!-]*|reload:)
      while read -r name _; do
        [[ $name == "$word"* ]] && COMPREPLY+=("$(printf %q "$name")")
      done < <(dnsdctl "${reach[@]}" zones 2>/dev/null | tail -n +2) ;;
    nodes:[!-]*|history:*|drain:*|undrain:[!-]*|disable:*|enable:[!-]*|nodes:|undrain:|enable:)
      # Reporters choose these names: they are never expanded, and quoted where they stand.
      while read -r name _; do
        [[ $name == "$word"* ]] && COMPREPLY+=("$(printf %q "$name")")
      done < <(dnsdctl "${reach[@]}" nodes 2>/dev/null | tail -n +2) ;;
    *) COMPREPLY=($(compgen -W "--json --help" -- "$word")) ;;
  esac
}
complete -F _dnsdctl dnsdctl
)bash";

}  // namespace dnsd::ctl
