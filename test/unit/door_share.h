/*
 * How much of their work the long tests of the door do. The build as it is released, native, does all of it. A build
 * for another processor (slow or emulated), one with sanitizers and one by gcc does a fortieth, since the machine is the
 * same in each. DOOR_SHARE=1 (all) or 10 (a tenth) in the environment says otherwise.
 */
#ifndef PORTCULLIS_TEST_DOOR_SHARE_H
#define PORTCULLIS_TEST_DOOR_SHARE_H

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__x86_64__) || !defined(__clang__)
#define DOOR_SHARE 40
#elif __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#define DOOR_SHARE 40
#else
#define DOOR_SHARE 1
#endif

/* One part of so many is done. */
static inline size_t door_share(void)
{
	const char *asked = getenv("DOOR_SHARE");
	size_t share = asked != NULL ? strtoul(asked, NULL, 10) : DOOR_SHARE;

	return share > 0 ? share : 1;
}

/* For the last line of a test's output. */
static inline const char *door_share_text(void)
{
	return door_share() > 1 ? ": a part of what the native release does (DOOR_SHARE=1 does all)" : "";
}

#endif
