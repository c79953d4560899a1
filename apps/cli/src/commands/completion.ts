import { UsageError, type Command } from '../command.js';

const shells: Readonly<Record<string, string>> = {
  bash: `# millrace completion bash: put this into ~/.bashrc as: source <(millrace completion bash)
_millrace() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _millrace millrace`,
  zsh: `#compdef millrace
# millrace completion zsh: put this into ~/.zshrc as: source <(millrace completion zsh)
_millrace() {
  local -a found
  found=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  (( \${#found} )) && [[ -n "\${found[1]}" ]] && compadd -a found || _files
}
compdef _millrace millrace`,
};

export const completionCommand: Command = {
  path: ['completion'],
  operands: `<${Object.keys(shells).join('|')}>`,
  summary: 'Prints what makes a shell complete commands, flags and live names of topics, groups, sinks and all else',
  flags: {},
  examples: ['completion bash > ~/.local/share/bash-completion/completions/millrace'],
  run(input) {
    const script = shells[input.operand];
    if (script === undefined) {
      throw new UsageError(`There is no completion for ${input.operand}: one of ${Object.keys(shells).join(', ')}`);
    }
    input.out(script);
    return Promise.resolve();
  },
};
