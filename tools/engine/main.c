#include "commands.h"

int main(int count, char** words) {
  const struct options options = options_read(count, words);
  if (options.command == command_score) {
    score(&options);
  } else {
    generate(&options);
  }
  return 0;
}
