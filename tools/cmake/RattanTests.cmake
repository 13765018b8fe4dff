# Tests: one executable per folder of tests/, named rattan_<room>_test. It links the room of that name (where there is
# one), every room below it, the rooms named by USES with what lies below them, and tests/support.
#   rattan_test(<room> SOURCES <files> [USES <rooms>])
include(GoogleTest)

function(rattan_test room)
  cmake_parse_arguments(TEST "" "" "SOURCES;USES" ${ARGN})
  set(target rattan_${room}_test)
  set(rooms ${TEST_USES})
  if(TARGET rattan_${room})
    list(PREPEND rooms ${room})
  endif()

  add_executable(${target} ${TEST_SOURCES})
  rattan_link_rooms(${target} ${rooms} core)
  target_link_libraries(${target} PRIVATE rattan_flags rattan_test_support GTest::gtest_main)
  # "tests/support/x.h" and "datasets/x.h" are named from the top of the tree.
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST TEST_PREFIX "${room}." PROPERTIES LABELS ${room} TIMEOUT 300)
endfunction()
