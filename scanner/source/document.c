#include "source/flate.h"
#include "source/unpack.h"
void pdf_unpack(const struct unpack_place *place, struct feed *feed) { (void)place; (void)feed; }
void png_unpack(const struct unpack_place *place, struct feed *feed) { (void)place; (void)feed; }
