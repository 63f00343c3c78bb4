// What reads weights, but for linear.cpp, as one unit.
#include "cpu/dequantize.cpp"
#include "cpu/experts.cpp"
#include "cpu/linear_heads.cpp"
