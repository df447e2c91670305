/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"

#ifdef SG_FAULTS
#include <signal.h>
#include <stdlib.h>
#include <string.h>

void fault_pass(const char *name)
{
	/* One armed point per process: the count of its passes is the only
	 * state, and no build that is shipped has it. */
	static unsigned long passes;
	const char *armed = getenv("SG_FAULT");
	const char *colon = armed ? strrchr(armed, ':') : NULL;
	if (!colon || strlen(name) != (size_t)(colon - armed) ||
	    strncmp(name, armed, strlen(name)) != 0)
		return;
	if (++passes == strtoul(colon + 1, NULL, 10))
		raise(SIGSTOP);
}
#else
/* ISO C wants a translation unit to declare something. */
typedef int fault_points_are_off;
#endif
