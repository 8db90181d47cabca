/* Only where the compiler looks here: macOS has no prctl(), and what is asked of it, to be kept from debuggers and to end with the broker, is not to be had. */
#define prctl(...) 0
