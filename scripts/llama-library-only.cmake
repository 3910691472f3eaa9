# Included by CMake when llama-cpp-python is built for the tests: of llama.cpp only its library is used, and this
# leaves out the code of its tools, which takes half of the time. A variable of this name, unlike the cache
# entry that llama-cpp-python forces, is what llama.cpp's own option then obeys (CMP0126, CMP0077).
set(LLAMA_BUILD_COMMON OFF)
