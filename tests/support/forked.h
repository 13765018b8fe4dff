// A child process made by a real fork(), which must not hang.
#pragma once

#include <functional>

namespace rattan::test {

// Runs `body` in a child of this process. True where it returned true before the deadline; an exception, a signal and
// the end of the deadline, by which the child is killed, are false, and a message says which.
bool in_forked_child(const std::function<bool()>& body);

}  // namespace rattan::test
