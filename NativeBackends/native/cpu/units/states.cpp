// Recurrent states and the gates around them as one unit.
#include "cpu/gated_delta_rule.cpp"
#include "cpu/short_convolution.cpp"
#include "cpu/sigmoid_multiply.cpp"
