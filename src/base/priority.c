/* Linux gives a thread of the usual policy a slice of its choice; niceness is a thread's own there, not the process's. */
#include "base/priority.h"

#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>

#define SHORTEST_SLICE_NS 100000 /* the kernel gives no shorter one */
#define PATIENT_NICE 10

/* 0: the usual one. Who gave us another policy knows what he wants. */
static void ask_for_slice(uint64_t slice_ns)
{
	struct sched_attr attributes = {.size = sizeof(attributes)};
	if (sched_getattr(0, &attributes, sizeof(attributes), 0) < 0 || attributes.sched_policy != SCHED_OTHER)
		return;
	attributes.sched_runtime = slice_ns;
	sched_setattr(0, &attributes, 0);
}

void priority_prompt(void)
{
	ask_for_slice(SHORTEST_SLICE_NS);
}

void priority_patient(void)
{
	ask_for_slice(0);
	setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + PATIENT_NICE); /* on Linux: of this thread alone */
}
