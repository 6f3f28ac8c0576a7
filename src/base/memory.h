/* Freed memory goes back to the kernel. */
#ifndef PORTCULLIS_BASE_MEMORY_H
#define PORTCULLIS_BASE_MEMORY_H

/*
 * Gives the kernel the memory that was freed and that the C library keeps. It walks the whole heap, so it is for after
 * a burst. Any thread may call it. Does not block.
 */
void memory_give_back(void);

#endif
