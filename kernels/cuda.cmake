# Finds a CUDA toolkit and sets it up for C++20. Included by the top level, so that all folders can compile device code.
if(CARBONFRONT_CUDA)
  include(CheckLanguage)
  check_language(CUDA)
endif()
if(CARBONFRONT_CUDA AND CMAKE_CUDA_COMPILER)
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 90)
  endif()
  enable_language(CUDA)
  # CMake 3.25 knows CUDA up to C++17.
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
  list(APPEND CMAKE_CUDA_COMPILE_FEATURES cuda_std_20)
  set(CMAKE_CUDA20_COMPILE_FEATURES cuda_std_20)
  find_package(CUDAToolkit REQUIRED)

  # Compiles a target's device code. No fused multiply-add: results are the same bytes on every backend.
  function(carbonfront_device_code name)
    set_target_properties(${name} PROPERTIES CUDA_STANDARD 20 CUDA_STANDARD_REQUIRED ON CUDA_RUNTIME_LIBRARY Static)
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/host/include)
    target_compile_options(${name} PRIVATE
      $<$<COMPILE_LANGUAGE:CUDA>:--fmad=false --expt-relaxed-constexpr -Xcompiler=-Wall,-ffp-contract=off>)
    target_link_libraries(${name} PRIVATE CUDA::cudart_static)
  endfunction()
else()
  message(STATUS "No CUDA toolkit: the backend 'cuda' is not built")
endif()
