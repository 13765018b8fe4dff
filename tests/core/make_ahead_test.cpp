#include "core/make_ahead.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace rattan {
namespace {

using Numbers = std::vector<std::size_t>;

TEST(MakeAhead, ItemsAreMadeAndTakenInOrder) {
  for (const bool ahead : {false, true}) {
    Numbers made;
    Numbers taken;
    make_ahead<std::size_t>(
        5, ahead,
        [&](std::size_t i, std::size_t) {
          made.push_back(i);
          return 10 * i;
        },
        [&](std::size_t i, std::size_t value, double waited_s) {
          EXPECT_EQ(value, 10 * i);
          EXPECT_GE(waited_s, 0);
          taken.push_back(i);
        });
    EXPECT_EQ(made, (Numbers{0, 1, 2, 3, 4}));
    EXPECT_EQ(taken, made);
  }
  make_ahead<int>(
      0, true, [](std::size_t, int) { return 0; }, [](std::size_t, int, double) { ADD_FAILURE(); });
}

TEST(MakeAhead, TheNextItemIsMadeWhileOneIsTakenOnAnotherThread) {
  std::atomic<std::size_t> begun{0};
  make_ahead<std::thread::id>(
      4, true,
      [&](std::size_t, std::thread::id) {
        ++begun;
        return std::this_thread::get_id();
      },
      [&](std::size_t i, std::thread::id maker, double) {
        EXPECT_NE(maker, std::this_thread::get_id());
        while (i + 1 < 4 && begun < i + 2) std::this_thread::yield();
      });
  make_ahead<std::thread::id>(
      4, false, [](std::size_t, std::thread::id) { return std::this_thread::get_id(); },
      [](std::size_t, std::thread::id maker, double) { EXPECT_EQ(maker, std::this_thread::get_id()); });
}

TEST(MakeAhead, MemoryIsUsedAgain) {
  for (const bool ahead : {false, true}) {
    std::set<const int*> memory;
    make_ahead<std::vector<int>>(
        8, ahead,
        [](std::size_t, std::vector<int> spent) {
          spent.resize(1000);
          return spent;
        },
        [&](std::size_t, const std::vector<int>& made, double) { memory.insert(made.data()); });
    EXPECT_LE(memory.size(), ahead ? 2U : 1U);
  }
}

TEST(MakeAhead, WhatEitherThrowsArrivesOnceTheOtherHasEnded) {
  for (const bool ahead : {false, true}) {
    for (const bool by_take : {false, true}) {
      std::atomic<int> running{0};
      const auto run = [&] {
        make_ahead<int>(
            6, ahead,
            [&](std::size_t i, int) {
              ++running;
              std::this_thread::yield();
              --running;
              if (i == 3 && !by_take) throw std::runtime_error("made");
              return 0;
            },
            [&](std::size_t i, int, double) {
              if (i == 3 && by_take) throw std::runtime_error("taken");
            });
      };
      EXPECT_THROW(run(), std::runtime_error);
      EXPECT_EQ(running, 0);
    }
  }
}

}  // namespace
}  // namespace rattan
