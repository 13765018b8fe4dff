# What `cmake --install` gives: the library, include/rattan, find_package(rattan) -> rattan::rattan, and rattan.pc.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS rattan EXPORT rattan-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/rattan DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
if(TARGET rattan-bench)
  install(TARGETS rattan-bench RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

# find_package
set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/rattan)
get_target_property(rattan_type rattan TYPE)
set(rattan_is_static OFF)
if(rattan_type STREQUAL "STATIC_LIBRARY")
  set(rattan_is_static ON)
endif()
install(EXPORT rattan-targets NAMESPACE rattan:: DESTINATION ${config_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/rattan-config.cmake.in
  ${PROJECT_BINARY_DIR}/rattan-config.cmake INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/rattan-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/rattan-config.cmake ${PROJECT_BINARY_DIR}/rattan-config-version.cmake
  DESTINATION ${config_dir})

# pkg-config. A static library's own dependencies stand in Libs, so that plain `pkg-config --libs` links.
set(rattan_pc_dependencies "")
if(rattan_is_static)
  if(RATTAN_HAVE_FAISS)
    list(APPEND rattan_pc_dependencies ${RATTAN_FAISS_LIBRARY} ${LAPACK_LIBRARIES} ${BLAS_LIBRARIES})
  endif()
  if(RATTAN_ENABLE_CUDA)
    find_package(CUDAToolkit REQUIRED)
    list(APPEND rattan_pc_dependencies -L${CUDAToolkit_LIBRARY_DIR} -lcudart_static -ldl -lrt -lpthread)
  endif()
  list(APPEND rattan_pc_dependencies ${OpenMP_CXX_FLAGS})
  if(RATTAN_SANITIZE)
    list(APPEND rattan_pc_dependencies -fsanitize=${RATTAN_SANITIZE})
  endif()
  list(REMOVE_DUPLICATES rattan_pc_dependencies)
  list(FILTER rattan_pc_dependencies EXCLUDE REGEX "^-Wl,--(no-)?as-needed$")
  list(JOIN rattan_pc_dependencies " " rattan_pc_dependencies)
endif()
file(RELATIVE_PATH rattan_pc_to_prefix /p/${CMAKE_INSTALL_LIBDIR}/pkgconfig /p)
string(REGEX REPLACE "/$" "" rattan_pc_to_prefix ${rattan_pc_to_prefix})
configure_file(${CMAKE_CURRENT_LIST_DIR}/rattan.pc.in ${PROJECT_BINARY_DIR}/rattan.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/rattan.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
