// The attentions as one unit: they share attention.h.
#include "cpu/latent_attention.cpp"
#include "cpu/paged_attention.cpp"
#include "cpu/select_positions.cpp"
#include "cpu/segment_attention.cpp"
