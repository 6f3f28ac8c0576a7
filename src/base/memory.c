/*
 * The C library keeps what was freed, for the next that asks. An agent that rests for hours asks for little.
 *
 * A sanitizer has an allocator of its own, and gives memory back by itself. Its malloc_trim must not be called beside
 * a thread that ends: ASan then fails of itself.
 */
#include "base/memory.h"

#include <malloc.h>

void memory_give_back(void)
{
	if (!PORTCULLIS_SANITIZED)
		malloc_trim(0);
}
