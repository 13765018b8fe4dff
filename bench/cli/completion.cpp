#include "bench/cli/completion.h"

#include <sstream>
#include <vector>

#include "bench/inputs/text.h"

namespace rattan::bench {
namespace {

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  return names;
}

// The words of "TEXT:{md,csv}"; none for other types.
std::vector<std::string> words_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t begin = type.find('{');
  const std::size_t end = type.find('}');
  if (begin == std::string::npos || end == std::string::npos) return {};
  return split(type.substr(begin + 1, end - begin - 1), ',');
}

void write_command(std::ostream& out, const CLI::App& command) {
  std::vector<std::string> flags;
  std::ostringstream values;
  for (const CLI::Option* option : command.get_options()) {
    const std::vector<std::string> names = names_of(*option);
    flags.insert(flags.end(), names.begin(), names.end());
    const std::vector<std::string> words = words_of(*option);
    if (!names.empty() && !words.empty()) {
      values << "        " << join(names, "|") << ") words=\"" << join(words, " ") << "\" ;;\n";
    }
  }
  out << "    " << command.get_name() << ")\n      words=\"" << join(flags, " ") << "\"\n      case $before in\n"
      << values.str() << "      esac ;;\n";
}

}  // namespace

std::string completion_script(const CLI::App& app) {
  std::ostringstream out;
  std::vector<std::string> commands;
  for (const CLI::App* command : app.get_subcommands({})) commands.push_back(command->get_name());
  out << "# bash: source <(rattan-bench completion). zsh: autoload -U bashcompinit && bashcompinit first.\n"
         "_rattan_bench() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=\n"
         "  COMPREPLY=()\n"
         "  case ${COMP_CWORD}:${COMP_WORDS[1]} in\n"
         "    1:*) words=\""
      << join(commands, " ")
      << " --help --version\" ;;\n  esac\n  [ \"$COMP_CWORD\" = 1 ] || case ${COMP_WORDS[1]} in\n";
  for (const CLI::App* command : app.get_subcommands({})) write_command(out, *command);
  out << "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "}\n"
         "complete -o default -F _rattan_bench rattan-bench\n";
  return out.str();
}

}  // namespace rattan::bench
