# What `cmake --install` gives: the libraries, include/rattan, find_package(rattan) -> rattan::rattan and
# rattan::baselines, rattan.pc and rattan-baselines.pc. `rattan-installed` builds just that.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/rattan)
foreach(library rattan rattan-baselines)
  install(TARGETS ${library} EXPORT ${library}-targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT ${library}-targets NAMESPACE rattan:: DESTINATION ${config_dir})
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/rattan DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
add_custom_target(rattan-installed DEPENDS rattan rattan-baselines)
if(TARGET rattan-bench)
  install(TARGETS rattan-bench RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  add_dependencies(rattan-installed rattan-bench)
endif()

# The C++ run time, which a C compiler that links the static library must name.
set(rattan_cxx_runtime ${CMAKE_CXX_IMPLICIT_LINK_LIBRARIES})
list(REMOVE_ITEM rattan_cxx_runtime ${CMAKE_C_IMPLICIT_LINK_LIBRARIES})
list(REMOVE_DUPLICATES rattan_cxx_runtime)

# find_package
get_target_property(rattan_type rattan TYPE)
set(rattan_is_static OFF)
if(rattan_type STREQUAL "STATIC_LIBRARY")
  set(rattan_is_static ON)
endif()
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/rattan-config.cmake.in
  ${PROJECT_BINARY_DIR}/rattan-config.cmake INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/rattan-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/rattan-config.cmake ${PROJECT_BINARY_DIR}/rattan-config-version.cmake
  DESTINATION ${config_dir})

# pkg-config. A static library's own dependencies stand in Libs, so that plain `pkg-config --libs` links, from C too.
file(RELATIVE_PATH rattan_pc_to_prefix /p/${CMAKE_INSTALL_LIBDIR}/pkgconfig /p)
string(REGEX REPLACE "/$" "" rattan_pc_to_prefix ${rattan_pc_to_prefix})
function(rattan_pkg_config name description requires)
  list(REMOVE_DUPLICATES ARGN)
  list(FILTER ARGN EXCLUDE REGEX "^-Wl,--(no-)?as-needed$")
  list(JOIN ARGN " " rattan_pc_libraries)
  set(rattan_pc_name ${name})
  set(rattan_pc_description ${description})
  set(rattan_pc_requires ${requires})
  configure_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/rattan.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

set(library -lrattan)
set(baselines -lrattan_baselines)
if(rattan_is_static)
  if(RATTAN_ENABLE_CUDA)
    find_package(CUDAToolkit REQUIRED)
    list(APPEND library -L${CUDAToolkit_LIBRARY_DIR} -lcudart_static -ldl -lrt -lpthread)
  endif()
  list(APPEND library ${OpenMP_CXX_FLAGS})
  foreach(runtime IN LISTS rattan_cxx_runtime)
    list(APPEND library -l${runtime})
  endforeach()
  if(RATTAN_SANITIZE)
    list(APPEND library -fsanitize=${RATTAN_SANITIZE})
  endif()
  if(RATTAN_HAVE_FAISS)
    list(APPEND baselines ${RATTAN_FAISS_LIBRARY} ${LAPACK_LIBRARIES} ${BLAS_LIBRARIES})
  endif()
endif()
rattan_pkg_config(rattan "${PROJECT_DESCRIPTION}" "" ${library})
rattan_pkg_config(rattan-baselines "IVF and HNSW indexes beside Rattan's, by FAISS and hnswlib" "rattan = ${PROJECT_VERSION}"
  ${baselines})
