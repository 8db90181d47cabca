/* Only where the compiler looks here: macOS has no such header (base/platform.h). */
#include "base/platform.h"
